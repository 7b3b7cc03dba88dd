/** Replaces the container of a service by a new one, or makes the one that a declared service has not, through Compose; believed only when the health of the new one says so. */
import type { Handler } from './handler.ts';

export const redeploy: Handler = { effect: 'redeploy_service', on: 'service', verify: 'health' };
