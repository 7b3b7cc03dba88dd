/** What should be done, and what became of it: documents of the ledger, requests of everybody else. */
import { z } from 'zod';
import { Bytes, Count, documentHead, Level, Login, NodeName, ServiceName, SiteName, Timestamp, TimestampIn } from './common.ts';

export const actionTypes = [
  'container_restart',
  'redeploy',
  'deploy_service',
  'disk_cleanup',
  'rollback',
  'rerun_healthcheck',
  'collect_diagnostics',
  'alert_only',
] as const;
export const ActionType = z.enum(actionTypes);
export type ActionType = z.infer<typeof ActionType>;

/** Risk is a property of the type; nobody who asks may state it. */
export const riskOf: Readonly<Record<ActionType, 'low' | 'guarded'>> = {
  container_restart: 'low',
  redeploy: 'guarded',
  deploy_service: 'guarded',
  disk_cleanup: 'guarded',
  rollback: 'guarded',
  rerun_healthcheck: 'low',
  collect_diagnostics: 'low',
  alert_only: 'low',
};

export const actionStates = ['pending', 'approved', 'running', 'completed', 'failed', 'rejected', 'cancelled', 'expired'] as const;
export const ActionState = z.enum(actionStates);
export type ActionState = z.infer<typeof ActionState>;

/** States that a request may ask for; `expired` is the ledger's alone. */
export const requestStates = ['pending', 'approved', 'rejected', 'cancelled', 'running', 'completed', 'failed'] as const;
export const RequestState = z.enum(requestStates);
export type RequestState = z.infer<typeof RequestState>;

export const cancelReasons = ['drift_resolved_auto', 'service_removed_from_desired_state', 'recovered', 'node_moved', 'by_operator'] as const;
const CancelReason = z.enum(cancelReasons);

export const openStates: readonly ActionState[] = ['pending', 'approved', 'running'];

const kebab = (type: ActionType): string => type.replaceAll('_', '-');

/** The deterministic id: `container-restart-<node>-<service>`, `disk-cleanup-<node>`. */
export const actionId = (target: { readonly type: ActionType; readonly node: string; readonly service: string | null }): string =>
  [kebab(target.type), target.node, ...(target.service === null ? [] : [target.service])].join('-').toLowerCase();

/** The part of an id that a prefix must reach past to count as naming something. */
export const typeSlugs: readonly string[] = actionTypes.map(kebab);

const Params = z.record(z.string(), z.unknown());

/** What a clean-up lists of containers: 50 ids are 750 bytes of a document that aims below 1.5 kB; the next one goes on. */
export const listedContainersMax = 50;
/** As many names as a person reads on a phone. */
export const namedContainersMax = 10;
const ListedContainers = z.object({
  names: z.array(z.string().max(64)).max(namedContainersMax),
  ids: z
    .array(z.string().regex(/^[0-9a-f]{12}$/))
    .max(listedContainersMax)
    .describe('of all of them, first 12 hex digits: no other container may go'),
});

export const Evidence = z.object({
  trigger_type: z.string().max(64).default('requested').describe('the event type or drift kind behind the proposal'),
  message: z.string().max(400).default(''),
  incident_id: z.string().nullable().default(null),
  at: TimestampIn.optional(),
  estimate_bytes: Bytes.nullable().optional().describe('of a disk_cleanup: what it would free at least; null or absent: not known'),
  containers: ListedContainers.optional().describe(
    'of a disk_cleanup: the stopped containers that would go, as they were listed when this attempt was proposed; absent: none may go',
  ),
  code: z.string().max(64).optional().describe('set by the ledger: `no_executor` = nobody on the node can do it, so it became a notice'),
});
export type Evidence = z.infer<typeof Evidence>;

export const Outcome = z.object({
  ok: z.boolean(),
  code: z.string().max(64).describe('verified, handler_missing, not_healthy_in_time, outcome_unknown, ...'),
  message: z.string().max(400).default(''),
  began_at: Timestamp.nullable().default(null).describe('when the effect began'),
  ended_at: Timestamp.nullable().default(null),
  result: z.record(z.string(), z.unknown()).default({}),
});
export type Outcome = z.infer<typeof Outcome>;

