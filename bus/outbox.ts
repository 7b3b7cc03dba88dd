/**
 * The durable outbox of one emitter: an event is on disk when `emit` returns and stays until the cursor of the store has
 * passed it; it is sent again on every reconnect and after a time-out.
 *
 * Remembers: `outbox.jsonl` in the actor's directory. An emitter that lost that file starts above anything it can have used
 * before (its clock in milliseconds), or above the cursor where that is higher. `floor` on each event tells the store what
 * it cannot get any more. Limits: 10,000 events or 8 MiB; then the oldest info go first, counted and said.
 */
import { join } from 'node:path';
import { z } from 'zod';
import { payloadBytesMax } from '../contracts/defaults.ts';
import { type CursorPositions, Event, type EventDraft, type Lane, laneOf, lanes } from '../contracts/event.ts';
import { type Clock, isoTime } from './clock.ts';
import { type Ids, randomIds } from './ids.ts';
import { Journal, readJournal } from './journal.ts';
import { killPoint } from './kill-point.ts';
import type { Log } from './log.ts';
import { firstHeld, isOverlapped, type LaneState, newLane, takeOut, takeSendable, windowMax } from './outbox-lane.ts';

/** A day of one event every 9 s; 8 MiB is what a Pi can rewrite without anybody noticing. */
const eventsMax = 10_000;
const bytesMax = 8 * 1024 * 1024;
/** The store answers within milliseconds; 10 s of silence means that something was lost on the way. */
const resendAfterMs = 10_000;
const resendMaxMs = 60_000;
/** `floor` is added when it is sent. */
const headroomBytes = 100;
const compactAfterLines = 1_000;
const dropReportEveryMs = 600_000;

const Line = z.union([z.object({ next: z.object({ urgent: z.int(), info: z.int() }) }), Event]);
type Line = z.infer<typeof Line>;

export interface OutboxOptions {
  readonly dir: string;
  readonly node: string;
  readonly source: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly ids?: Ids;
}

type Send = (event: Event) => Promise<void>;

export class Outbox {
  private readonly options: OutboxOptions;
  private readonly journal: Journal<Line>;
  private readonly laneStates: Record<Lane, LaneState>;
  private send: Send | null = null;
  private lines = 0;
  private bytes = 0;
  private timer: unknown = null;
  private timeoutMs = resendAfterMs;
  private dropped = 0;
  private droppedReportedAtMs = Number.NEGATIVE_INFINITY;
  private compacting = false;
  /** Ids in the file at start: an event from the spool that was taken just before a crash is not taken again. */
  private readonly loadedIds = new Set<string>();

  private constructor(options: OutboxOptions, firstSeq: number) {
    this.options = options;
    this.journal = new Journal(join(options.dir, 'outbox.jsonl'), {
      beforeAppend: () => killPoint('outbox.before-append'),
      beforeFsync: () => killPoint('outbox.before-fsync'),
      afterFsync: () => killPoint('outbox.after-fsync'),
    });
    this.laneStates = { urgent: newLane(firstSeq), info: newLane(firstSeq) };
  }

  static async open(options: OutboxOptions): Promise<Outbox> {
    const outbox = new Outbox(options, Math.max(1, Math.floor(options.clock.now())));
    const { entries, problems, bytesGood } = readJournal(outbox.journal.file, Line);
    for (const problem of problems) options.log.warn(problem, 'outbox: a line could not be read');
    for (const entry of entries) outbox.load(entry);
    // A broken line may have held numbers that were used: go on above anything this emitter can have given.
    for (const lane of lanes) {
      const state = outbox.laneStates[lane];
      if (problems.length > 0) state.next = Math.max(state.next, Math.floor(options.clock.now()));
      state.bornAt = state.next;
    }
    await outbox.journal.open(bytesGood);
    outbox.lines = entries.length;
    if (entries.length === 0) await outbox.append({ next: { urgent: outbox.laneStates.urgent.next, info: outbox.laneStates.info.next } }, true);
    return outbox;
  }

  /** Events not yet known to be stored. */
  get backlog(): number {
    return this.laneStates.urgent.waiting.length + this.laneStates.info.waiting.length;
  }

