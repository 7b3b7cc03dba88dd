/** Which inventories say that a file of theirs has a fault: what it says is not in force, the last good version of it is. Pure. */
import type { ActorStatus } from './actor-status.ts';

/** One that is not online says nothing of its files; that it is gone is another trouble. */
export const faultyInventoriesOf = (actors: readonly ActorStatus[]): readonly ActorStatus[] =>
  actors.filter(({ actor, status, mode }) => actor === 'inventory' && status === 'online' && mode === 'degraded');
