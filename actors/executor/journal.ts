/**
 * The claims on disk: `<dataDir>/claims.jsonl`, one line per entry, fsynced before `append` resolves.
 *
 * Reads the whole file when opened; writes one entry at a time, so that each passes the kill points of its own kind.
 * A half line at the end was never acknowledged and is cut off. A broken line in the middle may hide an effect: the
 * file is kept beside as `claims.jsonl.broken`, and every claim without an outcome then counts as begun. An append
 * that failed may have left half a line: the file is repaired before the next one.
 */
import { copyFileSync, statSync } from 'node:fs';
import { Journal, type JournalHooks, readJournal } from '../../bus/journal.ts';
import type { KillPoint } from '../../bus/kill-point.ts';
import type { Log } from '../../bus/log.ts';
import { ClaimEntry, type ClaimRecords, doubtClaims, entriesOf, foldClaims } from './claims.ts';

/** Compacted at a start above this many entries: about 100 kB, read in a few milliseconds. */
const entriesKeptMax = 400;

/** What an execution waits for before it goes on to something that cannot be taken back. */
const beginnings: readonly ClaimEntry['kind'][] = ['claim', 'begun'];

export class ClaimJournal {
  private readonly file: string;
  private readonly hooks: JournalHooks;
  private journal: Journal<ClaimEntry>;
  private tail: Promise<void> = Promise.resolve();
  private writing: ClaimEntry['kind'] = 'settled';
  private torn = false;
  private closed = false;
  private stopping = false;

  private constructor(file: string, at: (point: KillPoint) => void) {
    this.file = file;
    const pass = (when: 'before' | 'after', what: 'append' | 'fsync'): void => {
      // A lost `settled` only costs one more look at the document: nothing rests on it.
      if (this.writing === 'settled') return;
      at(`executor.${when}-${this.writing}-${what}` as KillPoint);
    };
    this.hooks = {
      beforeAppend: () => {
        pass('before', 'append');
      },
      beforeFsync: () => {
        pass('before', 'fsync');
      },
      afterFsync: () => {
        pass('after', 'fsync');
      },
    };
    this.journal = new Journal(file, this.hooks);
  }

  /** Opens the journal and says what it remembers. Rejects when the file cannot be read or written. */
  static async open(
    file: string,
    options: { readonly log: Log; readonly at: (point: KillPoint) => void },
  ): Promise<{ readonly journal: ClaimJournal; readonly records: ClaimRecords }> {
    const { entries, problems, bytesGood } = readJournal(file, ClaimEntry);
    for (const problem of problems) options.log.warn(problem, 'claims journal has a line that cannot be read');
    const halfLines = sizeOf(file) > bytesGood ? 1 : 0;
    const damaged = problems.length > halfLines;
    const records = damaged ? doubtClaims(foldClaims(entries)) : foldClaims(entries);
    const self = new ClaimJournal(file, options.at);
    await self.journal.open(bytesGood);
    if (damaged) copyFileSync(file, `${file}.broken`);
    if (damaged || entries.length > entriesKeptMax) await self.journal.rewrite(() => entriesOf(records));
    return { journal: self, records };
  }

  /** Resolves when the entry is on disk; rejects when it may not be. Never settles once closed: whoever asks is being stopped, and must not take that for an outcome. */
  append(entry: ClaimEntry): Promise<void> {
    if (this.closed || (this.stopping && beginnings.includes(entry.kind))) return new Promise(() => undefined);
    const run = this.tail.then(() => this.write(entry));
    this.tail = run.catch(() => undefined);
    return run;
  }

  /** From now on claims and beginnings never settle; what was begun may still end. */
  beginNothingMore(): void {
    this.stopping = true;
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.tail;
    await this.journal.close();
  }

  private async write(entry: ClaimEntry): Promise<void> {
    if (this.torn) await this.repair();
    this.writing = entry.kind;
    try {
      await this.journal.append(entry);
    } catch (error) {
      this.torn = true;
      throw error;
    }
  }

  private async repair(): Promise<void> {
    await this.journal.close();
    const { bytesGood } = readJournal(this.file, ClaimEntry);
    this.journal = new Journal(this.file, this.hooks);
    await this.journal.open(bytesGood);
    this.torn = false;
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
