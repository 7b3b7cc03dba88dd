/** inventory/maintenance.yaml: recurring windows in which nothing is proposed, in the operator's time zone. */
import { z } from 'zod';
import { DeclaredNodeName, DeclaredServiceName, TimeOfDay, TimeZone } from './words.ts';

export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/** A day: a window that lasted longer would overlap its own next beginning. */
const windowMinutesMax = 24 * 60;

/** When a recurring window opens and how long it lasts; also part of `desired/<node>`. */
export const recurrence = {
  days: z
    .array(z.enum(weekdays))
    .min(1)
    .default([...weekdays])
    .describe('days on which it begins; absent: every day')
    .meta({ examples: [['sun']] }),
  from: TimeOfDay.describe('wall-clock time at which it begins'),
  minutes: z
    .int()
    .min(1)
    .max(windowMinutesMax)
    .describe('how long it lasts')
    .meta({ unit: 'minutes', examples: [60] }),
  reason: z
    .string()
    .min(1)
    .max(200)
    .describe('for people')
    .meta({ examples: ['nightly backup'] }),
};

const Window = z.strictObject({
  nodes: z.array(DeclaredNodeName).min(1).describe('nodes it applies to'),
  service: DeclaredServiceName.optional().describe('only this service; absent: the whole node'),
  ...recurrence,
});

export const MaintenanceFile = z.strictObject({
  time_zone: TimeZone.describe('in which the times below are meant, summer time included'),
  windows: z.array(Window).default([]).describe('recurring windows'),
});
export type MaintenanceFile = z.infer<typeof MaintenanceFile>;
