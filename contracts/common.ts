/**
 * Building blocks shared by all schemas: names that may stand in a topic, timestamps, the head of every document.
 */
import { z } from 'zod';

/**
 * One topic level: no separators, wildcards, control characters, half surrogates (they have no UTF-8) or leading `$`;
 * at most 128 characters (Docker allows 255, compose names stay far below).
 */
export const levelPattern = /^(?!\$)[^/+#\p{Cc}\p{Cs}\s]{1,128}$/u;

export const Level = z.string().regex(levelPattern, 'one topic level: no / + # or spaces, at most 128 characters');

/** Node names are lower case: `vps`, `chelsty-infra`, or the reserved `site-<site>`. */
export const NodeName = Level.describe('machine name, lower case; `site-<site>` is reserved for the troubles of a site itself');
export const ServiceName = Level.describe('canonical service name on its node');
export const SiteName = Level.describe('site name: a set of nodes around one broker');
export const Login = Level.describe('broker login; actors use `<actor>-<node>`');

/** ISO 8601 in UTC with a Z. The only form that is written. */
export const Timestamp = z.iso.datetime().describe('ISO 8601, UTC');

/** What is accepted on input: ISO 8601, or an epoch in seconds or milliseconds (the original system wrote both). Always yields ISO. */
export const TimestampIn = z
  .union([z.iso.datetime({ offset: true }), z.number().nonnegative()])
  .transform((value, ctx) => {
    const millis = typeof value === 'number' ? (value < 1e11 ? value * 1000 : value) : Date.parse(value);
    const date = new Date(millis);
    // Outside the years 0 to 9999 the ISO form has a sign and six digits, which no Timestamp accepts.
    if (!(date.getUTCFullYear() >= 0 && date.getUTCFullYear() <= 9999)) {
      ctx.addIssue({ code: 'custom', message: 'not a time that can be represented' });
      return z.NEVER;
    }
    return date.toISOString();
  })
  .describe('ISO 8601, or epoch seconds or milliseconds');

export const Count = z.int().nonnegative();
export const Bytes = z.number().nonnegative();

/** A first connection is numbered by the clock in milliseconds (bus/session-counter.ts), so this is the year 2200: above it is rubbish, which no writer could rise above. */
const sessionMax = Date.UTC(2200, 0, 1);

/**
 * The head of every retained document. `session` counts the writer's connections (persisted, +1 per connection),
 * `rev` its publishes of this topic; readers compare (session, rev) and drop what is not newer.
 * A will carries its session and no rev.
 */
export const documentHead = {
  status: z.string().min(1).describe('what is true now, one word'),
  summary: z.string().max(400).describe('the same for a person, one line'),
  ts: Timestamp.describe('when the writer wrote it'),
  session: Count.max(sessionMax).describe("the writer's connection count"),
  rev: Count.optional().describe('publish count of this topic; absent in a will'),
  simulated: z.literal(true).optional().describe('nothing of this is real (`homelab up --demo`); absent everywhere else'),
};

/** Any document, seen only as its head; used by readers that route without knowing the rest. */
export const DocumentHead = z.looseObject(documentHead);
export type DocumentHead = z.infer<typeof DocumentHead>;

export const severities = ['info', 'warning', 'error', 'critical'] as const;
export const Severity = z.enum(severities);
export type Severity = z.infer<typeof Severity>;
