/**
 * The bridge's reducer between two toy brokers: retained messages, a link that can be cut, time that is told. Its commands
 * are performed at once, but for acknowledgements of the hub, which come when `settle` or `pass` is called, and for a slow disk.
 */

import { type DownCache, emptyCache } from '../../actors/bridge/documents-down.ts';
import type { JournalLine } from '../../actors/bridge/journal-line.ts';
import { reduce } from '../../actors/bridge/reduce.ts';
import { type BridgeCommand, type BridgeEvent, type BridgeState, openBridge, type Where } from '../../actors/bridge/state.ts';
import { wakeAt } from '../../actors/bridge/timers.ts';
import { topicMatches } from '../../bus/broker-topic-filter.ts';
import type { Event } from '../../contracts/event.ts';
import { acceptEvent, type EventPositions } from '../../contracts/event-order.ts';

export const startMs = Date.parse('2026-03-01T12:00:00.000Z');

export interface Sent {
  readonly topic: string;
  readonly text: string;
  readonly retain: boolean;
}

/** Far more than can be due at one moment: what is due and is not done would be asked for again for ever. */
const wakesAtOnceMax = 1_000;

export interface BridgeRigOptions {
  readonly standbyAfterMs?: number | null;
  /** The hub has a store that moves its cursor by itself. */
  readonly hubStores?: boolean;
}

export class BridgeRig {
  now = startMs;
  state: BridgeState;
  readonly near = new Map<string, string>();
  readonly far = new Map<string, string>();
  /** Everything that went over the link, in order. */
  readonly sent: Sent[] = [];
  /** Everything the bridge wrote at the site's broker. */
  readonly told: Sent[] = [];
  readonly commands: BridgeCommand[] = [];
  journal: JournalLine[] = [];
  cache: DownCache = emptyCache;
  /** What the hub's store took, in order. */
  readonly stored: Event[] = [];
  /** Acknowledges nothing while true, as a link that swallows everything. */
  isSilent = false;
  /** A write of the journal waits, and all commands behind it, until `written` is called. */
  isDiskSlow = false;
  /** Topics of which no link to the hub takes anything. */
  readonly unsendable = new Set<string>();
  private readonly options: BridgeRigOptions;
  private readonly positions: EventPositions = new Map();
  private readonly waiting: BridgeCommand[] = [];
  private isPerforming = false;
  private writing: Extract<BridgeCommand, { type: 'journal' }> | null = null;
  private tickets: number[] = [];
  private session = 100;
  private readonly isUp = { near: false, far: false };
  private cursorRev = 0;

  constructor(options: BridgeRigOptions = {}) {
    this.options = options;
    this.state = this.open();
    this.do({ type: 'start', now: this.now });
  }

  /** Both links come up and everything is read. */
  connect(): this {
    this.up('near');
    this.up('far');
    return this.settle();
  }

  up(where: Where): this {
    this.isUp[where] = true;
    if (where === 'far') this.session += 1;
    this.do({ type: 'up', where, session: this.session, now: this.now });
    if (where === 'far') return this;
    for (const [topic, text] of this.near) this.do({ type: 'message', where, topic, text, retained: true, now: this.now });
    return this.do({ type: 'read', where, now: this.now });
  }

  down(where: Where): this {
    this.isUp[where] = false;
    if (where === 'far') this.tickets = [];
    return this.do({ type: 'down', where, now: this.now });
  }

  /** The process dies and comes back with its files. */
  restart(): this {
    this.isUp.near = false;
    this.isUp.far = false;
    this.tickets = [];
    this.waiting.length = 0;
    this.writing = null;
    this.state = this.open();
    return this.do({ type: 'start', now: this.now });
  }

  /** A writer of the site publishes. */
  publish(topic: string, document: object | null, retain = true): this {
    const text = document === null ? '' : JSON.stringify(document);
    if (retain) {
      if (text === '') this.near.delete(topic);
      else this.near.set(topic, text);
    }
    return this.isUp.near ? this.do({ type: 'message', where: 'near', topic, text, retained: false, now: this.now }) : this;
  }

  /** Somebody at the hub publishes what is meant for this site. */
  publishAtHub(topic: string, document: object | null, retain = true): this {
    const text = document === null ? '' : JSON.stringify(document);
    if (retain) {
      if (text === '') this.far.delete(topic);
      else this.far.set(topic, text);
    }
    return this.isUp.far ? this.do({ type: 'message', where: 'far', topic, text, retained: false, now: this.now }) : this;
  }

  /** The hub acknowledges everything under way, again and again until nothing is. */
  settle(): this {
    while (this.tickets.length > 0 && !this.isSilent) {
      const [ticket] = this.tickets.splice(0, 1);
      if (ticket !== undefined) this.do({ type: 'sent', ticket, now: this.now });
    }
    return this;
  }

