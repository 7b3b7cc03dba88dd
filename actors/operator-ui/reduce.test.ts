import { describe, expect, it } from 'vitest';
import type { Delivery } from '../../bus/actor.ts';
import { newRef } from '../../contracts/request-answer.ts';
import { sentOf, waitingMax } from './asking.ts';
import { changesAfter, changesKept } from './changes.ts';
import type { Asked } from './ports.ts';
import { detail, eventsKept, initialState, mode, type OperatorCommand, type OperatorEvent, type OperatorState, openAgainMs, reduce, wakeAt } from './reduce.ts';

const start = Date.parse('2026-03-01T12:00:00.000Z');
const at = start + 1_000;
const topic = (node: string): string => ['world', 'nodes', node].join('/');

function desk(isSimulated = false) {
  const state = initialState(start, isSimulated);
  const commands: OperatorCommand[] = [];
  const say = (event: OperatorEvent): void => {
    commands.push(...reduce(state, event).commands);
  };
  return { state, commands, say };
}

const delivered = (delivery: unknown): OperatorEvent => ({
  type: 'delivery',
  delivery: { at, retained: false, will: false, ...(delivery as object) } as Delivery,
  now: at,
});
const document = (node: string, doc: object | null): OperatorEvent =>
  delivered({ kind: 'document', name: 'worldNode', topic: topic(node), levels: { node }, doc });
const event = (id: string, more: object = {}): OperatorEvent =>
  delivered({ kind: 'message', name: 'events', topic: 't', levels: {}, text: '', payload: { id, ts: 'x', node: 'vps' }, ...more });
const reply = (request: string, summary: string, said: object = {}, more: object = {}): OperatorEvent =>
  delivered({
    kind: 'message',
    name: 'reply',
    topic: 't',
    levels: {},
    text: '',
    payload: { request, summary, ok: true, code: 'approved', id: 'a', ts: 'x', ...said },
    ...more,
  });
const synced = delivered({ kind: 'synced', session: 1 });
const disconnected = delivered({ kind: 'disconnected' });

const asked = (id: string, person = 'anna'): Asked => ({ state: 'approved', request: { id, on_behalf_of: person } });
const sent = (each: Asked, id: number) => sentOf(each, newRef(at, id));
/** As a ledger shows it. */
const textOf = (each: Asked, id: number): string => `${each.state} ${JSON.stringify(sent(each, id).request)}`;
const after = (state: OperatorState, cursor: number, max = 1_000) => changesAfter(state, cursor, max);

describe('the picture', () => {
  it('has each document as it was said last, and knows what is gone', () => {
    const { state, say } = desk();
    const { cursor } = state.log;
    say(document('vps', { status: 'online' }));
    say(document('piha', { status: 'online' }));
    say(document('vps', { status: 'offline' }));
    say(document('piha', null));
    expect([...state.documents]).toEqual([[topic('vps'), { status: 'offline' }]]);
    expect(after(state, cursor)).toEqual({ cursor: cursor + 4, set: { [topic('vps')]: { status: 'offline' } }, gone: [topic('piha')], events: [], bus: null });
  });

  it('says of everything in a demo that it is not real', () => {
    const { state, say } = desk(true);
    say(document('vps', { status: 'online', node: 'vps' }));
    expect(state.documents.get(topic('vps'))).toMatchObject({ status: 'online', simulated: true });
  });

  it('goes on from a cursor with what came after it, at most so much at once', () => {
    const { state, say } = desk();
    const { cursor } = state.log;
    for (const node of ['a', 'b', 'c']) say(document(node, { status: 'online' }));
    say(event('e1'));
    const first = after(state, cursor, 2);
    expect([first?.cursor, Object.keys(first?.set ?? {})]).toEqual([cursor + 2, [topic('a'), topic('b')]]);
    const second = after(state, first?.cursor ?? 0, 2);
    expect([Object.keys(second?.set ?? {}), second?.events]).toEqual([[topic('c')], [{ id: 'e1', ts: 'x', node: 'vps' }]]);
    expect(after(state, cursor + 4)).toMatchObject({ cursor: cursor + 4, set: {}, events: [] });
  });

  it('does not know a cursor that is too old, of another life, or of the future', () => {
    const { state, say } = desk();
    const old = state.log.cursor;
    for (let n = 0; n <= 2 * changesKept; n += 1) say(document('vps', { status: String(n) }));
    expect(after(state, old)).toBeNull();
    expect(after(state, state.log.cursor + 1)).toBeNull();
    expect(after(state, Number.NaN)).toBeNull();
    expect(after(state, state.log.cursor - changesKept + 1)).not.toBeNull();
    expect(state.log.changes.length).toBeLessThanOrEqual(2 * changesKept);
    // A later life begins above whatever this one has reached.
    expect(initialState(start + 60_000).log.cursor).toBeGreaterThan(state.log.cursor);
  });

  it('keeps the newest events, each once, and none that was stored', () => {
    const { state, say } = desk();
    for (let n = 0; n < eventsKept + 10; n += 1) say(event(`e${n}`));
    say(event('e100'));
    say(event('stored', { retained: true }));
    expect(state.events).toHaveLength(eventsKept);
    expect([state.events[0]?.event.id, state.events.at(-1)?.event.id]).toEqual(['e10', `e${eventsKept + 9}`]);
  });

  it('stands as it was while the broker is away, and says since when', () => {
    const { state, say } = desk();
    say(document('vps', { status: 'online' }));
    say(synced);
    const { cursor } = state.log;
    say(disconnected);
    say(disconnected);
    expect(state.documents.size).toBe(1);
    expect(after(state, cursor)).toMatchObject({ bus: { status: 'down', since: '2026-03-01T12:00:01.000Z' }, cursor: cursor + 1 });
  });
});

