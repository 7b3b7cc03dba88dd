/** The bridge's two files: its journal of events, and its cache of what the hub decided. A damaged line costs that line. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Journal, readJournal, writeFileAtomic } from '../../bus/journal.ts';
import { killPoint } from '../../bus/kill-point.ts';
import type { Log } from '../../bus/log.ts';
import { DownCache, emptyCache } from './documents-down.ts';
import { JournalLine } from './journal-line.ts';

export class BridgeFiles {
  private readonly journal: Journal<JournalLine>;
  private readonly cacheFile: string;
  /** What an earlier life left. */
  readonly remembered: { readonly lines: readonly JournalLine[]; readonly cache: DownCache };

  private constructor(journal: Journal<JournalLine>, cacheFile: string, remembered: BridgeFiles['remembered']) {
    this.journal = journal;
    this.cacheFile = cacheFile;
    this.remembered = remembered;
  }

  static async open(directory: string, log: Log): Promise<BridgeFiles> {
    const journal = new Journal<JournalLine>(join(directory, 'events.jsonl'), {
      beforeAppend: () => killPoint('bridge.before-append'),
      beforeFsync: () => killPoint('bridge.before-fsync'),
      afterFsync: () => killPoint('bridge.after-fsync'),
    });
    const { entries, problems, bytesGood } = readJournal(journal.file, JournalLine);
    for (const problem of problems) log.warn(problem, 'bridge: a line of the journal could not be read');
    await journal.open(bytesGood);
    const cacheFile = join(directory, 'desired.json');
    return new BridgeFiles(journal, cacheFile, { lines: entries, cache: readCache(cacheFile, log) });
  }

  /** On disk when it resolves: their senders may let go of them. */
  async append(lines: readonly JournalLine[]): Promise<void> {
    await Promise.all(lines.map((line) => this.journal.append(line)));
  }

  rewrite(lines: readonly JournalLine[]): Promise<void> {
    return this.journal.rewrite(() => lines);
  }

  save(cache: DownCache): Promise<void> {
    return writeFileAtomic(this.cacheFile, `${JSON.stringify(cache)}\n`);
  }

  close(): Promise<void> {
    return this.journal.close();
  }
}

function readCache(file: string, log: Log): DownCache {
  try {
    return DownCache.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      log.warn({ err: error, file }, 'bridge: what the hub decided cannot be read; it comes again with the link');
    return emptyCache;
  }
}
