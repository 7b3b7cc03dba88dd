/** A node-agent over a fake engine and a fake bus, and short words for what it says. */
import { createNodeAgentModule } from '../../actors/node-agent/actor.ts';
import type { ContainerFacts } from '../../actors/node-agent/ports.ts';
import { FakeEngine } from './fake-engine.ts';
import { type FakeIo, FakeLife, fakeIo } from './fake-io.ts';
import { StepClock } from './step-clock.ts';

export interface AgentWorld {
  readonly clock: StepClock;
  readonly engine: FakeEngine;
  readonly io: FakeIo;
}
export type LivingWorld = AgentWorld & { readonly life: FakeLife };

const living: FakeLife[] = [];

/** A world with an agent that was just born: it has not read anything back yet. */
export async function bornWorld(prepare: (engine: FakeEngine, clock: StepClock) => void = () => undefined): Promise<LivingWorld> {
  const clock = new StepClock();
  const engine = new FakeEngine(clock);
  const io = fakeIo({ actor: 'node-agent', clock, dataDir: '/nowhere' });
  prepare(engine, clock);
  const life = await FakeLife.start(createNodeAgentModule({ ports: engine }), io);
  living.push(life);
  return { clock, engine, io, life };
}

/** The agent at work, with what runs already listed. */
export async function startedWorld(prepare: (engine: FakeEngine, clock: StepClock) => void = () => undefined): Promise<LivingWorld> {
  const world = await bornWorld(prepare);
  world.life.synced();
  await world.clock.run(0);
  return world;
}

/** For afterEach: ends all agents; returns what killed any of them. */
export async function endWorlds(): Promise<readonly Error[]> {
  const ended = living.splice(0);
  for (const life of ended) await life.stop();
  return ended.flatMap((life) => life.failures);
}

/** Facts of a container that has been running for an hour. */
export const old = (clock: StepClock, over: Partial<ContainerFacts> = {}): Partial<ContainerFacts> => ({
  startedAt: new Date(clock.now() - 3_600_000).toISOString(),
  ...over,
});

export const service = (io: FakeIo, name: string): Record<string, unknown> | undefined => io.held.get(`health/${io.node}/${name}`);

/** `status/reason` of a service. */
export const says = (io: FakeIo, name: string): string => `${String(service(io, name)?.['status'])}/${String(service(io, name)?.['reason'])}`;

export const nodeDoc = (io: FakeIo): Record<string, unknown> => io.held.get(`health/${io.node}`) ?? {};

/** Types of all events so far, with the service they are about. */
export const news = (io: FakeIo): string[] => io.events.map((event) => (event.service == null ? event.type : `${event.type} ${event.service}`));
