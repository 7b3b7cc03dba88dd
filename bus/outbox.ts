/**
 * The durable outbox of one emitter: an event is on disk when `emit` returns and stays until the cursors of all stores have
 * passed it: that of its own site, and every other one that has announced itself at the broker (decision 16). It is sent again
 * on every reconnect and after a time-out.
 *
 * Remembers: `outbox.jsonl` in the actor's directory. An emitter that lost that file starts above anything it can have used
 * before (its clock in milliseconds), or above the cursor where that is higher. `floor` on each event tells the store what
 * it cannot get any more. Limits: 10,000 events or 8 MiB; then what the own site's store has goes first, because it is safe there;
 * then the oldest info, counted and said.
 */
import { type CursorPositions, type Event, type EventDraft, type Lane, laneOf, lanes } from '../contracts/event.ts';
import { type Clock, isoTime } from './clock.ts';
import { type Ids, randomIds } from './ids.ts';
import { killPoint } from './kill-point.ts';
import type { Log } from './log.ts';
import { eventOf, isSynced } from './outbox-event.ts';
import { OutboxFile, type OutboxLine } from './outbox-file.ts';
import { firstAbove, firstHeld, isOverlapped, type LaneState, newLane, takeOut } from './outbox-lane.ts';
import { OutboxStores } from './outbox-stores.ts';

/** A day of one event every 9 s; 8 MiB is what a Pi can rewrite without anybody noticing. */
const eventsMax = 10_000;
const bytesMax = 8 * 1024 * 1024;
const dropReportEveryMs = 600_000;

export interface OutboxOptions {
  readonly dir: string;
  readonly node: string;
  /** Nothing leaves before the store of this site has it, whichever others there are. */
  readonly site: string;
  readonly source: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly ids?: Ids;
}

type Send = (event: Event) => Promise<void>;

export class Outbox {
  private readonly options: OutboxOptions;
  private readonly file: OutboxFile;
  private readonly laneStates: Record<Lane, LaneState>;
  private readonly stores: OutboxStores;
  private send: Send | null = null;
  private bytes = 0;
  private dropped = 0;
  private droppedReportedAtMs = Number.NEGATIVE_INFINITY;
  /** Ids in the file at start: an event from the spool that was taken just before a crash is not taken again. */
  private readonly loadedIds = new Set<string>();

  private constructor(options: OutboxOptions, firstSeq: number) {
    this.options = options;
    this.file = new OutboxFile(options.dir);
    this.laneStates = { urgent: newLane(firstSeq), info: newLane(firstSeq) };
    this.stores = new OutboxStores({
      site: options.site,
      clock: options.clock,
      onSilence: (lane, isOwn) => {
        this.onSilence(lane, isOwn);
      },
    });
  }

  static async open(options: OutboxOptions): Promise<Outbox> {
    const outbox = new Outbox(options, Math.max(1, Math.floor(options.clock.now())));
    const { entries, problems } = await outbox.file.open();
    for (const problem of problems) options.log.warn(problem, 'outbox: a line could not be read');
    for (const entry of entries) outbox.load(entry);
    // A broken line may have held numbers that were used: go on above anything this emitter can have given.
    for (const lane of lanes) {
      const state = outbox.laneStates[lane];
      if (problems.length > 0) state.next = Math.max(state.next, Math.floor(options.clock.now()));
      state.bornAt = state.next;
    }
    if (entries.length === 0) await outbox.file.append({ next: { urgent: outbox.laneStates.urgent.next, info: outbox.laneStates.info.next } }, true);
    return outbox;
  }

  /** Events not yet known to be in every store. */
  get backlog(): number {
    return this.laneStates.urgent.waiting.length + this.laneStates.info.waiting.length;
  }

  /** Resolves when the event is on disk (info that ends nothing: handed to the operating system, which survives a kill, not a power cut). */
  async emit(draft: EventDraft): Promise<void> {
    if (draft.id !== undefined && this.loadedIds.has(draft.id)) return;
    const event = this.number(draft);
    this.laneStates[event.lane].waiting.push(event);
    this.bytes += JSON.stringify(event).length;
    try {
      await this.file.append(event, isSynced(event));
    } catch (error) {
      this.forget(event);
      throw error;
    }
    this.laneStates[event.lane].durableTo = Math.max(this.laneStates[event.lane].durableTo, event.seq);
    this.shrink();
    this.compact();
    this.pump();
  }

  /** A link is up and its cursors have been read; null: it is gone. */
  connect(send: Send | null): void {
    this.send = send;
    this.stores.begin();
    this.proceed();
  }

  /** What the store of a site says it has of this node; null: there is no such store any more. */
  onCursor(store: string, positions: CursorPositions | null): void {
    const reached = positions?.[this.options.source] ?? null;
    if (reached !== null) {
      for (const lane of lanes) if (isOverlapped(this.laneStates[lane], reached[lane])) this.renumber(lane, reached[lane]);
    }
    this.stores.hear(store, reached);
    this.proceed();
  }

  async close(): Promise<void> {
    this.connect(null);
    await this.file.close();
  }

