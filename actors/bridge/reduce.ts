/**
 * Store, forward, reconcile: what comes from either broker, and what is to be done about it.
 *
 * Reads: everything that goes up on the site's broker, what comes down at the hub, the cursors of the hub's store.
 * Writes, as commands: copies of it, `links/<site>`, `cursors/<hub>/<node>` on the site's broker, its journal and its cache.
 * Fails: with a broker away it keeps what it has; what does not fit its contract is not carried. The parts of the state are
 * mutated in place.
 */

import { actorNames } from '../../contracts/actor-names.ts';
import type { EventDraft } from '../../contracts/event.ts';
import { topics } from '../../contracts/topics.ts';
import { Cursor } from '../../contracts/world.ts';
import { offsetSample, withSample } from './clock-offset.ts';
import { followClock } from './clock-set-back.ts';
import { copyOf } from './copy.ts';
import { downFilters, goesUp, inventoryManifests, isMachine, type Place, placeOf, readBackFilters } from './directions.ts';
import type { DocumentMessage } from './documents-up.ts';
import { unconfirmedMax } from './event-queue.ts';
import { grown, rewriteDue } from './journal-weight.ts';
import { sayLink } from './link-document.ts';
import { pump } from './pump.ts';
import type { BridgeCommand, BridgeEvent, BridgeState } from './state.ts';
import { takenEvent } from './taken-event.ts';
import { onTime } from './timers.ts';
import { confirmed, forgetTickets, settle } from './uplink.ts';

export interface BridgeReduction {
  readonly state: BridgeState;
  readonly commands: readonly BridgeCommand[];
}

export function reduce(state: BridgeState, event: BridgeEvent): BridgeReduction {
  followClock(state, event.now);
  const commands = [...react(state, event), ...onTime(state, event.now), ...sayLink(state, event.now), ...pump(state, event.now)];
  if (state.down.isUnsaved) {
    state.down.isUnsaved = false;
    commands.push({ type: 'save', cache: state.down.cache });
  }
  return { state, commands };
}

/** offline: the hub is not reached; standby: the site's broker is away; draining: a backlog goes up; forwarding: what happens crosses at once. */
export function mode(state: BridgeState): 'offline' | 'reconciling' | 'standby' | 'draining' | 'forwarding' {
  if (state.isStandbyOpen) return 'standby';
  if (state.far.status === 'down') return 'offline';
  if (state.far.status === 'reading' || state.near.status !== 'up') return 'reconciling';
  // Not with each single event: a mode is a document that crosses the link too, and weighs more than the event.
  return state.queue.backlog > unconfirmedMax ? 'draining' : 'forwarding';
}

function react(state: BridgeState, event: BridgeEvent): readonly BridgeCommand[] {
  switch (event.type) {
    case 'start': {
      const { journalProblem } = state;
      return [...cursorsOf(state), ...(journalProblem === null ? [] : state.refusals.of(journalProblem.topic, journalProblem.problem))];
    }
    case 'up':
      return event.where === 'near' ? nearUp(state, event.now) : farUp(state, event.session, event.now);
    case 'read':
      return event.where === 'near' ? nearRead(state, event.now) : farRead(state, event.now);
    case 'down':
      return event.where === 'near' ? nearDown(state, event.now) : farDown(state, event.now);
    case 'message':
      return event.where === 'near' ? fromNear(state, event.topic, event.text, event.retained) : fromFar(state, event);
    case 'sent':
    case 'unsendable': {
      const document = settle(state, event.ticket)?.document ?? null;
      // An event that was not taken is asked for again, as one that was lost: its size was seen to when it came.
      if (document !== null && event.type === 'sent') state.up.settled(document, event.now);
      else if (document !== null) state.up.refused(document);
      return [];
    }
    case 'journalled':
      return journalled(state);
    case 'alive':
      state.near.aliveMs = event.now;
      return [];
    case 'local_back':
      if (!state.isStandbyOpen) return [];
      state.isStandbyOpen = false;
      state.near.aliveMs = event.now; // the same time again for everybody to come back
      return [{ type: 'standby', open: false }];
    case 'wake':
      return [];
  }
}

