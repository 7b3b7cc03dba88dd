/**
 * What explains a trouble, most general first: the link of a site that is down, a node that is away, an engine or a broker that does
 * not answer, a service that is needed, a worse trouble of the same service. Pure; looks only at what is so now.
 *
 * Behind a link, a node, an engine or a broker that is away nothing can be known, so they explain without limit. A service that is
 * needed explains what it can have brought about: nothing where nobody watches it, no end of a dependent where it is merely not
 * well, nothing that begins long after its own trouble did, and nothing that was there before.
 *
 * Chains end: what is more general never hangs on what is less, and of services that need each other in a circle the one that was
 * in trouble first explains the others.
 */
import { type IncidentKind, incidentKinds } from '../../contracts/incident.ts';
import { onsetOf } from './changes.ts';
import type { Docket } from './docket.ts';
import { graceOf, isNobodysWish, recoveryOf } from './grace.ts';
import { siteNode } from './site-node.ts';
import type { NodeLive, ObserverState } from './state.ts';
import { canSpeak, isOwn, judgeService, siteOf } from './status.ts';
import { badEntry, badSinceMs, type Cause, type Entry, entryAt, isIncident, openKey } from './world.ts';

/** What needs explaining: an incident, or what may become one. */
export type Unexplained = Pick<Entry, 'service' | 'kind' | 'onset_ms' | 'bad_ms' | 'cause' | 'flapping'> & { readonly opened_ms?: number };

export interface Explanation {
  readonly node: string;
  readonly service: string | null;
  readonly kind: IncidentKind;
  /** false: a trouble that may still pass within its grace. */
  readonly isSettled: boolean;
}

/** Until a decision that is due has gone to the disk and come back. */
const decisionSlackMs = 1_000;

/** What a node cannot reach while the link of its site is down. */
const overLink: ReadonlySet<IncidentKind> = new Set(['upstream']);
/** What needs a broker by its nature, whatever is declared. */
const overBroker: ReadonlySet<IncidentKind> = new Set(['zigbee']);
/** Of one service, the former explains the latter: what does not exist cannot run, what does not run cannot be healthy. */
const serviceKindsByWeight: readonly IncidentKind[] = ['missing', 'down', 'unhealthy'];

/** A service in such trouble does nothing for those who need it. In any other it does part of its work: they may do badly, but not end for it. */
const stopsDependents: ReadonlySet<IncidentKind> = new Set(['down', 'missing', 'broker']);
/** What of a dependent only those explain. */
const outages: ReadonlySet<IncidentKind> = new Set(['down', 'missing']);
/** Nobody behind it can be asked, however long it lasts. */
const isBoundless: ReadonlySet<IncidentKind> = new Set(['broker']);

/** A dependent may notice an outage so long before what is down is seen to be: docker asks every 30 s how a service is, and waits 30 s for the answer. */
const noticedLateMs = 60_000;

/** Kinds that explain troubles of any other node of their site. */
export const siteWide: ReadonlySet<IncidentKind> = new Set(['link_down', 'broker']);

interface Subject {
  readonly node: NodeLive | undefined;
  readonly service: string | null;
  readonly kind: IncidentKind;
}

/** When a cause that may pass is to be looked at again goes into the docket. */
export function explanationOf(state: ObserverState, node: NodeLive, trouble: Unexplained, docket: Docket): Explanation | null {
  const { service, kind } = trouble;
  const look = (node: NodeLive | undefined, service: string | null, kind: IncidentKind) => standing(state, { node, service, kind }, docket);
  const link = overLink.has(kind) ? look(state.nodes.get(siteNode(state.options.site)), null, 'link_down') : null;
  if (link !== null) return link;
  const away = kind === 'node_offline' ? null : look(node, null, 'node_offline');
  if (away !== null) return away;
  if (service === null) return null;
  return (
    look(node, null, 'engine') ??
    (overBroker.has(kind) ? brokerOf(state, docket) : null) ??
    dependencyOf(state, node, { ...trouble, service }, docket) ??
    worseOf(kind).reduce<Explanation | null>((found, each) => found ?? look(node, service, each), null)
  );
}

/** Kinds of the same service that explain this one. */
function worseOf(kind: IncidentKind): readonly IncidentKind[] {
  const at = serviceKindsByWeight.indexOf(kind);
  return at === -1 ? serviceKindsByWeight : serviceKindsByWeight.slice(0, at);
}

