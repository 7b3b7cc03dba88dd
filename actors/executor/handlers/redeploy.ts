/** Replaces a service's containers through Compose. Not written yet: such an action is claimed and fails with `handler_missing`, so that nobody waits for it. */
import type { Handler } from './handler.ts';

export const redeploy: Handler = { effect: null, why: 'this executor cannot do that yet' };
