/**
 * Puts simulated disks below `/homelab-simulated/<number>` of the file system that this process sees through `node:fs`, so
 * that actors run unchanged; every other path goes where it always went.
 *
 * Node's own way of changing what a built-in module exports (`syncBuiltinESMExports`); undone by `unmountAll`. Knows the
 * operations that the actors and the bus use. A call on a simulated path that it does not know reaches the real file system,
 * where the path does not exist: it fails loudly.
 */
import fs from 'node:fs';
import fsPromises from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { type Disk, diskError, type Inode } from './disk.ts';

const mountPoint = '/homelab-simulated/';
const disks = new Map<string, Disk>();
let mounted = 0;
/** Always as many, so that what names a file is as long in each simulation of a process. */
const digits = 6;
/** How a disk appears in what actors say: its number is the only thing that two runs of a seed in one process do not share. */
export const mountedDisk = /(?<=\/homelab-simulated\/)\d+/gu;

type Call = (...args: never[]) => unknown;
const originals = new Map<string, Call>();

/** Where the disk can be found from now on. */
export function mount(disk: Disk): string {
  if (originals.size === 0) takeOver();
  mounted += 1;
  const number = String(mounted).padStart(digits, '0');
  disks.set(number, disk);
  return `${mountPoint}${number}`;
}

export function unmountAll(): void {
  disks.clear();
  for (const [name, call] of originals) {
    const [module, key] = name.split(' ') as [string, string];
    (module === 'fs' ? (fs as unknown as Record<string, Call>) : (fsPromises as unknown as Record<string, Call>))[key] = call;
  }
  originals.clear();
  syncBuiltinESMExports();
}

interface Place {
  readonly disk: Disk;
  /** On the disk. */
  readonly path: string;
  /** Where the disk is. */
  readonly root: string;
}

/** Where a path leads, or null for a real one. */
function at(path: unknown): Place | null {
  if (typeof path !== 'string' || !path.startsWith(mountPoint)) return null;
  const end = path.indexOf('/', mountPoint.length);
  const disk = disks.get(end === -1 ? path.slice(mountPoint.length) : path.slice(mountPoint.length, end));
  if (disk === undefined) throw diskError('ENODEV', path);
  return { disk, path: end === -1 ? '/' : path.slice(end), root: end === -1 ? path : path.slice(0, end) };
}

const bytesOf = (data: unknown): Buffer => (Buffer.isBuffer(data) ? data : Buffer.from(String(data)));
const textOr = (content: Buffer, encoding: unknown): Buffer | string => (encoding === 'utf8' ? content.toString('utf8') : Buffer.from(content));
const flagOf = (options: unknown): string => (options as { readonly flag?: string } | undefined)?.flag ?? 'w';
const statOf = (inode: Inode): { readonly size: number; readonly mtimeMs: number } => ({ size: inode.length, mtimeMs: inode.modifiedMs });

/** What an open file can do, of FileHandle. */
function handleOf(disk: Disk, path: string, inode: Inode | null): object {
  const file = (): Inode => {
    if (inode === null) throw diskError('EISDIR', path);
    return inode;
  };
  const append = (data: unknown): Promise<void> => disk.run(() => disk.write(path, file(), bytesOf(data)));
  return {
    appendFile: append,
    writeFile: append,
    stat: () => disk.run(() => statOf(file())),
    truncate: (length: number) => disk.run(() => file().truncate(length)),
    sync: () => disk.sync(path, inode),
    datasync: () => disk.sync(path, inode),
    close: () => disk.run(() => undefined),
    read: (buffer: Buffer, offset: number, length: number, position: number) =>
      disk.run(() => ({ bytesRead: file().content.copy(buffer, offset, position, Math.max(position, Math.min(position + length, file().length))), buffer })),
  };
}

/** The first directory that was made, as `mkdir` says it. */
function makeDirectory({ disk, path, root }: Place): string | undefined {
  const made = disk.makeDirectory(path);
  return made === undefined ? undefined : `${root}${made}`;
}

const sync: Readonly<Record<string, (place: Place, ...args: unknown[]) => unknown>> = {
  readFileSync: ({ disk, path }, encoding) => textOr(disk.get(path).content, encoding),
  mkdirSync: makeDirectory,
  writeFileSync: ({ disk, path }, data, options) => {
    disk.write(path, disk.open(path, flagOf(options)), bytesOf(data));
  },
  rmSync: ({ disk, path }) => {
    disk.remove(path);
  },
  copyFileSync: ({ disk, path }, to) => {
    const target = at(to);
    if (target !== null) target.disk.write(target.path, target.disk.open(target.path, 'w'), Buffer.from(disk.get(path).content));
  },
  statSync: ({ disk, path }) => {
    const inode = disk.find(path);
    return inode === undefined ? undefined : statOf(inode);
  },
};

const async: Readonly<Record<string, (place: Place, ...args: unknown[]) => unknown>> = {
  open: ({ disk, path }, flag) => disk.run(() => handleOf(disk, path, disk.isDirectory(path) ? null : disk.open(path, String(flag)))),
  readdir: ({ disk, path }) => disk.run(() => disk.list(path)),
  readFile: ({ disk, path }, encoding) => disk.run(() => textOr(disk.get(path).content, encoding)),
  stat: ({ disk, path }) => disk.run(() => statOf(disk.get(path))),
  truncate: ({ disk, path }, length) => disk.run(() => disk.get(path).truncate(Number(length))),
  mkdir: (place) => place.disk.run(() => makeDirectory(place)),
  rm: ({ disk, path }) =>
    disk.run(() => {
      disk.remove(path);
    }),
  appendFile: ({ disk, path }, data) => disk.run(() => disk.write(path, disk.open(path, 'a'), bytesOf(data))),
  rename: ({ disk, path }, to) => disk.run(() => disk.rename(path, at(to)?.path ?? '')),
  link: ({ disk, path }, to) => disk.run(() => disk.link(path, at(to)?.path ?? '')),
};

function takeOver(): void {
  replace('fs', fs as unknown as Record<string, Call>, sync);
  replace('promises', fsPromises as unknown as Record<string, Call>, async);
  syncBuiltinESMExports();
}

function replace(name: string, module: Record<string, Call>, table: typeof sync): void {
  for (const [key, simulated] of Object.entries(table)) {
    const original = module[key] as (...args: unknown[]) => unknown;
    originals.set(`${name} ${key}`, original as Call);
    module[key] = ((path: unknown, ...args: unknown[]) => {
      const place = at(path);
      return place === null ? original(path, ...args) : simulated(place, ...args);
    }) as Call;
  }
}
