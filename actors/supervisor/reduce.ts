/**
 * Drift to proposals, and why not: compares the plan with what the action documents show, and asks for the difference.
 *
 * Reads: deliveries of world, desired, action, maintenance and node health documents, events of Home Assistant, and the time.
 * Writes, as commands: requests for `pending` and `cancelled`, and `decisions/<node>`. Remembers across a restart: the newest
 * events of Home Assistant (ha-heard.ts); who asks repeats until a document shows it. Fails: says nothing before everything retained is read, nor while disconnected. The state's maps are its own
 * and are mutated in place.
 */
import type { Delivery } from '../../bus/actor.ts';
import type { Reduction } from '../../bus/reducer.ts';
import type { Event } from '../../contracts/event.ts';
import { type Withdrawal, withdrawals } from './cancel.ts';
import { type DecisionsBody, decisionsOf } from './decisions.ts';
import { forgetOld, type HaHeard, hear } from './ha-heard.ts';
import { type HaRules, usualHaRules } from './judge-home-assistant.ts';
import { emptyKnowledge, type Knowledge, learn } from './knowledge.ts';
import { plan } from './plan.ts';
import type { Proposal, Verdict } from './verdict.ts';

export type SupervisorEvent =
  | { readonly type: 'delivery'; readonly delivery: Delivery; readonly now: number }
  | { readonly type: 'wake'; readonly now: number };

export type SupervisorCommand =
  | { readonly type: 'propose'; readonly id: string; readonly proposal: Proposal }
  | ({ readonly type: 'withdraw' } & Withdrawal)
  | { readonly type: 'decide'; readonly node: string; readonly body: DecisionsBody }
  | { readonly type: 'undecide'; readonly node: string }
  /** To be on disk before anything is made of it. */
  | { readonly type: 'remember'; readonly heard: readonly HaHeard[] }
  /** The set of decisions is whole. */
  | { readonly type: 'complete' };

export interface SupervisorState {
  readonly knowledge: Knowledge;
  readonly link: 'syncing' | 'live' | 'lost';
  /** Epoch milliseconds of the last `synced`; null before the first. */
  readonly liveSinceMs: number | null;
  /** When each request was last sent, by `<kind> <id>`. */
  readonly asked: Map<string, number>;
  /** Decisions as last said, as JSON, by node. */
  readonly said: Map<string, string>;
  readonly verdicts: readonly Verdict[];
  readonly wakeAtMs: number | null;
  /** When what has come in will be judged; null: nothing has. */
  readonly judgeAtMs: number | null;
  /** It was said on this connection that the set of decisions is whole. */
  readonly isComplete: boolean;
  readonly repeatMs: number;
  readonly haRules: HaRules;
}

/** Documents come in bursts (a node that is back says something of each of its services), and each judgement looks at everything: one for all of them. Nobody sees 25 ms. */
const gatherMs = 25;
/** Requests may be lost (no connection, a broker that restarts), so they are said again this often until a document shows them. */
const repeatMs = 10_000;
/** Evidence of an open proposal is brought up to date at most this often: the ledger takes it down no more often. */
const refreshMs = 60_000;
/** Writers are back on a broker that lost its memory within their longest back-off, a minute; five are on the safe side of judging by absence. */
const absenceCountsAfterMs = 300_000;

export const initialState = (options: {
  readonly site: string;
  readonly repeatMs?: number;
  readonly haRules?: HaRules;
  readonly haHeard?: ReadonlyMap<string, HaHeard>;
}): SupervisorState => ({
  knowledge: { ...emptyKnowledge(options.site), haHeard: new Map(options.haHeard) },
  link: 'syncing',
  liveSinceMs: null,
  asked: new Map(),
  said: new Map(),
  verdicts: [],
  wakeAtMs: null,
  judgeAtMs: null,
  isComplete: false,
  repeatMs: options.repeatMs ?? repeatMs,
  haRules: options.haRules ?? usualHaRules,
});

export const wakeAt = ({ link, wakeAtMs, judgeAtMs }: SupervisorState): number | null =>
  link === 'live' ? earliest([wakeAtMs, judgeAtMs].filter((atMs) => atMs !== null)) : null;

/** syncing: has not read everything yet; blind: no connection, or no node that can say anything; proposing; watching. */
export function mode({ link, verdicts, knowledge }: SupervisorState): 'syncing' | 'blind' | 'proposing' | 'watching' {
  if (link === 'syncing') return 'syncing';
  if (link === 'lost') return 'blind';
  if (verdicts.some(({ decision }) => decision === 'propose' || decision === 'proposed')) return 'proposing';
  const heard = [...knowledge.nodes.values()].some(({ status }) => status === 'online' || status === 'degraded');
  return verdicts.some(({ about }) => about === 'service') && !heard ? 'blind' : 'watching';
}