describe('what people ask for', () => {
  it('is sent, and answered by the reply that names it, whatever comes in between', () => {
    const { state, commands, say } = desk();
    say(synced);
    commands.length = 0;
    const [first, second] = [asked('a'), asked('b')];
    say({ type: 'asked', id: 1, asked: first, now: at });
    say({ type: 'asked', id: 2, asked: second, now: at });
    say(reply('approved something else', 'not ours', { ref: 'x-1' }));
    say(reply('cut', 'stored', { ref: newRef(at, 2) }, { retained: true }));
    say(reply('cut', 'Approved: b.', { ref: newRef(at, 2) }));
    say(reply('cut', 'Approved: a.', { ref: newRef(at, 1) }));
    expect(commands).toEqual([
      { type: 'send', id: 1, sent: sent(first, 1) },
      { type: 'send', id: 2, sent: sent(second, 2) },
      { type: 'answer', id: 2, answer: { kind: 'answered', ok: true, code: 'approved', line: 'Approved: b.', id: 'a' } },
      { type: 'answer', id: 1, answer: { kind: 'answered', ok: true, code: 'approved', line: 'Approved: a.', id: 'a' } },
    ]);
    expect(state.waiting).toEqual([]);
  });

  it('is sent under a ref of our own, not of the one that somebody wrote into it', () => {
    const { commands, say } = desk();
    say(synced);
    commands.length = 0;
    say({ type: 'asked', id: 1, asked: { state: 'approved', request: { id: 'a', ref: 'mine', on_behalf_of: 'anna' } }, now: at });
    expect(commands).toEqual([{ type: 'send', id: 1, sent: { state: 'approved', request: { ref: newRef(at, 1), on_behalf_of: 'anna', id: 'a' } } }]);
  });

  it('is known by its beginning where an older ledger cut its text and repeats no ref', () => {
    const { commands, say } = desk();
    say(synced);
    const long = (person: string): Asked => ({ state: 'rejected', request: { id: 'a', note: 'x y '.repeat(99), on_behalf_of: person } });
    say({ type: 'asked', id: 1, asked: long('anna'), now: at });
    say({ type: 'asked', id: 2, asked: long('bert'), now: at });
    say(reply(`${textOf(long('bert'), 2).slice(0, 399)}…`, 'for bert'));
    expect(commands.at(-1)).toMatchObject({ type: 'answer', id: 2, answer: { line: 'for bert' } });
  });

  it('is not sent without a connection', () => {
    const { commands, say } = desk();
    say({ type: 'asked', id: 1, asked: asked('a'), now: at });
    expect(commands).toMatchObject([{ type: 'answer', id: 1, answer: { kind: 'not_sent' } }]);
  });

  it('is given up after 10 s without an answer, and a reply after that is nobody’s', () => {
    const { state, commands, say } = desk();
    say(synced);
    say({ type: 'asked', id: 1, asked: asked('a'), now: at });
    expect(wakeAt(state)).toBe(at + 10_000);
    say({ type: 'wake', now: at + 9_999 });
    expect(commands.at(-1)?.type).toBe('send');
    say({ type: 'wake', now: at + 10_000 });
    expect(commands.at(-1)).toMatchObject({ type: 'answer', id: 1, answer: { kind: 'no_answer' } });
    say(reply(textOf(asked('a'), 1), 'late', { ref: newRef(at, 1) }));
    expect(commands.filter(({ type }) => type === 'answer')).toHaveLength(1);
    expect(wakeAt(state)).toBeNull();
  });

  it('is told at once when sending failed', () => {
    const { commands, say } = desk();
    say(synced);
    say({ type: 'asked', id: 1, asked: asked('a'), now: at });
    say({ type: 'unsent', id: 1, now: at });
    expect(commands.at(-1)).toMatchObject({ type: 'answer', id: 1, answer: { kind: 'not_sent' } });
  });

  it('is turned away when very many wait', () => {
    const { commands, say } = desk();
    say(synced);
    for (let id = 0; id <= waitingMax; id += 1) say({ type: 'asked', id, asked: asked('a'), now: at });
    expect(commands.at(-1)).toMatchObject({ type: 'answer', id: waitingMax, answer: { kind: 'not_sent' } });
  });
});

describe('the mode', () => {
  it('says whether it can be reached, and whether it sees anything', () => {
    const { state, say } = desk();
    expect([mode(state), detail(state)]).toEqual(['closed', null]);
    say({ type: 'start', now: at });
    say({ type: 'opened', url: 'http://127.0.0.1:18180', notice: 'this machine only', now: at });
    expect([mode(state), detail(state)]).toEqual(['loading', 'http://127.0.0.1:18180: this machine only']);
    say(synced);
    expect(mode(state)).toBe('serving');
    say(disconnected);
    expect(mode(state)).toBe('blind');
  });

  it('is closed while its port is taken; it tries again', () => {
    const { state, commands, say } = desk();
    say({ type: 'start', now: at });
    say({ type: 'open_failed', why: 'cannot listen on 127.0.0.1:18180: something else listens there', now: at });
    expect([mode(state), detail(state), wakeAt(state)]).toEqual(['closed', expect.stringContaining('something else'), at + openAgainMs]);
    say({ type: 'wake', now: at + openAgainMs });
    expect(commands.filter(({ type }) => type === 'open')).toHaveLength(2);
    expect(wakeAt(state)).toBeNull();
  });
});
