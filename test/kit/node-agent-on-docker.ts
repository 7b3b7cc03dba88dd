/** A node-agent on a real engine and a fake bus: real clock, real adapters, recorded documents and events. */
import { tmpdir } from 'node:os';
import { createNodeAgentModule } from '../../actors/node-agent/actor.ts';
import type { NodeAgentPorts } from '../../actors/node-agent/ports.ts';
import { createEngine } from '../../adapters/docker/engine.ts';
import { createDockerWatch } from '../../adapters/docker/watch.ts';
import { createHostMetrics } from '../../adapters/host/metrics.ts';
import { systemClock } from '../../bus/clock.ts';
import { topics } from '../../contracts/topics.ts';
import { type FakeIo, FakeLife, fakeIo } from './fake-io.ts';
import { says, service } from './node-agent-world.ts';
import { waitFor } from './wait.ts';

/** As cli/compose.ts sets it. */
const deadlineMs = 4_000;
/** A loaded machine with two cores: an engine answers within seconds, and a service without a health check settles in 10 s. */
const patienceMs = 40_000;

export const realPorts = (socketPath: string): NodeAgentPorts => ({
  ...createDockerWatch(createEngine({ socketPath, deadlineMs, clock: systemClock })),
  ...createHostMetrics({ directory: tmpdir() }),
});

export class AgentOnDocker {
  readonly io: FakeIo;
  readonly life: FakeLife;

  private constructor(io: FakeIo, life: FakeLife) {
    this.io = io;
    this.life = life;
  }

  /** `after`: the life before it, whose documents the broker still holds. */
  static async start(ports: NodeAgentPorts, after?: AgentOnDocker): Promise<AgentOnDocker> {
    const io = fakeIo({ actor: 'node-agent', clock: systemClock, dataDir: tmpdir() });
    const life = await FakeLife.start(createNodeAgentModule({ ports }), io);
    for (const [topic, doc] of after?.io.held ?? []) {
      const levels = topics.serviceHealth.match(topic);
      if (levels !== null) life.hearDocument(topics.serviceHealth, levels, doc, { retained: true });
      else life.hearDocument(topics.nodeHealth, { node: io.node }, doc, { retained: true });
    }
    life.synced();
    return new AgentOnDocker(io, life);
  }

  /** Waits until a service is what it should be: `status/reason`. */
  async until(name: string, word: string): Promise<Record<string, unknown>> {
    await waitFor(`${name} to be ${word}`, () => says(this.io, name) === word, {
      deadlineMs: patienceMs,
      state: () => this.io.held.get(`health/${this.io.node}/${name}`),
    });
    return service(this.io, name) ?? {};
  }

  async untilNode(what: string, condition: (doc: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
    const doc = (): Record<string, unknown> => this.io.held.get(`health/${this.io.node}`) ?? {};
    await waitFor(what, () => condition(doc()), { deadlineMs: patienceMs, state: doc });
    return doc();
  }

  /** Types of the events about one service, or about the node (null), oldest first. */
  newsOf(name: string | null): string[] {
    return this.io.events.filter((event) => (event.service ?? null) === name).map((event) => event.type);
  }

  async stop(): Promise<void> {
    await this.life.stop();
  }
}
