/**
 * What an execution knows, and what follows from it: the context of machine.ts.
 *
 * Pure, JSON-safe; null = not yet.
 */
import type { Outcome } from '../../contracts/action.ts';
import type { ClaimRecord } from './claims.ts';
import type { Handler } from './handlers/handler.ts';
import { handlers } from './handlers/handlers.table.ts';
import type { ExecutionInput, Target, Work } from './protocol.ts';
import type { ActionView, HealthView } from './view.ts';

export interface Facts {
  /** The attempt this execution is about, as it stood when it started. */
  readonly action: ActionView;
  readonly handler: Handler;
  /** The newest document of the action; null = deleted. */
  readonly view: ActionView | null;
  /** Newest time that came with an event or an answer. */
  readonly nowMs: number;
  readonly nonce: string | null;
  readonly claimedAtMs: number;
  readonly begunAtMs: number | null;
  readonly target: Target | null;
  /** Start of the container that the engine reported after the effect. */
  readonly effectStartMs: number | null;
  /** Newest health since the effect began: nothing older may count. */
  readonly health: HealthView | null;
  readonly outcome: Outcome | null;
  readonly settled: boolean;
}

export function initialFacts({ now, action, record }: ExecutionInput): Facts {
  return {
    // A record of an earlier attempt comes with the document of the newer one, to be settled: it stays about its own attempt.
    action: record === null ? action : { ...action, attempt: record.attempt },
    handler: handlers[action.type],
    view: action,
    nowMs: now,
    nonce: record?.nonce ?? null,
    claimedAtMs: record?.claimedAtMs ?? now,
    begunAtMs: record?.begunAtMs ?? null,
    target: null,
    effectStartMs: null,
    health: null,
    outcome: record?.outcome ?? null,
    settled: record?.settled ?? false,
  };
}

/** For a state that rests on a fact: entered without it, the machine has a bug. */
export function known<T>(fact: T | null): T {
  if (fact === null) throw new Error('execution: a fact is used before it is known');
  return fact;
}

/** How documents name this execution. */
export const mine = ({ action, nonce }: Facts): { readonly attempt: number; readonly nonce: string | null } => ({ attempt: action.attempt, nonce });

export const claimOf = ({ action, nonce }: Facts): { readonly id: string; readonly attempt: number; readonly nonce: string } => ({
  id: action.id,
  attempt: action.attempt,
  nonce: known(nonce),
});

export const effectOf = ({ action, handler, target }: Facts): Work['doEffect']['input'] => ({
  effect: known(handler.effect),
  target: known(target),
  id: action.id,
  attempt: action.attempt,
  service: known(action.service),
});

export const recordOf = ({ action, nonce, claimedAtMs, begunAtMs, outcome, settled }: Facts): ClaimRecord | null =>
  nonce === null ? null : { id: action.id, attempt: action.attempt, nonce, claimedAtMs, begunAtMs, outcome, settled };

/** Why it ended, in one word. */
export function reasonOf({ action, view, outcome }: Facts): string {
  if (outcome !== null) return outcome.code;
  if (view === null) return 'withdrawn';
  if (view.attempt > action.attempt) return 'superseded';
  return view.status === 'running' ? 'granted_to_another' : view.status;
}
