/**
 * The observer's reducer with a store and a broker that are always there and never slow, and a clock that is stepped.
 * Every document it publishes is checked against its contract.
 */
import type { ObserverDocument } from '../../actors/observer/documents.ts';
import { lastCheckpoints, reduce, wakeAt } from '../../actors/observer/reduce.ts';
import {
  type Checkpoint,
  createState,
  defaultOptions,
  type ObserverCommand,
  type ObserverInput,
  type ObserverOptions,
  type ObserverState,
  type RememberedNode,
} from '../../actors/observer/state.ts';
import type { StoredEvent } from '../../actors/observer/stored-event.ts';
import { WorldSlice, worldOf } from '../../actors/observer/world.ts';
import type { Severity } from '../../contracts/common.ts';
import { type Event, laneOf } from '../../contracts/event.ts';
import { eventTypeRow } from '../../contracts/event-types.table.ts';
import type { Topic } from '../../contracts/topic.ts';
import { topics } from '../../contracts/topics.ts';

export const rigStartMs = Date.parse('2026-03-01T12:00:00.000Z');

type Untimed<T> = T extends unknown ? Omit<T, 'now'> : never;

export interface RigEvent {
  readonly node?: string;
  readonly source?: string;
  readonly service?: string | null;
  readonly tsMs?: number;
  readonly seq?: number;
  readonly floor?: number;
  readonly correlation_id?: string;
  readonly message?: string;
  /** Default: that of its type. */
  readonly severity?: Severity;
}

export class ObserverRig {
  now = rigStartMs;
  readonly state: ObserverState;
  /** Lines of the store, oldest first. */
  readonly lines: StoredEvent[] = [];
  /** Documents on the broker, by topic. */
  readonly held = new Map<string, Record<string, unknown>>();
  /** How often each topic was sent something that it did not say before. */
  readonly sent = new Map<string, number>();
  readonly cursors: {
    readonly node: string;
    readonly positions: Readonly<Record<string, { readonly urgent: number; readonly info: number }>>;
    readonly at: number;
  }[] = [];
  readonly checkpoints = new Map<string, Checkpoint>();
  readonly quarantined: StoredEvent[] = [];
  isComplete = false;
  /** false: the store and the broker take their time; see `store` and `settle`. */
  isPrompt = true;
  private appended: StoredEvent[] = [];
  private isSettling = false;
  private readonly sequence = new Map<string, number>();

  constructor(options: Partial<ObserverOptions> = {}, remembered: ReadonlyMap<string, RememberedNode> = new Map()) {
    this.state = createState({ ...defaultOptions, site: 'hub', ...options }, remembered);
  }

  say(input: Untimed<ObserverInput>): void {
    const { commands } = reduce(this.state, { ...input, now: this.now } as ObserverInput);
    for (const command of commands) this.perform(command);
    if (!this.isPrompt) return;
    this.store();
    this.settle();
  }

  /** The disk acknowledges everything appended so far. */
  store(): void {
    const records = this.appended;
    if (records.length === 0) return;
    this.appended = [];
    this.lines.push(...records);
    const positions = new Map(records.map(({ node }) => [node, { date: '2026-03-01', offset: this.lines.length }]));
    this.say({ type: 'stored', records, positions });
  }

  /** The broker acknowledges everything published so far. */
  settle(): void {
    if (!this.isSettling) return;
    this.isSettling = false;
    this.say({ type: 'documentsSettled' });
  }

  /** Time passes; wakes come when they were asked for. */
  pass(ms: number): void {
    const until = this.now + ms;
    for (let rounds = 0; ; rounds += 1) {
      const atMs = wakeAt(this.state);
      if (atMs === null || atMs > until) break;
      if (rounds > 10_000) throw new Error('the observer asks to be woken again and again without need');
      this.now = Math.max(this.now, atMs);
      this.say({ type: 'wake' });
    }
    this.now = until;
  }

  event(type: string, rest: RigEvent = {}): Event {
    const { node = 'vps', source = 'node-agent', service = null, tsMs = this.now, floor } = rest;
    const severity = rest.severity ?? eventTypeRow(type)?.severity ?? 'info';
    const lane = laneOf(severity);
    const key = `${node}/${source}/${lane}`;
    const seq = rest.seq ?? (this.sequence.get(key) ?? 0) + 1;
    this.sequence.set(key, Math.max(seq, this.sequence.get(key) ?? 0));
    const id = `0190a0b0-0000-7000-8000-${(this.sequence.size * 100_000 + seq).toString(16).padStart(12, '0')}`;
    const event: Event = {
      id,
      ts: new Date(tsMs).toISOString(),
      node,
      source,
      lane,
      seq,
      type,
      severity,
      service,
      correlation_id: rest.correlation_id ?? null,
      message: rest.message ?? '',
      payload: {},
      ...(floor === undefined ? {} : { floor }),
    };
    this.say({ type: 'event', event });
    return event;
  }

