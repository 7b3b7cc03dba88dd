/** Frees disk space on the node. Not written yet: such an action is claimed and fails with `handler_missing`, so that nobody waits for it. */
import type { Handler } from './handler.ts';

export const diskCleanup: Handler = { effect: null, why: 'this executor cannot do that yet' };