export const Transition = z.object({
  from: ActionState.nullable(),
  to: ActionState,
  at: Timestamp,
  by: z
    .string()
    .describe(
      'login, or `anonymous`, or `ledger`; a person behind a front end as `<person> via <login>`, one asked at another site as `<person> via <site>/<login>`',
    ),
  note: z.string().max(400).default(''),
});
export type Transition = z.infer<typeof Transition>;

const Claim = z.object({
  nonce: z.string().min(8).max(64),
  by: Login,
  at: Timestamp,
  lease_until: Timestamp,
});

export const Action = z.object({
  ...documentHead,
  status: z.union([ActionState, z.literal('gone')]),
  id: z.string(),
  type: ActionType,
  risk: z.enum(['low', 'guarded']),
  site: SiteName,
  node: NodeName,
  service: ServiceName.nullable(),
  params: Params.default({}),
  attempt: z.int().positive().describe('one more with each new life of this id; an approval binds to it'),
  digest: z.string().describe('digest of type, target, parameters and risk; an approval binds to it'),
  evidence: Evidence,
  proposed_by: z.string(),
  proposed_at: Timestamp,
  approved_by: z.string().nullable().default(null),
  approved_at: Timestamp.nullable().default(null),
  expires_at: Timestamp.nullable().default(null).describe('an approval not begun by then expires'),
  claim: Claim.nullable().default(null),
  outcome: Outcome.nullable().default(null),
  verify_window_ms: z.int().positive(),
  transition_history: z.array(Transition).describe('newest 20; the journal keeps all'),
});
export type Action = z.infer<typeof Action>;

/** Of a request, given by whoever asks and repeated in the answer. 64 characters hold a UUID and a word; none of them needs quoting anywhere. */
export const RequestRef = z.string().regex(/^[A-Za-z0-9_.:-]{1,64}$/, '1 to 64 of a-z, A-Z, 0-9, "-", "_", "." and ":"');
const ref = RequestRef.optional().describe('repeated in every answer to this request, so that whoever asks knows which it is; absent: the answer has none');

const naming = {
  ref,
  id: z.string().min(1).max(400).describe('an id, an unambiguous prefix that reaches past the type, or `next`'),
  note: z.string().max(400).optional(),
  digest: z.string().max(128).optional().describe('when given, must be the digest of the action'),
  attempt: z.int().positive().optional().describe('when given, must be the attempt of the action: a yes that comes late is not for the next one'),
  on_behalf_of: z.string().min(1).max(128).optional().describe('the person behind a front end; required of delegates'),
};

/** approved, rejected, and an operator's cancelled: names an action. */
export const DecisionRequest = z.object({ ...naming, reason: CancelReason.optional() });
export type DecisionRequest = z.infer<typeof DecisionRequest>;

/** pending: proposes an action. */
export const ProposalRequest = z.object({
  ref,
  type: z.string().min(1).max(64).describe('an action type; unknown ones are refused with a reply'),
  node: NodeName,
  service: ServiceName.nullable().default(null),
  params: Params.default({}),
  evidence: Evidence.prefault({}),
  note: z.string().max(400).optional(),
  on_behalf_of: z.string().min(1).max(128).optional(),
});
export type ProposalRequest = z.infer<typeof ProposalRequest>;

/** running: an executor claims. */
export const ClaimRequest = z.object({ id: z.string(), attempt: z.int().positive(), nonce: z.string().min(8).max(64) });
export type ClaimRequest = z.infer<typeof ClaimRequest>;

/** completed, failed: an executor reports. */
export const OutcomeRequest = z.object({ ...ClaimRequest.shape, outcome: Outcome });
export type OutcomeRequest = z.infer<typeof OutcomeRequest>;

/**
 * "Move this action to `<state>`." A bare line of text is a DecisionRequest with that id, so that a phone's fixed
 * payload will do; which of the shapes is right depends on the `<state>` of the topic, see `parseActionRequest`.
 */
export const ActionRequest = z.union([OutcomeRequest, ClaimRequest, ProposalRequest, DecisionRequest]);
export type ActionRequest = z.infer<typeof ActionRequest>;

