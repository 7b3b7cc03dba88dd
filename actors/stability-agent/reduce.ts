/**
 * What the agent makes of each fact: it looks again where there is news, and says what changed. Pure; time comes with the fact.
 *
 * Level-triggered: what should have been said is compared with what was; an event that could not be written is tried again with the next look.
 * Without a broker it goes on looking at the machine, and what depends on documents is unknown.
 */
import type { Reduction } from '../../bus/reducer.ts';
import { clockSample, heartbeatOf, withClockSample } from './clock-samples.ts';
import { withSample } from './disk-history.ts';
import { isIdle, look, tell } from './look.ts';
import type { Memory } from './memory.ts';
import type { HostReading, RoundTrip } from './ports.ts';
import type { CheckOptions, Seen } from './seen.ts';
import type { Command, Fact, StandingAlarm, State } from './state.ts';

/** A round trip takes milliseconds here and 2 s over LTE. */
const probeDeadlineMs = 10_000;
/** Five rounds: each costs a connection, over an uplink that may be metered. */
const upstreamEveryMs = 300_000;

export interface AgentOptions {
  readonly node: string;
  readonly intervalMs: number;
  readonly checks: CheckOptions;
  readonly hasTailnet: boolean;
  readonly hasUpstream: boolean;
  readonly hasOtherBroker: boolean;
}

export function initialState(options: AgentOptions, memory: Memory, now: number): State {
  const seen: Seen = {
    now,
    node: options.node,
    options: options.checks,
    host: null,
    diskHistory: Object.fromEntries(Object.entries(memory.disks).map(([disk, samples]) => [disk, samples.map(([atMs, freeBytes]) => ({ atMs, freeBytes }))])),
    tailnet: null,
    isTailnetKnown: memory.tailnet_known && options.hasTailnet,
    ownBroker: null,
    hasOtherBroker: options.hasOtherBroker,
    hasUpstream: options.hasUpstream,
    upstream: null,
    isConnected: false,
    syncedMs: null,
    desired: null,
    health: null,
    services: new Map(),
    observerHeardMs: null,
    clockSamples: [],
    zigbeeBridge: null,
  };
  const alarms = new Map(memory.alarms.map((each) => [each.subject === '' ? each.check : `${each.check} ${each.subject}`, standing(each)]));
  return {
    intervalMs: options.intervalMs,
    hasTailnet: options.hasTailnet,
    seen,
    alarms,
    sighted: new Map(),
    nextRoundMs: now,
    nextUpstreamMs: now,
    probe: null,
    probesSent: 0,
    heartbeat: null,
    worldNode: null,
    remembered: JSON.stringify(memory),
  };
}

function standing({ check, subject, service, level, said, said_ms, raised_ms, message }: Memory['alarms'][number]): StandingAlarm {
  return { check, subject, service, level, said, saidMs: said_ms, raisedMs: raised_ms, message, payload: {}, risingMs: null, fallingMs: null, isSaying: false };
}

export type AgentReduction = Reduction<State, Command>;

export function reduce(before: State, fact: Fact): AgentReduction {
  const state = withSeen(before, { now: fact.now });
  switch (fact.type) {
    case 'wake':
      return woken(state);
    case 'synced':
      return probed(withSeen(state, { isConnected: true, syncedMs: fact.now }));
    case 'disconnected':
      return disconnected(state);
    case 'probe_returned':
      if (state.probe?.nonce !== fact.nonce) return { state, commands: [] };
      return ownBrokerTried({ ...state, probe: null }, { ok: true, ms: Math.max(0, fact.now - state.probe.sentMs) });
    case 'host_read':
      return settled(look(withHost(state, fact.reading), 'host'));
    case 'tailnet_read':
      return settled(
        look(withSeen(state, { tailnet: fact.reading, isTailnetKnown: state.seen.isTailnetKnown || fact.reading.state === 'answered' }), 'tailnet'),
      );
    case 'own_broker_tried':
      return ownBrokerTried(state, fact.trip);
    case 'upstream_tried':
      return settled(look(withSeen(state, { upstream: fact.trip }), 'upstream'));
    case 'said':
      return settled(withAlarms(state, fact.keys, (alarm) => ({ ...alarm, said: fact.level, saidMs: fact.now, isSaying: false })));
    case 'not_said':
      return { state: withAlarms(state, fact.keys, (alarm) => ({ ...alarm, isSaying: false })), commands: [] };
    default:
      return { state: heard(state, fact), commands: [] };
  }
}

