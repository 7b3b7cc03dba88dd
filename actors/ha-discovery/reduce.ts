/**
 * Devices for Home Assistant from what the observer, the bridge and the ledger say, and the inbox of this broker.
 *
 * Reads: documents of the world, of actions, links and actors; what the broker holds of its own announcements; the birth of Home
 * Assistant and first presses there; and the time. Writes, as commands: announcements, the inbox, what is to be remembered. Remembers (announced.json): which
 * devices it has announced. Fails: what it cannot send is sent after the next connect, when it compares everything. The maps of the
 * state are changed in place.
 */
import type { Delivery } from '../../bus/actor.ts';
import type { Reduction } from '../../bus/reducer.ts';
import { topics } from '../../contracts/topics.ts';
import { firstPress, stillPressed } from './first-press.ts';
import { hearDocument } from './hear.ts';
import { inboxOf, keyOf, oldestFirst } from './inbox.ts';
import { isOwnId } from './names.ts';
import { remember, seeOff, settle, takeAway } from './settle.ts';
import type { DiscoveryCommand, DiscoveryEvent, DiscoveryState, Since } from './state.ts';

/** Changes are gathered this long: an observer that starts says a hundred things in a second, and each changes a device. */
export const gatherMs = 1_000;
/** What somebody else put on one of our topics is set right after this long, as with documents (architecture section 2). */
export const repairMs = 10_000;
/** Home Assistant asks for 2 to 8 s between its birth and the answer: it is still starting, and everybody answers. */
export const birthEarliestMs = 2_000;
export const birthSpreadMs = 6_000;

/** A button means what its person sees: long enough for the screen to change and for a finger that was on its way to arrive. */
export const offerAfterMs = 3_000;

type Result = Reduction<DiscoveryState, DiscoveryCommand>;

const nothing: readonly DiscoveryCommand[] = [];

export function reduce(state: DiscoveryState, event: DiscoveryEvent): Result {
  if (event.type === 'wake') return onWake(state, event.now);
  const { delivery, now, luck } = event;
  switch (delivery.kind) {
    case 'synced':
      return withInbox({ ...state, isConnected: true, settleAtMs: null }, settle(state, now, { again: false }), now);
    case 'disconnected':
      // Read again at the next connect; our own echoes are lost with the connection, and perhaps what was taken away.
      state.there.clear();
      state.ownEchoes.clear();
      state.leaving.clear();
      // What was seen before may be something else after: whoever pressed first presses again.
      return { state: { ...state, isConnected: false, settleAtMs: null, answerAtMs: null, pressed: null }, commands: nothing };
    case 'message':
      return onMessage(state, delivery, { now, luck });
    case 'document': {
      const isChanged = hearDocument(state, delivery);
      const next = isChanged ? settleSoon(state, now + gatherMs) : state;
      return delivery.name === 'action' ? withInbox(next, nothing, now) : { state: next, commands: nothing };
    }
  }
}

/** null: nothing is to be done by itself. */
export function wakeAt(state: DiscoveryState): number | null {
  const { isConnected, settleAtMs, answerAtMs, leaving, pressed } = state;
  const times = [settleAtMs, answerAtMs, offerAtMs(state), pressed?.untilMs ?? null, ...leaving.values()].filter((each) => each !== null);
  return isConnected && times.length > 0 ? Math.min(...times) : null;
}

/** null: nothing waits, or every button means already what it is to mean. */
function offerAtMs({ only, isOffered, oldest, isAsked }: DiscoveryState): number | null {
  const times = [isOffered ? null : only, isAsked ? null : oldest].filter((each) => each !== null).map(({ sinceMs }) => sinceMs + offerAfterMs);
  return times.length === 0 ? null : Math.min(...times);
}

export function mode({ isConnected, settleAtMs, leaving }: DiscoveryState): 'reading' | 'settling' | 'announced' {
  if (!isConnected) return 'reading';
  return settleAtMs === null && leaving.size === 0 ? 'announced' : 'settling';
}

export function detail({ announced, declined }: DiscoveryState): string | null {
  if (declined.size === 0) return null;
  return `${announced.size} devices; ${declined.size} deleted in Home Assistant, until the next start: ${[...declined].sort().join(', ')}`.slice(0, 300);
}

