import { describe, expect, it } from 'vitest';
import { Reply } from '../../contracts/action.ts';
import { desiredNode, deskStartMs, minuteMs, nonce, TestDesk } from '../../test/kit/ledger-desk.ts';
import { replay } from './journal.ts';
import { mode } from './reduce.ts';

const id = 'container-restart-vps-web';
const restart = {
  type: 'container_restart',
  node: 'vps',
  service: 'web',
  evidence: { trigger_type: 'containers_not_running', message: 'web is down: exit 137' },
};

describe('approving', () => {
  it('takes a bare id from an operator, answers in one line, and clears the topic', () => {
    const desk = TestDesk.ready();
    desk.ask('supervisor-vps', 'pending', restart);
    desk.said();
    desk.now += 5 * minuteMs;
    expect(desk.ask('alice', 'approved', id)).toEqual({
      summary: 'Approved: restart web on vps. Valid until 13:05 UTC.',
      code: 'approved',
      ok: true,
      id,
      request: `approved ${id}`,
      ts: '2026-03-01T12:05:00.000Z',
    });
    expect(desk.said()).toEqual(['record', 'publish', 'reply', 'clear']);
    expect(desk.cleared).toEqual(['actions/approved/alice']);
    expect(desk.documents.get(`world/actions/vps/${id}`)).toMatchObject({ state: 'approved', approved_by: 'alice' });
  });

  it.each([
    ['approved', { id: 'next', ref: 'a-1' }, 'approved', 'a-1'],
    ['approved', { id: 'nobody', ref: 'a-2' }, 'unknown_action', 'a-2'],
    ['approved', { id: 7, ref: 'a-3' }, 'bad_request', 'a-3'],
    ['approved', { id: 'next', ref: 'two words' }, 'bad_request', undefined],
    ['approved', 'next', 'approved', undefined],
    ['sleeping', { id: 'next', ref: 'a-4' }, 'bad_state', 'a-4'],
  ])('repeats what whoever asks calls the request: %s %j', (state, payload, code, ref) => {
    const desk = TestDesk.ready();
    desk.bring('pending');
    const reply = desk.ask('alice', state, payload);
    expect([reply?.code, reply?.ref]).toEqual([code, ref]);
    expect(Reply.parse(reply)).toEqual(reply);
  });

  it('of what is guarded takes its name, or the digest that a front end showed', () => {
    const desk = TestDesk.ready();
    desk.ask('supervisor-vps', 'pending', { type: 'redeploy', node: 'vps', service: 'web' });
    const { digest } = desk.action('redeploy-vps-web');
    expect(desk.ask('alice', 'approved', 'next')).toMatchObject({ ok: false, code: 'name_needed' });
    expect(desk.ask('alice', 'approved', { id: 'next', digest })).toMatchObject({ ok: true, code: 'approved' });
  });

  it('counts the first of two people, and tells the second who was first', () => {
    const desk = TestDesk.ready();
    desk.bring('pending');
    expect(desk.ask('alice', 'approved', id)?.code).toBe('approved');
    desk.now += minuteMs;
    expect(desk.ask('bob', 'approved', id)).toMatchObject({
      code: 'not_pending',
      ok: false,
      id,
      summary: expect.stringContaining('already approved by alice at 12:00 UTC'),
    });
    expect(desk.action(id)).toMatchObject({ state: 'approved', approved_by: 'alice' });
  });

  it.each([
    ['cancelled', 'approved', 'not_pending', 'cancelled'],
    ['approved', 'cancelled', 'cancelled', 'cancelled'],
    ['approved', 'rejected', 'not_pending', 'approved'],
    ['rejected', 'approved', 'not_pending', 'rejected'],
  ] as const)('when one asks for %s and another for %s, the second gets %s and the action is %s', (first, second, code, state) => {
    const desk = TestDesk.ready();
    desk.bring('pending');
    desk.ask('alice', first, id);
    expect(desk.ask('bob', second, id)?.code).toBe(code);
    expect(desk.action(id).state).toBe(state);
  });

  it('is refused to the login that proposed, and said as an event', () => {
    const desk = TestDesk.ready();
    desk.bring('pending');
    expect(desk.ask('supervisor-vps', 'approved', id)).toMatchObject({ ok: false, code: 'not_allowed' });
    expect(desk.events).toEqual([
      expect.objectContaining({
        type: 'action_refused',
        severity: 'warning',
        payload: expect.objectContaining({ code: 'not_allowed', requester: 'supervisor-vps' }),
      }),
    ]);
    expect(desk.action(id).state).toBe('pending');
  });

  it('twice with one name in the morning and in the evening needs two answers: a new life is a new question', () => {
    const desk = TestDesk.ready();
    const { digest } = desk.bring('completed');
    desk.ask('supervisor-vps', 'pending', restart);
    expect(desk.action(id)).toMatchObject({ state: 'pending', attempt: 2, digest, approved_by: null });
    expect(desk.ask('executor-vps', 'running', { id, attempt: 1, nonce })?.code).toBe('not_approved');
  });

  it('completes a notice at once, and shows it only completed', () => {
    const desk = TestDesk.ready();
    desk.ask('supervisor-vps', 'pending', { type: 'alert_only', node: 'vps', service: 'web' });
    desk.said();
    expect(desk.ask('alice', 'approved', 'next')).toMatchObject({ code: 'completed', summary: 'Acknowledged: notice about web on vps.' });
    expect(desk.said()).toEqual(['record', 'record', 'publish', 'reply', 'clear']);
    expect(desk.action('alert-only-vps-web')).toMatchObject({ state: 'completed', approved_by: 'alice', outcome: { ok: true, code: 'acknowledged' } });
  });
});

