/**
 * Looking at a simulated engine: implements the engine's half of NodeAgentPorts.
 *
 * What the world says is read by the same readers as a real engine's answers (adapters/docker/facts.ts, events.ts). Writes and
 * remembers nothing. Fails with EngineTroubleError.
 */
import { type EngineTrouble, EngineTroubleError, type NodeAgentPorts } from '../../actors/node-agent/ports.ts';
import { hintOf } from '../docker/events.ts';
import { containerFacts } from '../docker/facts.ts';
import { inspectAnswer } from './container.ts';
import type { SimulatedEngine } from './engine.ts';

const nanosPerMs = 1_000_000n;

export function createSimulatedWatch(engine: SimulatedEngine): Omit<NodeAgentPorts, 'readMetrics'> {
  const { world, clock } = engine;
  return {
    listContainers: () => engine.ask('list of containers', () => world.all().map((container) => containerFacts(inspectAnswer(container)))),
    inspectContainer: (id) =>
      engine.ask(`inspect of ${id.slice(0, 12)}`, () => {
        const container = world.find(id);
        return container === undefined ? null : containerFacts(inspectAnswer(container));
      }),
    watchEngine: (handlers) => watchEngine(engine, handlers),
    history: (id, sinceMs) =>
      engine.ask(`history of ${id.slice(0, 12)}`, () => {
        const range = { since: BigInt(Math.floor(sinceMs)) * nanosPerMs, until: BigInt(clock.now() + 1) * nanosPerMs, id };
        return world
          .remembered(range)
          .map(hintOf)
          .filter((hint) => hint !== null);
      }),
    pingEngine: () => engine.ask('ping', () => undefined),
    reclaimableBytes: () => engine.ask('list of dangling images', () => engine.danglingImages.reduce((sum, { bytes }) => sum + bytes, 0)),
  };
}

function watchEngine(engine: SimulatedEngine, handlers: Parameters<NodeAgentPorts['watchEngine']>[0]): () => void {
  let over = false;
  let stop = (): void => undefined;
  const onClosed = (trouble: EngineTrouble): void => {
    if (over) return;
    over = true;
    handlers.onClosed(trouble);
  };
  const onLine = (line: string): void => {
    const hint = hintOf(line);
    if (hint !== null && !over) handlers.onHint(hint);
  };
  engine
    .ask('event stream', () => undefined)
    .then(
      () => {
        if (over) return;
        if (engine.isOff) onClosed(engine.unreachable('event stream').trouble);
        else {
          stop = engine.stream({ onLine, onClosed });
          handlers.onOpen();
        }
      },
      (error: unknown) => {
        if (!(error instanceof EngineTroubleError)) throw error;
        onClosed(error.trouble);
      },
    );
  return () => {
    over = true;
    stop();
  };
}
