/** What happened: never retained, delivered through a durable outbox, stored by the observer of the site. */
import { z } from 'zod';
import { Count, Level, NodeName, ServiceName, Severity, TimestampIn } from './common.ts';

export const lanes = ['urgent', 'info'] as const;
export const Lane = z.enum(lanes);
export type Lane = z.infer<typeof Lane>;

export const EventType = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,63}$/, 'snake_case, at most 64 characters')
  .describe('what happened; the known types are in event-types.table.ts, others are stored and shown');

export const Event = z.object({
  id: z.uuid().describe('UUIDv7'),
  ts: TimestampIn.describe('when it happened, by the clock of the emitter'),
  node: NodeName,
  source: Level.describe('the actor, or program, that noticed'),
  lane: Lane.describe('urgent = warning and above; order holds within a lane'),
  seq: z.int().positive().describe('per node, source and lane, without holes'),
  floor: z.int().positive().optional().describe('lowest seq of this lane that the emitter still holds; what lies below was stored or dropped with a count'),
  type: EventType,
  severity: Severity,
  service: ServiceName.nullable().default(null).describe('null = the node itself'),
  correlation_id: z.string().max(128).nullable().default(null),
  message: z.string().max(2000).default(''),
  payload: z.record(z.string(), z.unknown()).default({}),
});
/** An event as programs hold it. `ts` is ISO 8601. */
export type Event = z.infer<typeof Event>;

/** What an emitter says; the outbox adds id, ts, node, source, lane and seq. */
export interface EventDraft {
  readonly type: string;
  readonly severity: Severity;
  readonly service?: string | null;
  readonly correlation_id?: string | null;
  readonly message: string;
  readonly payload?: Readonly<Record<string, unknown>>;
  /** ISO 8601; the outbox's clock when absent. */
  readonly ts?: string;
  /** UUIDv7, for events that were on disk before they came to the outbox: the same id is taken once. */
  readonly id?: string;
}

export const laneOf = (severity: Severity): Lane => (severity === 'info' ? 'info' : 'urgent');

/** Highest seq of each source and lane of one node in the observer's store. Everything up to it may leave the outbox. */
export const CursorPositions = z.record(Level, z.object({ urgent: Count, info: Count }));
export type CursorPositions = z.infer<typeof CursorPositions>;