  private load(entry: OutboxLine): void {
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
    const { ids = randomIds, clock, node, source, log } = this.options;
    const lane = laneOf(draft.severity);
    const state = this.laneStates[lane];
    const of = { id: draft.id ?? ids.eventId(), ts: draft.ts ?? isoTime(clock.now()), node, source, lane, seq: state.next };
    const { event, bytesDropped } = eventOf(draft, of);
    state.next += 1;
    if (bytesDropped !== null) log.warn({ event: event.type, id: event.id, bytes: bytesDropped }, 'event too large for the bus; kept without its payload');
    return event;
  }

  /** The disk refused it and the caller was told: it is not sent, and its number is a hole that the floor will cover. */
  private forget(refused: Event): void {
    if (takeOut(this.laneStates[refused.lane], refused.id)) this.bytes -= JSON.stringify(refused).length;
  }

  /** What every store has leaves; what one lacks is sent. Not before the cursors of all stores have been read: the first to come may be that of the site. */
  private proceed(): void {
    if (this.send === null) return;
    let released = 0;
    for (const lane of lanes) released += this.release(lane, this.stores.passed(lane));
    if (released > 0) this.compact();
    this.pump();
  }

  /** Lane by lane, urgent first, in order, never more than a window ahead of the store that it is sent for. */
  private pump(): void {
    const send = this.send;
    if (send === null) return;
    for (const lane of lanes) {
      const state = this.laneStates[lane];
      const flows = this.stores.flows(lane);
      for (const flow of flows) {
        for (const event of flow.takeSendable(state, flows)) {
          killPoint('outbox.before-publish');
          send({ ...event, floor: firstHeld(state) }).then(
            () => killPoint('outbox.after-publish'),
            () => undefined, // the link ended; everything is sent again on the next one
          );
        }
        flow.watch(state);
      }
    }
  }

  /** A disk that refuses: what is in memory is kept and sent; the next write tries again. */
  private readonly onFailure = (error: unknown): void => {
    this.options.log.error({ err: error }, 'outbox: cannot write');
  };

  private onSilence(lane: Lane, isOwn: boolean): void {
    const own = this.stores.ownFlow(lane);
    if (isOwn && own.isAtHole(this.laneStates[lane])) this.giveUp(lane, own.reached);
    this.pump();
  }

  /** How many left. */
  private release(lane: Lane, upTo: number): number {
    const { waiting } = this.laneStates[lane];
    const gone = waiting.splice(0, firstAbove(this.laneStates[lane], upTo));
    for (const event of gone) this.bytes -= JSON.stringify(event).length;
    return gone.length;
  }

  /** The own site's store waits behind a hole for another store to move: it must not, and what it has is safe. */
  private giveUp(lane: Lane, upTo: number): void {
    const events = this.release(lane, upTo);
    this.options.log.warn({ lane, events }, 'outbox: behind a hole; the store of this site has what another one lacks and will not get');
  }

  /**
   * A store is ahead of us: our file was lost and the clock did not help. What waits goes above the cursor. A store that has some
   * of it already gets it a second time, under the same id: better than another one not at all.
   */
  private renumber(lane: Lane, cursor: number): void {
    const state = this.laneStates[lane];
    state.waiting = state.waiting.map((event, at) => ({ ...event, seq: cursor + 1 + at }));
    state.next = cursor + 1 + state.waiting.length;
    state.durableTo = 0;
    for (const flow of this.stores.flows(lane)) flow.rewind();
    state.bornAt = cursor + 1;
    this.rewrite().then(() => {
      this.pump();
    }, this.onFailure);
    this.options.log.warn({ lane, cursor }, 'outbox: the store is ahead of this emitter; numbering on above it');
  }

  private shrink(): void {
    while (this.backlog > eventsMax || this.bytes > bytesMax) {
      const { lane, isSafe } = this.expendable();
      const lost = this.laneStates[lane].waiting.shift();
      if (lost === undefined) return;
      this.bytes -= JSON.stringify(lost).length;
      if (!isSafe) this.dropped += 1;
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

  /** Whose oldest event goes first when there is no room. */
  private expendable(): { readonly lane: Lane; readonly isSafe: boolean } {
    const oldestOf = (lane: Lane): number => this.laneStates[lane].waiting[0]?.seq ?? Number.POSITIVE_INFINITY;
    const infoFirst = ['info', 'urgent'] as const;
    const safe = infoFirst.find((lane) => oldestOf(lane) <= this.stores.ownFlow(lane).reached);
    return { lane: safe ?? infoFirst.find((lane) => oldestOf(lane) < Number.POSITIVE_INFINITY) ?? 'info', isSafe: safe !== undefined };
  }

  private compact(): void {
    this.file.compact(this.backlog, () => this.rewrite()).catch(this.onFailure);
  }

  /** The file becomes what memory holds at the moment of writing. */
  private async rewrite(): Promise<void> {
    const written = { urgent: 0, info: 0 };
    await this.file.rewrite(() => {
      for (const lane of lanes) written[lane] = this.laneStates[lane].next - 1;
      const next = { urgent: firstHeld(this.laneStates.urgent), info: firstHeld(this.laneStates.info) };
      return [{ next }, ...lanes.flatMap((lane) => this.laneStates[lane].waiting)];
    });
    for (const lane of lanes) this.laneStates[lane].durableTo = Math.max(this.laneStates[lane].durableTo, written[lane]);
  }
}
