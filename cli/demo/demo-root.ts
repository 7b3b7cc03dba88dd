/** Where a demo keeps things, and whether one runs there: for those who only ask, without the demo itself. */
import { join } from 'node:path';
import { lockHolder } from '../../bus/lock-file.ts';
import type { Settings } from '../settings.ts';

/** A directory of its own: nothing of a demo gets into the memory of what is real. */
export const demoRoot = ({ dataRoot }: Pick<Settings, 'dataRoot'>): string => join(dataRoot, 'demo');

/** In the directory of the demo. */
export const demoLock = (root: string): string => join(root, 'lock');

/** The process that runs a demo for these settings; null: none does. */
export const demoProcess = (settings: Pick<Settings, 'dataRoot'>): number | null => lockHolder(demoLock(demoRoot(settings)));
