/**
 * A small model of the original system's rules, as far as they are known: what its node-agent, observer and supervisor would have
 * written about the same node on the same day. It only looks, and remembers what its files would hold.
 *
 * Every rule names the section of docs/bench.md, "The original's rules", that says where it comes from, or that nothing is known
 * and what was assumed then: always what makes fewer alerts, fewer proposals and less traffic.
 */
import type { Account, Line, Traffic } from './account.ts';

/** What its node-agent sees of a container. */
export interface ContainerSeen {
  readonly service: string;
  /** The engine's word: created, running, restarting, exited. */
  readonly status: string;
  readonly health: 'starting' | 'healthy' | 'unhealthy' | null;
}

export interface NodeSeen {
  /** null: the node is without power. */
  readonly containers: readonly ContainerSeen[] | null;
  readonly isConnected: boolean;
  readonly metrics: Readonly<Record<string, number | null>>;
}

/** Rule 1: everything is done once a minute. */
export const cycleMs = 60_000;

type Verdict = 'service_healthy' | 'healthcheck_failed' | 'containers_not_running';

interface EventFile {
  readonly service: string;
  readonly type: string;
  readonly bytes: number;
}

const severityOf: Readonly<Record<string, string>> = {
  service_healthy: 'info',
  node_health: 'info',
  healthcheck_failed: 'error',
  containers_not_running: 'error',
};

export class OriginalRules {
  private readonly node: string;
  private readonly startMs: number;
  private readonly lines: Line[] = [];
  private readonly traffic: Traffic = { messages: 0, bytes: 0 };
  /** Event files that wait on the node until rsync finds the way. */
  private unshipped: EventFile[] = [];
  /** services.json: the last word about each service. */
  private readonly status = new Map<string, Verdict>();
  /** incidents.json: services with an active incident, and the type that opened it. */
  private readonly active = new Map<string, Verdict>();
  /** actions/pending: services with a proposal, and its id. */
  private readonly pending = new Map<string, string>();

  constructor(options: { readonly node: string; readonly startMs: number }) {
    this.node = options.node;
    this.startMs = options.startMs;
  }

  /** Once each `cycleMs`. */
  cycle(nowMs: number, seen: NodeSeen): void {
    // Rule 8: a node that writes nothing is not missed.
    if (seen.containers !== null) this.observeNode(nowMs, seen.containers, seen.metrics);
    if (seen.containers !== null && seen.isConnected) this.ship(nowMs);
    this.propose(nowMs);
  }

  get account(): Account {
    const { messages, bytes } = this.traffic;
    return { lines: this.lines, traffic: this.traffic, totalMessages: messages, totalBytes: bytes };
  }

  /** Rules 2 to 4: the node-agent, one event for each container and one for the node, every cycle. */
  private observeNode(nowMs: number, containers: readonly ContainerSeen[], metrics: NodeSeen['metrics']): void {
    this.write(nowMs, { type: 'node_health', service: 'all', payload: metrics });
    for (const container of containers) {
      const type = verdictOf(container);
      if (type !== null) this.write(nowMs, { type, service: container.service, payload: {} });
    }
  }

  /** Rule 5: one file of JSON for each event, with the fields of the schema and nothing more. */
  private write(nowMs: number, { type, service, payload }: { readonly type: string; readonly service: string; readonly payload: object }): void {
    const timestamp = new Date(nowMs).toISOString();
    const file = { timestamp, node: this.node, type, severity: severityOf[type], source: 'node-agent', service, correlation_id: null, payload };
    this.unshipped.push({ service, type, bytes: Buffer.byteLength(JSON.stringify(file)) });
  }

  /** Rules 6 and 7: rsync takes what is there, and the observer reads all of it at once, in order. */
  private ship(nowMs: number): void {
    for (const { service, type, bytes } of this.unshipped) {
      this.traffic.messages += 1;
      this.traffic.bytes += bytes;
      if (type !== 'node_health') this.observe(nowMs, service, type as Verdict);
    }
    this.unshipped = [];
  }

  /** Rule 9: one incident for each service, opened by the first bad word and resolved by the first good one. */
  private observe(nowMs: number, service: string, type: Verdict): void {
    this.status.set(service, type);
    if (type !== 'service_healthy') {
      if (this.active.has(service)) return;
      this.active.set(service, type);
      this.say(nowMs, 'incident', `${service} ${type}`);
    } else if (this.active.delete(service)) this.say(nowMs, 'resolved', service);
  }

  /** Rules 10 to 12: the supervisor; one proposal for each service that is not healthy, withdrawn when it is. */
  private propose(nowMs: number): void {
    for (const [service, status] of this.status) {
      const id = this.pending.get(service);
      if (status === 'service_healthy') {
        if (id === undefined) continue;
        this.pending.delete(service);
        this.say(nowMs, 'withdrawn', `${id} drift_resolved_auto`);
      } else if (id === undefined) {
        const proposed = `${this.active.get(service) === 'containers_not_running' ? 'container-restart' : 'redeploy'}-${this.node}-${service}`;
        this.pending.set(service, proposed);
        this.say(nowMs, 'proposal', proposed);
      }
    }
  }

  private say(nowMs: number, what: Line['what'], about: string): void {
    this.lines.push({ atMs: nowMs - this.startMs, what, about });
  }
}

/** Rules 2 to 4. null: containers in state `created` are skipped. */
function verdictOf({ status, health }: ContainerSeen): Verdict | null {
  if (status === 'created') return null;
  if (status !== 'running') return 'containers_not_running';
  return health === 'unhealthy' ? 'healthcheck_failed' : 'service_healthy';
}
