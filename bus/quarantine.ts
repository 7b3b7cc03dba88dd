/** Counts messages that do not fit their contract, and says so at most once a minute per kind of topic. */
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';

const reportEveryMs = 60_000;

export class Quarantine {
  count = 0;
  private readonly reportedAtMs = new Map<string, number>();
  private readonly clock: Clock;
  private readonly log: Log;
  private readonly report: (report: { readonly topic: string; readonly detail: string; readonly count: number }) => void;

  constructor(clock: Clock, log: Log, report: Quarantine['report']) {
    this.clock = clock;
    this.log = log;
    this.report = report;
  }

  add(topic: string, detail: string): void {
    this.count += 1;
    const kind = topic.split('/')[0] ?? topic;
    const nowMs = this.clock.now();
    if (nowMs - (this.reportedAtMs.get(kind) ?? Number.NEGATIVE_INFINITY) < reportEveryMs) return;
    this.reportedAtMs.set(kind, nowMs);
    this.log.warn({ topic, detail, count: this.count }, 'message does not fit its contract; ignored');
    this.report({ topic, detail, count: this.count });
  }
}
