/**
 * The observer's live decisions: documents and events in, commands out.
 *
 * reads: events/#, health/#, desired/#, world/actions/# (as inputs, with the time); writes: commands only. An event is
 * first appended to the store; when the store says it is on disk, it is applied to the world (apply.ts), the cursor
 * moves and the documents it touched are computed. What time alone brings about is decided in judge.ts and takes the
 * same way, as a derived event. Nothing is judged before everything retained was read, nor while disconnected.
 *
 * The state and the maps in it are changed in place; the same object comes back.
 */
import type { Reduction } from '../../bus/reducer.ts';
import { laneOf } from '../../contracts/event.ts';
import { acceptEvent, positionsOf } from '../../contracts/event-order.ts';
import { eventTypeRow, eventTypes } from '../../contracts/event-types.table.ts';
import type { IncidentKind } from '../../contracts/incident.ts';
import { resolveNode } from '../../contracts/node-alias.ts';
import { advance, applyEvent } from './apply.ts';
import { isDecision } from './apply-decision.ts';
import { siteWide } from './causes.ts';
import { derivedId } from './derived-id.ts';
import type { Derived } from './docket.ts';
import { hearAction, hearDesired, hearNodeHealth, hearServiceHealth, hearWorldNode } from './hear.ts';
import { judgeNode } from './judge.ts';
import { declareLinks, hearLink } from './links.ts';
import { directoryOf } from './node-directory.ts';
import { publish } from './publish.ts';
import { siteNode } from './site-node.ts';
import { type Checkpoint, type FilePosition, type NodeLive, nodeOf, type ObserverCommand, type ObserverInput, type ObserverState } from './state.ts';
import { isOwn, nodeStatus, siteOf } from './status.ts';
import { aliasOfKey, derivedSource, positionKey, type StoredEvent } from './stored-event.ts';
import { sliceOf } from './world.ts';

type InputOf<T extends ObserverInput['type']> = Extract<ObserverInput, { readonly type: T }>;

export const mode = (state: ObserverState): string => state.phase;

/** Epoch ms of the next `wake`. */
export function wakeAt(state: ObserverState): number | null {
  let atMs = Number.POSITIVE_INFINITY;
  let isAhead = false;
  for (const node of state.nodes.values()) {
    atMs = Math.min(atMs, node.dueAtMs ?? Number.POSITIVE_INFINITY, node.held.untilMs ?? Number.POSITIVE_INFINITY, cursorDueMs(state, node));
    isAhead ||= node.isAheadOfCheckpoint && node.position !== null;
  }
  if (isAhead && state.checkpoint.settling === null) atMs = Math.min(atMs, state.checkpoint.writtenMs + state.options.checkpointEveryMs);
  return Number.isFinite(atMs) ? atMs : atMs === Number.NEGATIVE_INFINITY ? 0 : null;
}

export function reduce(state: ObserverState, input: ObserverInput): Reduction<ObserverState, ObserverCommand> {
  const commands: ObserverCommand[] = [];
  const { now } = input;
  switch (input.type) {
    case 'event':
      onEvent(state, input, commands);
      break;
    case 'stored':
      onStored(state, input, commands);
      break;
    case 'nodeHealth':
      refresh(state, hearNodeHealth(state, input), now, commands);
      break;
    case 'serviceHealth':
      refresh(state, hearServiceHealth(state, input), now, commands);
      break;
    case 'desired':
      refresh(state, hearDesired(state, input), now, commands);
      for (const site of declareLinks(state, now)) refresh(state, site, now, commands);
      // With a node comes the word of how long the link of its site may be away.
      refreshIf(state, state.nodes.get(siteNode(input.doc?.site ?? '')), now, commands);
      break;
    case 'link':
      refresh(state, hearLink(state, input), now, commands);
      break;
    case 'worldNode':
      refreshIf(state, hearWorldNode(state, input), now, commands);
      break;
    case 'action':
      hearAction(state, input);
      break;
    case 'synced':
      onSynced(state, now, commands);
      break;
    case 'disconnected':
      state.phase = state.hasSynced ? 'blind' : 'syncing';
      for (const node of state.nodes.values()) node.dueAtMs = null;
      break;
    case 'wake':
      for (const node of state.nodes.values()) if (node.dueAtMs !== null && node.dueAtMs <= now) refresh(state, node, now, commands);
      break;
    case 'documentsSettled':
      onSettled(state, now, commands);
      break;
    case 'failed':
      commands.push({ type: 'fail', error: input.error });
      break;
  }
  publish(state, now, input.type === 'synced', commands);
  publishCursors(state, now, commands);
  requestCheckpoint(state, now, commands);
  return { state, commands };
}

