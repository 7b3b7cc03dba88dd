/** Brings a desired service up that has no container yet. Not written yet: such an action is claimed and fails with `handler_missing`, so that nobody waits for it. */
import type { Handler } from './handler.ts';

export const deployService: Handler = { effect: null, why: 'this executor cannot do that yet' };
