/** Payloads of request topics in every state: JSON of the state's shape, or a bare line that names an action. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type RequestState, requestStates } from '../../contracts/action.ts';
import { parseActionRequest } from '../../contracts/action-request.ts';

const people = ['approved', 'rejected', 'cancelled'] as const;
const programs = ['pending', 'running', 'completed', 'failed'] as const;
const claim = { id: 'container-restart-vps-web', attempt: 2, nonce: 'n0nc3-n0nc3' };
const outcome = { ...claim, outcome: { ok: true, code: 'verified' } };

const good: Readonly<Record<RequestState, unknown>> = {
  pending: { type: 'container_restart', node: 'vps', service: 'web' },
  approved: { id: 'next', digest: 'd1g35t' },
  rejected: { id: 'container-restart-vps-web', note: 'not now' },
  cancelled: { id: 'container-restart-vps-web', reason: 'by_operator' },
  running: claim,
  completed: outcome,
  failed: outcome,
};
/** One thing wrong in each, and the field that must be named. */
const bad: Readonly<Record<RequestState, readonly [unknown, string]>> = {
  pending: [{ type: 'container_restart' }, 'node'],
  approved: [{ id: 'x'.repeat(401) }, 'id'],
  rejected: [{ id: 'next', on_behalf_of: '' }, 'on_behalf_of'],
  cancelled: [{ id: 'next', reason: 'just because' }, 'reason'],
  running: [{ ...claim, nonce: 'short' }, 'nonce'],
  completed: [{ ...claim, outcome: { code: 'verified' } }, 'outcome.ok'],
  failed: [claim, 'outcome'],
};

describe.each(requestStates)('a request for %s', (state) => {
  it('is JSON of its own shape', () => {
    const parsed = parseActionRequest(state, JSON.stringify(good[state]));
    expect(parsed).toMatchObject({ ok: true, state, request: good[state] });
  });

  it('may carry fields of a later version', () => {
    expect(parseActionRequest(state, JSON.stringify({ ...(good[state] as object), mood: 'fine' }))).toEqual(
      parseActionRequest(state, JSON.stringify(good[state])),
    );
  });

  it('is refused in one line that names the field', () => {
    const [value, field] = bad[state];
    const parsed = parseActionRequest(state, JSON.stringify(value));
    expect(parsed).toMatchObject({ ok: false, detail: expect.stringMatching(new RegExp(`^${field}: .+$`)) });
  });

  it.each(['', '   ', '{', '"unfinished', '{"id": }'])('is refused, not thrown at, when it is %j', (text) => {
    expect(parseActionRequest(state, text)).toMatchObject({ ok: false, detail: expect.stringMatching(/./) });
  });

  it('never throws, whatever is sent', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(typeof parseActionRequest(state, text).ok).toBe('boolean');
      }),
    );
  });
});

describe('a bare line of text', () => {
  it.each(people)('names an action for %s', (state) => {
    expect(parseActionRequest(state, ' container-restart-vps-web\n')).toEqual({ ok: true, state, request: { id: 'container-restart-vps-web' } });
    expect(parseActionRequest(state, '"next"')).toEqual({ ok: true, state, request: { id: 'next' } });
  });

  it.each(people)('may look like a number or a list: it is still only a name (%s)', (state) => {
    expect(parseActionRequest(state, '42')).toEqual({ ok: true, state, request: { id: '42' } });
    expect(parseActionRequest(state, '[next]')).toEqual({ ok: true, state, request: { id: '[next]' } });
  });

  it.each(programs)('is not enough for %s', (state) => {
    expect(parseActionRequest(state, 'container-restart-vps-web').ok).toBe(false);
  });
});