export function reduce(state: SupervisorState, event: SupervisorEvent): Reduction<SupervisorState, SupervisorCommand> {
  if (event.type === 'wake') return act(state, event.now);
  // xstate says `xstate.stop` to every logic that is stopped.
  if (event.type !== 'delivery') return { state, commands: [] };
  const { delivery } = event;
  switch (delivery.kind) {
    case 'document':
      learn(state.knowledge, delivery);
      // What it says of the container matters only when something is proposed; services are judged by the world, which comes later.
      if (delivery.name === 'serviceHealth') return { state, commands: [] };
      return { state: { ...state, judgeAtMs: state.judgeAtMs ?? event.now + gatherMs }, commands: [] };
    case 'synced':
      return act({ ...state, link: 'live', liveSinceMs: event.now, isComplete: false }, event.now);
    case 'disconnected':
      return { state: { ...state, link: state.link === 'syncing' ? 'syncing' : 'lost' }, commands: [] };
    case 'message':
      return delivery.name === 'events' && hear(state.knowledge.haHeard, delivery.payload as Event, event.now)
        ? remembering(state, event.now)
        : { state, commands: [] };
  }
}

/** An event is taken whether or not there is a connection: the broker will not hand it over again. */
function remembering(state: SupervisorState, now: number): Reduction<SupervisorState, SupervisorCommand> {
  const next = act(state, now);
  return { state: next.state, commands: [{ type: 'remember', heard: [...state.knowledge.haHeard.values()] }, ...next.commands] };
}

function act(state: SupervisorState, now: number): Reduction<SupervisorState, SupervisorCommand> {
  if (state.link !== 'live' || state.liveSinceMs === null) return { state, commands: [] };
  forgetOld(state.knowledge.haHeard, now);
  const verdicts = plan(state.knowledge, now, state.haRules);
  const absenceCountsMs = state.liveSinceMs + absenceCountsAfterMs;
  const lost = withdrawals(state.knowledge, verdicts, now >= absenceCountsMs);
  const asking = new Asking(state, now);
  const commands: SupervisorCommand[] = decide(state, verdicts);
  // First what is taken back: a proposal that takes the place of another must not stand beside it longer than need be.
  for (const withdrawal of lost) if (asking.isDue(`cancel ${withdrawal.id}`, state.repeatMs)) commands.push({ type: 'withdraw', ...withdrawal });
  for (const { proposal, refresh, actionId } of verdicts) {
    if (actionId === null) continue;
    if (proposal !== null && asking.isDue(`propose ${actionId}`, state.repeatMs)) commands.push({ type: 'propose', id: actionId, proposal });
    else if (refresh !== null && asking.isDue(`propose ${actionId}`, refreshMs)) commands.push({ type: 'propose', id: actionId, proposal: refresh });
  }
  asking.forgetOld();
  const rechecks = verdicts.flatMap(({ recheckMs }) => recheckMs ?? []);
  const wakeAtMs = earliest([...rechecks, ...asking.dueAgainMs, absenceCountsMs].filter((atMs) => atMs > now));
  return { state: { ...state, verdicts, wakeAtMs, judgeAtMs: null, isComplete: true }, commands };
}

const earliest = (times: readonly number[]): number | null =>
  times.reduce<number | null>((first, time) => (first === null || time < first ? time : first), null);

/** What was asked when, and whether to ask again. */
class Asking {
  readonly dueAgainMs: number[] = [];
  private readonly asked: Map<string, number>;
  private readonly now: number;

  private readonly repeatMs: number;

  constructor({ asked, repeatMs }: SupervisorState, now: number) {
    this.asked = asked;
    this.repeatMs = repeatMs;
    this.now = now;
  }

  /** Asked never, or `everyMs` ago or longer: then it counts as asked now. */
  isDue(key: string, everyMs: number): boolean {
    const lastMs = this.asked.get(key);
    const isDue = lastMs === undefined || this.now - lastMs >= everyMs;
    if (isDue) this.asked.set(key, this.now);
    this.dueAgainMs.push((isDue ? this.now : lastMs) + everyMs);
    return isDue;
  }

  /** What is older than any interval has no bearing on the next time. */
  forgetOld(): void {
    for (const [key, atMs] of this.asked) if (this.now - atMs >= Math.max(refreshMs, this.repeatMs)) this.asked.delete(key);
  }
}

function decide(state: SupervisorState, verdicts: readonly Verdict[]): SupervisorCommand[] {
  const { desired, site } = state.knowledge;
  const nodes = [...desired].flatMap(([node, doc]) => (doc?.site === site ? node : []));
  const bodies = decisionsOf(verdicts, nodes);
  const commands: SupervisorCommand[] = [];
  for (const [node, body] of bodies) {
    const json = JSON.stringify(body);
    if (state.said.get(node) === json) continue;
    state.said.set(node, json);
    commands.push({ type: 'decide', node, body });
  }
  for (const node of [...state.said.keys()]) {
    if (bodies.has(node)) continue;
    state.said.delete(node);
    commands.push({ type: 'undecide', node });
  }
  // Also when nothing is said: then what an earlier life said must go.
  if (commands.length > 0 || !state.isComplete) commands.push({ type: 'complete' });
  return commands;
}
