/** The uplink of a site, and what crosses it between ledgers. The bridge comes later; its place in the topic table is kept. */
import { z } from 'zod';
import { DecisionRequest, RequestState } from './action.ts';
import { Count, documentHead, Login, SiteName, Timestamp } from './common.ts';

export const LinkStatus = z.object({
  ...documentHead,
  status: z.enum(['up', 'degraded', 'down', 'gone']),
  site: SiteName.optional(),
  since: Timestamp.optional(),
  backlog: Count.default(0).describe('events waiting for the far side'),
  clock_offset_ms: z.number().nullable().default(null),
});
export type LinkStatus = z.infer<typeof LinkStatus>;

/** A request for another site's action, resolved, authorised and stamped by the hub's ledger. */
export const RelayedRequest = z.object({
  relay_id: z.uuid(),
  state: RequestState,
  by: z.string(),
  login: Login,
  received_at: Timestamp,
  request: DecisionRequest,
});
export const Verdict = z.object({ relay_id: z.uuid(), ok: z.boolean(), code: z.string(), summary: z.string() });

/** A round trip by which a login tests a broker, or fences what it was sent before. */
export const Probe = z.object({ nonce: z.string().max(64), ts: Timestamp.optional() });
export type Probe = z.infer<typeof Probe>;