  /** Resolves when the event is on disk (info: handed to the operating system, which survives a kill, not a power cut). */
  async emit(draft: EventDraft): Promise<void> {
    if (draft.id !== undefined && this.loadedIds.has(draft.id)) return;
    const event = this.number(draft);
    this.laneStates[event.lane].waiting.push(event);
    this.bytes += JSON.stringify(event).length;
    try {
      await this.append(event, event.lane === 'urgent');
    } catch (error) {
      this.forget(event);
      throw error;
    }
    this.laneStates[event.lane].durableTo = Math.max(this.laneStates[event.lane].durableTo, event.seq);
    this.shrink();
    this.compact().catch(this.onFailure); // also while nobody stores: the file is bounded as memory is
    this.pump();
  }

  /** A link is up and its cursors have been read; null: it is gone. */
  connect(send: Send | null): void {
    this.send = send;
    this.timeoutMs = resendAfterMs;
    for (const lane of lanes) Object.assign(this.laneStates[lane], { sentTo: 0, window: windowMax });
    this.clearTimer();
    this.pump();
  }

  /** The store has everything of ours up to these. */
  onCursor(positions: CursorPositions): void {
    const mine = positions[this.options.source];
    if (mine === undefined) return;
    let progress = false;
    for (const lane of lanes) {
      const state = this.laneStates[lane];
      const cursor = mine[lane];
      if (isOverlapped(state, cursor)) this.renumber(lane, cursor);
      const before = state.waiting.length;
      while (state.waiting[0] !== undefined && state.waiting[0].seq <= cursor) this.bytes -= JSON.stringify(state.waiting.shift()).length;
      if (state.waiting.length < before) {
        progress = true;
        state.window = Math.min(windowMax, state.window * 2);
      }
    }
    if (!progress) return;
    this.timeoutMs = resendAfterMs;
    this.clearTimer();
    this.compact().catch(this.onFailure);
    this.pump();
  }

  async close(): Promise<void> {
    this.connect(null);
    this.clearTimer();
    await this.journal.close();
  }

  private load(entry: Line): void {
    if ('next' in entry) {
      for (const lane of lanes) this.laneStates[lane] = { ...this.laneStates[lane], next: entry.next[lane], waiting: [] };
      this.bytes = 0;
      return;
    }
    const state = this.laneStates[entry.lane];
    if (entry.seq <= (state.waiting.at(-1)?.seq ?? 0)) return; // written both by a compaction and by an append queued behind it
    this.loadedIds.add(entry.id);
    state.waiting.push(entry);
    state.next = Math.max(state.next, entry.seq + 1);
    state.durableTo = Math.max(state.durableTo, entry.seq);
    this.bytes += JSON.stringify(entry).length;
  }

  private number(draft: EventDraft): Event {
    const lane = laneOf(draft.severity);
    const state = this.laneStates[lane];
    const event = Event.parse({
      id: draft.id ?? (this.options.ids ?? randomIds).eventId(),
      ts: draft.ts ?? isoTime(this.options.clock.now()),
      node: this.options.node,
      source: this.options.source,
      lane,
      seq: state.next,
      type: draft.type,
      severity: draft.severity,
      service: draft.service ?? null,
      correlation_id: draft.correlation_id ?? null,
      message: draft.message.slice(0, 2000),
      payload: draft.payload ?? {},
    });
    state.next += 1;
    const bytes = Buffer.byteLength(JSON.stringify(event));
    if (bytes <= payloadBytesMax - headroomBytes) return event;
    // No link would ever take it, and everything behind it would wait for ever.
    this.options.log.warn({ event: event.type, id: event.id, bytes }, 'event too large for the bus; kept without its payload');
    return { ...event, payload: { payload_dropped_bytes: bytes } };
  }

  /** The disk refused it and the caller was told: it is not sent, and its number is a hole that the floor will cover. */
  private forget(refused: Event): void {
    if (takeOut(this.laneStates[refused.lane], refused.id)) this.bytes -= JSON.stringify(refused).length;
  }

  private async append(line: Line, fsync: boolean): Promise<void> {
    await this.journal.append(line, { fsync });
    this.lines += 1;
  }

