/** The stability-agent's reducer in a test's hand: facts go in at any millisecond, and what it says comes out. Every look at documents is a round of its own. */
import { initialState, reduce } from '../../actors/stability-agent/reduce.ts';
import type { Fact, State } from '../../actors/stability-agent/state.ts';
import { DesiredNode } from '../../contracts/desired.ts';
import type { EventDraft } from '../../contracts/event.ts';
import { NodeHealth, ServiceHealth } from '../../contracts/health.ts';
import { WorldNode } from '../../contracts/world.ts';
import { checkOptions } from './stability-world.ts';

type Untimed<T> = T extends unknown ? Omit<T, 'now'> : never;

export const iso = (ms: number): string => new Date(ms).toISOString();

const nothing = { version: 1, alarms: [], disks: {}, tailnet_known: false, tailnet_away_ms: null, tailnet_peers: {}, stamped_ms: 0 } as const;

export class FactDesk {
  static readonly startMs = Date.parse('2026-03-01T12:00:00.000Z');
  now = FactDesk.startMs;
  private state: State;
  private readonly drafts: EventDraft[] = [];

  /** Connected; tailscaled, another broker and one upstream are there, and the peer `attic` is named. */
  constructor() {
    const has = { hasTailnet: true, hasUpstream: true, hasOtherBroker: true };
    this.state = initialState(
      { node: 'vps', intervalMs: 0, checks: { ...checkOptions, tailnetPeers: ['attic'] }, ...has },
      { ...nothing, alarms: [] },
      this.now,
    );
    this.tell({ type: 'synced' });
  }

  tell(fact: Untimed<Fact>, now = this.now): void {
    const { state, commands } = reduce(this.state, { ...fact, now } as Fact);
    this.state = state;
    for (const command of commands) {
      if (command.type !== 'say') continue;
      this.drafts.push(command.draft);
      this.tell({ type: 'said', keys: command.keys, level: command.level }, now);
    }
  }

  round(): void {
    this.tell({ type: 'wake' });
  }

  /** Of the node, by its own clock. */
  heartbeat(engine = 'up', now = this.now): void {
    this.tell({ type: 'node_health', doc: NodeHealth.parse({ ...head('online', now), node: 'vps', engine }), isWill: false, isLive: true }, now);
  }

  service(service: string, status: string): void {
    const body = { ...head(status, this.now), node: 'vps', service, reason: 'running', since: iso(this.now) };
    this.tell({ type: 'service_health', service, doc: ServiceHealth.parse(body) });
  }

  desire(...names: readonly string[]): void {
    const services = names.map((name) => ({ name, origin: 'declared' }));
    this.tell({ type: 'desired', doc: DesiredNode.parse({ ...head('declared', this.now), node: 'vps', site: 'hub', services }) });
  }

  /** Heartbeats that the observer answers at once, a millisecond apart, the last of them now. */
  exchange(times: number, { offsetMs = 0 }: { readonly offsetMs?: number } = {}): void {
    for (let at = this.now - times + 1; at <= this.now; at += 1) {
      this.heartbeat('up', at);
      const there = iso(at + offsetMs);
      const body = { ...head('online', at + offsetMs), node: 'vps', site: 'hub', last_seen: there, since: there };
      this.tell({ type: 'world_node', doc: WorldNode.parse(body), isLive: true }, at);
    }
  }

  get said(): readonly string[] {
    return this.drafts.map(({ type }) => type);
  }

  get payloads(): readonly unknown[] {
    return this.drafts.map(({ payload }) => payload);
  }

  severities(type: string): readonly string[] {
    return this.drafts.flatMap((draft) => (draft.type === type ? (draft.severity ?? '') : []));
  }
}

const head = (status: string, now: number): object => ({ status, summary: '', ts: iso(now), session: 1, rev: 1 });