  heartbeat(node = 'vps', rest: Record<string, unknown> = {}, how: { readonly will?: boolean; readonly retained?: boolean } = {}): void {
    const count = this.state.nodes.get(node)?.services.size ?? 0;
    const doc = topics.nodeHealth.schema.parse({ ...this.head('online'), node, engine: 'up', heartbeat_ms: 30_000, services_count: count, ...rest });
    this.say({ type: 'nodeHealth', node, doc, will: how.will ?? false, retained: how.retained ?? false });
  }

  health(service: string, status: string | null, rest: Record<string, unknown> = {}): void {
    const node = typeof rest['node'] === 'string' ? rest['node'] : 'vps';
    const body = { ...this.head(status ?? ''), node, service, reason: 'running', since: new Date(this.now).toISOString(), ...rest };
    this.say({ type: 'serviceHealth', node, service, doc: status === null ? null : topics.serviceHealth.schema.parse(body) });
  }

  desire(services: readonly (string | Record<string, unknown>)[] | null, rest: Record<string, unknown> = {}): void {
    const node = typeof rest['node'] === 'string' ? rest['node'] : 'vps';
    const listed = services?.map((each) => (typeof each === 'string' ? { name: each, origin: 'declared' } : { origin: 'declared', ...each }));
    const body = { ...this.head('declared'), node, site: 'hub', agents: ['node-agent'], services: listed, ...rest };
    this.say({ type: 'desired', node, doc: services === null ? null : topics.desired.schema.parse(body) });
  }

  /** `null`: its writer takes the document back. */
  link(status: 'up' | 'degraded' | 'down' | null, { site = 'chelsty', retained = false } = {}): void {
    const doc = status === null ? null : topics.link.schema.parse({ ...this.head(status), site, summary: status === 'down' ? 'the hub is not reached' : '' });
    this.say({ type: 'link', site, doc, retained });
  }

  /** A healthy node with these services, all read. */
  watch(services: readonly string[] = ['web'], node = 'vps'): void {
    this.desire(services, { node });
    for (const service of services) this.health(service, 'healthy', { node });
    this.heartbeat(node);
    this.say({ type: 'synced' });
  }

  /** Time passes on a node that goes on reporting. */
  passAlive(ms: number, nodes: readonly string[] = ['vps'], rest: Record<string, unknown> = {}): void {
    for (let left = ms; left > 0; left -= 10_000) {
      this.pass(Math.min(left, 10_000));
      for (const node of nodes) this.heartbeat(node, rest);
    }
  }

  doc(topic: string): Record<string, unknown> | undefined {
    return this.held.get(topic);
  }

  incidents(status = 'active'): Record<string, unknown>[] {
    return [...this.held].filter(([topic, doc]) => topic.startsWith('world/incidents/') && doc['status'] === status).map(([, doc]) => doc);
  }

  site(): Record<string, unknown> {
    const doc = this.held.get('world/sites/hub');
    if (doc === undefined) throw new Error('no summary of the site');
    return doc;
  }

  types(): string[] {
    return this.lines.map(({ type }) => type);
  }

  /** What the next life would begin with: through the texts on the disk. */
  remembered(): ReadonlyMap<string, RememberedNode> {
    return new Map(
      [...this.remember()].map(([name, { world, ...rest }]) => [name, { ...rest, world: worldOf(WorldSlice.parse(JSON.parse(JSON.stringify(world)))) }]),
    );
  }

  remember(): ReadonlyMap<string, Checkpoint> {
    return new Map(lastCheckpoints(this.state).map((each) => [each.node, each]));
  }

  private head(status: string): Record<string, unknown> {
    return { status, summary: '', ts: new Date(this.now).toISOString(), session: 1, rev: 1 };
  }

  private perform(command: ObserverCommand): void {
    switch (command.type) {
      case 'append':
        this.appended.push(...command.records);
        break;
      case 'publish':
        for (const document of command.set) this.publish(document);
        for (const document of command.remove) this.held.delete(topicOf(document));
        this.isComplete ||= command.isComplete;
        break;
      case 'cursor':
        this.cursors.push({ node: command.node, positions: command.positions, at: this.now });
        break;
      case 'settle':
        this.isSettling = true;
        break;
      case 'checkpoint':
        for (const checkpoint of command.checkpoints) this.checkpoints.set(checkpoint.node, structuredClone(checkpoint));
        break;
      case 'quarantine':
        this.quarantined.push(command.record);
        break;
      case 'fail':
        throw command.error;
    }
  }

  private publish(document: ObserverDocument): void {
    const row = topics[document.name] as unknown as Topic;
    const doc = row.schema.parse({ ...document.body, ...{ ts: new Date(this.now).toISOString(), session: 1, rev: 1 } }) as Record<string, unknown>;
    const { ts: _ts, session: _session, rev: _rev, ...said } = doc;
    const topic = topicOf(document);
    if (JSON.stringify(this.held.get(topic)) !== JSON.stringify(said)) this.sent.set(topic, (this.sent.get(topic) ?? 0) + 1);
    this.held.set(topic, said);
  }
}

const topicOf = ({ name, levels }: ObserverDocument): string => (topics[name] as unknown as Topic).build(levels as never);
