/** Restarts, or starts, the container of a service; believed only when its health says so. */
import type { Handler } from './handler.ts';

export const containerRestart: Handler = { effect: 'restart_container', on: 'container', verify: 'health' };