const withSeen = (state: State, changes: Partial<Seen>): State => ({ ...state, seen: { ...state.seen, ...changes } });

function withAlarms(state: State, keys: readonly string[], change: (alarm: StandingAlarm) => StandingAlarm): State {
  const alarms = new Map(state.alarms);
  for (const key of keys) {
    const alarm = alarms.get(key);
    if (alarm === undefined) continue;
    const changed = change(alarm);
    if (isIdle(changed)) alarms.delete(key);
    else alarms.set(key, changed);
  }
  return { ...state, alarms };
}

/** What is news is said, and what must outlive a restart is remembered. */
function settled(state: State): AgentReduction {
  const told = tell(state);
  const memory = memoryOf(told.state);
  const text = JSON.stringify(memory);
  if (text === state.remembered) return told;
  return { state: { ...told.state, remembered: text }, commands: [...told.commands, { type: 'remember', memory }] };
}

function memoryOf({ alarms, seen }: State): Memory {
  const kept = [...alarms.values()].filter(({ level, said }) => level !== null || said !== null);
  return {
    version: 1,
    alarms: kept.map(({ check, subject, service, level, said, saidMs, raisedMs, message }) => ({
      check,
      subject,
      service,
      level,
      said,
      said_ms: saidMs,
      raised_ms: raisedMs,
      message,
    })),
    disks: Object.fromEntries(Object.entries(seen.diskHistory).map(([disk, samples]) => [disk, samples.map(({ atMs, freeBytes }) => [atMs, freeBytes])])),
    tailnet_known: seen.isTailnetKnown,
  };
}

// -- rounds -------------------------------------------------------------------------------------------------------------

function woken(state: State): AgentReduction {
  const { now } = state.seen;
  const isLate = state.probe !== null && now >= state.probe.sentMs + probeDeadlineMs;
  const late = isLate ? ownBrokerTried({ ...state, probe: null }, { ok: false, detail: `no message came back within ${probeDeadlineMs / 1000} s` }) : null;
  // A clock that was set back must not stop the rounds until it has caught up.
  const isDue = now >= state.nextRoundMs || state.nextRoundMs - now > state.intervalMs;
  const next = isDue ? round(late?.state ?? state) : { state: late?.state ?? state, commands: [] };
  return { state: next.state, commands: [...(late?.commands ?? []), ...next.commands] };
}

function round(state: State): AgentReduction {
  const { now, hasUpstream } = state.seen;
  const isUpstreamDue = hasUpstream && (now >= state.nextUpstreamMs || state.nextUpstreamMs - now > upstreamEveryMs);
  const due = { ...state, nextRoundMs: now + state.intervalMs, ...(isUpstreamDue ? { nextUpstreamMs: now + upstreamEveryMs } : {}) };
  const asked: Command[] = [{ type: 'read_host' }];
  if (state.hasTailnet) asked.push({ type: 'read_tailnet' });
  if (isUpstreamDue) asked.push({ type: 'try_upstream' });
  const tried = probed(due);
  const looked = settled(look(tried.state, 'bus'));
  return { state: looked.state, commands: [...asked, ...tried.commands, ...looked.commands] };
}

/** Tries the own broker; one message at a time is enough. */
function probed(state: State): AgentReduction {
  const { hasOtherBroker, isConnected, now } = state.seen;
  if (hasOtherBroker) return { state, commands: [{ type: 'try_own_broker' }] };
  if (!isConnected) return ownBrokerTried(state, { ok: false, detail: 'there is no connection' });
  if (state.probe !== null) return { state, commands: [] };
  const nonce = `${now}-${state.probesSent + 1}`;
  return { state: { ...state, probe: { nonce, sentMs: now }, probesSent: state.probesSent + 1 }, commands: [{ type: 'send_probe', nonce }] };
}

