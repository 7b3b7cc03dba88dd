/**
 * What an execution knows, and what follows from it: the context of machine.ts.
 *
 * Pure, JSON-safe; null = not yet.
 */
import type { Outcome } from '../../contracts/action.ts';
import { type Calm, calmAfter } from './calm.ts';
import { type Acted, type ClaimRecord, type Step, withActed } from './claims.ts';
import { type CleanupVerdict, judgeCleanup } from './cleanup.ts';
import type { Handler } from './handlers/handler.ts';
import { handlers } from './handlers/handlers.table.ts';
import type { Declaration } from './ports.ts';
import type { EffectInput, ExecutionInput, Healths, Target } from './protocol.ts';
import { type ActionView, type DesiredView, declarationIn, type HealthView } from './view.ts';

export interface Facts {
  /** The attempt this execution is about, as it stood when it started. */
  readonly action: ActionView;
  readonly handler: Handler;
  /** The newest document of the action; null = deleted. */
  readonly view: ActionView | null;
  readonly desired: DesiredView | null;
  /** Newest health by service. */
  readonly health: Healths;
  /** Newest health of the service under repair since its effect began: nothing older may count as its success. */
  readonly seen: HealthView | null;
  /** Of the container that `seen` is about. */
  readonly calm: Calm | null;
  /** How long a container has to be up before its health counts. */
  readonly settledAfterMs: number;
  /** Newest time that came with an event or an answer. */
  readonly nowMs: number;
  readonly nonce: string | null;
  readonly claimedAtMs: number;
  readonly lastBegunAtMs: number | null;
  /** The dependent that is being restarted; null = the action's own service, or its node. */
  readonly dependent: string | null;
  readonly target: Target | null;
  readonly steps: readonly Step[];
  /** Why a dependent could not be restarted, by service: a code. */
  readonly failures: Readonly<Record<string, string>>;
  readonly outcome: Outcome | null;
  readonly settled: boolean;
}

export function initialFacts({ now, action, record, desired, health, lastBegunAtMs, settledAfterMs }: ExecutionInput): Facts {
  // The effect of an earlier life: what is retained tells when its container started.
  const seen = record === null || action.service === null ? null : (health[record.steps.at(-1)?.service ?? action.service] ?? null);
  return {
    // A record of an earlier attempt comes with the document of the newer one, to be settled: it stays about its own attempt.
    action: record === null ? action : { ...action, attempt: record.attempt },
    handler: handlers[action.type],
    view: action,
    desired,
    health,
    seen,
    calm: seen === null ? null : calmAfter(null, seen, now),
    settledAfterMs,
    nowMs: now,
    nonce: record?.nonce ?? null,
    claimedAtMs: record?.claimedAtMs ?? now,
    lastBegunAtMs: record?.lastBegunAtMs ?? lastBegunAtMs,
    dependent: record?.steps.at(-1)?.service ?? null,
    target: null,
    steps: record?.steps ?? [],
    failures: {},
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

/** The effect that is under way, or was done last. */
export const currentStep = ({ steps }: Facts): Step | null => steps.at(-1) ?? null;

/** What the effect of the action itself said, for the result of its outcome. */
export const doneOf = ({ steps }: Facts): Outcome['result'] => steps[0]?.acted?.result ?? {};

/** When the action began to touch anything. */
export const begunAtOf = ({ steps }: Facts): number | null => steps[0]?.begunAtMs ?? null;

export const serviceOf = ({ action, dependent }: Facts): string => known(dependent ?? action.service);

/** The next effect begins: what health said before it does not count. */
export function withStepBegun(facts: Facts): Partial<Facts> {
  const { dependent, steps, nowMs } = facts;
  return { steps: [...steps, { service: dependent, begunAtMs: nowMs, acted: null }], seen: null, calm: null };
}

export const withStepActed = ({ steps, dependent }: Facts, acted: Acted): Partial<Facts> => ({ steps: withActed(steps, dependent, acted), nowMs: acted.at });

export const withHealth = ({ health, calm, action, dependent }: Facts, service: string, said: HealthView | null, nowMs: number): Partial<Facts> => ({
  nowMs,
  health: said === null ? Object.fromEntries(Object.entries(health).filter(([name]) => name !== service)) : { ...health, [service]: said },
  ...(service === (dependent ?? action.service) ? { seen: said, calm: said === null ? null : calmAfter(calm, said, nowMs) } : {}),
});

/** The wait for a calm container is over: it is at least that late. */
export const withCalm = ({ nowMs, calm, seen, settledAfterMs }: Facts): Partial<Facts> => ({
  nowMs: Math.max(nowMs, Math.max(known(calm).fromMs, seen?.startedAtMs ?? 0) + settledAfterMs),
});

/** Both memories of the last clean-up: the journal of this node, and the document at the ledger. */
export const cleanupVerdict = ({ action, desired, lastBegunAtMs, nowMs }: Facts): CleanupVerdict =>
  judgeCleanup({ listed: action.listedContainers, desired, nowMs, lastAtMs: newest(lastBegunAtMs, action.lastCompletedAtMs) });

/** What its container may be made from where it has none: only what is done to a service makes one, never to a container. */
export const declarationOf = ({ action, handler, desired }: Facts): Declaration | null =>
  handler.effect === null || handler.on !== 'service' ? null : declarationIn(desired, action.service);

const newest = (a: number | null, b: number | null): number | null => (a === null || b === null ? (a ?? b) : Math.max(a, b));

export const effectOf = (facts: Facts): EffectInput => {
  const { action, handler, dependent, target } = facts;
  const effect = known(handler.effect);
  return {
    effect,
    nonce: known(facts.nonce),
    id: action.id,
    attempt: action.attempt,
    dependent,
    on: handler.effect !== null && handler.on === 'node' ? null : { service: serviceOf(facts), target },
    declaration: declarationOf(facts),
    cleanup: effect === 'clean_disk' ? cleanupVerdict(facts).plan : null,
  };
};

export const recordOf = ({ action, nonce, claimedAtMs, steps, lastBegunAtMs, outcome, settled }: Facts): ClaimRecord | null =>
  nonce === null ? null : { id: action.id, attempt: action.attempt, nonce, claimedAtMs, steps, lastBegunAtMs, outcome, settled };

/** Why it ended, in one word. */
export function reasonOf({ action, view, outcome }: Facts): string {
  if (outcome !== null) return outcome.code;
  if (view === null) return 'withdrawn';
  if (view.attempt > action.attempt) return 'superseded';
  return view.status === 'running' ? 'granted_to_another' : view.status;
}
