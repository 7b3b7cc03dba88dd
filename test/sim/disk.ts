/**
 * The disk of one simulated process: files in memory that survive a kill, and of which a power cut leaves what was synced.
 *
 * As POSIX promises it and no more: `fsync` of a file keeps its bytes, `fsync` of its directory keeps its names. What was
 * not synced may be there after a power cut, or not, or a part of it: the seed decides. Directories themselves are kept.
 * A sync takes virtual time, so that a crash can fall between a write and its sync. A disk that was pulled out answers
 * nothing any more: whoever waits for it, waits for ever. Errors carry Node's codes (ENOENT, EEXIST).
 */
import { dirname } from 'node:path';
import type { Clock } from '../../bus/clock.ts';
import type { Random } from '../kit/random.ts';

/** What a sync costs: mostly nothing that matters, now and then an SD card's pause. */
const syncUsualMs = 4;
const syncPauseMs = 400;

export class Inode {
  data = Buffer.alloc(256);
  length = 0;
  /** What a power cut leaves for sure. */
  syncedLength = 0;
  modifiedMs = 0;

  get content(): Buffer {
    return this.data.subarray(0, this.length);
  }

  write(bytes: Buffer, nowMs: number): void {
    const end = this.length + bytes.length;
    if (end > this.data.length) {
      const larger = Buffer.alloc(Math.max(end, this.data.length * 2));
      this.content.copy(larger);
      this.data = larger;
    }
    bytes.copy(this.data, this.length);
    this.length = end;
    this.modifiedMs = nowMs;
  }

  truncate(length: number): void {
    this.length = Math.min(this.length, length);
    this.syncedLength = Math.min(this.syncedLength, length);
  }
}

export const diskError = (code: string, path: string): NodeJS.ErrnoException => Object.assign(new Error(`${code}: ${path}`), { code });

export class Disk {
  private names = new Map<string, Inode>();
  private syncedNames = new Map<string, Inode>();
  private directories = new Set<string>(['/']);
  private readonly clock: Clock;
  private readonly random: Random;
  private isPulled = false;
  /** Called before anything is written or synced; a test of nerves may pull the plug there. */
  onWrite: (what: string) => void = () => undefined;
  slowness = 0.1;

  constructor(clock: Clock, random: Random) {
    this.clock = clock;
    this.random = random;
  }

  /** The disk as the next process finds it; this one is pulled out. After a power cut only what was synced is sure to be there. */
  handOver(options: { readonly powerCut: boolean }): Disk {
    this.isPulled = true;
    const next = new Disk(this.clock, this.random);
    next.directories = this.directories;
    next.slowness = this.slowness;
    if (options.powerCut) for (const directory of this.directories) this.recoverNames(directory, next);
    else next.names = this.names;
    const copies = new Map<Inode, Inode>();
    const copyOf = (inode: Inode): Inode => {
      const copy = copies.get(inode) ?? this.recover(inode, options.powerCut);
      copies.set(inode, copy);
      return copy;
    };
    next.names = new Map([...next.names].filter(([path]) => !path.endsWith('/lock')).map(([path, inode]) => [path, copyOf(inode)]));
    next.syncedNames = options.powerCut ? new Map(next.names) : new Map([...this.syncedNames].map(([path, inode]) => [path, copyOf(inode)]));
    return next;
  }

  private recoverNames(directory: string, next: Disk): void {
    const survived = this.random.chance(0.5) ? this.names : this.syncedNames;
    for (const [path, inode] of survived) if (dirname(path) === directory) next.names.set(path, inode);
  }

  private recover(inode: Inode, powerCut: boolean): Inode {
    const copy = new Inode();
    const unsynced = inode.length - inode.syncedLength;
    const kept = !powerCut ? unsynced : this.random.chance(0.6) ? 0 : this.random.between(0, unsynced);
    copy.write(inode.data.subarray(0, inode.syncedLength + kept), inode.modifiedMs);
    copy.syncedLength = powerCut ? copy.length : inode.syncedLength;
    return copy;
  }

  // -- operations: each settles after the process had its turn, or never once the disk was pulled ------------------------

  /** Reads and writes as `node:fs` does it; `mount-disk.ts` gives them its names. */
  async run<T>(perform: () => T): Promise<T> {
    await Promise.resolve();
    if (this.isPulled) return new Promise<never>(() => undefined);
    return perform();
  }

  async sync(path: string, inode: Inode | null): Promise<void> {
    this.onWrite(`fsync ${path}`);
    const length = inode?.length ?? 0;
    if (this.random.chance(this.slowness)) {
      const ms = this.random.chance(0.05) ? this.random.between(1, syncPauseMs) : this.random.between(1, syncUsualMs);
      await new Promise<void>((resolve) => {
        this.clock.setTimeout(() => {
          resolve();
        }, ms);
      });
    }
    await this.run(() => {
      if (inode !== null) inode.syncedLength = Math.max(inode.syncedLength, Math.min(length, inode.length));
      else this.syncDirectory(path);
    });
  }

  private syncDirectory(directory: string): void {
    for (const path of [...this.syncedNames.keys()]) if (dirname(path) === directory && !this.names.has(path)) this.syncedNames.delete(path);
    for (const [path, inode] of this.names) if (dirname(path) === directory) this.syncedNames.set(path, inode);
  }

  isDirectory(path: string): boolean {
    return this.directories.has(path);
  }

  /** Of all files, in order. */
  get paths(): readonly string[] {
    return [...this.names.keys()].sort();
  }

  find(path: string): Inode | undefined {
    return this.names.get(path);
  }

  get(path: string): Inode {
    const inode = this.names.get(path);
    if (inode === undefined) throw diskError('ENOENT', path);
    return inode;
  }

  /** `flag` as in open(2): r, a, w, wx. */
  open(path: string, flag: string): Inode {
    const known = this.names.get(path);
    if (flag === 'r') return this.get(path);
    if (flag === 'wx' && known !== undefined) throw diskError('EEXIST', path);
    if (!this.directories.has(dirname(path))) throw diskError('ENOENT', path);
    if (known !== undefined && flag === 'a') return known;
    const inode = known ?? new Inode();
    inode.truncate(0);
    this.names.set(path, inode);
    return inode;
  }

  write(path: string, inode: Inode, bytes: Buffer): void {
    if (this.isPulled) return;
    this.onWrite(`write ${path}`);
    inode.write(bytes, this.clock.now());
  }

  rename(from: string, to: string): void {
    const inode = this.get(from);
    this.names.delete(from);
    this.names.set(to, inode);
  }

  link(from: string, to: string): void {
    if (this.names.has(to)) throw diskError('EEXIST', to);
    this.names.set(to, this.get(from));
  }

  remove(path: string): void {
    this.names.delete(path);
  }

  list(directory: string): string[] {
    if (!this.directories.has(directory)) throw diskError('ENOENT', directory);
    const prefix = directory === '/' ? directory : `${directory}/`;
    const start = prefix.length;
    const inside = [...this.names.keys(), ...this.directories].filter((path) => path.length > start && path.startsWith(prefix) && !path.includes('/', start));
    return inside.map((path) => path.slice(start)).sort();
  }

  /** Makes it and what is above it; the first that was made, or undefined. */
  makeDirectory(path: string): string | undefined {
    if (this.directories.has(path)) return undefined;
    const made = this.makeDirectory(dirname(path)) ?? path;
    this.directories.add(path);
    return made;
  }
}