/** The trouble of a subject, if it is one that others may hang on. */
function standing(state: ObserverState, { node, service, kind }: Subject, docket: Docket): Explanation | null {
  const entry = node === undefined ? undefined : badEntry(node.world, service, kind);
  if (node === undefined || entry === undefined) return null;
  if (isIncident(entry)) return { node: node.name, service, kind, isSettled: true };
  if (isNobodysWish(node, entry)) return null;
  const freeMs = node.unexplainedSinceMs.get(openKey(service, kind));
  if (entry.cause !== null && freeMs === null) return { node: node.name, service, kind, isSettled: true };
  const found = { node: node.name, service, kind, isSettled: false };
  // What is decided already comes back from the disk, and then everybody is looked at again.
  if (node.derivedInFlight > 0) return found;
  // A consequence whose own cause ended has its grace anew; after that it is an incident, or never becomes one.
  const untilMs = entry.cause === null ? entry.since_ms + graceOf(state, node, entry) : (freeMs ?? state.syncedAtMs) + recoveryOf(state, node, entry);
  return docket.isDue(untilMs + decisionSlackMs) ? null : found;
}

function brokerOf(state: ObserverState, docket: Docket): Explanation | null {
  for (const node of state.nodes.values()) {
    if (!isOwn(state, node)) continue;
    for (const key of [...node.world.active.keys(), ...node.world.troubles.keys()]) {
      const entry = entryAt(node.world, key);
      const isCause = entry?.kind === 'broker' && isWatched(node, entry.service);
      const found = isCause ? standing(state, { node, service: entry.service, kind: 'broker' }, docket) : null;
      if (found !== null) return found;
    }
  }
  return null;
}

interface Reference {
  readonly node: string;
  readonly service: string;
}

function referenceOf(text: string): Reference | null {
  const slash = text.indexOf('/');
  return slash < 1 ? null : { node: text.slice(0, slash), service: text.slice(slash + 1) };
}

const needsOf = (state: ObserverState, { node, service }: Reference): readonly Reference[] =>
  (state.nodes.get(node)?.wanted.get(service)?.depends_on ?? []).map(referenceOf).filter((each) => each !== null);

/** What a service needs, directly and through others, nearest first. */
function neededBy(state: ObserverState, from: Reference): readonly Reference[] {
  const found: Reference[] = [];
  const seen = new Set([`${from.node}/${from.service}`]);
  for (let round = needsOf(state, from); round.length > 0; round = round.flatMap((each) => needsOf(state, each))) {
    round = round.filter(({ node, service }) => !seen.has(`${node}/${service}`) && seen.add(`${node}/${service}`));
    found.push(...round);
  }
  return found;
}

type Dependent = Unexplained & { readonly service: string };

function dependencyOf(state: ObserverState, node: NodeLive, dependent: Dependent, docket: Docket): Explanation | null {
  const { service } = dependent;
  if (node.wanted.get(service)?.depends_on === undefined) return null;
  const self = { node: node.name, service };
  for (const needed of neededBy(state, self)) {
    const found = troubleOf(state, needed, dependent, docket);
    if (found === null) continue;
    const isMutual = found.service !== null && neededBy(state, needed).some((each) => each.node === self.node && each.service === service);
    if (!isMutual || isBefore(state, needed, self)) return found;
  }
  return null;
}

/** An incident of something that a service needs, whether or not it explains anything: for whoever looks into the trouble of the service. */
export function relatedTo(state: ObserverState, { name }: NodeLive, service: string | null): Cause | null {
  for (const needed of service === null ? [] : neededBy(state, { node: name, service })) {
    const world = state.nodes.get(needed.node)?.world;
    for (const kind of incidentKinds) {
      const entry = world === undefined ? undefined : badEntry(world, needed.service, kind);
      if (entry !== undefined && isIncident(entry)) return { ...needed, kind, id: entry.id };
    }
  }
  return null;
}

/** Nobody is told of the troubles of a service that is not monitored, so nothing may be hidden behind them. */
const isWatched = (node: NodeLive, service: string | null): boolean => service === null || node.wanted.get(service)?.monitor !== false;

