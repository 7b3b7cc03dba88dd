/** How an actor itself is: retained, with a will; published by run-actor. */
import { z } from 'zod';
import { Count, documentHead, Level, NodeName, Timestamp } from './common.ts';

export const ActorStatus = z.object({
  ...documentHead,
  status: z
    .enum(['online', 'restarting', 'failed', 'stopped', 'offline', 'duplicate_writer', 'gone'])
    .describe('offline = the will; failed = gave up after too many restarts'),
  node: NodeName.optional(),
  actor: Level.optional(),
  mode: z.string().optional().describe("the actor's own word for what it is doing"),
  mode_since: Timestamp.optional(),
  detail: z.string().max(300).nullable().default(null).describe('what else there is to say of its mode, such as what it cannot do now'),
  started_at: Timestamp.optional(),
  restarts: Count.default(0).describe('restarts since the process started'),
  last_error: z.string().max(400).nullable().default(null),
  quarantined: Count.default(0).describe('messages this actor refused because they did not fit their contract'),
  version: z.string().default('0'),
});
export type ActorStatus = z.infer<typeof ActorStatus>;

/** The documents an actor owns now; published after them at connect and when the set changes. */
export const Manifest = z.object({
  ...documentHead,
  topics: z.array(z.string().max(512)).describe('topics without the root, sorted'),
});
export type Manifest = z.infer<typeof Manifest>;