const ownBrokerTried = (state: State, trip: RoundTrip): AgentReduction => settled(look(withSeen(state, { ownBroker: trip }), 'own_broker'));

function disconnected(state: State): AgentReduction {
  const away = withSeen({ ...state, probe: null }, { isConnected: false });
  return state.seen.hasOtherBroker ? { state: away, commands: [] } : ownBrokerTried(away, { ok: false, detail: 'the connection broke' });
}

function withHost(state: State, reading: HostReading): State {
  const { diskHistory, now } = state.seen;
  const measured = reading.disks.flatMap(({ name, freeBytes }) => (freeBytes === null ? [] : [{ name, freeBytes }]));
  const added = measured.map(({ name, freeBytes }) => [name, withSample(diskHistory[name] ?? [], { atMs: now, freeBytes })] as const);
  return withSeen(state, { host: reading, diskHistory: { ...diskHistory, ...Object.fromEntries(added) } });
}

// -- documents ----------------------------------------------------------------------------------------------------------

type Document = Extract<Fact, { readonly type: 'desired' | 'node_health' | 'service_health' | 'world_node' | 'zigbee_bridge' }>;

/** They are looked at with the next round. */
function heard(state: State, fact: Document): State {
  switch (fact.type) {
    case 'desired':
      return withSeen(state, { desired: fact.doc });
    case 'node_health':
      return heardHealth(state, fact);
    case 'service_health': {
      const services = new Map(state.seen.services);
      if (fact.doc === null) services.delete(fact.service);
      else services.set(fact.service, fact.doc);
      return withSeen(state, { services });
    }
    case 'world_node':
      return heardObserver(state, fact);
    case 'zigbee_bridge':
      return withSeen(state, { zigbeeBridge: fact.state });
  }
}

function heardHealth(state: State, { doc, isWill, isLive, now }: Extract<Fact, { readonly type: 'node_health' }>): State {
  if (doc === null) return withSeen({ ...state, heartbeat: null }, { health: null });
  const { health } = state.seen;
  // A will carries no more than its status.
  if (isWill) return withSeen(state, { health: { doc: { ...(health?.doc ?? doc), status: doc.status }, heardMs: health?.heardMs ?? null } });
  const heardMs = isLive ? now : (health?.heardMs ?? null);
  return withSeen({ ...state, heartbeat: isLive ? heartbeatOf(doc) : state.heartbeat }, { health: { doc, heardMs } });
}

function heardObserver(state: State, { doc, isLive, now }: Extract<Fact, { readonly type: 'world_node' }>): State {
  if (doc === null) return { ...state, worldNode: null };
  const sample = isLive ? clockSample(state.heartbeat, state.worldNode, doc, now) : null;
  const { clockSamples, observerHeardMs } = state.seen;
  return withSeen(
    { ...state, worldNode: doc },
    { observerHeardMs: isLive ? now : observerHeardMs, clockSamples: sample === null ? clockSamples : withClockSample(clockSamples, sample) },
  );
}

// -- what it says of itself ---------------------------------------------------------------------------------------------

export function mode({ alarms, sighted }: State): 'starting' | 'alarmed' | 'partly_blind' | 'watching' {
  if (!sighted.has('disk-space')) return 'starting';
  if ([...alarms.values()].some(({ level }) => level !== null)) return 'alarmed';
  return [...sighted.values()].every((isSighted) => isSighted) ? 'watching' : 'partly_blind';
}

const detailChars = 300;

/** Names only: a number in it would be news each minute. */
export function detail({ alarms, sighted }: State): string | null {
  const raised = [...alarms].filter(([, { level }]) => level !== null).map(([key, { level }]) => `${key}: ${level ?? ''}`);
  const blind = [...sighted].filter(([, isSighted]) => !isSighted).map(([name]) => name);
  const parts = [...(raised.length > 0 ? [`raised ${raised.join(', ')}`] : []), ...(blind.length > 0 ? [`cannot check ${blind.join(', ')}`] : [])];
  return parts.length === 0 ? null : parts.join('; ').slice(0, detailChars);
}

export function wakeAt({ probe, nextRoundMs }: State): number {
  return probe === null ? nextRoundMs : Math.min(nextRoundMs, probe.sentMs + probeDeadlineMs);
}