/** Can this trouble of a needed service have brought the other one about? */
function reaches(state: ObserverState, needed: NodeLive, cause: Entry, dependent: Dependent): boolean {
  if (outages.has(dependent.kind) && !stopsDependents.has(cause.kind)) return false;
  if (isBoundless.has(cause.kind)) return true;
  if (wasThereBefore(dependent, cause.onset_ms === 0 ? badSinceMs(cause) : cause.onset_ms)) return false;
  // What is still within its grace may be a cause for as long as that takes.
  return dependent.onset_ms <= badSinceMs(cause) + Math.max(state.options.followsWithinMs, graceOf(state, needed, cause));
}

/** It had this trouble of its own when the other one began, off and on: who was told of it must not lose sight of it. */
function wasThereBefore({ onset_ms, bad_ms, cause, flapping, opened_ms }: Dependent, causeBeganMs: number): boolean {
  const isIncident = opened_ms !== undefined;
  // A consequence that never was an incident is nobody's news yet, and may pass from one cause to the next.
  if (cause !== null && !isIncident) return false;
  // Of what passed before it became an incident nobody heard.
  const sinceMs = isIncident || flapping ? onset_ms : bad_ms;
  // Checkpoints of earlier versions do not say it.
  return sinceMs !== 0 && sinceMs < causeBeganMs - noticedLateMs;
}

/** Of services that need each other: the one that has been in trouble longest, else the first by name. A strict order, so that no circle of causes comes of it. */
function isBefore(state: ObserverState, a: Reference, b: Reference): boolean {
  const [beganA, beganB] = [beganOf(state, a), beganOf(state, b)];
  if (beganA === null || beganA !== beganB) return beganA !== null && beganB !== null && beganA < beganB;
  return `${a.node}/${a.service}` < `${b.node}/${b.service}`;
}

function beganOf(state: ObserverState, { node, service }: Reference): string | null {
  const world = state.nodes.get(node)?.world;
  let began: string | null = null;
  for (const kind of incidentKinds) {
    const entry = world === undefined ? undefined : badEntry(world, service, kind);
    if (entry !== undefined && (began === null || entry.started_at < began)) began = entry.started_at;
  }
  return began;
}

/** What is wrong with a service that others need, or with what it runs on, and explains the trouble of one of them. */
function troubleOf(state: ObserverState, { node: name, service }: Reference, dependent: Dependent, docket: Docket): Explanation | null {
  const node = state.nodes.get(name);
  if (node === undefined) return null;
  const look = (node: NodeLive | undefined, service: string | null, kind: IncidentKind) => standing(state, { node, service, kind }, docket);
  // Another site judges its own; here only the way there is known.
  if (!isOwn(state, node)) return look(state.nodes.get(siteNode(siteOf(state, node))), null, 'link_down');
  const around = look(node, null, 'node_offline') ?? look(node, null, 'engine');
  if (around !== null || !isWatched(node, service)) return around;
  for (const kind of incidentKinds) {
    const entry = badEntry(node.world, service, kind);
    const found = entry !== undefined && reaches(state, node, entry, dependent) ? look(node, service, kind) : null;
    if (found !== null) return found;
  }
  const found = aboutToBe(state, node, service, dependent, docket);
  return found !== null && outages.has(dependent.kind) && !stopsDependents.has(found.kind) ? null : found;
}

/** In trouble by its health documents alone: the event that says so may be on its way, or may never come. */
function aboutToBe(state: ObserverState, node: NodeLive, service: string, dependent: Dependent, docket: Docket): Explanation | null {
  if (!node.wanted.has(service) || !canSpeak(node)) return null;
  const judgement = judgeService(node, service);
  const kind = judgement.verdict === 'bad' ? judgement.kind : 'missing';
  const sinceMs = judgement.verdict === 'bad' ? node.services.get(service)?.sinceMs : node.absentSinceMs.get(service);
  if (sinceMs === undefined || wasThereBefore(dependent, onsetOf(node.world, openKey(service, kind), sinceMs))) return null;
  const untilMs = Math.max(sinceMs, state.syncedAtMs) + graceOf(state, node, { service, kind: 'down' }) + state.options.healMs + decisionSlackMs;
  return docket.isDue(untilMs) ? null : { node: node.name, service, kind, isSettled: false };
}
