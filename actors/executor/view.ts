/**
 * What the executor takes from the documents it reads, and what it may conclude from them.
 *
 * Pure. A document may be older than what was asked for: only attempt, status and the nonce of the claim are believed.
 */
import type { Action, ActionState, ActionType } from '../../contracts/action.ts';
import { paramsProblem, RestartParams } from '../../contracts/action-params.ts';
import type { DesiredNode } from '../../contracts/desired.ts';
import type { ServiceHealth, ServiceStatus } from '../../contracts/health.ts';
import type { Declaration } from './ports.ts';

export interface ActionView {
  readonly id: string;
  readonly attempt: number;
  readonly status: ActionState;
  readonly type: ActionType;
  readonly service: string | null;
  readonly verifyWindowMs: number;
  /** Of the claim that was granted; null = none. */
  readonly nonce: string | null;
  readonly leaseUntilMs: number | null;
  /** Services of this node that the approval allows to restart after it. */
  readonly dependents: readonly string[];
  /** Of a clean-up: first 12 hex digits of the containers that whoever agreed was shown. */
  readonly listedContainers: readonly string[];
  /** Why its parameters cannot be; null: they can. */
  readonly paramsProblem: string | null;
  /** When its newest earlier attempt was completed, as far as the document remembers; null = never. */
  readonly lastCompletedAtMs: number | null;
}

/** What the executor takes from `desired/<node>`. */
export type DesiredView = Pick<DesiredNode, 'node' | 'services' | 'cleanup_class'>;

export interface HealthView {
  readonly status: ServiceStatus;
  /** First 12 hex digits. */
  readonly containerId: string | null;
  /** Start of the container by the clock of the engine, which is the clock of this machine. */
  readonly startedAtMs: number | null;
}

/** null for a document that says `gone`. */
export function actionView(doc: Action): ActionView | null {
  if (doc.status === 'gone') return null;
  return {
    id: doc.id,
    attempt: doc.attempt,
    status: doc.status,
    type: doc.type,
    service: doc.service,
    verifyWindowMs: doc.verify_window_ms,
    nonce: doc.claim?.nonce ?? null,
    leaseUntilMs: doc.claim === null ? null : Date.parse(doc.claim.lease_until),
    dependents: dependentsIn(doc),
    listedContainers: doc.evidence.containers?.ids ?? [],
    paramsProblem: paramsProblem(doc.type, doc.params),
    lastCompletedAtMs: lastCompletedAt(doc),
  };
}

const dependentsIn = ({ type, params }: Action): readonly string[] => {
  const parsed = RestartParams.safeParse(params);
  return type === 'container_restart' && parsed.success ? (parsed.data.dependents ?? []) : [];
};

function lastCompletedAt({ transition_history }: Action): number | null {
  const newest = transition_history.findLast(({ to }) => to === 'completed');
  return newest === undefined ? null : Date.parse(newest.at);
}

export const desiredView = (doc: DesiredNode): DesiredView | null =>
  doc.status === 'gone' ? null : { node: doc.node, services: doc.services, ...(doc.cleanup_class === undefined ? {} : { cleanup_class: doc.cleanup_class }) };

/** null: nobody declared it here, or docker-compose does not run it. */
export function declarationIn(desired: DesiredView | null, service: string | null): Declaration | null {
  const found = desired?.services.find(({ name }) => name === service);
  if (desired === null || found?.origin !== 'declared' || found.repairable === false) return null;
  return { node: desired.node, stack: found.stack ?? found.name, service: found.name };
}

export const healthView = (doc: ServiceHealth): HealthView => ({
  status: doc.status,
  containerId: doc.container_id,
  startedAtMs: doc.started_at === null ? null : Date.parse(doc.started_at),
});

const endStates: readonly ActionState[] = ['completed', 'failed', 'rejected', 'cancelled', 'expired'];

/** How far a life has come: within one attempt it only moves on, so a document that says less is an older one. */
const progress = (status: ActionState): number => (status === 'pending' ? 0 : status === 'approved' ? 1 : status === 'running' ? 2 : 3);

export const isOlder = (view: ActionView, than: ActionView): boolean =>
  view.attempt < than.attempt || (view.attempt === than.attempt && progress(view.status) < progress(than.status));

interface Mine {
  readonly attempt: number;
  readonly nonce: string | null;
}

/** Nothing can become of this attempt any more: it ended, or another one took its place. */
export const isOver = (view: ActionView | null, mine: Mine): boolean =>
  view !== null && (view.attempt > mine.attempt || (view.attempt === mine.attempt && endStates.includes(view.status)));

const isRunning = (view: ActionView | null, mine: Mine): view is ActionView => view !== null && view.attempt === mine.attempt && view.status === 'running';

export const isGranted = (view: ActionView | null, mine: Mine): boolean => isRunning(view, mine) && view.nonce !== null && view.nonce === mine.nonce;

/** Running under a nonce that is not ours, or that we forgot: never to be executed. */
export const isGrantedToAnother = (view: ActionView | null, mine: Mine): boolean => isRunning(view, mine) && view.nonce !== mine.nonce;

export const holdsLease = (view: ActionView | null, nowMs: number): boolean => view !== null && view.leaseUntilMs !== null && nowMs < view.leaseUntilMs;

/** `started_at` may be read from a clock that was set back a little while the container started; more is not believed. */
const clockToleranceMs = 1_000;

export interface Proof {
  readonly health: HealthView | null;
  readonly begunAtMs: number;
  /** Start of the container before the effect; null = it had never started. */
  readonly previousStartMs: number | null;
  /** Start that the engine reported after the effect; null = it did not say. */
  readonly effectStartMs: number | null;
  /** The container that had to go; null = it may be the same one. */
  readonly replaced: string | null;
}

/** Whether this health is that of a container that was started by the effect, or after it. */
export function provesEffect({ health, begunAtMs, previousStartMs, effectStartMs, replaced }: Proof): boolean {
  if (health?.status !== 'healthy' || health.startedAtMs === null) return false;
  if (replaced !== null && (health.containerId === null || health.containerId === replaced)) return false;
  if (health.startedAtMs < begunAtMs - clockToleranceMs) return false;
  if (previousStartMs !== null && health.startedAtMs <= previousStartMs) return false;
  return effectStartMs === null || health.startedAtMs >= effectStartMs;
}
