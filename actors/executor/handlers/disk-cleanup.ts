/** Frees disk space on the node: what may go follows from the class of the node, see ../cleanup.ts. */
import type { Handler } from './handler.ts';

export const diskCleanup: Handler = { effect: 'clean_disk', on: 'node', verify: 'none' };