  /** Lane by lane, urgent first, in order, never more than a window ahead of the store. */
  private pump(): void {
    const send = this.send;
    if (send === null) return;
    for (const lane of lanes) {
      const state = this.laneStates[lane];
      for (const event of takeSendable(state)) {
        killPoint('outbox.before-publish');
        send({ ...event, floor: firstHeld(state) }).then(
          () => killPoint('outbox.after-publish'),
          () => undefined, // the link ended; everything is sent again on the next one
        );
      }
    }
    if (this.backlog > 0) this.armTimer();
  }

  /** A disk that refuses: what is in memory is kept and sent; the next write tries again. */
  private readonly onFailure = (error: unknown): void => {
    this.options.log.error({ err: error }, 'outbox: cannot write');
  };

  private armTimer(): void {
    if (this.timer !== null) return;
    this.timer = this.options.clock.setTimeout(() => {
      this.timer = null;
      if (this.send === null || this.backlog === 0) return;
      // Nothing came back: one event per lane asks whether anybody stores, the rest follows when the cursor moves.
      this.timeoutMs = Math.min(this.timeoutMs * 2, resendMaxMs);
      for (const lane of lanes) Object.assign(this.laneStates[lane], { sentTo: 0, window: 1 });
      this.pump();
    }, this.timeoutMs);
  }

  private clearTimer(): void {
    if (this.timer !== null) this.options.clock.clearTimeout(this.timer);
    this.timer = null;
  }

  /** The store is ahead of us: our file was lost and the clock did not help. What waits goes above the cursor. */
  private renumber(lane: Lane, cursor: number): void {
    const state = this.laneStates[lane];
    state.waiting = state.waiting.map((event, at) => ({ ...event, seq: cursor + 1 + at }));
    state.next = cursor + 1 + state.waiting.length;
    state.sentTo = 0;
    state.durableTo = 0;
    state.bornAt = cursor + 1;
    this.rewrite().then(() => {
      this.pump();
    }, this.onFailure);
    this.options.log.warn({ lane, cursor }, 'outbox: the store is ahead of this emitter; numbering on above it');
  }

  private shrink(): void {
    while (this.backlog > eventsMax || this.bytes > bytesMax) {
      const state = this.laneStates.info.waiting.length > 0 ? this.laneStates.info : this.laneStates.urgent;
      const lost = state.waiting.shift();
      if (lost === undefined) return;
      this.bytes -= JSON.stringify(lost).length;
      this.dropped += 1;
    }
    const nowMs = this.options.clock.now();
    if (this.dropped === 0 || nowMs - this.droppedReportedAtMs < dropReportEveryMs) return;
    this.droppedReportedAtMs = nowMs;
    const dropped = this.dropped;
    this.dropped = 0;
    this.emit({ type: 'outbox_dropped', severity: 'warning', message: `${dropped} events dropped: the outbox was full`, payload: { dropped } }).catch(
      this.onFailure,
    );
  }

  private async compact(): Promise<void> {
    if (this.compacting || this.lines < Math.max(compactAfterLines, 2 * this.backlog)) return;
    this.compacting = true;
    killPoint('outbox.before-compact');
    try {
      await this.rewrite();
    } finally {
      this.compacting = false;
    }
    killPoint('outbox.after-compact');
  }

  /** The file becomes what memory holds at the moment of writing, appends still queued before it included. */
  private async rewrite(): Promise<void> {
    const written = { lines: 0, urgent: 0, info: 0 };
    await this.journal
      .rewrite(() => {
        const waiting = lanes.flatMap((lane) => this.laneStates[lane].waiting);
        for (const lane of lanes) written[lane] = this.laneStates[lane].next - 1;
        written.lines = this.lines;
        this.lines = waiting.length + 1;
        return [{ next: { urgent: firstHeld(this.laneStates.urgent), info: firstHeld(this.laneStates.info) } }, ...waiting];
      })
      .catch((error: unknown) => {
        this.lines += written.lines;
        throw error;
      });
    for (const lane of lanes) this.laneStates[lane].durableTo = Math.max(this.laneStates[lane].durableTo, written[lane]);
  }
}
