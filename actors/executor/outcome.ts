/**
 * What an execution can end in: one function for each outcome, so that every code and its words stand here.
 *
 * Pure. `ended_at` is added by whoever writes the outcome down. Codes of the engine's refusals (`unreachable`,
 * `refused`, `container_missing`, `no_healthcheck`) are those of ports.ts.
 */
import type { Outcome } from '../../contracts/action.ts';
import type { EventDraft } from '../../contracts/event.ts';
import type { Acted } from './claims.ts';
import type { DependentEnd } from './dependents.ts';
import { ControlError } from './ports.ts';

/** Limits of contracts/action.ts (message) and contracts/event.ts (correlation id). */
const messageCharsMax = 400;
const correlationCharsMax = 128;

export interface Begun {
  readonly begunAtMs: number | null;
}

const outcome = (ok: boolean, code: string, message: string, { begunAtMs }: Begun, result: Outcome['result'] = {}): Outcome => ({
  ok,
  code: code.slice(0, 64),
  message: message.slice(0, messageCharsMax),
  began_at: begunAtMs === null ? null : new Date(begunAtMs).toISOString(),
  ended_at: null,
  result,
});

const untouched: Begun = { begunAtMs: null };

export const handlerMissing = (type: string, why: string): Outcome => outcome(false, 'handler_missing', `${type}: ${why}; nothing was done`, untouched);

export const paramsRefused = (why: string): Outcome => outcome(false, 'params_refused', `${why}; nothing was done`, untouched);

export const cleanupRefused = ({ isTooSoon, why }: { readonly isTooSoon: boolean; readonly why: string }): Outcome =>
  outcome(false, isTooSoon ? 'cleanup_too_soon' : 'cleanup_not_allowed', `${why}; nothing was done`, untouched);

/** `isUndeclared`: it would have been made, had somebody declared it here. */
export function containerMissing(service: string | null, { isUndeclared }: { readonly isUndeclared: boolean }): Outcome {
  const why = isUndeclared ? ', and it is not declared for docker-compose on this node: nothing says how to make one' : '';
  const message = service === null ? 'the action names no service' : `no container stands for ${service}${why}; nothing was done`;
  return outcome(false, 'container_missing', message, untouched);
}

export const leaseExpired = (): Outcome => outcome(false, 'lease_expired', 'the lease of the claim ran out before anything was done', untouched);

export const grantLost = (begun: Begun): Outcome =>
  outcome(
    false,
    'grant_lost',
    begun.begunAtMs === null ? 'the ledger took the grant back; nothing was done' : 'the ledger ended the action while it was being done',
    begun,
  );

export const journalFailed = (error: unknown): Outcome =>
  outcome(false, 'journal_failed', `the start could not be written down, so nothing was done: ${detailOf(error)}`, untouched);

export const lookupFailed = (error: unknown): Outcome =>
  outcome(false, codeOf(error), `the container could not be looked up, nothing was done: ${detailOf(error)}`, untouched);

export const lookupTimedOut = (): Outcome => outcome(false, 'timeout', 'the engine did not say which container it is; nothing was done', untouched);

/** A time-out is not a no: the engine may still do it. */
export const effectFailed = (error: unknown, begun: Begun): Outcome => {
  const code = codeOf(error);
  return code === 'timeout' ? effectTimedOut(begun) : outcome(false, code, detailOf(error), begun, error instanceof ControlError ? { ...error.result } : {});
};

export const effectTimedOut = (begun: Begun): Outcome =>
  outcome(false, 'effect_timeout', 'the engine did not answer in time; it may still do it, and it is not asked again', begun);

export const outcomeUnknown = (begun: Begun): Outcome =>
  outcome(false, 'outcome_unknown', 'the executor stopped while it was being done; whether it happened is not known, and it is not done again', begun);

/** What was agreed has worked when the service is well. A dependent in trouble is an incident of its own, now that its cause is over. */
export function verified(begun: Begun, done: Outcome['result'], dependents: readonly DependentEnd[]): Outcome {
  const well = 'healthy in a container that started after the effect';
  if (dependents.length === 0) return outcome(true, 'verified', well, begun, done);
  const troubled = dependents.some(({ isTrouble }) => isTrouble);
  const listed = dependents.map(({ service, end }) => `${service} ${end}`).join(', ');
  const result = { ...done, dependents: dependents.map(({ service, end }) => ({ service, end })) };
  return outcome(true, troubled ? 'dependents_in_trouble' : 'verified', `${well}; dependents: ${listed}`, begun, result);
}

export const notHealthyInTime = (begun: Begun, done: Outcome['result'], seen: { readonly windowMs: number; readonly lastStatus: string | null }): Outcome =>
  outcome(
    false,
    'not_healthy_in_time',
    `not seen healthy within ${Math.round(seen.windowMs / 1000)} s; ${seen.lastStatus === null ? 'no health was seen since' : `last seen: ${seen.lastStatus === 'healthy' ? 'healthy, but not for long enough, or not started since' : seen.lastStatus}`}`,
    begun,
    { ...done, last_status: seen.lastStatus },
  );

export const effectDone = ({ code, message, result }: Pick<Acted, 'code' | 'message' | 'result'>, begun: Begun): Outcome =>
  outcome(true, code, message, begun, { ...result });

/** An error that is not the engine's refusal is a bug of ours; the action still ends, and says so. */
const codeOf = (error: unknown): string => (error instanceof ControlError ? error.code : 'internal_error');

const detailOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

interface Executed {
  readonly id: string;
  readonly attempt: number;
  readonly type: string;
  readonly service: string | null;
}

const announcement = (
  type: string,
  action: Executed,
  message: string,
): Omit<EventDraft, 'severity'> & { readonly payload: Readonly<Record<string, unknown>> } => {
  const suffix = `#${action.attempt}`;
  return {
    type,
    service: action.service,
    correlation_id: `${action.id.slice(0, correlationCharsMax - suffix.length)}${suffix}`,
    message,
    payload: { action_id: action.id, attempt: action.attempt, action_type: action.type },
  };
};

export const startedEvent = (action: Executed): EventDraft => ({ ...announcement('remediation_started', action, `${action.id}: begun`), severity: 'info' });

/** Done as agreed, and yet somebody should look. */
const halfDone: readonly string[] = ['dependents_in_trouble', 'cleaned_partly'];

/** The events an outcome is announced by. Said at least once: again when the process died between writing and reporting. */
export function endedEvents(action: Executed, outcome: Outcome): readonly EventDraft[] {
  const ended = announcement('remediation_completed', action, `${action.id}: ${outcome.code}${outcome.message === '' ? '' : `, ${outcome.message}`}`);
  const payload = { ...ended.payload, code: outcome.code, ok: outcome.ok };
  const first: EventDraft = { ...ended, severity: outcome.ok && !halfDone.includes(outcome.code) ? 'info' : 'warning', payload };
  if (outcome.code !== 'diagnostics_collected') return [first];
  const collected = announcement('diagnostics_collected', action, `${action.id}: ${outcome.message}`);
  return [{ ...collected, severity: 'info', payload: { ...collected.payload, ...outcome.result } }, first];
}
