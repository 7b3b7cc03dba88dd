/**
 * The telegram-bot's memory on disk: `<dataDir>/messages.jsonl`, a line for each change (memory.ts). What can never be read again (numbers of messages,
 * mutes) is fsynced before it is relied on; what messages say is made anew from the documents. A file that is long is
 * written again with what still holds. Broken lines are reported and passed over.
 */
import { join } from 'node:path';
import { Journal, type JournalProblem, readJournal } from '../../bus/journal.ts';
import { Entry, entriesOf, type Remembered, replay } from './memory.ts';

/** Half a megabyte, read in milliseconds. */
const linesMax = 1_000;

export class BotDisk {
  readonly remembered: Remembered;
  readonly problems: readonly JournalProblem[];
  private readonly journal: Journal<Entry>;
  private lines: number;

  private constructor(journal: Journal<Entry>, { entries, problems }: { readonly entries: readonly Entry[]; readonly problems: readonly JournalProblem[] }) {
    this.journal = journal;
    this.remembered = replay(entries);
    this.problems = problems;
    this.lines = entries.length;
  }

  static async open(dataDir: string): Promise<BotDisk> {
    const file = join(dataDir, 'messages.jsonl');
    const { entries, problems, bytesGood } = readJournal(file, Entry);
    const journal = new Journal<Entry>(file);
    await journal.open(bytesGood);
    return new BotDisk(journal, { entries, problems });
  }

  /** Resolves when they are in the file. `now`: everything that holds, these included. */
  async append(entries: readonly Entry[], now: () => Remembered): Promise<void> {
    const fsync = entries.some(({ kind }) => kind !== 'thread' && kind !== 'last');
    await Promise.all(entries.map((entry) => this.journal.append(entry, { fsync })));
    this.lines += entries.length;
    const holding = entriesOf(now());
    // Twice what must stay, so that a bot with very many messages does not write them all at each change.
    if (this.lines <= Math.max(linesMax, 2 * holding.length)) return;
    await this.journal.rewrite(() => holding);
    this.lines = holding.length;
  }

  async close(): Promise<void> {
    await this.journal.close();
  }
}
