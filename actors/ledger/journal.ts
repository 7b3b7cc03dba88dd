/**
 * The ledger's memory: every change of every action, and every request between sites, on disk before anybody is told.
 *
 * One JSON line for each change in `<dataDir>/journal.jsonl`, holding the whole record after it, so the last line of an id
 * is what it is and the lines of an id are its history. Nothing is ever thrown away: when the file is long it is kept as
 * `journal-<time>.jsonl.gz` (journal-files.ts), and a new one begins with the last word on everything (last-words.ts). A crash in the
 * middle of that leaves a copy too many, never a line too few. Broken lines are reported and passed over.
 */
import { link } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Journal, type JournalProblem, readJournal } from '../../bus/journal.ts';
import { killPoint } from '../../bus/kill-point.ts';
import type { LedgerEntry, Remembered } from './desk-state.ts';
import { Entry } from './journal-entry.ts';
import { compress, journalFiles } from './journal-files.ts';
import { LastWords } from './last-words.ts';

/** About 20 MB, read in well under a second at start; at 50 changes a day more than half a year. */
const linesMaxDefault = 10_000;

/** What a sequence of entries says in the end. */
export const replay = (entries: Iterable<LedgerEntry>): Remembered => new LastWords(entries).remembered;

export class LedgerJournal {
  readonly problems: readonly JournalProblem[];
  private readonly journal: Journal<LedgerEntry>;
  private readonly latest: LastWords;
  private readonly linesMax: number;
  private readonly now: () => number;
  private readonly onTrouble: (error: unknown) => void;
  private lines: number;
  /** Compressing goes on behind the appends: nobody waits for it. */
  private compressing: Promise<void> = Promise.resolve();

  private constructor(options: {
    journal: Journal<LedgerEntry>;
    entries: readonly LedgerEntry[];
    problems: readonly JournalProblem[];
    linesMax: number;
    now: () => number;
    onTrouble: (error: unknown) => void;
  }) {
    this.journal = options.journal;
    this.problems = options.problems;
    this.linesMax = options.linesMax;
    this.now = options.now;
    this.onTrouble = options.onTrouble;
    this.lines = options.entries.length;
    this.latest = new LastWords(options.entries);
  }

  /** Reads what is there and opens it for appending. `onTrouble` hears why a long file could not be put away. */
  static async open(options: {
    readonly dataDir: string;
    readonly now: () => number;
    readonly onTrouble: (error: unknown) => void;
    readonly linesMax?: number;
  }): Promise<LedgerJournal> {
    const file = join(options.dataDir, 'journal.jsonl');
    const { entries, problems, bytesGood } = readJournal(file, Entry);
    const journal = new Journal<LedgerEntry>(file, {
      beforeAppend: () => killPoint('ledger.before-append'),
      beforeFsync: () => killPoint('ledger.before-fsync'),
      afterFsync: () => killPoint('ledger.after-fsync'),
    });
    await journal.open(bytesGood);
    const own = new LedgerJournal({
      journal,
      entries,
      problems,
      linesMax: options.linesMax ?? linesMaxDefault,
      now: options.now,
      onTrouble: options.onTrouble,
    });
    // Put away by a life that ended before it could compress them.
    for (const left of await journalFiles(options.dataDir)) if (left !== file && left.endsWith('.jsonl')) own.compressLater(left);
    return own;
  }

  get remembered(): Remembered {
    return this.latest.remembered;
  }

  /** Resolves when the entry is on disk. */
  async append(entry: LedgerEntry): Promise<void> {
    await this.journal.append(entry);
    this.latest.absorb(entry);
    this.lines += 1;
    // Twice what must stay, so that a ledger with very many ids does not rotate at each line.
    if (this.lines > Math.max(this.linesMax, 2 * this.latest.size)) await this.rotate();
  }

  async close(): Promise<void> {
    await this.compressing;
    await this.journal.close();
  }

  private compressLater(file: string): void {
    this.compressing = this.compressing.then(() => compress(file)).catch(this.onTrouble);
  }

  /** What can not be put away now is tried again after as many lines more; the entry itself is on disk already. */
  private async rotate(): Promise<void> {
    try {
      const kept = await this.keepOld();
      await this.journal.rewrite(() => this.latest.entries);
      this.lines = this.latest.size;
      this.compressLater(kept);
    } catch (error) {
      this.lines = 0;
      this.onTrouble(error);
    }
  }

  /** A second name for the same file: the old content is never without one. */
  private async keepOld(): Promise<string> {
    const taken = await journalFiles(dirname(this.journal.file));
    const stamp = new Date(this.now()).toISOString().replaceAll(':', '');
    for (let copy = 0; ; copy += 1) {
      const kept = this.journal.file.replace(/\.jsonl$/, `-${stamp}${copy === 0 ? '' : `-${copy}`}.jsonl`);
      if (taken.includes(`${kept}.gz`)) continue;
      try {
        await link(this.journal.file, kept);
        return kept;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
    }
  }
}
