/**
 * The real observer's reducer, and the real supervisor's fed with the documents that it publishes: events and health go in, proposals come
 * out. Both live by one clock; the nodes that are alive send their heartbeat every 10 s.
 */
import { wakeAt as observerWakeAt } from '../../actors/observer/reduce.ts';
import type { HaRules } from '../../actors/supervisor/judge-home-assistant.ts';
import { wakeAt as supervisorWakeAt } from '../../actors/supervisor/reduce.ts';
import { findTopic, topics } from '../../contracts/topics.ts';
import { ObserverRig } from './observer-rig.ts';
import { SupervisorWorld } from './supervisor-world.ts';

const heartbeatMs = 10_000;

interface DeclaredService {
  readonly name: string;
  readonly monitor?: boolean;
  readonly depends_on?: readonly string[];
}

export class ObservedSupervisor {
  readonly observer: ObserverRig;
  readonly supervisor: SupervisorWorld;
  /** Nodes that send heartbeats. */
  readonly alive = new Set<string>();
  private readonly fed = new Map<string, string>();

  /** `observer`: one in its next life, say. */
  constructor(haRules: HaRules, observer = new ObserverRig()) {
    this.observer = observer;
    this.supervisor = new SupervisorWorld({ haRules });
    this.supervisor.now = observer.now;
  }

  /** A node whose services are all healthy. */
  declare(node: string, services: readonly DeclaredService[]): this {
    const agents = ['node-agent', 'executor'];
    this.observer.desire(
      services.map((each) => ({ ...each })),
      { node, agents },
    );
    this.supervisor.desired(services, { agents }, node);
    for (const { name } of services) this.observer.health(name, 'healthy', { node });
    this.alive.add(node);
    this.observer.heartbeat(node);
    return this;
  }

  synced(): this {
    this.observer.say({ type: 'synced' });
    this.feed();
    this.supervisor.synced();
    return this.pass(heartbeatMs);
  }

  get now(): number {
    return this.observer.now;
  }

  /** By the node-agent: the container is gone. */
  stop(service: string, node = 'vps'): this {
    this.observer.health(service, 'down', { node, reason: 'crashed' });
    this.observer.event('containers_not_running', { node, service });
    this.feed();
    return this;
  }

  /** By the node-agent: its container was started now, and does well. */
  start(service: string, node = 'vps'): this {
    this.observer.health(service, 'healthy', { node, started_at: new Date(this.now).toISOString() });
    this.observer.event('service_healthy', { node, service });
    this.feed();
    return this;
  }

  /** What the agent on that node says about Home Assistant; the observer hears it too. */
  say(type: string, node = 'vps'): this {
    this.observer.event(type, { node, service: 'homeassistant', source: 'ha-diag-agent' });
    this.feed();
    this.supervisor.event(type, { node });
    return this;
  }

  pass(ms: number): this {
    const untilMs = this.now + ms;
    while (this.now < untilMs) {
      const nextBeatMs = (Math.floor(this.now / heartbeatMs) + 1) * heartbeatMs;
      const wakes = [observerWakeAt(this.observer.state), supervisorWakeAt(this.supervisor.state)].filter(
        (atMs) => atMs !== null && atMs > this.now,
      ) as number[];
      const nextMs = Math.min(untilMs, nextBeatMs, ...wakes);
      this.observer.pass(nextMs - this.now);
      this.supervisor.pass(nextMs - this.supervisor.now);
      if (nextMs === nextBeatMs) for (const node of this.alive) this.observer.heartbeat(node);
      this.feed();
    }
    return this;
  }

  /** Each document that is new or has changed, and each that is gone, as the broker would hand them over. */
  private feed(): void {
    const { held } = this.observer;
    for (const [topic, doc] of held) {
      const text = JSON.stringify(doc);
      if (this.fed.get(topic) === text) continue;
      this.fed.set(topic, text);
      this.put(topic, doc);
    }
    for (const topic of this.fed.keys()) {
      if (held.has(topic)) continue;
      this.fed.delete(topic);
      this.put(topic, null);
    }
  }

  private put(topic: string, doc: Record<string, unknown> | null): void {
    const found = findTopic(topic);
    if (found === null) throw new Error(`${topic} is no topic`);
    this.supervisor.put(topics[found.name] as never, found.levels as never, doc as never);
  }
}