// -- events ---------------------------------------------------------------------------------------------------------------

function onEvent(state: ObserverState, { event, now }: InputOf<'event'>, commands: ObserverCommand[]): void {
  const name = resolveNode(event.node, state.aliases);
  // Nobody speaks for the observer: its numbers are its own. And what has no place in the store cannot be accepted.
  if (event.source === derivedSource || directoryOf(name) === null) {
    state.counts.refused += 1;
    return;
  }
  const node = nodeOf(state, name);
  const record = recordOf(event, name, now);
  switch (acceptEvent(node.accepted, positionKey(record), event)) {
    case 'accepted':
      commands.push({ type: 'append', records: [record] });
      return;
    case 'duplicate':
      state.counts.duplicates += 1;
      // The sender would not repeat it had it seen the cursor: say it again.
      node.cursor.isDirty = true;
      node.cursor.repeat = true;
      return;
    case 'hole':
      state.counts.holes += 1;
  }
}

/** Field by field: with tens of thousands of events a second, copying an object of any shape is what costs most here (measured). */
const recordOf = (event: InputOf<'event'>['event'], node: string, now: number): StoredEvent => ({
  id: event.id,
  ts: event.ts,
  node,
  source: event.source,
  lane: event.lane,
  seq: event.seq,
  type: event.type,
  severity: event.severity,
  service: event.service,
  correlation_id: event.correlation_id,
  message: event.message,
  payload: event.payload,
  stored_at: new Date(now).toISOString(),
  ...(node === event.node ? null : { alias: event.node }),
});

function onStored(state: ObserverState, { records, positions, now }: InputOf<'stored'>, commands: ObserverCommand[]): void {
  const nodes = new Set<NodeLive>();
  for (const record of records) {
    const node = nodeOf(state, record.node);
    nodes.add(node);
    state.counts.stored += 1;
    if (record.source === derivedSource) node.derivedInFlight -= 1;
    else node.cursor.isDirty = true;
    if (!advance(node.world, record)) continue;
    try {
      applyEvent(node.world, record, node.dirty);
    } catch (error) {
      // Not even a bug of ours may let one event stop all others (R25).
      state.counts.quarantined += 1;
      commands.push({ type: 'quarantine', record, reason: error instanceof Error ? error.message : String(error) });
    }
  }
  for (const node of nodes) {
    node.position = positions.get(node.name) ?? node.position;
    node.isAheadOfCheckpoint = true;
    refresh(state, node, now, commands);
  }
  refreshOthers(state, nodes, { isSiteWide: records.some(isSiteWide), now }, commands);
}

/** What changed here may explain, or have explained, what is wrong elsewhere. */
function refreshOthers(
  state: ObserverState,
  nodes: ReadonlySet<NodeLive>,
  { isSiteWide, now }: { readonly isSiteWide: boolean; readonly now: number },
  commands: ObserverCommand[],
): void {
  for (const node of state.nodes.values()) {
    if (nodes.has(node) || !(node.needsOthers || isSiteWide) || node.world.troubles.size + node.world.active.size === 0) continue;
    refresh(state, node, now, commands);
  }
}

/** Evidence, ends and decisions of kinds that explain troubles of other nodes. */
function isSiteWide({ type, payload }: StoredEvent): boolean {
  if (siteWideTypes.has(type)) return true;
  return isDecision(type) && siteWide.has(payload['kind'] as IncidentKind);
}
const siteWideTypes: ReadonlySet<string> = new Set(
  Object.keys(eventTypes).filter((type) => {
    const { opens, closes = [] } = eventTypeRow(type) ?? {};
    return [...(opens === undefined ? [] : [opens]), ...closes].some((kind) => siteWide.has(kind));
  }),
);

// -- judging --------------------------------------------------------------------------------------------------------------

function onSynced(state: ObserverState, now: number, commands: ObserverCommand[]): void {
  state.phase = 'watching';
  state.hasSynced = true;
  state.syncedAtMs = now;
  for (const node of state.nodes.values()) {
    node.dirty.add('all');
    refresh(state, node, now, commands);
  }
}

function refreshIf(state: ObserverState, node: NodeLive | null | undefined, now: number, commands: ObserverCommand[]): void {
  if (node != null) refresh(state, node, now, commands);
}

