/**
 * What the node-agent makes of each fact: it updates its memory, and returns what is to be said and asked.
 *
 * Reads nothing but the fact; time comes with it as `now`. It owns the memory and CHANGES IT IN PLACE (copying maps of
 * all containers for each event of the engine is too slow), so a memory belongs to one actor.
 * Without an engine it keeps what it knew and says `unknown`; it judges by absence only after a whole list.
 */
import type { ServiceHealth } from '../../contracts/health.ts';
import { engineShutdownMs, type SeenHint } from './classify.ts';
import { engineBackEvent, engineLostEvent, type ServiceBody, standingOf } from './documents.ts';
import { judge, sayAllUnknown, sayNode } from './judge.ts';
import type { Fact, Learned, Memory, NodeAgentCommand, Watched } from './memory.ts';
import type { ContainerFacts, EngineHint, EngineTrouble } from './ports.ts';

/** Only what ends a container explains its end; the rest is a reason to look. */
const causes: ReadonlySet<string> = new Set(['kill', 'die', 'stop', 'oom']);

/** A death has at most four causes in a row (kill 15, kill 9, die, stop); the rest is room for signals that did nothing. */
const hintsKeptPerContainer = 16;

/** Outages older than a handful explain no death that was not judged long ago. */
const outagesKept = 8;

const nothing: Learned = { commands: [], requests: [] };

export function reduce(memory: Memory, fact: Fact): Learned {
  // A timer says when it was due, which may be a little earlier than what was learned since.
  memory.now = Math.max(memory.now, fact.now);
  switch (fact.type) {
    case 'service_read_back':
      return readBackService(memory, fact.doc);
    case 'node_read_back':
      if (!memory.synced && memory.engine === null) memory.engineBefore = fact.doc.engine;
      return nothing;
    case 'synced':
      return synced(memory);
    case 'stream_opened':
      memory.connected = true;
      return nothing;
    case 'stream_closed':
      disconnect(memory);
      return nothing;
    case 'list_began':
      memory.hintedDuringList = new Set();
      return nothing;
    case 'listed':
      return listed(memory, fact.containers);
    case 'hinted':
      return hinted(memory, fact.hint);
    case 'inspected':
      if (fact.facts === null) forget(memory, fact.id);
      else remember(memory, fact.facts);
      return look(memory);
    case 'inspect_failed':
      memory.hintedDuringList?.delete(fact.id); // then the list is the best there is
      return nothing;
    case 'recalled':
      return recalled(memory, fact.id, fact.hints);
    case 'engine_lost':
      return engineLost(memory, fact.trouble);
    case 'measured':
      memory.metrics = fact.metrics ?? memory.metrics;
      return { commands: sayNode(memory, { always: true }), requests: [] };
    case 'reclaimable':
      memory.reclaimableBytes = fact.bytes;
      return nothing;
    case 'wake':
      return look(memory);
  }
}

const look = (memory: Memory): Learned => (memory.connected && memory.whole ? judge(memory) : nothing);

// -- what an earlier life said ------------------------------------------------------------------------------------------

/** What was said before this life is neither announced again nor forgotten. */
function readBackService(memory: Memory, doc: ServiceHealth): Learned {
  if (memory.synced || memory.services.has(doc.service)) return nothing;
  const { ts: _ts, session: _session, rev: _rev, ...rest } = doc;
  const body: ServiceBody = rest;
  memory.services.set(doc.service, {
    body,
    lastKnown: body.status === 'unknown' ? null : body,
    standing: standingOf(body.status),
    downReason: null,
    isOurs: false,
    vanishedAtMs: null,
  });
  return nothing;
}

/** Where the broker came late, the engine may have been judged already. */
function synced(memory: Memory): Learned {
  memory.synced = true;
  if (memory.engine !== null && memory.engine.state !== 'up')
    return { commands: [...sayAllUnknown(memory), ...sayNode(memory, { always: false })], requests: [] };
  return look(memory);
}

// -- containers ---------------------------------------------------------------------------------------------------------

function remember(memory: Memory, facts: ContainerFacts): void {
  const watched = memory.containers.get(facts.id);
  if (watched === undefined) memory.containers.set(facts.id, { facts, said: null, askedFor: null, recalledFor: null });
  else watched.facts = facts;
}

function forget(memory: Memory, id: string): void {
  memory.containers.delete(id);
  memory.hints.delete(id);
}

function rememberHints(memory: Memory, id: string, seen: readonly SeenHint[]): void {
  const known = memory.hints.get(id) ?? [];
  const isKnown = (hint: SeenHint): boolean => known.some((each) => each.action === hint.action && each.atMs === hint.atMs && each.signal === hint.signal);
  const all = [...known, ...seen.filter((hint) => causes.has(hint.action) && !isKnown(hint))];
  memory.hints.set(id, all.sort((one, other) => one.atMs - other.atMs).slice(-hintsKeptPerContainer));
}

