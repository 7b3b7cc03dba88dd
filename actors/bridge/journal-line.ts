/** The lines of the bridge's journal: events as they were taken, how many were given up so far, and (first in a rewritten file) how far each sender was. */
import { z } from 'zod';
import { Count, NodeName } from '../../contracts/common.ts';
import { CursorPositions, Event } from '../../contracts/event.ts';

export const JournalLine = z.union([z.object({ node: NodeName, reached: CursorPositions }), z.object({ dropped: Count }), Event]);
export type JournalLine = z.infer<typeof JournalLine>;

/** Characters, which is bytes but for the rare letter. */
export const weightOf = (lines: readonly JournalLine[]): number => lines.reduce((sum, line) => sum + JSON.stringify(line).length + 1, 0);
