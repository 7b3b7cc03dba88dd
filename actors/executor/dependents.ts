/**
 * Which dependent is restarted next after a service is well again, and what became of each (docs/decisions/0010).
 *
 * Pure, level-triggered: from what is desired, what health says now, and what this execution has begun.
 */
import { dependentsOf, localNeeds } from '../../contracts/dependents.ts';
import { isLongUp } from './calm.ts';
import type { Step } from './claims.ts';
import type { Facts } from './facts.ts';
import { type HealthView, provesEffect } from './view.ts';

/** A restart may take 40 s; then it has to be seen healthy, which takes a health check 30 s by default, and reported. */
const timeNeededMs = 90_000;
/** Left of the lease for the report. */
export const reportReserveMs = 10_000;

type Known = Pick<Facts, 'action' | 'desired' | 'health' | 'steps' | 'failures' | 'view' | 'nowMs' | 'settledAfterMs'>;

/** Neither starting, stopped nor unknown is trouble that a restart may end. */
const isInTrouble = ({ health }: Pick<Known, 'health'>, service: string): boolean => {
  const status = health[service]?.status;
  return status === 'unhealthy' || status === 'down';
};

const wasTried = ({ steps, failures }: Known, service: string): boolean => failures[service] !== undefined || steps.some((step) => step.service === service);

/** Nobody who needs it would get well. */
function isUnwell(known: Known, service: string): boolean {
  // One that keeps exiting is starting for a moment each time.
  if (isInTrouble(known, service) || known.health[service]?.status === 'starting' || known.failures[service] !== undefined) return true;
  const step = known.steps.find((each) => each.service === service);
  return step !== undefined && !isBackUp(known, step, service);
}

/** Named by the approval and still dependents, what is needed first. */
function allowed({ action, desired }: Known): readonly string[] {
  if (desired === null || action.service === null || action.dependents.length === 0) return [];
  return dependentsOf(desired, action.service).filter((name) => action.dependents.includes(name));
}

const needsOf = ({ desired }: Known, name: string): readonly string[] => {
  const service = desired?.services.find((each) => each.name === name);
  return desired === null || service === undefined ? [] : localNeeds(desired.node, service);
};

/** The next that would be restarted if it does not become well by itself; null = none. */
export const nextDependent = (known: Known): string | null =>
  allowed(known).find((name) => isInTrouble(known, name) && !wasTried(known, name) && !needsOf(known, name).some((need) => isUnwell(known, need))) ?? null;

export const hasTimeForAnother = ({ view, nowMs }: Known): boolean => view !== null && view.leaseUntilMs !== null && view.leaseUntilMs - nowMs >= timeNeededMs;

/** Whether this health shows that the effect worked. */
export const isStepProven = ({ begunAtMs, acted }: Step, health: HealthView | null): boolean =>
  acted !== null && provesEffect({ health, begunAtMs, previousStartMs: acted.previous_start, effectStartMs: acted.start, replaced: acted.replaced ?? null });

/** It worked, and lasted. */
function isBackUp(known: Known, step: Step, service: string): boolean {
  const health = known.health[service];
  return health !== undefined && isStepProven(step, health) && isLongUp(health, known);
}

export interface DependentEnd {
  readonly service: string;
  /** `restarted`, `healthy` (by itself), `not_healthy`, `outcome_unknown`, `no_time`, `blocked` (it needs one in trouble), `no_dependent`, the code of a refusal, or its status. */
  readonly end: string;
  readonly isTrouble: boolean;
}

/** One for each that the approval names, in the order of the approval. */
export const dependentEnds = (known: Known): readonly DependentEnd[] => known.action.dependents.map((service) => ({ service, ...endOf(known, service) }));

function endOf(known: Known, service: string): Omit<DependentEnd, 'service'> {
  const trouble = (end: string) => ({ end, isTrouble: true });
  const fine = (end: string) => ({ end, isTrouble: false });
  const failure = known.failures[service];
  if (failure !== undefined) return trouble(failure);
  const step = known.steps.find((each) => each.service === service);
  if (step !== undefined) {
    if (step.acted === null) return trouble('outcome_unknown');
    return isBackUp(known, step, service) ? fine('restarted') : trouble('not_healthy');
  }
  if (!allowed(known).includes(service)) return fine('no_dependent');
  if (!isInTrouble(known, service)) return fine(known.health[service]?.status ?? 'no_container');
  return trouble(needsOf(known, service).some((need) => isUnwell(known, need)) ? 'blocked' : 'no_time');
}
