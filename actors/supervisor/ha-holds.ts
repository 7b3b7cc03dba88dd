/**
 * What stands against making something of a word about Home Assistant: it is the consequence of something else, or may be.
 *
 * Reads: Knowledge. Pure; `now` is epoch milliseconds. One outage is one alarm: that of the node, of what Home Assistant needs, or of
 * its container. A container that has just stopped or started is starting, whether or not an incident tells of it.
 */
import type { DesiredNode } from '../../contracts/desired.ts';
import type { Incident, IncidentKind } from '../../contracts/incident.ts';
import { minuteOf } from './guards.ts';
import type { HaHeard } from './ha-heard.ts';
import { type Knowledge, serviceKey } from './knowledge.ts';
import { type Hold, latest, type Verdict } from './verdict.ts';

export interface HaCase {
  readonly knowledge: Knowledge;
  readonly heard: HaHeard;
  /** Where Home Assistant runs; undefined: nobody declared it, or on several machines. */
  readonly home: DesiredNode | undefined;
  readonly node: string;
  /** Of its container. */
  readonly container: Verdict | undefined;
  readonly transitionWindowMs: number;
  readonly now: number;
}

/** So long until the incident that explains it must have opened: its grace is 20 s. */
const settleMs = 30_000;

/** What comes before a restart. */
export const causeHold = (given: HaCase): Hold | null => nodeHold(given) ?? needHold(given) ?? containerHold(given);

/** What a notice is only the consequence of. */
export const consequenceHold = (given: HaCase): Hold | null => nodeHold(given) ?? needConsequence(given) ?? startConsequence(given);

/** What may be cleared up by waiting. */
export const waitHold = (given: HaCase): Hold | null => latest([settling(given), unheardNode(given)]);

/** A node that nobody can hear has no Home Assistant that could be judged. One without a node-agent is watched from elsewhere. */
function nodeHold({ knowledge, node }: HaCase): Hold | null {
  const status = knowledge.nodes.get(node)?.status;
  if (status !== 'offline' && status !== 'unknown' && status !== 'gone') return null;
  return { code: 'node_unknown', why: `its node is ${status}: unknown is not down`, untilMs: null };
}

/** Its container is in trouble, or explained by another: that comes first. */
function containerHold({ container }: HaCase): Hold | null {
  if (container === undefined || (container.drift !== 'present' && container.code !== 'explained')) return null;
  const cause = container.cause ?? container.incidentId ?? undefined;
  return { code: 'explained', why: `its container is in trouble (${cause ?? container.code})`, untilMs: null, ...(cause === undefined ? {} : { cause }) };
}

/** What it needs is in trouble, directly or through others, or was a moment ago: it comes back with that, or is looked at then. */
function needHold(given: HaCase): Hold | null {
  let hold: Hold | null = null;
  for (const incident of troublesOfNeeds(given)) {
    const untilMs = endsMs(incident);
    if (untilMs !== null && given.now >= untilMs) continue;
    const cause = incident.suppressed_by ?? incident.id;
    hold = latest([hold, { code: 'explained', why: `what it needs is in trouble (${cause})`, untilMs, cause }]);
  }
  return hold;
}

/** What is said while something that it needs is in trouble is told by that one's incident; also later. */
function needConsequence(given: HaCase): Hold | null {
  const atMs = Date.parse(given.heard.at);
  const cause = troublesOfNeeds(given).find((incident) => {
    const untilMs = endsMs(incident);
    return atMs >= Date.parse(incident.started_at) - settleMs && (untilMs === null || atMs < untilMs);
  });
  return cause === undefined ? null : { code: 'explained', why: `said while what it needs was in trouble (${cause.id})`, untilMs: null, cause: cause.id };
}

/** Until when others may still suffer from it; null: it goes on. */
const endsMs = ({ status, resolved_at }: Incident): number | null =>
  status === 'active' ? null : (resolved_at === null ? 0 : Date.parse(resolved_at)) + settleMs;

