/**
 * What a person must know before saying yes, and what became of it. Pure; `nowMs` is epoch milliseconds.
 *
 * Who may move what is the ledger's to judge; here only stands which buttons make sense, so that nobody is offered what will be refused.
 */
import type { Action, Transition } from '../../../../../contracts/action.ts';
import { actionRules } from '../../../../../contracts/action-rules.table.ts';
import { diskThresholdPct } from '../../../../../contracts/defaults.ts';
import { texts } from '../texts.ts';
import type { World } from './documents.ts';
import { bytes, duration, mebibytes } from './words.ts';

export interface DiffRow {
  readonly label: string;
  readonly desired: string;
  readonly actual: string;
  readonly differs: boolean;
}

const t = texts.action;
const paramNames = (action: Action): readonly string[] => {
  const { dependents } = action.params;
  return Array.isArray(dependents) ? dependents.filter((each) => typeof each === 'string') : [];
};

/** "restart web on vps" */
export const phraseOf = ({ type, node, service }: Pick<Action, 'type' | 'node' | 'service'>): string =>
  t.phrase[type](service === null ? node : texts.on(service, node));

/** What happens after a yes, one line each. */
export function effectsOf(action: Action): readonly string[] {
  const { unsupported } = actionRules[action.type];
  // The ledger refuses it; one of an older version may still be there.
  if (unsupported !== null) return [t.nobodyCan(unsupported)];
  const { estimate_bytes, containers } = action.evidence;
  const dependents = paramNames(action);
  const lines: string[] = [t.effect[action.type]];
  if (action.type === 'container_restart') lines.push(dependents.length === 0 ? t.noDependents : t.dependents(dependents));
  if (action.type === 'disk_cleanup') {
    lines.push(estimate_bytes == null ? t.freesUnknown : t.frees(bytes(estimate_bytes)));
    if (containers !== undefined && containers.ids.length > 0) lines.push(t.removes(containers.names, containers.ids.length));
  }
  const end = t.doneWhen[action.type](duration(action.verify_window_ms));
  if (end !== '') lines.push(end);
  return lines;
}

/** Of what happens after a yes, what its name does not say yet. */
export function gistOf(action: Action): string {
  const [first = '', second = first] = effectsOf(action);
  return second;
}

/** Desired against actual, for the target of an action. */
export function diffOf(action: Pick<Action, 'node' | 'service'>, world: World): readonly DiffRow[] {
  return action.service === null ? nodeDiff(action.node, world) : serviceDiff(action.node, action.service, world);
}

function nodeDiff(node: string, world: World): readonly DiffRow[] {
  const health = world.health.get(node);
  if (health === undefined) return [];
  const { disk_pct, disk_free_bytes, reclaimable_bytes, engine } = health;
  const rows: DiffRow[] = [
    { label: t.diff.engine, desired: t.diff.engineUp, actual: texts.words[engine] ?? engine, differs: engine !== 'up' && engine !== 'none' },
  ];
  if (disk_pct != null)
    rows.push({
      label: t.diff.disk,
      desired: t.diff.below(diskThresholdPct),
      actual: t.diff.used(Math.round(disk_pct), disk_free_bytes == null ? null : bytes(disk_free_bytes)),
      differs: disk_pct >= diskThresholdPct,
    });
  if (reclaimable_bytes != null) rows.push({ label: t.diff.reclaimable, desired: t.diff.anything, actual: bytes(reclaimable_bytes), differs: false });
  return rows;
}

function serviceDiff(node: string, service: string, world: World): readonly DiffRow[] {
  const wanted = world.desired.get(node)?.services.find(({ name }) => name === service);
  const known = world.services.find((each) => each.node === node && each.service === service);
  const health = world.serviceHealth.get(`${node}/${service}`);
  const commit = world.desired.get(node)?.commit;
  const status = known?.status ?? 'unknown';
  const why = health?.reason === undefined || health.reason === 'running' ? '' : `, ${texts.reasons[health.reason] ?? health.reason}`;
  const code = health?.exit_code == null ? '' : `, ${t.diff.exitCode(health.exit_code)}`;
  const origin =
    wanted === undefined ? t.diff.notDesired : `${t.diff.runs} (${texts.words[wanted.origin] ?? wanted.origin}${commit === undefined ? '' : ` ${commit}`})`;
  const rows: DiffRow[] = [
    { label: t.diff.state, desired: origin, actual: `${texts.words[status] ?? status}${why}${code}`, differs: status !== 'healthy' },
    { label: t.diff.container, desired: t.diff.one, actual: health?.container ?? t.diff.none, differs: health?.container == null },
  ];
  if (health !== undefined) {
    rows.push({ label: t.diff.image, desired: t.diff.byCompose, actual: health.image ?? t.diff.none, differs: false });
    rows.push({
      label: t.diff.restarts,
      desired: t.diff.policy(health.restart_policy),
      actual: String(health.restart_count),
      differs: health.restart_count > 0,
    });
    if (health.health_log != null) rows.push({ label: t.diff.healthCheck, desired: t.diff.passes, actual: health.health_log, differs: true });
  }
  for (const need of wanted?.depends_on ?? []) rows.push(needRow(need, world));
  if (wanted?.memory_limit_bytes !== undefined)
    rows.push({
      label: t.diff.memory,
      desired: mebibytes(wanted.memory_limit_bytes),
      actual: health?.oom_killed === true ? t.diff.oom : '',
      differs: health?.oom_killed === true,
    });
  return rows;
}

