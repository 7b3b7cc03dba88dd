/**
 * The file of an outbox: a line for each event, after one with the numbers to go on from. Rewritten when most of its lines are of
 * events that have left, so that it is bounded as memory is, also while nobody stores.
 */
import { join } from 'node:path';
import { z } from 'zod';
import { Event } from '../contracts/event.ts';
import { Journal, type JournalProblem, readJournal } from './journal.ts';
import { killPoint } from './kill-point.ts';

/** Below this a rewrite would cost more than the lines it saves. */
const linesMin = 1_000;

const OutboxLine = z.union([z.object({ next: z.object({ urgent: z.int(), info: z.int() }) }), Event]);
export type OutboxLine = z.infer<typeof OutboxLine>;

export class OutboxFile {
  private readonly journal: Journal<OutboxLine>;
  private lines = 0;
  private compacting = false;

  constructor(dir: string) {
    this.journal = new Journal(join(dir, 'outbox.jsonl'), {
      beforeAppend: () => killPoint('outbox.before-append'),
      beforeFsync: () => killPoint('outbox.before-fsync'),
      afterFsync: () => killPoint('outbox.after-fsync'),
    });
  }

  /** What it holds, and what of it could not be read. */
  async open(): Promise<{ readonly entries: readonly OutboxLine[]; readonly problems: readonly JournalProblem[] }> {
    const { entries, problems, bytesGood } = readJournal(this.journal.file, OutboxLine);
    await this.journal.open(bytesGood);
    this.lines = entries.length;
    return { entries, problems };
  }

  async append(line: OutboxLine, fsync: boolean): Promise<void> {
    await this.journal.append(line, { fsync });
    this.lines += 1;
  }

  /** Calls `rewrite` when that is worth it; `held`: events that have not left. */
  async compact(held: number, rewrite: () => Promise<void>): Promise<void> {
    if (this.compacting || this.lines < Math.max(linesMin, 2 * held)) return;
    this.compacting = true;
    killPoint('outbox.before-compact');
    try {
      await rewrite();
    } finally {
      this.compacting = false;
    }
    killPoint('outbox.after-compact');
  }

  /** `content` is asked at the moment of writing, when the appends that were queued before it are in the file. */
  async rewrite(content: () => readonly OutboxLine[]): Promise<void> {
    let replaced = 0;
    await this.journal
      .rewrite(() => {
        const lines = content();
        replaced = this.lines;
        this.lines = lines.length;
        return lines;
      })
      .catch((error: unknown) => {
        this.lines += replaced;
        throw error;
      });
  }

  close(): Promise<void> {
    return this.journal.close();
  }
}