describe('a stored request', () => {
  it('is refused and cleared, also from a program, and moves nothing', () => {
    const desk = TestDesk.ready();
    desk.bring('pending');
    expect(desk.ask('alice', 'approved', id, { retained: true })).toMatchObject({ ok: false, code: 'retained_request' });
    expect(desk.ask('supervisor-vps', 'cancelled', { id, reason: 'recovered' }, { retained: true })?.code).toBe('retained_request');
    expect(desk.cleared).toEqual(['actions/approved/alice', 'actions/cancelled/supervisor-vps']);
    expect(desk.action(id).state).toBe('pending');
  });

  it('of whom nobody knows is cleared too, and our own clearing is met with silence', () => {
    const desk = TestDesk.ready({ access: { alice: 'operator' } });
    expect(desk.ask('mallory', 'approved', id, { retained: true })?.code).toBe('retained_request');
    expect(desk.cleared).toEqual(['actions/approved/mallory']);
    desk.said();
    expect(desk.ask('mallory', 'approved', '')).toBeNull();
    expect(desk.said()).toEqual([]);
  });
});

describe('before everything retained is read', () => {
  it('holds requests and judges them by the access list that arrives', () => {
    const desk = new TestDesk();
    expect(desk.ask('alice', 'pending', restart)).toBeNull();
    expect(desk.ask('mallory', 'pending', restart)).toBeNull();
    expect(mode(desk.state)).toBe('loading');
    desk.desired(desiredNode({ node: 'vps', access: { alice: 'operator' } }));
    desk.send({ type: 'synced', now: desk.now });
    expect(desk.replies.map(({ requester, reply }) => [requester, reply.code])).toEqual([
      ['alice', 'proposed'],
      ['mallory', 'not_allowed'],
    ]);
    expect(mode(desk.state)).toBe('waiting');
  });

  it('holds a stored request too, because it can not be cleared without a connection', () => {
    const desk = new TestDesk();
    desk.ask('alice', 'approved', id, { retained: true });
    expect(desk.cleared).toEqual([]);
    desk.send({ type: 'synced', now: desk.now });
    expect(desk.cleared).toEqual(['actions/approved/alice']);
  });

  it('turns the hundred and first away', () => {
    const desk = new TestDesk();
    for (let at = 0; at < 100; at += 1) expect(desk.ask('alice', 'approved', id)).toBeNull();
    expect(desk.ask('alice', 'approved', id)?.code).toBe('busy');
  });

  it('drops what it holds when the connection ends: nobody expects it to act later', () => {
    const desk = new TestDesk();
    desk.ask('alice', 'pending', restart);
    desk.send({ type: 'disconnected', now: desk.now });
    desk.desired(desiredNode({ node: 'vps' }));
    desk.send({ type: 'synced', now: desk.now });
    expect(desk.replies).toEqual([]);
  });

  it('shows what the journal says once it is connected, and that this is all', () => {
    const before = TestDesk.ready();
    before.bring('approved');
    const desk = new TestDesk({ remembered: replay(before.entries) });
    desk.send({ type: 'synced', now: before.now });
    expect(desk.said()).toEqual(['publish', 'documentsComplete']);
    expect(desk.documents).toEqual(before.documents);
  });

  it('answers people where nothing is desired at all', () => {
    const desk = new TestDesk();
    desk.send({ type: 'synced', now: desk.now });
    expect(desk.ask('alice', 'approved', 'next')?.code).toBe('unknown_action');
    expect(desk.ask('alice', 'pending', restart)?.code).toBe('unknown_node');
  });
});

