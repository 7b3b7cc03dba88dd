/**
 * The picture of the homelab that people look at, and what they have asked for.
 *
 * Reads: all documents and events, replies to its own login, time, how its web server is. Wants done: requests sent, answers handed to
 * whoever waits, the web server opened again after it could not listen. Owns and mutates its state, which the web server reads
 * between two events. Remembers nothing: everything is read again at a start.
 */
import type { Delivery } from '../../bus/actor.ts';
import type { Reduction } from '../../bus/reducer.ts';
import type { Reply } from '../../contracts/action.ts';
import type { DocumentHead } from '../../contracts/common.ts';
import type { Event } from '../../contracts/event.ts';
import { isAnswerTo, newRef, type SentRequest } from '../../contracts/request-answer.ts';
import { answerOf, answerWithinMs, noAnswer, notConnected, sentOf, tooMany, type Waiting, waitingMax } from './asking.ts';
import { type ChangeLog, newChangeLog, note } from './changes.ts';
import type { Answer, Asked, BusStatus, HeardEvent } from './ports.ts';

/** Newest events held for a page that opens where no store is at hand: what a person scrolls through; some 500 bytes each. */
export const eventsKept = 500;

/** A port that somebody else holds is tried again: whoever holds it may be an earlier process of ours that is just ending. */
export const openAgainMs = 10_000;

type Server =
  | { readonly is: 'closed' }
  | { readonly is: 'opening' }
  | { readonly is: 'open'; readonly url: string; readonly notice: string | null }
  | { readonly is: 'failed'; readonly why: string; readonly retryAtMs: number };

export interface OperatorState {
  /** Nothing of what is read is real: every document says so, as it does on the bus (what an actor of a demo reads comes without the mark). */
  readonly isSimulated: boolean;
  readonly documents: Map<string, DocumentHead>;
  readonly log: ChangeLog;
  events: HeardEvent[];
  bus: BusStatus;
  isWhole: boolean;
  /** When anything came from the broker. */
  heardAtMs: number | null;
  readonly waiting: Waiting[];
  server: Server;
}

export type OperatorEvent =
  | { readonly type: 'delivery'; readonly delivery: Delivery; readonly now: number }
  | { readonly type: 'start'; readonly now: number }
  | { readonly type: 'opened'; readonly url: string; readonly notice: string | null; readonly now: number }
  | { readonly type: 'open_failed'; readonly why: string; readonly now: number }
  | { readonly type: 'asked'; readonly id: number; readonly asked: Asked; readonly now: number }
  | { readonly type: 'unsent'; readonly id: number; readonly now: number }
  | { readonly type: 'wake'; readonly now: number };

export type OperatorCommand =
  | { readonly type: 'open' }
  | { readonly type: 'send'; readonly id: number; readonly sent: SentRequest }
  | { readonly type: 'answer'; readonly id: number; readonly answer: Answer }
  | { readonly type: 'changed' };

export const initialState = (nowMs: number, isSimulated = false): OperatorState => ({
  isSimulated,
  documents: new Map(),
  log: newChangeLog(nowMs),
  events: [],
  bus: { status: 'down', since: isoOf(nowMs) },
  isWhole: false,
  heardAtMs: null,
  waiting: [],
  server: { is: 'closed' },
});

export function reduce(state: OperatorState, event: OperatorEvent): Reduction<OperatorState, OperatorCommand> {
  const out: OperatorCommand[] = [];
  const before = state.log.cursor;
  switch (event.type) {
    case 'delivery':
      hear(state, event.delivery, out);
      break;
    case 'start':
      open(state, out);
      break;
    case 'opened':
      state.server = { is: 'open', url: event.url, notice: event.notice };
      break;
    case 'open_failed':
      state.server = { is: 'failed', why: event.why, retryAtMs: event.now + openAgainMs };
      break;
    case 'asked':
      ask(state, event, out);
      break;
    case 'unsent':
      answer(state, (each) => each.id === event.id, notConnected, out);
      break;
    case 'wake':
      passTime(state, event.now, out);
      break;
  }
  if (state.log.cursor !== before) out.push({ type: 'changed' });
  return { state, commands: out };
}

