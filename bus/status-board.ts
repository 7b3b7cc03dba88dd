/** What an actor says of itself on `actors/<node>/<actor>`: mode, restarts, last error; and its will. Remembers nothing on disk. */

import { topics } from '../contracts/topics.ts';
import type { DocumentBody } from './actor.ts';
import type { Bus } from './bus.ts';
import { type Clock, isoTime } from './clock.ts';
import type { Will } from './link.ts';

export interface StatusBoardOptions {
  readonly node: string;
  readonly actor: string;
  readonly version: string;
  readonly clock: Clock;
}

export class StatusBoard {
  private readonly options: StatusBoardOptions;
  private readonly startedAt: string;
  private restarts = 0;
  private lastError: string | null = null;
  private mode = 'starting';
  private modeSince: string;
  private detail: string | null = null;

  constructor(options: StatusBoardOptions) {
    this.options = options;
    this.startedAt = isoTime(options.clock.now());
    this.modeSince = this.startedAt;
  }

  /** Whether that is news. */
  changeMode(mode: string): boolean {
    if (mode === this.mode) return false;
    this.mode = mode;
    this.modeSince = isoTime(this.options.clock.now());
    return true;
  }

  /** Whether that is news. */
  changeDetail(detail: string | null): boolean {
    if (detail === this.detail) return false;
    this.detail = detail;
    return true;
  }

  died(error: Error): void {
    this.restarts += 1;
    this.lastError = error.message.slice(0, 400);
  }

  publish(bus: Bus, status: 'online' | 'stopped' | 'restarting' | 'failed'): void {
    const { node, actor, version } = this.options;
    const said = status === 'online' ? this.mode : status;
    const why = status !== 'online' && status !== 'stopped' && this.lastError !== null ? ` (${this.lastError.slice(0, 200)})` : '';
    const detail = status === 'online' ? this.detail : null;
    const body: DocumentBody<typeof topics.actorStatus> = {
      status,
      summary: `${actor} on ${node}: ${said}${why}${detail === null ? '' : ` (${detail.slice(0, 200)})`}`,
      node,
      actor,
      mode: this.mode,
      mode_since: this.modeSince,
      detail,
      started_at: this.startedAt,
      restarts: this.restarts,
      last_error: this.lastError,
      quarantined: bus.quarantined,
      version,
    };
    bus.documents.set(topics.actorStatus, { node, actor }, body);
  }

  /** What the broker says for it when its connection breaks. */
  will(session: number): Will {
    const { node, actor, version } = this.options;
    const said = { status: 'offline', summary: `${actor} on ${node}: connection lost`, ts: this.startedAt, session, node, actor, version };
    return { topic: topics.actorStatus.build({ node, actor }), payload: JSON.stringify(said) };
  }
}