function journalled(state: BridgeState): readonly BridgeCommand[] {
  const lines = state.journalling ?? [];
  state.journalling = null;
  grown(state, lines);
  const events = lines.flatMap((line) => ('id' in line ? [line] : []));
  state.queue.journalled(events);
  return [...[...new Set(events.map(({ node }) => node))].map((node) => cursorOf(state, node)), ...rewriteDue(state)];
}

const nodesOf = (state: BridgeState): ReadonlySet<string> => new Set([...state.up.nodes, ...state.down.nodes, ...state.queue.nodes].filter(isMachine));

/** Who is mentioned keeps its events until they are here, so everybody is, also who has not said anything yet: its first event may come while this is away. */
const nothingYet = Object.fromEntries(actorNames.map((name) => [name, { urgent: 0, info: 0 }]));

function cursorOf({ queue }: BridgeState, node: string): BridgeCommand {
  return { type: 'cursor', node, positions: { ...nothingYet, ...queue.positionsOf(node) } };
}

const cursorsOf = (state: BridgeState): readonly BridgeCommand[] => [...nodesOf(state)].map((node) => cursorOf(state, node));

function nearUp(state: BridgeState, now: number): readonly BridgeCommand[] {
  Object.assign(state.near, { status: 'reading', sinceMs: now, aliveMs: now });
  return [];
}

function nearRead(state: BridgeState, now: number): readonly BridgeCommand[] {
  Object.assign(state.near, { status: 'up', aliveMs: now });
  state.up.nearRead(now);
  // Before this a cursor of an earlier life may be of a node that is not known yet: taken away, it would release what is waiting.
  return [...cursorsOf(state), { type: 'complete' }, ...toNear(state.down.nearRead()), ...askMore(state)];
}

function nearDown(state: BridgeState, now: number): readonly BridgeCommand[] {
  Object.assign(state.near, { status: 'down', sinceMs: now });
  state.up.nearLost();
  state.down.nearLost();
  return [];
}

function farUp(state: BridgeState, session: number, now: number): readonly BridgeCommand[] {
  Object.assign(state.far, { status: 'reading', sinceMs: now, session, rev: 0 });
  state.asked.clear();
  const { site, hubSite } = state.options;
  const nodes = [...nodesOf(state)];
  for (const node of nodes) state.asked.add(node);
  const link = topics.link.filter({ site });
  return [{ type: 'ask', keep: [inventoryManifests, ...downFilters(nodes, site, hubSite)], once: [link, ...readBackFilters(nodes, site)] }];
}

/** Nodes that have come up since the link did: of these, or of all that are known. */
function askMore(state: BridgeState, among: Iterable<string> = nodesOf(state)): readonly BridgeCommand[] {
  if (state.far.status !== 'up') return [];
  const { site, hubSite } = state.options;
  const nodes = [...among].filter((node) => !state.asked.has(node) && isMachine(node));
  if (nodes.length === 0) return [];
  for (const node of nodes) state.asked.add(node);
  return [{ type: 'ask', keep: downFilters(nodes, site, hubSite), once: readBackFilters(nodes, site) }];
}

function farRead(state: BridgeState, now: number): readonly BridgeCommand[] {
  const isFirst = state.far.status === 'reading';
  if (state.far.status === 'down') return [];
  state.far.status = 'up';
  state.up.farRead(now);
  if (!isFirst) return askMore(state);
  state.queue.rewind();
  confirmed(state, now);
  const { lostMs } = state;
  state.lostMs = null;
  // Also the first time: by this event and the cursor that answers it the clocks are compared, where nothing else happens.
  const draft: EventDraft = {
    type: 'link_up',
    severity: 'info',
    message: lostMs === null ? 'the hub is reached' : `the hub is reached again after ${Math.round((now - lostMs) / 1000)} s`,
    payload: { down_ms: lostMs === null ? null : now - lostMs, backlog: state.queue.backlog, documents: state.up.waiting },
  };
  return [{ type: 'emit', draft }, ...askMore(state)];
}

function farDown(state: BridgeState, now: number): readonly BridgeCommand[] {
  if (state.far.status === 'up') state.lostMs ??= now;
  Object.assign(state.far, { status: 'down', sinceMs: now });
  forgetTickets(state);
  state.clockProbe = null;
  state.up.farLost();
  state.down.farLost();
  state.queue.rewind();
  return [];
}

