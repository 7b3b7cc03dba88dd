/** Runs the container's own health check once and hands its exit code and output back; changes nothing, so nothing needs to be healthy after it. */
import type { Handler } from './handler.ts';

export const rerunHealthcheck: Handler = { effect: 'run_healthcheck', on: 'container', verify: 'none' };
