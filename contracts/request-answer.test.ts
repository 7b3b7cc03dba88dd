/** Which reply is the answer to which request, with a ledger that repeats refs and with one that does not know them. */
import { describe, expect, it } from 'vitest';
import { Reply, RequestRef } from './action.ts';
import { refOf } from './action-request.ts';
import { isAnswerTo, newRef, type SentRequest } from './request-answer.ts';

const ts = '2026-03-01T12:00:00.000Z';
const reply = (more: object): Reply => Reply.parse({ summary: 'Approved: restart web on vps.', code: 'approved', ok: true, ts, ...more });
const asked = (ref: string, more: object = {}): SentRequest => ({
  state: 'approved',
  request: { ref, on_behalf_of: 'anna', id: 'container-restart-vps-web', ...more },
});
const shown = ({ state, request }: SentRequest): string => `${state} ${JSON.stringify(request)}`;

describe('an answer', () => {
  it('is known by its ref, whatever else it shows', () => {
    expect(isAnswerTo(asked('a-1'), reply({ ref: 'a-1', request: 'cut' }))).toBe(true);
    expect(isAnswerTo(asked('a-1'), reply({ ref: 'a-2', request: shown(asked('a-1')) }))).toBe(false);
    expect(isAnswerTo({ state: 'approved', request: { id: 'next' } }, reply({ ref: 'a-1', request: 'approved {"id":"next"}' }))).toBe(false);
  });

  it('of an older ledger is known by the text that it shows, also where that is cut and its spaces are others', () => {
    const long = asked('a-1', { note: 'x  y\n'.repeat(200) });
    const line = shown(long).replaceAll(/\s+/g, ' ');
    expect(isAnswerTo(long, reply({ request: `${line.slice(0, 399)}…` }))).toBe(true);
    expect(isAnswerTo(asked('a-2', { note: 'x  y\n'.repeat(200) }), reply({ request: `${line.slice(0, 399)}…` }))).toBe(false);
    expect(isAnswerTo(asked('a-1'), reply({ request: shown(asked('a-1')) }))).toBe(true);
    expect(isAnswerTo(asked('a-1'), reply({ request: 'approved next' }))).toBe(false);
  });
});

describe('a ref', () => {
  it('is another one for each request, and after a restart', () => {
    const refs = [newRef(1_000, 1), newRef(1_000, 2), newRef(90_000, 1)];
    expect(new Set(refs).size).toBe(3);
    for (const ref of refs) expect(RequestRef.parse(ref)).toBe(ref);
  });

  it.each([
    ['{"id":"next","ref":"a-1"}', 'a-1'],
    [' {"ref":"a-1","id":7}', 'a-1'],
    ['{"id":"next"}', undefined],
    ['{"id":"next","ref":"two words"}', undefined],
    [`{"ref":"${'a'.repeat(65)}"}`, undefined],
    ['{"ref":7}', undefined],
    ['{"ref":"a-1"', undefined],
    ['next', undefined],
    ['', undefined],
  ])('of %s is %s', (text, ref) => {
    expect(refOf(text)).toBe(ref);
  });
});
