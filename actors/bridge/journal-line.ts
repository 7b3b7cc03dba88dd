/** The lines of the bridge's journal: events as they were taken, and (first in a rewritten file) how far each sender was. */
import { z } from 'zod';
import { NodeName } from '../../contracts/common.ts';
import { CursorPositions, Event } from '../../contracts/event.ts';

export const JournalLine = z.union([z.object({ node: NodeName, reached: CursorPositions }), Event]);
export type JournalLine = z.infer<typeof JournalLine>;