export const requestSchemas = {
  pending: ProposalRequest,
  approved: DecisionRequest,
  rejected: DecisionRequest,
  cancelled: DecisionRequest,
  running: ClaimRequest,
  completed: OutcomeRequest,
  failed: OutcomeRequest,
} as const satisfies Record<RequestState, z.ZodType>;

export const MaintenanceWindow = z.object({
  service: ServiceName.nullable().default(null),
  until: TimestampIn,
  reason: z.string().max(400).default(''),
  by: z.string().default(''),
  recurring: z.literal(true).optional().describe('of `maintenance` in desired/<node>: opens and closes by itself; absent: asked for by a person'),
});
export type MaintenanceWindow = z.infer<typeof MaintenanceWindow>;
export const MaintenanceRequest = z.object({
  ref,
  node: NodeName,
  service: ServiceName.nullable().default(null),
  until: TimestampIn.describe('a time that has passed ends the window'),
  reason: z.string().max(400),
  on_behalf_of: z.string().min(1).max(128).optional().describe('the person behind a front end; required of delegates'),
});
export type MaintenanceRequest = z.infer<typeof MaintenanceRequest>;
export const Maintenance = z.object({ ...documentHead, node: NodeName, site: SiteName.optional(), windows: z.array(MaintenanceWindow) });
export type Maintenance = z.infer<typeof Maintenance>;

/** The answer to a request: `summary` is the one readable line, `code` is for programs. */
export const Reply = z.object({
  summary: z.string().max(400),
  code: z.string().max(64).describe('ok, approved, refused codes such as not_pending, not_allowed, unknown_action, ambiguous'),
  ok: z.boolean(),
  id: z.string().nullable().default(null).describe('the action that was meant, in full'),
  request: z.string().max(400).default('').describe('what was asked for: `<state> <name>`'),
  ref: RequestRef.optional().describe('of the request that this answers; absent: it had none, or an older ledger does not repeat it'),
  ts: Timestamp,
});
export type Reply = z.infer<typeof Reply>;
/** `code` of the first of two answers: the action is another site's, whose own answer follows. */
export const forwardedCode = 'forwarded';

/** What a decision rests on, for programs; `why` says it to people. The command `homelab why` knows what would change each. */
export const decisionCodes = [
  // nothing
  'well',
  'not_monitored',
  'let_go',
  'not_heard',
  'node_unmonitored',
  'node_unknown',
  'state_unknown',
  'closing',
  'grace',
  'explained',
  'maintenance',
  'history',
  'told',
  'cleanup_not_allowed',
  // propose, proposed
  'asked',
  'waiting',
  'under_way',
  // blocked
  'answered',
  'still_open',
  'once',
  'crash_loop',
  'cause_first',
  'cooldown',
  'settling',
  'transition',
  'cleanup_too_soon',
  'id_clash',
  'id_too_long',
] as const;
export const DecisionCode = z.enum(decisionCodes);
export type DecisionCode = z.infer<typeof DecisionCode>;

const decided = {
  decision: z.enum(['nothing', 'propose', 'proposed', 'blocked']),
  why: z.string().max(200),
  code: DecisionCode.optional(),
  action_id: z.string().nullable().default(null),
  incident_id: z.string().optional().describe('the trouble it is about'),
  cause: z.string().optional().describe('the incident or action that comes first'),
  until: Timestamp.optional().describe('what holds it back ends then by itself; absent: not by time alone'),
};

/** Why something, or nothing, is proposed, per service of a node. */
export const Decisions = z.object({
  ...documentHead,
  node: NodeName,
  site: SiteName.optional(),
  services: z.array(z.object({ service: ServiceName, ...decided })),
  others: z
    .array(z.object({ about: Level.describe('`disk`, or an event type of Home Assistant'), service: ServiceName.nullable().default(null), ...decided }))
    .optional()
    .describe('troubles that are not about the container of a service; absent: none'),
  counts: z.record(Level, Count).default({}),
});
export type Decisions = z.infer<typeof Decisions>;
export type Decision = Omit<Decisions['services'][number], 'service'>;
