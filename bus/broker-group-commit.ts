/**
 * Writes to LevelDB in groups: what comes while one group is being written goes into the next one, all of it in the order in
 * which it came. Why: each write alone costs a trip through the thread pool (80 µs), a group of hundreds costs hardly more.
 *
 * Every write is settled by the fate of its own group, never earlier. Remembers nothing; a group that fails takes none of
 * the next ones with it.
 */
/** As much as one group may hold, so that nobody waits long for it: some 10 ms on an SD card. The first one always fits. */
const groupBytesMax = 1024 * 1024;

type Write = { readonly type: 'put'; readonly key: string; readonly value: Buffer } | { readonly type: 'del'; readonly key: string };

interface Waiting {
  readonly write: Write;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Writes a group whole, or not at all. */
export type WriteGroup = (writes: readonly Write[]) => Promise<void>;

export class GroupCommit {
  private readonly writeGroup: WriteGroup;
  private waiting: Waiting[] = [];
  private isWriting = false;

  constructor(writeGroup: WriteGroup) {
    this.writeGroup = writeGroup;
  }

  put(key: string, value: Buffer): Promise<void> {
    return this.add({ type: 'put', key, value });
  }

  del(key: string): Promise<void> {
    return this.add({ type: 'del', key });
  }

  private add(write: Write): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ write, resolve, reject });
      if (this.isWriting) return;
      this.isWriting = true;
      // Not before the end of this turn: a chunk of the socket brings many at once.
      queueMicrotask(() => void this.writeAll());
    });
  }

  private async writeAll(): Promise<void> {
    while (this.waiting.length > 0) {
      const group = this.nextGroup();
      try {
        await this.writeGroup(group.map(({ write }) => write));
        for (const { resolve } of group) resolve();
      } catch (error) {
        for (const { reject } of group) reject(error);
      }
    }
    this.isWriting = false;
  }

  private nextGroup(): readonly Waiting[] {
    let bytes = 0;
    const end = this.waiting.findIndex(({ write }, at) => {
      bytes += write.key.length + (write.type === 'put' ? write.value.length : 0);
      return at > 0 && bytes > groupBytesMax;
    });
    return this.waiting.splice(0, end === -1 ? this.waiting.length : end);
  }
}