describe('what can not be read', () => {
  it.each([
    ['approved', '{"id": ', 'bad_request'],
    ['approved', '{"note": "yes"}', 'bad_request'],
    ['approved', '   ', 'bad_request'],
    ['approved', '123', 'unknown_action'],
    ['pending', 'container-restart-vps-web', 'bad_request'],
    ['pending', '[1]', 'bad_request'],
    ['expired', id, 'bad_state'],
    ['aproved', id, 'bad_state'],
  ] as const)('%s %j is refused with %s, and says what was expected', (state, text, code) => {
    const desk = TestDesk.ready();
    desk.bring('pending');
    const reply = desk.ask('alice', state, text);
    expect(reply).toMatchObject({ ok: false, code });
    if (code === 'bad_request') expect(reply?.summary).toContain('expected ');
    expect(desk.action(id).state).toBe('pending');
  });

  it('is said as an event once a minute for each requester and code, and answered every time', () => {
    const desk = TestDesk.ready();
    for (const now of [0, 30_000, 59_999, 60_000, 90_000]) {
      desk.now = deskStartMs + now;
      desk.ask('alice', 'approved', 'nothing');
      desk.ask('bob', 'approved', 'nothing');
    }
    expect(desk.replies).toHaveLength(10);
    expect(desk.events).toHaveLength(4);
  });
});

describe('an executor', () => {
  it('that repeats its claim gets the document once more; another one gets nothing', () => {
    const desk = TestDesk.ready();
    desk.bring('running');
    expect(desk.ask('executor-vps', 'running', { id, attempt: 1, nonce })?.code).toBe('unchanged');
    expect(desk.said()).toEqual(['publish', 'reply']);
    expect(desk.ask('executor-vps', 'running', { id, attempt: 1, nonce: 'another-nonce' })?.code).toBe('already_claimed');
    expect(desk.ask('executor-piha', 'running', { id, attempt: 1, nonce })?.code).toBe('not_allowed');
  });

  it('is believed to have done what fits a document; the rest stays in its files', () => {
    const desk = TestDesk.ready();
    desk.bring('running');
    desk.ask('executor-vps', 'completed', { id, attempt: 1, nonce, outcome: { ok: true, code: 'verified', result: { log: 'x'.repeat(10_000) } } });
    expect(desk.action(id)).toMatchObject({ state: 'completed', outcome: { code: 'verified', result: { left_out: 'too long for a document' } } });
  });
});

describe('time', () => {
  it('is looked at before a request is judged', () => {
    const desk = TestDesk.ready();
    desk.bring('approved');
    desk.now += 60 * minuteMs;
    expect(desk.ask('executor-vps', 'running', { id, attempt: 1, nonce })?.code).toBe('not_approved');
    expect(desk.action(id).state).toBe('expired');
  });

  it('takes a closed action off the bus after seven days, and its next life still counts on', () => {
    const desk = TestDesk.ready();
    desk.bring('rejected');
    desk.pass(7 * 24 * 60 * minuteMs - 1);
    expect(desk.documents.size).toBe(1);
    desk.pass(1);
    expect(desk.documents.size).toBe(0);
    desk.ask('supervisor-vps', 'pending', restart);
    expect(desk.action(id).attempt).toBe(2);
  });
});