/** Incidents, ended or not, of what it needs, and of the nodes and engines those run on. */
function troublesOfNeeds({ knowledge, home, heard }: HaCase): readonly Incident[] {
  const needed = neededBy(knowledge, home, heard.service);
  if (needed.size === 0) return [];
  const nodes = new Set([...needed].map((key) => key.slice(0, key.indexOf('/'))));
  return [...knowledge.incidents.values()].filter(({ node, service, kind }) =>
    service === null ? nodes.has(node) && nodeKinds.includes(kind) : needed.has(serviceKey(node, service)),
  );
}

/** Troubles of a node in which its services are, too. */
const nodeKinds: readonly IncidentKind[] = ['node_offline', 'engine'];

/** Keys of the services that it needs. */
function neededBy({ desired }: Knowledge, home: DesiredNode | undefined, service: string): ReadonlySet<string> {
  const needed = new Set<string>();
  if (home === undefined) return needed;
  const self = serviceKey(home.node, service);
  const next = [self];
  for (let key = next.pop(); key !== undefined; key = next.pop()) {
    const slash = key.indexOf('/');
    const declared = desired.get(key.slice(0, slash))?.services.find(({ name }) => name === key.slice(slash + 1));
    for (const reference of declared?.depends_on ?? []) {
      if (reference === self || needed.has(reference)) continue;
      needed.add(reference);
      next.push(reference);
    }
  }
  return needed;
}

const settling = ({ heard, now }: HaCase): Hold | null => {
  const untilMs = Date.parse(heard.first_heard_at) + settleMs;
  return now >= untilMs ? null : { code: 'settling', why: 'just heard: its container may be the cause', untilMs };
};

/** Watched from another machine, and its own has not spoken since: before it counts as offline it is silent for three heartbeats. */
function unheardNode({ knowledge, node, heard }: HaCase): Hold | null {
  const lastSeen = knowledge.nodes.get(node)?.last_seen ?? null;
  if (node === heard.node || lastSeen === null || Date.parse(lastSeen) >= Date.parse(heard.first_heard_at)) return null;
  return { code: 'settling', why: 'its node has not spoken since: it may be the cause', untilMs: null };
}

interface Start {
  readonly atMs: number;
  /** The stop that an incident tells of. */
  readonly incidentId: string | null;
  /** It is stopped still. */
  readonly isStopped: boolean;
}

/** The youngest stop or start of its container; a stop whether it has ended or not. One that is over within its grace leaves no incident, only a new start. */
function lastStart({ knowledge, heard, node }: HaCase): Start | null {
  const startedAt = knowledge.services.get(serviceKey(node, heard.service))?.started_at ?? null;
  let last: Start | null = startedAt === null ? null : { atMs: Date.parse(startedAt), incidentId: null, isStopped: false };
  for (const incident of knowledge.incidents.values()) {
    if (incident.node !== node || incident.service !== heard.service || incident.trigger_type !== 'containers_not_running') continue;
    const atMs = Date.parse(incident.reopened_at ?? incident.started_at);
    if (last === null || atMs > last.atMs) last = { atMs, incidentId: incident.id, isStopped: incident.status === 'active' };
  }
  return last;
}

const causedBy = ({ incidentId }: Start): { readonly cause?: string } => (incidentId === null ? {} : { cause: incidentId });

/** A container that stopped or started less than five minutes ago: it is starting. */
export function inTransition(given: HaCase): Hold | null {
  const start = lastStart(given);
  const untilMs = (start?.atMs ?? 0) + given.transitionWindowMs;
  if (start === null || given.now >= untilMs) return null;
  const what = start.incidentId === null ? 'started' : 'stopped';
  return { code: 'transition', why: `its container ${what} at ${minuteOf(start.atMs)}: starting until ${minuteOf(untilMs)}`, untilMs, ...causedBy(start) };
}

/** What is said while its container is away, or starts, is told by the container's own incident, or is nothing; also later. */
function startConsequence(given: HaCase): Hold | null {
  const start = lastStart(given);
  if (start === null) return null;
  const fromStartMs = Date.parse(given.heard.at) - start.atMs;
  const isWithin = fromStartMs >= -settleMs && (start.isStopped || fromStartMs < given.transitionWindowMs);
  const which = start.incidentId ?? `since ${minuteOf(start.atMs)}`;
  return isWithin ? { code: 'transition', why: `said while its container was starting (${which})`, untilMs: null, ...causedBy(start) } : null;
}
