/** Writes what the engine knows of a container, and its last log lines, to a file on the node; changes nothing there. */
import type { Handler } from './handler.ts';

export const collectDiagnostics: Handler = { effect: 'collect_diagnostics', on: 'container', verify: 'none' };
