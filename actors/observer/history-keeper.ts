/**
 * When the observer's history is held to its limits (history-limit.ts), and how that is told: once an hour behind a checkpoint, because
 * what a checkpoint holds may go; one event a day at most. That something cannot be removed loses nothing and stops nothing.
 */
import type { ActorIo } from '../../bus/actor.ts';
import { type HistoryLimits, limitHistory } from './history-limit.ts';
import type { Checkpoint } from './state.ts';

/** Days end once a day, and bytes come slowly: an hour of anything fits beside the limit. */
const limitEveryMs = 3_600_000;

export class HistoryKeeper {
  private readonly io: ActorIo;
  private readonly limits: HistoryLimits;
  private keptMs = Number.NEGATIVE_INFINITY;
  /** Node → day up to which its checkpoint on disk has read the store, of those written in this life. */
  private readonly reachedDays = new Map<string, string>();

  constructor(io: ActorIo, limits: HistoryLimits) {
    this.io = io;
    this.limits = limits;
  }

  /** It is on disk. */
  onCheckpoint({ node, position }: Checkpoint): void {
    this.reachedDays.set(node, position.date);
  }

  async keep(): Promise<void> {
    const { clock, log } = this.io;
    const now = clock.now();
    if (now - this.keptMs < limitEveryMs) return;
    this.keptMs = now;
    try {
      await this.limit(now);
    } catch (error) {
      log.warn({ err: error }, 'old history could not be removed');
    }
  }

  private async limit(now: number): Promise<void> {
    const { dataDir, log } = this.io;
    const { removed, bytes, isOver, untold } = await limitHistory({
      dataDir,
      limits: this.limits,
      now,
      reachedDay: (node) => this.reachedDays.get(node) ?? null,
    });
    if (removed.files > 0) log.info({ ...removed, left: bytes }, 'oldest history removed');
    if (isOver) log.warn({ bytes, ...this.limits }, 'history above its limit: what is left is of today, or not in a checkpoint yet');
    if (untold === null) return;
    await this.io.emit({
      type: 'history_pruned',
      severity: 'info',
      message: `${untold.files} of the oldest files of history, ${untold.bytes} bytes, were removed: ${this.limits.days} days and ${this.limits.bytesMax} bytes are kept`,
      payload: { ...untold, kept_bytes: bytes },
    });
  }
}
