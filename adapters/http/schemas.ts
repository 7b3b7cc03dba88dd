/** What goes in and out over HTTP, as the OpenAPI document shows it. Documents are those of contracts/. */
import { z } from 'zod';
import { actionTypes } from '../../contracts/action.ts';
import { Level, NodeName, ServiceName, SiteName, Timestamp, TimestampIn } from '../../contracts/common.ts';
import { PersonRole } from '../../contracts/desired.ts';

/** An answer of the ledger, or a refusal of this server: one form. */
export const Answer = z.object({
  ok: z.boolean(),
  code: z.string().describe('for programs'),
  line: z.string().describe('the same for a person, one line'),
});

const Bus = z.object({
  status: z.enum(['up', 'down']).describe('down: not connected to the broker; what is shown is from before'),
  since: Timestamp,
});

export const Me = z.object({
  login: z.string().nullable().describe('null: not logged in'),
  role: PersonRole.nullable(),
  csrf: z.string().nullable().describe('to be sent as x-homelab-csrf with everything that changes something; null: not logged in, or a token was shown'),
  loginRequired: z.boolean(),
});

export const LoginBody = z.strictObject({ login: z.string().min(1).max(128), password: z.string().min(1).max(256) });

/** No separators, no dots alone, nothing percent-encoded: an id is what the ledger calls an action. */
export const ActionParams = z.object({
  id: z
    .string()
    .max(400)
    .regex(/^[\p{L}\p{N}](?:[\p{L}\p{N}_-]|\.(?!\.))*$/u, 'expected the id of an action'),
});

const note = z.string().max(400).optional().describe('why; goes into the history');

export const DecisionBody = z
  .strictObject({
    attempt: z.int().positive().optional().describe('the attempt that was looked at: a yes that comes late is not for the next one'),
    digest: z.string().max(128).optional().describe('the digest that was looked at'),
    note,
  })
  .nullish();

export const ProposalBody = z.strictObject({
  type: z.enum(actionTypes),
  node: NodeName,
  service: ServiceName.nullish().describe('absent: the node itself'),
  parameters: z.record(z.string(), z.unknown()).optional(),
  reason: note,
});

export const IdempotencyHeaders = z.object({
  'idempotency-key': z.string().min(1).max(128).optional().describe('the same key again within 10 min is refused, with the first answer'),
});

export const EventsQuery = z.strictObject({
  node: NodeName.optional(),
  since: TimestampIn.optional().describe('when they happened: ISO 8601'),
  until: TimestampIn.optional(),
  type: Level.optional(),
  limit: z.coerce.number().int().min(1).max(500).default(100),
  before: z
    .string()
    .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z_[\da-f-]{0,36}$/, 'expected `next` of the page before')
    .optional()
    .describe('`next` of the page before'),
});

/** `?all`, `?all=`, `?all=true` */
export const AllQuery = z.strictObject({ all: z.enum(['', 'true', '1', 'false', '0']).optional().describe('also those that are over') });
export const isAll = ({ all }: z.infer<typeof AllQuery>): boolean => all !== undefined && all !== 'false' && all !== '0';

export const StreamQuery = z.strictObject({ after: z.coerce.number().int().nonnegative().optional().describe('the cursor of what is known already') });

export const Documents = z.object({
  cursor: z.number().describe('where GET /stream?after= goes on'),
  site: SiteName,
  node: NodeName,
  version: z.string(),
  bus: Bus,
  whole: z
    .boolean()
    .describe('false: it has not read everything yet since its start, and what is missing is not known; a `bus` message that says up ends that'),
  documents: z.record(z.string(), z.looseObject({})).describe('topic without the root → document'),
});

const LinkSeen = z.object({
  status: z.enum(['up', 'degraded', 'down', 'unknown']).describe('unknown: this server is not connected to the broker'),
  heard_at: Timestamp.describe('when it last spoke, by our clock'),
  age_s: z.number().describe('since then'),
  down_since: Timestamp.nullable(),
  summary: z.string(),
});

export const SiteView = z.object({
  site: SiteName,
  status: z
    .enum(['nominal', 'unknown', 'degraded', 'critical'])
    .describe('as the site says; unknown where it cannot be believed; degraded at least while a file of its inventory has a fault'),
  stale: z.string().nullable().describe('why it cannot be believed; null: it can'),
  summary: z.string(),
  last_update: Timestamp.nullable(),
  worst: z.string().nullable(),
  inventory_faults: z.array(z.string()).describe('files of its inventory that have a fault: what they declare is not in force'),
  incidents_active: z.number(),
  actions_pending: z.number(),
  actions_running: z.number(),
  link: LinkSeen.nullable().describe('null: its documents come over no link'),
});

export const Summary = z.object({
  status: z
    .enum(['nominal', 'unknown', 'degraded', 'critical'])
    .describe('the worst of its sites; never nominal on stale data, or while a file of an inventory has a fault: as homelab status says it'),
  last_update: z.number().nullable().describe('epoch seconds of the oldest of the newest words of the monitored nodes of this site'),
  site: SiteName,
  node: NodeName,
  version: z.string(),
  simulated: z.boolean(),
  bus: Bus,
  incidents_active: z.number(),
  actions_pending: z.number(),
  actions_running: z.number(),
  sites: z.array(SiteView),
});

export const Topology = z.object({
  sites: z.array(SiteView.extend({ nodes: z.array(NodeName), upstream: SiteName.nullable() })),
  nodes: z.array(
    z.object({
      node: NodeName,
      site: SiteName,
      status: z.string().describe('as its observer says; unknown where that cannot be believed'),
      last_seen: Timestamp.nullable(),
      age_s: z.number().nullable(),
      roles: z.array(z.string()),
      location: z.string().nullable(),
      services: z.number(),
    }),
  ),
  dependencies: z.array(z.object({ from: z.string().describe('<node>/<service>'), needs: z.string() })),
});

export const Health = z.object({
  status: z.enum(['ok', 'degraded']),
  bus: z.enum(['up', 'down']),
  whole: z.boolean(),
  heard_s: z.number().nullable().describe('since the broker sent something last, seconds; null: never'),
});