  /** Time passes; what is due by it happens. */
  pass(ms: number): this {
    this.settle();
    const untilMs = this.now + ms;
    let wakes = 0;
    for (let nextMs = wakeAt(this.state); nextMs !== null && nextMs <= untilMs; nextMs = wakeAt(this.state)) {
      wakes = nextMs > this.now ? 0 : wakes + 1;
      if (wakes > wakesAtOnceMax) throw new Error(`something has been due since ${new Date(nextMs).toISOString()}, and is not done`);
      this.now = Math.max(this.now, nextMs);
      this.do({ type: 'wake', now: this.now }).settle();
    }
    this.now = untilMs;
    return this;
  }

  /** As run-actor does: one command after the other, what they cause behind what was said before. */
  do(event: BridgeEvent): this {
    this.waiting.push(...reduce(this.state, event).commands);
    if (this.isPerforming) return this;
    this.isPerforming = true;
    while (this.writing === null) {
      const next = this.waiting.shift();
      if (next === undefined) break;
      this.perform(next);
    }
    this.isPerforming = false;
    return this;
  }

  /** The slow disk has written what it was given last. */
  written(): this {
    const { writing } = this;
    this.writing = null;
    return writing === null ? this : this.write(writing);
  }

  sentTo(filter: string): readonly Sent[] {
    return this.sent.filter(({ topic }) => topicMatches(filter, topic));
  }

  private open(): BridgeState {
    const { standbyAfterMs = null } = this.options;
    return openBridge({ site: 'chelsty', hubSite: 'hub', standbyAfterMs }, { cache: this.cache, lines: this.journal }, this.now);
  }

  private perform(command: BridgeCommand): void {
    this.commands.push(command);
    if (command.type === 'publish') this.carry(command);
    else if (command.type === 'save') this.cache = command.cache;
    else if (command.type === 'rewrite') this.journal = [...command.lines];
    else if (command.type === 'journal') {
      if (this.isDiskSlow) this.writing = command;
      else this.write(command);
    } else if (command.type === 'ask') this.answer([...command.keep, ...command.once]);
    else if (command.type === 'probe' && this.isUp.near) this.do({ type: 'alive', now: this.now });
    else if (command.type === 'drop' && this.isUp[command.where]) this.down(command.where);
  }

  private write({ lines }: Extract<BridgeCommand, { type: 'journal' }>): this {
    this.journal.push(...lines);
    return this.do({ type: 'journalled', now: this.now });
  }

  private answer(filters: readonly string[]): void {
    for (const [topic, text] of this.far)
      if (filters.some((filter) => topicMatches(filter, topic))) this.do({ type: 'message', where: 'far', topic, text, retained: true, now: this.now });
    this.do({ type: 'read', where: 'far', now: this.now });
  }

  private carry({ where, ticket, topic, text, retain }: Extract<BridgeCommand, { type: 'publish' }>): void {
    if (!this.isUp[where]) return;
    if (where === 'far' && ticket !== null && this.unsendable.has(topic)) {
      this.do({ type: 'unsendable', ticket, now: this.now });
      return;
    }
    (where === 'far' ? this.sent : this.told).push({ topic, text, retain });
    if (ticket !== null) this.tickets.push(ticket);
    if (where === 'far' && this.isSilent) return;
    const broker = this[where];
    if (retain && text === '') broker.delete(topic);
    else if (retain) broker.set(topic, text);
    if (where === 'near') this.do({ type: 'message', where, topic, text, retained: false, now: this.now });
    else if (topic.startsWith('events/')) this.store(JSON.parse(text) as Event);
  }

  private store(event: Event): void {
    if (this.options.hubStores === false || acceptEvent(this.positions, `${event.node}/${event.source}`, event) !== 'accepted') return;
    this.stored.push(event);
    this.sayCursor(event.node);
  }

  /** The hub's store says how far it is. */
  sayCursor(node: string): this {
    this.cursorRev += 1;
    const positions = Object.fromEntries(
      [...this.positions].filter(([key]) => key.startsWith(`${node}/`)).map(([key, reached]) => [key.slice(node.length + 1), reached]),
    );
    const head = { status: 'stored', summary: 'stored', ts: new Date(this.now).toISOString(), session: 1, rev: this.cursorRev };
    return this.publishAtHub(`cursors/hub/${node}`, { ...head, site: 'hub', node, positions });
  }
}

/** An event of the node-agent, as its outbox sends it. */
export const eventOf = (seq: number, rest: Partial<Event> = {}): Event => ({
  id: `01890000-0000-7000-8000-${String(seq).padStart(12, '0')}`,
  ts: new Date(startMs + seq).toISOString(),
  node: 'chelsty-infra',
  source: 'node-agent',
  lane: 'info',
  seq,
  floor: seq,
  type: 'service_healthy',
  severity: 'info',
  service: 'web',
  correlation_id: null,
  message: `event ${seq}`,
  payload: {},
  ...rest,
});
