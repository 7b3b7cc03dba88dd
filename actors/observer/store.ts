/**
 * The event store's writing half: JSON lines, on disk before anybody is told.
 *
 * Group commit: what arrives while a batch is being synced becomes the next batch, with one write and one fdatasync per
 * file. Files go by the observer's receive date, which never goes backwards for a node even if the clock does.
 * Remembers nothing but open files. A write that fails ends it: `onFailure`, and nothing more is stored or acknowledged.
 */
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { killPoint } from '../../bus/kill-point.ts';
import { eventFile } from './event-files.ts';
import type { FilePosition } from './state.ts';
import type { StoredEvent } from './stored-event.ts';

export interface StoreOptions {
  readonly dataDir: string;
  /** Newest file of each node that exists already. */
  readonly newest: ReadonlyMap<string, FilePosition | null>;
  /** `positions`: where each file ends now, by node. */
  onStored(records: readonly StoredEvent[], positions: ReadonlyMap<string, FilePosition>): void;
  onFailure(error: Error): void;
}

interface OpenFile {
  readonly date: string;
  readonly handle: FileHandle;
  bytes: number;
}

const dateLength = 'YYYY-MM-DD'.length;

export class EventStore {
  private readonly options: StoreOptions;
  private readonly files = new Map<string, OpenFile>();
  private waiting: StoredEvent[] = [];
  private flushing: Promise<void> | null = null;
  /** Failed or closed: what is appended now is not stored, hence not acknowledged, hence sent again later. */
  private isShut = false;

  constructor(options: StoreOptions) {
    this.options = options;
  }

  /** Records are stored in the order in which they were appended. */
  append(records: readonly StoredEvent[]): void {
    if (this.isShut) return;
    this.waiting.push(...records);
    this.flushing ??= this.drain();
  }

  /** Resolves when everything appended so far is on disk, or the store has failed. */
  async close(): Promise<void> {
    await this.flushing;
    this.isShut = true;
    for (const { handle } of this.files.values()) await handle.close();
    this.files.clear();
  }

  private async drain(): Promise<void> {
    try {
      while (this.waiting.length > 0) {
        const batch = this.waiting;
        this.waiting = [];
        const positions = await this.write(batch);
        this.options.onStored(batch, positions);
      }
    } catch (error) {
      this.isShut = true;
      this.waiting = [];
      this.options.onFailure(error instanceof Error ? error : new Error(String(error)));
    } finally {
      this.flushing = null;
    }
  }

  private async write(batch: readonly StoredEvent[]): Promise<ReadonlyMap<string, FilePosition>> {
    const byNode = new Map<string, StoredEvent[]>();
    for (const record of batch) {
      const records = byNode.get(record.node);
      if (records === undefined) byNode.set(record.node, [record]);
      else records.push(record);
    }
    const positions = new Map<string, FilePosition>();
    const touched: OpenFile[] = [];
    killPoint('observer.before-store');
    for (const [node, records] of byNode) {
      const file = await this.fileFor(node, newestDate(records));
      const bytes = Buffer.from(records.map((record) => `${JSON.stringify(record)}\n`).join(''));
      await file.handle.appendFile(bytes);
      file.bytes += bytes.length;
      touched.push(file);
      positions.set(node, { date: file.date, offset: file.bytes });
    }
    killPoint('observer.before-fsync');
    await Promise.all(touched.map(({ handle }) => handle.datasync()));
    killPoint('observer.after-fsync');
    return positions;
  }

  private async fileFor(node: string, wanted: string): Promise<OpenFile> {
    const known = this.files.get(node);
    const newest = known?.date ?? this.options.newest.get(node)?.date ?? '';
    const date = wanted > newest ? wanted : newest;
    if (known?.date === date) return known;
    await known?.handle.close();
    this.files.delete(node);
    const path = eventFile(this.options.dataDir, date, node);
    const created = await mkdir(dirname(path), { recursive: true });
    const handle = await open(path, 'a');
    const file = { date, handle, bytes: (await handle.stat()).size };
    this.files.set(node, file);
    // A new name is durable only once its directory is: a power cut must not take a file whose events were acknowledged.
    if (file.bytes === 0) await syncDirectories(dirname(path), created === undefined ? dirname(path) : dirname(created));
    return file;
  }
}

/** A batch may span midnight: the whole of it goes to the newer day. */
function newestDate(records: readonly StoredEvent[]): string {
  let newest = '';
  for (const { stored_at } of records) {
    const date = stored_at.slice(0, dateLength);
    if (date > newest) newest = date;
  }
  return newest;
}

async function syncDirectories(from: string, upTo: string): Promise<void> {
  for (let directory = from; ; directory = dirname(directory)) {
    const handle = await open(directory, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (directory === upTo || directory === dirname(directory)) return;
  }
}