/** A reason to look at the container, whatever it was. What health checks execute inside is none. */
function hinted(memory: Memory, hint: EngineHint): Learned {
  if (hint.action.startsWith('exec_')) return nothing;
  if (causes.has(hint.action)) rememberHints(memory, hint.id, [{ ...hint, seenAtMs: memory.now }]);
  memory.hintedDuringList?.add(hint.id);
  return memory.connected ? { commands: [], requests: [{ type: 'inspect', id: hint.id }] } : nothing;
}

/** Remembered long after it happened: nothing more is to be waited for. */
function recalled(memory: Memory, id: string, hints: readonly EngineHint[]): Learned {
  rememberHints(
    memory,
    id,
    hints.map((hint) => ({ ...hint, seenAtMs: hint.atMs })),
  );
  const watched = memory.containers.get(id);
  if (watched !== undefined) watched.recalledFor = watched.askedFor;
  return look(memory);
}

/**
 * The whole truth, as of some moment since the list began. Containers that changed meanwhile are left to their own
 * inspects, which are at least as new.
 */
function listed(memory: Memory, containers: readonly ContainerFacts[]): Learned {
  const changing = memory.hintedDuringList ?? new Set<string>();
  memory.hintedDuringList = null;
  const present = new Set(containers.map((facts) => facts.id));
  for (const id of [...memory.containers.keys(), ...memory.hints.keys()]) if (!present.has(id) && !changing.has(id)) forget(memory, id);
  for (const facts of containers) if (!changing.has(facts.id) || !memory.containers.has(facts.id)) remember(memory, facts);
  memory.whole = true;
  memory.completeOwed = true;
  const back = engineBack(memory);
  const learned = judge(memory);
  return { commands: [...back, ...learned.commands], requests: learned.requests };
}

// -- the engine itself --------------------------------------------------------------------------------------------------

function disconnect(memory: Memory): void {
  memory.connected = false;
  memory.whole = false;
  memory.hintedDuringList = null;
}

/** Its commands; none when the engine was there all the time. */
function engineBack(memory: Memory): NodeAgentCommand[] {
  if (memory.engine?.state === 'up') return [];
  const wasLost = memory.engine !== null || (memory.engineBefore !== null && memory.engineBefore !== 'up');
  const lostForMs = memory.engineLostAtMs === null ? null : memory.now - memory.engineLostAtMs;
  memory.engine = { state: 'up', detail: null };
  memory.engineLostAtMs = null;
  memory.outages = memory.outages.map((outage) => (outage.toMs === null ? { ...outage, toMs: memory.now } : outage));
  memory.digestSaid = null; // the node document is owed, whatever the services are
  return wasLost ? [{ type: 'announce', draft: engineBackEvent(memory.node, lostForMs) }] : [];
}

function engineLost(memory: Memory, trouble: EngineTrouble): Learned {
  disconnect(memory);
  const state = trouble.code === 'timeout' ? 'hung' : 'unreachable';
  const wasThere = memory.engine === null ? memory.engineBefore !== 'unreachable' && memory.engineBefore !== 'hung' : memory.engine.state === 'up';
  memory.engine = { state, detail: trouble.detail };
  memory.engineLostAtMs ??= memory.now;
  if (state === 'unreachable' && !memory.outages.some((outage) => outage.toMs === null)) {
    memory.outages = [...memory.outages, { fromMs: memory.now, toMs: null, nothingRan: nothingRan(memory) }].slice(-outagesKept);
  }
  const announce: NodeAgentCommand[] = wasThere ? [{ type: 'announce', draft: engineLostEvent(memory.node, trouble) }] : [];
  return { commands: [...announce, ...sayAllUnknown(memory), ...sayNode(memory, { always: false })], requests: [] };
}

/** An engine that ends may be gone before it answers about the last container it stopped: what the stream said counts too. */
function nothingRan(memory: Memory): boolean {
  const hasEnded = ({ facts }: Watched): boolean => {
    if (facts.status === 'exited' || facts.status === 'created') return true;
    const startedAtMs = facts.startedAt === null ? 0 : Date.parse(facts.startedAt);
    return (memory.hints.get(facts.id) ?? []).some(({ action, atMs }) =>
      action === 'die' ? atMs >= startedAtMs : action === 'kill' && atMs >= Math.max(startedAtMs, memory.now - engineShutdownMs),
    );
  };
  return memory.containers.size > 0 && [...memory.containers.values()].every(hasEnded);
}
