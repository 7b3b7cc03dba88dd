/**
 * What the agent makes of each fact: it looks again where there is news, and says what changed. Pure; time comes with the fact.
 *
 * Level-triggered: what should have been said is compared with what was; an event that could not be written is tried again with the next look.
 * Without a broker it goes on looking at the machine, and what depends on documents is unknown.
 */
import type { Reduction } from '../../bus/reducer.ts';
import type { Source } from './check.ts';
import { withSample } from './disk-history.ts';
import { heard, withSeen } from './heard.ts';
import { isCheck, isIdle, look, tell } from './look.ts';
import type { Memory } from './memory.ts';
import type { HostReading, RoundTrip, TailnetReading } from './ports.ts';
import type { CheckOptions, Seen } from './seen.ts';
import { stamped } from './stamp.ts';
import type { Command, Fact, StandingAlarm, State } from './state.ts';
import { noTailnet, withTailnet } from './tailnet-memory.ts';

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
    tailnetMemory: options.hasTailnet ? { isKnown: memory.tailnet_known, awaySinceMs: memory.tailnet_away_ms, peers: memory.tailnet_peers } : noTailnet,
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
  // A check of an earlier version that is no more could never take anything back.
  const known = memory.alarms.filter(({ check }) => isCheck(check));
  const alarms = new Map(known.map((each) => [each.subject === '' ? each.check : `${each.check} ${each.subject}`, standing(each)]));
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
    stampedMs: memory.stamped_ms,
    remembered: JSON.stringify(memory),
  };
}

function standing({ check, subject, service, level, said, said_ms, raised_ms, message }: Memory['alarms'][number]): StandingAlarm {
  return {
    check,
    subject,
    service,
    level,
    said,
    saidMs: said_ms,
    raisedMs: raised_ms,
    message,
    payload: {},
    risingMs: null,
    fallingMs: null,
    isLogged: false,
    isSaying: false,
  };
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
      return settled(look(withTailnetReading(state, fact.reading), 'tailnet'));
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
  const told = stamped(tell(state));
  const memory = memoryOf(told.state);
  const text = JSON.stringify(memory);
  if (text === state.remembered) return told;
  // First remembered, then said: a life that ends between the two would leave an incident that nobody ends.
  return { state: { ...told.state, remembered: text }, commands: [{ type: 'remember', memory }, ...told.commands] };
}

function memoryOf({ alarms, seen, stampedMs }: State): Memory {
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
    tailnet_known: seen.tailnetMemory.isKnown,
    tailnet_away_ms: seen.tailnetMemory.awaySinceMs,
    tailnet_peers: { ...seen.tailnetMemory.peers },
    stamped_ms: stampedMs,
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
  const looked = settled(notAsked(state).reduce(look, look(tried.state, 'bus')));
  return { state: looked.state, commands: [...asked, ...tried.commands, ...looked.commands] };
}

/** Nothing comes from there: what an earlier life, configured otherwise, said of it is over. */
const notAsked = ({ hasTailnet, seen }: State): readonly Source[] => [
  ...(hasTailnet ? [] : (['tailnet'] as const)),
  ...(seen.hasUpstream ? [] : (['upstream'] as const)),
];

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

function withTailnetReading(state: State, reading: TailnetReading): State {
  const { tailnetMemory, options, now } = state.seen;
  return withSeen(state, { tailnet: reading, tailnetMemory: withTailnet(tailnetMemory, reading, options.tailnetPeers, now) });
}

function withHost(state: State, reading: HostReading): State {
  const { diskHistory, now } = state.seen;
  const measured = reading.disks.flatMap(({ name, freeBytes }) => (freeBytes === null ? [] : [{ name, freeBytes }]));
  const added = measured.map(({ name, freeBytes }) => [name, withSample(diskHistory[name] ?? [], { atMs: now, freeBytes })] as const);
  return withSeen(state, { host: reading, diskHistory: { ...diskHistory, ...Object.fromEntries(added) } });
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