/** An earlier time stays. Before everything retained is read there is nothing to compare with. */
function settleSoon(state: DiscoveryState, atMs: number): DiscoveryState {
  if (!state.isConnected) return state;
  return { ...state, settleAtMs: Math.min(state.settleAtMs ?? atMs, atMs) };
}

function onWake(state: DiscoveryState, now: number): Result {
  if (!state.isConnected) return { state, commands: nothing };
  const isAnswer = state.answerAtMs !== null && state.answerAtMs <= now;
  const isDue = isAnswer || (state.settleAtMs !== null && state.settleAtMs <= now);
  const gone = seeOff(state, now);
  if (!isDue) return withInbox(state, gone, now);
  const next = { ...state, settleAtMs: null, answerAtMs: isAnswer ? null : state.answerAtMs };
  return withInbox(next, [...gone, ...settle(next, now, { again: isAnswer })], now);
}

type Message = Extract<Delivery, { readonly kind: 'message' }>;

function onMessage(state: DiscoveryState, message: Message, { now, luck }: { readonly now: number; readonly luck: number }): Result {
  if (message.name === 'homeAssistantDevice') return onAnnouncement(state, message, now);
  if (message.name === 'homeAssistantTap') return onTap(state, message, now);
  if (message.name !== 'homeAssistantStatus' || message.retained) return { state, commands: nothing };
  const { status } = topics.homeAssistantStatus.schema.parse(message.payload);
  if (status === 'offline' || !state.isConnected) return { state, commands: nothing };
  return { state: { ...state, answerAtMs: now + birthEarliestMs + Math.round(luck * birthSpreadMs) }, commands: nothing };
}

/** One that the broker kept is somebody's of long ago. One that does not count leaves the one before it as it is. */
function onTap(state: DiscoveryState, { payload, retained, text }: Message, now: number): Result {
  if (retained || text === '' || !state.isConnected) return { state, commands: nothing };
  const tap = topics.homeAssistantTap.schema.parse(payload);
  const pressed = firstPress(tap, state.pending.values(), now);
  if (pressed === null) return { state, commands: [{ type: 'tap_ignored', tap }] };
  return withInbox({ ...state, pressed }, nothing, now);
}

/** A copy of what the broker holds, an echo of our own hand, or somebody else's. */
function onAnnouncement(state: DiscoveryState, { levels, text, retained }: Message, now: number): Result {
  const { id = '' } = levels;
  if (!isOwnId(state.options.maker.root, id)) return { state, commands: nothing };
  if (text !== '') {
    // Our own announcement was on its way when a person deleted the device.
    if (state.isConnected && state.declined.has(id)) return { state, commands: [takeAway(state, id)] };
    const isOther = state.isConnected && state.there.get(id) !== text;
    state.there.set(id, text);
    return { state: isOther ? settleSoon(state, now + repairMs) : state, commands: nothing };
  }
  const echoes = state.ownEchoes.get(id) ?? 0;
  if (echoes > 0) {
    state.ownEchoes.set(id, echoes - 1);
    return { state, commands: nothing };
  }
  state.there.delete(id);
  if (retained || !state.isConnected || state.leaving.has(id) || !state.announced.delete(id)) return { state, commands: nothing };
  state.declined.add(id);
  return { state: { ...state }, commands: [{ type: 'declined', id }, remember(state)] };
}

function withInbox(state: DiscoveryState, commands: readonly DiscoveryCommand[], now: number): Result {
  const waiting = oldestFirst(state.pending);
  const key = waiting[0] === undefined ? null : keyOf(waiting[0]);
  const only = sinceOf(state.only, waiting.length === 1 ? key : null, now);
  const oldest = sinceOf(state.oldest, key, now);
  const isLong = (each: Since | null): boolean => each !== null && now >= each.sinceMs + offerAfterMs;
  const buttons = { isOffered: isLong(only), isAsked: isLong(oldest), pressed: stillPressed(state.pressed, waiting, now) };
  const next = { ...state, only, oldest, ...buttons };
  if (!state.isConnected) return { state: next, commands };
  const body = inboxOf(state.options.site, waiting, buttons);
  const said = JSON.stringify(body);
  if (said === state.saidInbox) return { state: next, commands };
  return { state: { ...next, saidInbox: said }, commands: [{ type: 'inbox', body }, ...commands] };
}

const sinceOf = (before: Since | null, key: string | null, now: number): Since | null =>
  key === null ? null : before?.key === key ? before : { key, sinceMs: now };
