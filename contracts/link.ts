/** The uplink of a site, and what crosses it between ledgers. */
import { z } from 'zod';
import { DecisionRequest, MaintenanceRequest, ProposalRequest } from './action.ts';
import { Count, documentHead, Login, SiteName, Timestamp } from './common.ts';

export const LinkStatus = z.object({
  ...documentHead,
  status: z
    .enum(['up', 'degraded', 'down', 'gone'])
    .describe("degraded = the hub is reached, and something is wrong at the site's own broker or with the hub's store; down = not reached, or the will"),
  site: SiteName.optional(),
  since: Timestamp.optional().describe('when this status began, by the clock of the site; at the hub absent while it is up'),
  near: z
    .enum(['up', 'standby', 'down'])
    .optional()
    .describe("how the site's actors talk to each other: over their own broker, over the standby, or not at all"),
  backlog: Count.default(0).describe("events that the hub's store does not have yet"),
  dropped: Count.default(0).describe('events given up for lack of room since the journal began'),
  clock_offset_ms: z.number().nullable().default(null).describe("how far the hub's clock is ahead of the site's; null = not measured"),
});
export type LinkStatus = z.infer<typeof LinkStatus>;

const stamp = {
  relay_id: z.uuid().describe('of this request; it is sent again under the same id until its verdict has come'),
  by: z.string().describe('who asked, as the history of the site that was asked would show it'),
  login: Login,
  site: SiteName.describe('the site that was asked: whose ledger has authorised and stamped it'),
  received_at: Timestamp.describe("when that ledger received it, by that site's clock; its age counts from here"),
};

/** A request for another site, resolved, authorised and stamped by the hub's ledger. */
export const RelayedRequest = z.discriminatedUnion('state', [
  z.object({ ...stamp, state: z.enum(['approved', 'rejected', 'cancelled']), request: DecisionRequest }),
  z.object({ ...stamp, state: z.literal('pending'), request: ProposalRequest }),
  z.object({ ...stamp, state: z.literal('maintenance'), request: MaintenanceRequest }),
]);
export type RelayedRequest = z.infer<typeof RelayedRequest>;
export const Verdict = z.object({
  relay_id: z.uuid(),
  ok: z.boolean(),
  code: z.string(),
  summary: z.string(),
  id: z.string().nullable().default(null).describe('the action that was meant'),
});
export type Verdict = z.infer<typeof Verdict>;

/** A round trip by which a login tests a broker, or fences what it was sent before. */
export const Probe = z.object({ nonce: z.string().max(64), ts: Timestamp.optional() });
export type Probe = z.infer<typeof Probe>;
