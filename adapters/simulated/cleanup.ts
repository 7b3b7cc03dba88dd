/**
 * Removing what nobody uses from a simulated engine: implements CleanupPorts, and HistoryPorts for a machine without files.
 *
 * Changes the simulated world and nothing else. Remembers nothing. Fails as control.ts.
 */
import type { CleanupPorts, HistoryPorts } from '../../actors/executor/ports.ts';
import { containerFacts } from '../docker/facts.ts';
import { inspectAnswer } from './container.ts';
import type { SimulatedEngine } from './engine.ts';

type Ask = <T>(what: string, run: () => T | Promise<T>) => Promise<T>;

/** A real container that only wrote its log leaves some kB. */
const containerBytes = 8_192;
const nothing = { count: 0, bytes: 0 };

export function createSimulatedCleanup(engine: SimulatedEngine, ask: Ask): CleanupPorts & HistoryPorts {
  const { world, clock } = engine;
  return {
    listCandidates: () =>
      ask('list of containers', () =>
        world.all().map((container) => {
          const { id, name, labels, status, finishedAt, restartPolicy } = containerFacts(inspectAnswer(container));
          return { id, name, labels, status, restartPolicy, stoppedAtMs: status === 'exited' && finishedAt !== null ? Date.parse(finishedAt) : null };
        }),
      ),
    removeStopped: ({ id, stoppedAtMs }) =>
      ask(`removal of ${id.slice(0, 12)}`, () => {
        const container = world.find(id);
        if (container?.status !== 'exited' || Date.parse(container.finishedAt) !== stoppedAtMs) return null;
        world.remove(container);
        return { count: 1, bytes: containerBytes };
      }),
    removeDanglingImages: (olderThanMs) =>
      ask('removal of dangling images', () => {
        const old = engine.danglingImages.filter(({ createdMs }) => clock.now() - createdMs > olderThanMs);
        const young = engine.danglingImages.filter((image) => !old.includes(image));
        engine.danglingImages.splice(0, engine.danglingImages.length, ...young);
        return { count: old.length, bytes: old.reduce((sum, { bytes }) => sum + bytes, 0) };
      }),
    removeBuildCache: () =>
      ask('removal of build cache', () => {
        const bytes = engine.buildCacheBytes;
        engine.buildCacheBytes = 0;
        return { count: bytes > 0 ? 1 : 0, bytes };
      }),
    removeOldEvents: () => Promise.resolve(nothing),
    removeDeployLogs: () => Promise.resolve(nothing),
  };
}