function fromNear(state: BridgeState, topic: string, text: string, retained: boolean): readonly BridgeCommand[] {
  const place = placeOf(topic);
  if (place === null) return [];
  if (place.name === 'desired') {
    state.down.hearNear(topic, text);
    return [];
  }
  if (!goesUp(place, state.options.site)) return [];
  const about = place.levels['node'] === undefined ? [] : [place.levels['node']];
  if (place.row.kind === 'document') {
    const problem = state.up.hearNear(topic, text);
    return [...state.refusals.of(topic, problem), ...expected(state, place, text), ...askMore(state, about)];
  }
  // A retained copy of what is never retained is somebody's mistake.
  if (retained || text === '') return [];
  if (place.name === 'events') {
    const { event, problem } = takenEvent(place.levels['node'], text);
    const isNew = event !== null && state.queue.take(event);
    if (isNew) state.toJournal.push(event);
    // Not the repetitions of one that was told.
    return [...(isNew || event === null ? state.refusals.of(topic, problem) : []), ...askMore(state, about)];
  }
  // Who waits for an answer asks again: nothing of this kind is kept.
  return state.far.status === 'up' ? [{ type: 'publish', where: 'far', ticket: null, topic, text, retain: false }] : [];
}

/** An actor of the site is there: its events are waited for from the first one on. */
function expected(state: BridgeState, { name, levels }: Place, text: string): readonly BridgeCommand[] {
  const { node = '', actor = '' } = levels;
  return name === 'actorStatus' && text !== '' && state.queue.expect(node, actor) ? [cursorOf(state, node)] : [];
}

function fromFar(state: BridgeState, { topic, text, retained, now }: Extract<BridgeEvent, { type: 'message' }>): readonly BridgeCommand[] {
  const place = placeOf(topic);
  if (place === null) return [];
  switch (place.name) {
    case 'cursor':
      return onFarCursor(state, text, now);
    case 'link': {
      const held = text === '' ? null : copyOf('link', text);
      // What was written in our name by a life whose number we have lost, or by another bridge.
      return held !== null && retained && held.session > state.far.session ? [{ type: 'raise', session: held.session }] : [];
    }
    case 'desired':
      return toNear(state.down.hearFar(topic, text));
    case 'relay':
      return retained || text === '' ? [] : [{ type: 'publish', where: 'near', ticket: null, topic, text, retain: false }];
    case 'manifest': {
      if (place.levels['actor'] !== 'inventory' || goesUpByNode(state, place)) break;
      const { unknown, messages } = state.down.hearManifest(topic, text);
      return [...toNear(messages), ...(unknown.length === 0 ? [] : [{ type: 'ask', keep: [], once: unknown } as const])];
    }
    default:
  }
  if (retained) state.up.hearFar(topic, text);
  return [];
}

/** An inventory of the site's own, where it has one: its manifest is a document on its way up. */
const goesUpByNode = (state: BridgeState, { levels }: Place): boolean => state.up.nodes.has(levels['node'] ?? '');

function onFarCursor(state: BridgeState, text: string, now: number): readonly BridgeCommand[] {
  const cursor = text === '' ? undefined : parseCursor(text);
  if (cursor === undefined) return [];
  const { node, positions, ts } = cursor;
  const probe = state.clockProbe;
  if (probe !== null && probe.node === node && (positions[probe.source]?.[probe.lane] ?? 0) >= probe.seq) {
    const sample = offsetSample(probe.sentMs, Date.parse(ts), now);
    if (sample !== null) state.samples = withSample(state.samples, sample);
    state.clockProbe = null;
  }
  if (!state.queue.onFarCursor(node, positions)) return [];
  confirmed(state, now);
  return rewriteDue(state);
}

function parseCursor(text: string): Cursor | undefined {
  try {
    return Cursor.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

const toNear = (messages: readonly DocumentMessage[]): readonly BridgeCommand[] =>
  messages.map(({ topic, text }) => ({ type: 'publish', where: 'near', ticket: null, topic, text, retain: true }));