function needRow(need: string, world: World): DiffRow {
  const found = world.services.find((each) => `${each.node}/${each.service}` === need);
  const status = found?.status ?? 'unknown';
  return { label: t.diff.needs(need), desired: texts.words['healthy'] ?? 'healthy', actual: texts.words[status] ?? status, differs: status !== 'healthy' };
}

export interface Step {
  readonly name: 'proposed' | 'decided' | 'running' | 'ended';
  readonly state: 'done' | 'now' | 'next' | 'bad';
  readonly word: string;
  readonly at: string | null;
  readonly by: string;
  readonly note: string;
}

const ends: readonly string[] = ['completed', 'failed', 'cancelled', 'rejected', 'expired'];

/** The way of an action from proposal to its end, as far as it has come. */
export function stepsOf(action: Action): readonly Step[] {
  const history = action.transition_history.slice(
    Math.max(
      0,
      action.transition_history.findLastIndex(({ to, from }) => to === 'pending' && from !== 'pending'),
    ),
  );
  const last = (state: string): Transition | undefined => history.findLast(({ to, from }) => to === state && from !== to);
  const ended = ends.includes(action.status) ? last(action.status) : undefined;
  const step = (name: Step['name'], found: Transition | undefined, word: string, isNow: boolean): Step => ({
    name,
    state: found === undefined ? (isNow ? 'now' : 'next') : isNow ? 'now' : 'done',
    word,
    at: found?.at ?? null,
    by: found?.by ?? '',
    note: found?.note ?? '',
  });
  const steps: Step[] = [
    step('proposed', last('pending'), t.steps.proposed, action.status === 'pending'),
    step('decided', last('approved'), last('approved') === undefined ? t.steps.decision : t.steps.approved, action.status === 'approved'),
    ...(actionRules[action.type].doneWhen === 'seen' ? [] : [step('running', last('running'), t.steps.running, action.status === 'running')]),
  ];
  if (ended === undefined) return [...steps, step('ended', undefined, t.steps.end[action.type], false)];
  const way = steps.filter(({ at }) => at !== null);
  const isBad = action.status === 'failed' || action.status === 'expired';
  return [...way, { ...step('ended', ended, texts.words[action.status] ?? action.status, false), state: isBad ? 'bad' : 'done' }];
}

/** How far the time has gone in which a running action must prove itself, 0 to 1; null: it does not run, or has nothing to prove. */
export function progressOf(action: Action, nowMs: number): number | null {
  if (action.status !== 'running' || action.claim == null || actionRules[action.type].doneWhen !== 'healthy') return null;
  return Math.min(1, Math.max(0, (nowMs - Date.parse(action.claim.at)) / action.verify_window_ms));
}

export interface Reader {
  readonly login: string | null;
  readonly role: string | null;
}

export interface Choices {
  /** `sheet`: a second, deliberate step. */
  readonly approve: 'press' | 'sheet' | null;
  readonly reject: boolean;
  readonly cancel: boolean;
  /** Why there is nothing to choose, or null. */
  readonly refused: string | null;
}

/** Without a login nobody but this machine asks; the ledger judges it. */
export const mayDecide = (me: Pick<Reader, 'role'> | null): boolean => me?.role !== 'reader';

export function choicesOf(action: Action, me: Reader | null, isLive: boolean): Choices {
  const none = { approve: null, reject: false, cancel: false } as const;
  if (action.status !== 'pending' && action.status !== 'approved') return { ...none, refused: null };
  if (!isLive) return { ...none, refused: t.notLive };
  if (!mayDecide(me)) return { ...none, refused: t.readersOnly };
  if (action.status === 'approved') return { ...none, cancel: true, refused: null };
  return { approve: action.risk === 'guarded' ? 'sheet' : 'press', reject: true, cancel: false, refused: null };
}

/** When something happened to it last. */
export const touchedAt = (action: Action): string => action.transition_history.at(-1)?.at ?? action.ts;

export interface Course {
  readonly at: string;
  readonly phase: 'waits' | 'approved' | 'runs' | 'proposed';
}

/** Since when it is as it is, and what that is called in the catalogue. */
export function courseOf(action: Action): Course {
  if (action.status === 'pending') return { at: action.proposed_at, phase: 'waits' };
  if (action.status === 'approved') return { at: action.approved_at ?? touchedAt(action), phase: 'approved' };
  if (action.status === 'running') return { at: action.claim?.at ?? touchedAt(action), phase: 'runs' };
  return { at: action.proposed_at, phase: 'proposed' };
}