/** Brings status, derived events and the next deadline of a node up to date. */
function refresh(state: ObserverState, node: NodeLive, now: number, commands: ObserverCommand[]): void {
  const status = nodeStatus(state, node, now);
  if (status !== node.status) {
    node.status = status;
    node.dirty.add('all');
  }
  node.dueAtMs = null;
  if (state.phase !== 'watching' || !isOwn(state, node) || node.derivedInFlight > 0) return;
  const { derived, dueAtMs } = judgeNode(state, node, now);
  node.dueAtMs = dueAtMs;
  if (derived.length === 0) return;
  node.derivedInFlight += derived.length;
  commands.push({ type: 'append', records: derived.map((each) => derivedRecord(state, node, each, now)) });
}

function derivedRecord(state: ObserverState, node: NodeLive, derived: Derived, now: number): StoredEvent {
  const lane = laneOf(derived.severity);
  const row = positionsOf(node.accepted, derivedSource);
  row[lane] += 1;
  const at = new Date(now).toISOString();
  const id = derivedId(now, `${state.options.site}/${node.name}/${lane}/${row[lane]}`);
  return { id, ts: at, node: node.name, source: derivedSource, lane, seq: row[lane], ...derived, stored_at: at };
}

// -- cursors --------------------------------------------------------------------------------------------------------------

function cursorDueMs(state: ObserverState, node: NodeLive): number {
  return node.cursor.isDirty ? node.cursor.sentMs + state.options.cursorEveryMs : Number.POSITIVE_INFINITY;
}

/** Under each name by which senders know the node, the positions of those senders; the observer's own are nobody's business. */
function publishCursors(state: ObserverState, now: number, commands: ObserverCommand[]): void {
  for (const node of state.nodes.values()) {
    // A clock that was set back must not make the outboxes wait until it has caught up.
    node.cursor.sentMs = Math.min(node.cursor.sentMs, now);
    if (cursorDueMs(state, node) > now) continue;
    const byName = new Map<string, [string, { urgent: number; info: number }][]>();
    for (const [key, row] of node.world.positions) {
      if (key === derivedSource) continue;
      const alias = aliasOfKey(key);
      const isAlias = alias !== null && resolveNode(alias, state.aliases) === node.name;
      const name = isAlias ? alias : node.name;
      byName.set(name, [...(byName.get(name) ?? []), [isAlias ? key.slice(0, -alias.length - 1) : key, { ...row }]]);
    }
    for (const [name, rows] of byName) commands.push({ type: 'cursor', node: name, positions: Object.fromEntries(rows), repeat: node.cursor.repeat });
    node.cursor.isDirty = false;
    node.cursor.repeat = false;
    node.cursor.sentMs = now;
  }
}

// -- checkpoints ----------------------------------------------------------------------------------------------------------

function requestCheckpoint(state: ObserverState, now: number, commands: ObserverCommand[]): void {
  const { checkpoint, options } = state;
  checkpoint.writtenMs = Math.min(checkpoint.writtenMs, now);
  if (checkpoint.settling !== null || now - checkpoint.writtenMs < options.checkpointEveryMs) return;
  const settling = new Map<string, FilePosition>();
  for (const node of state.nodes.values()) if (node.isAheadOfCheckpoint && node.position !== null) settling.set(node.name, node.position);
  if (settling.size === 0) return;
  for (const name of settling.keys()) nodeOf(state, name).isAheadOfCheckpoint = false;
  checkpoint.settling = settling;
  commands.push({ type: 'settle' });
}

function onSettled(state: ObserverState, now: number, commands: ObserverCommand[]): void {
  const { settling } = state.checkpoint;
  state.checkpoint.settling = null;
  state.checkpoint.writtenMs = now;
  if (settling !== null)
    commands.push({ type: 'checkpoint', checkpoints: [...settling].map(([name, position]) => checkpointOf(state, nodeOf(state, name), position)) });
}

/**
 * The world may be newer than the position: reading on from there meets events whose numbers it has passed already, and
 * they change nothing.
 */
function checkpointOf(state: ObserverState, node: NodeLive, position: FilePosition): Checkpoint {
  const site = siteOf(state, node);
  return { node: node.name, ...(site === state.options.site ? {} : { site }), position, world: sliceOf(node.world) };
}

/** What a clean stop writes down: everything applied so far. */
export const lastCheckpoints = (state: ObserverState): readonly Checkpoint[] =>
  [...state.nodes.values()].flatMap((node) => (node.position === null ? [] : [checkpointOf(state, node, node.position)]));
