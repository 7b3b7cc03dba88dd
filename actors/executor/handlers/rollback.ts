/** Goes back to the version that ran before. Not written yet: such an action is claimed and fails with `handler_missing`, so that nobody waits for it. */
import type { Handler } from './handler.ts';

export const rollback: Handler = { effect: null, why: 'this executor cannot do that yet' };