/** What it is doing, for its ActorStatus. */
export function mode({ server, bus, isWhole }: OperatorState): string {
  if (server.is !== 'open') return 'closed';
  if (!isWhole) return 'loading';
  return bus.status === 'up' ? 'serving' : 'blind';
}

export function detail({ server }: OperatorState): string | null {
  if (server.is === 'open') return server.notice === null ? server.url : `${server.url}: ${server.notice}`;
  return server.is === 'failed' ? server.why : null;
}

export function wakeAt({ waiting, server }: OperatorState): number | null {
  const times = [...waiting.map(({ untilMs }) => untilMs), ...(server.is === 'failed' ? [server.retryAtMs] : [])];
  return times.length === 0 ? null : Math.min(...times);
}

function hear(state: OperatorState, delivery: Delivery, out: OperatorCommand[]): void {
  const { at } = delivery;
  if (delivery.kind !== 'disconnected') state.heardAtMs = at;
  switch (delivery.kind) {
    case 'document':
      if (delivery.doc === null) {
        if (!state.documents.delete(delivery.topic)) return;
      } else {
        const doc = delivery.doc as DocumentHead;
        state.documents.set(delivery.topic, state.isSimulated ? { ...doc, simulated: true } : doc);
      }
      note(state.log, { kind: 'document', topic: delivery.topic });
      break;
    case 'message':
      if (delivery.retained) return;
      if (delivery.name === 'events') hearEvent(state, { event: delivery.payload as Event, at: isoOf(at) });
      else if (delivery.name === 'reply') {
        const reply = delivery.payload as Reply;
        answer(state, (each) => isAnswerTo(each.sent, reply), answerOf(reply), out);
      }
      break;
    case 'synced':
      state.isWhole = true;
      setBus(state, { status: 'up', since: isoOf(at) });
      break;
    case 'disconnected':
      setBus(state, { status: 'down', since: isoOf(at) });
      break;
  }
}

/** An outbox sends again what it has no acknowledgement for: what is among the newest is not shown twice. */
function hearEvent(state: OperatorState, heard: HeardEvent): void {
  if (state.events.some(({ event }) => event.id === heard.event.id)) return;
  state.events.push(heard);
  if (state.events.length > eventsKept) state.events.shift();
  note(state.log, { kind: 'event', event: heard.event });
}

function setBus(state: OperatorState, bus: BusStatus): void {
  if (state.bus.status === bus.status) return;
  state.bus = bus;
  note(state.log, { kind: 'bus' });
}

function open(state: OperatorState, out: OperatorCommand[]): void {
  state.server = { is: 'opening' };
  out.push({ type: 'open' });
}

function ask(state: OperatorState, { id, asked, now }: Extract<OperatorEvent, { readonly type: 'asked' }>, out: OperatorCommand[]): void {
  if (state.bus.status === 'down') out.push({ type: 'answer', id, answer: notConnected });
  else if (state.waiting.length >= waitingMax) out.push({ type: 'answer', id, answer: tooMany });
  else {
    const sent = sentOf(asked, newRef(now, id));
    state.waiting.push({ id, sent, untilMs: now + answerWithinMs });
    out.push({ type: 'send', id, sent });
  }
}

/** To the oldest that it fits, where an older ledger repeats no ref and two are equal. A reply that fits none is one to somebody who gave up waiting, or word of another site that came later. */
function answer(state: OperatorState, fits: (waiting: Waiting) => boolean, words: Answer, out: OperatorCommand[]): void {
  const at = state.waiting.findIndex(fits);
  const [waiting] = at === -1 ? [] : state.waiting.splice(at, 1);
  if (waiting !== undefined) out.push({ type: 'answer', id: waiting.id, answer: words });
}

function passTime(state: OperatorState, now: number, out: OperatorCommand[]): void {
  for (const { id } of state.waiting.filter(({ untilMs }) => untilMs <= now)) answer(state, (each) => each.id === id, noAnswer, out);
  if (state.server.is === 'failed' && state.server.retryAtMs <= now) open(state, out);
}

const isoOf = (ms: number): string => new Date(ms).toISOString();
