/** What may stand in `params` of an action, for the types that say so. An approval binds to it. */
import { z } from 'zod';
import { ActionType, actionId } from './action.ts';
import { Level, ServiceName } from './common.ts';
import { dependentsMax } from './dependents.ts';

export const RestartParams = z.strictObject({
  dependents: z
    .array(ServiceName)
    .min(1)
    .max(dependentsMax)
    .optional()
    .describe('services of the same node that may be restarted after it, if they do not become healthy by themselves; absent: none'),
});

/** What a clean-up removes follows from the class of the node, never from who asks. */
const CleanupParams = z.strictObject({});

/** A notice; what else stands in it is its own business. */
const AlertParams = z.looseObject({
  about: Level.optional().describe('kind of what it tells: each kind is a notice of its own'),
  instead_of: ActionType.optional().describe('in shadow mode: the action that would have been proposed, under whose id the notice stands'),
});

/** The id under which a proposal stands. */
export function proposalId({ type, node, service, params }: ProposedParts): string {
  const { about, instead_of } = (type === 'alert_only' ? AlertParams.safeParse(params).data : undefined) ?? {};
  if (instead_of !== undefined) return actionId({ type: instead_of, node, service });
  const id = actionId({ type, node, service });
  return about === undefined ? id : `${id}-${about.replaceAll('_', '-')}`.toLowerCase();
}

interface ProposedParts {
  readonly type: ActionType;
  readonly node: string;
  readonly service: string | null;
  readonly params: Readonly<Record<string, unknown>>;
}

const schemas: Readonly<Partial<Record<ActionType, z.ZodType>>> = {
  container_restart: RestartParams,
  disk_cleanup: CleanupParams,
  alert_only: AlertParams,
};

/** Why these parameters cannot be those of this type; null: they can. */
export function paramsProblem(type: ActionType, params: Readonly<Record<string, unknown>>): string | null {
  const parsed = schemas[type]?.safeParse(params);
  if (parsed === undefined || parsed.success) return null;
  const [issue] = parsed.error.issues;
  return `"params" of ${type}: ${issue?.path.join('.') ?? ''}${issue?.path.length === 0 ? '' : ': '}${issue?.message ?? 'not as expected'}`;
}
