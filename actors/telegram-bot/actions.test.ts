/** Actions in the chats: one message each, edited as it goes on; what a tap asks for, and what it does not. */
import { describe, expect, it } from 'vitest';
import { anna, BotRig, home } from '../../test/kit/telegram-rig.ts';

const bert = { id: 88, name: 'Bert' };
const minuteMs = 60_000;
const pending = (): BotRig => BotRig.ready().action('pending').pass(2_000);

describe('the message about an action', () => {
  it('says what, why, the risk and what a yes does, and has two buttons', () => {
    const rig = pending();
    expect(rig.texts()).toEqual([
      [
        '⏳ Waits for a yes: restart web on vps',
        'Why: exit code 137',
        'Risk: low',
        'A yes: the container is stopped and started again, once; it counts as done only when it is healthy within 120 s',
        'container-restart-vps-web, attempt 1',
      ].join('\n'),
    ]);
    expect(rig.labels()).toEqual(['Approve', 'Reject']);
  });

  it('names place, incident and dependents', () => {
    const rig = BotRig.ready().desired('vps', { location: 'ken' }).incident();
    rig.action('pending', { params: { dependents: ['db', 'cache'] } }).pass(8_000);
    expect(rig.texts().at(-1)).toContain('[ken] ⏳');
    expect(rig.texts().at(-1)).toContain('Incident: down, error, since 1 Mar 12:00');
    expect(rig.texts().at(-1)).toContain('Then, if they stay unwell: db, cache');
  });

  it.each([
    ['approved', { approved_by: 'Anna (tg 77) via telegram-bot-vps' }, '👍 Approved', 'Approved by Anna (tg 77) via telegram-bot-vps'],
    ['running', { approved_by: 'anna' }, '▶️ Running', 'Approved by anna'],
    ['completed', { outcome: { ok: true, code: 'verified', message: 'healthy after 3 s' } }, '✅ Done', 'verified: healthy after 3 s'],
    ['failed', { outcome: { ok: false, code: 'not_healthy_in_time' } }, '❌ Failed', 'not_healthy_in_time'],
    ['expired', { approved_by: 'anna' }, '⌛ Expired, not rejected', 'nobody rejected it'],
    ['rejected', {}, '🚫 Rejected', 'Rejected by somebody for a test'],
    ['cancelled', {}, '↩️ Withdrawn', 'Withdrawn by somebody for a test'],
  ] as const)('is edited when it is %s, has no buttons then, and makes no sound', (status, more, headline, line) => {
    const rig = pending()
      .action(status, more as never)
      .pass(2_000);
    expect(rig.messages()).toHaveLength(1);
    expect(rig.texts()[0]).toContain(headline);
    expect(rig.texts()[0]).toContain(line);
    expect(rig.labels()).toEqual([]);
  });

  it('is sent to each chat on the list, and to no other', () => {
    const rig = BotRig.ready({
      chats: new Map([
        [home, null],
        [-5, 'house'],
      ]),
    });
    rig.action('pending').pass(10_000);
    expect(new Set(rig.chats.keys())).toEqual(new Set([-5, home]));
    rig.says(999, '/status').says(999, '/status').pass(5_000);
    expect(rig.chats.has(999)).toBe(false);
    expect(rig.turnedAway).toEqual([999]);
  });

  it('is one more for an attempt that follows an answer; the older one says so and has no buttons', () => {
    const rig = pending().action('failed').pass(minuteMs).action('pending', { attempt: 2 }).pass(2_000);
    expect(rig.messages()).toHaveLength(2);
    expect(rig.texts()[0]).toContain('❌');
    expect(rig.texts()[1]).toContain('attempt 2');
  });

  it('is the same one when a program takes it back and asks again, however often', () => {
    const rig = pending();
    for (let attempt = 2; attempt < 12; attempt += 1) {
      const taken = [{ from: 'pending', to: 'cancelled', at: '2026-03-01T12:00:00.000Z', by: 'supervisor-vps', note: 'drift_resolved_auto' }] as const;
      rig
        .action('cancelled', { attempt: attempt - 1, transition_history: [...taken] })
        .pass(minuteMs)
        .action('pending', { attempt })
        .pass(minuteMs);
    }
    expect(rig.messages()).toHaveLength(1);
    expect(rig.texts()[0]).toContain('attempt 11');
    expect(rig.labels()).toEqual(['Approve', 'Reject']);
  });

  it('of refreshed evidence is edited at most twice a minute', () => {
    const rig = pending();
    for (let second = 0; second < 120; second += 1) {
      rig.action('pending', { evidence: { trigger_type: 'disk', message: `${second} %`, incident_id: null } }).pass(1_000);
    }
    expect(rig.messages()[0]?.versions.length).toBeLessThan(7);
    expect(rig.pass(minuteMs).texts()[0]).toContain('119 %');
  });

  it('says that a site is cut off', () => {
    const rig = BotRig.ready();
    rig.document(
      'site',
      { site: 'hub' },
      { status: 'nominal', site: 'hub', nodes: {}, services: {}, incidents_active: 0, actions_pending: 0, actions_running: 0 },
    );
    rig.document('link', { site: 'chelsty' }, { status: 'down', site: 'chelsty', since: '2026-03-01T11:30:00.000Z' });
    rig.action('pending', { site: 'chelsty' }).pass(2_000);
    expect(rig.texts()[0]).toContain('[chelsty] ⏳');
    expect(rig.texts()[0]).toContain('The link of chelsty is down since 1 Mar 11:30');
  });
});

describe('a tap', () => {
  it('asks the ledger in the name of the person, for exactly what was shown, and shows its line', () => {
    const rig = pending();
    const query = rig.taps('Approve');
    expect(rig.requests).toMatchObject([
      { state: 'approved', request: { on_behalf_of: 'Anna (tg 77)', id: 'container-restart-vps-web', attempt: 1, digest: 'abcdef0123456789' } },
    ]);
    rig.pass(2_000);
    expect(rig.texts()[0]).toContain('Anna (tg 77) said yes; the ledger is asked.');
    rig.replies({});
    expect(rig.answers).toMatchObject([{ queryId: query, text: 'Approved: restart web on vps.', isAlert: false }]);
  });

  it('on Reject asks for a no', () => {
    const rig = pending();
    rig.taps('Reject');
    expect(rig.requests).toMatchObject([{ state: 'rejected' }]);
  });

  it('that the ledger refuses is answered with its line, also in the message, and the buttons are back', () => {
    const rig = pending();
    rig.taps('Approve');
    rig.replies({ ok: false, code: 'not_allowed', summary: 'Refused: Anna may only read.' }).pass(5_000);
    expect(rig.answers).toMatchObject([{ isAlert: true, text: 'Refused: Anna may only read.' }]);
    expect(rig.texts()[0]).toContain('Ledger: Refused: Anna may only read.');
    expect(rig.labels()).toEqual(['Approve', 'Reject']);
  });

  it('for another site is answered at once, and again in the message when that site has spoken', () => {
    const rig = BotRig.ready().action('pending', { site: 'chelsty' }).pass(2_000);
    rig.taps('Approve');
    rig.replies({ code: 'forwarded', summary: 'Forwarded, link down since 14:03 UTC' }).pass(5_000);
    expect(rig.texts()[0]).toContain('Forwarded, link down');
    rig
      .pass(20 * minuteMs)
      .replies({ ok: false, code: 'not_pending', summary: 'Refused: it was withdrawn.' })
      .pass(minuteMs);
    expect(rig.texts()[0]).toContain('Ledger: Refused: it was withdrawn.');
    expect(rig.answers).toHaveLength(1);
  });

  it('is answered by the reply that repeats its ref, and by no other; an older ledger is known by what it shows', () => {
    const rig = pending();
    rig.taps('Approve');
    rig.replies({ ref: 'somebody-else', summary: 'Refused: not yours.' });
    expect(rig.answers).toEqual([]);
    rig.replies({ request: 'cut' });
    expect(rig.answers).toMatchObject([{ text: 'Approved: restart web on vps.' }]);
    const older = pending();
    older.taps('Approve');
    older.replies({}, { isOld: true });
    expect(older.answers).toMatchObject([{ text: 'Approved: restart web on vps.' }]);
  });

  it('that nobody answers says so after 10 s, and one without a broker at once', () => {
    const rig = pending();
    rig.taps('Approve');
    rig.pass(11_000);
    expect(rig.answers.at(-1)?.text).toContain('did not answer');
    rig.disconnected();
    rig.taps('Approve');
    expect(rig.answers.at(-1)?.text).toContain('Not connected');
    expect(rig.requests).toHaveLength(1);
  });

  it('on a button of an older attempt asks for nothing', () => {
    const rig = pending();
    const old = rig.messages()[0]!.versions[0]!.buttons[0]![0]!.data;
    rig.action('pending', { attempt: 2 }).pass(2_000);
    rig.tapsData(old);
    expect(rig.answers.at(-1)?.text).toContain('This is another attempt now');
    expect(rig.requests).toEqual([]);
  });

  it('on a button of something else under the same id asks for nothing', () => {
    const rig = pending();
    const old = rig.messages()[0]!.versions[0]!.buttons[0]![0]!.data;
    rig.action('pending', { digest: '0000000000000000' });
    rig.tapsData(old);
    expect(rig.answers.at(-1)?.text).toContain('not what was shown');
    expect(rig.requests).toEqual([]);
  });

  it('of unknown age asks for nothing, and the message says so', () => {
    const rig = pending();
    rig.taps('Approve', { isAged: true });
    rig.pass(5_000);
    expect(rig.requests).toEqual([]);
    expect(rig.texts()[0]).toContain('it does not count. Tap again.');
    rig.taps('Approve');
    expect(rig.requests).toHaveLength(1);
  });

  it('from a chat that is not on the list is no tap', () => {
    const rig = pending();
    rig.tapsData(rig.messages()[0]!.versions[0]!.buttons[0]![0]!.data, { chat: 999 });
    expect(rig.requests).toEqual([]);
    expect(rig.answers).toEqual([]);
  });

  it('with data that no button has is refused', () => {
    const rig = pending();
    for (const data of ['', 'x', 'a.zz.1.ab', `a.${'0'.repeat(12)}.1.abcdef0123456789`]) rig.tapsData(data);
    expect(rig.requests).toEqual([]);
    expect(rig.answers).toHaveLength(4);
  });

  it('carries at most 64 bytes, however long the names', () => {
    const rig = BotRig.ready()
      .action('pending', { id: `container-restart-${'ü'.repeat(100)}`, attempt: 999_999_999, risk: 'guarded' })
      .pass(2_000);
    rig.taps('Approve');
    rig.pass(2_000);
    const sizes = rig.messages()[0]!.versions.flatMap(({ buttons }) => buttons.flat().map(({ data }) => Buffer.byteLength(data)));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(64);
  });
});

describe('what is guarded', () => {
  const guarded = (): BotRig => BotRig.ready().action('pending', { risk: 'guarded', type: 'redeploy' }).pass(2_000);

  it('takes a second tap of the same person', () => {
    const rig = guarded();
    rig.taps('Approve');
    expect(rig.requests).toEqual([]);
    rig.pass(2_000);
    expect(rig.texts()[0]).toContain('Really?');
    expect(rig.labels()).toEqual(['Yes, redeploy web on vps', 'Back']);
    rig.taps('Yes', { from: bert });
    expect(rig.requests).toEqual([]);
    rig.pass(2_000);
    rig.taps('Yes', { from: bert });
    expect(rig.requests).toMatchObject([{ request: { on_behalf_of: 'Bert (tg 88)' } }]);
  });

  it('goes back when told so, or when the second tap does not come within a minute', () => {
    const rig = guarded();
    rig.taps('Approve');
    rig.pass(2_000).taps('Back');
    expect(rig.pass(2_000).labels()).toEqual(['Approve', 'Reject']);
    rig.taps('Approve');
    rig.pass(2_000);
    const yes = rig.messages()[0]!.versions.at(-1)!.buttons[0]![0]!.data;
    expect(rig.pass(minuteMs + 2_000).labels()).toEqual(['Approve', 'Reject']);
    rig.tapsData(yes);
    expect(rig.requests).toEqual([]);
  });

  it('is rejected with one tap', () => {
    const rig = guarded();
    rig.taps('Reject');
    expect(rig.requests).toMatchObject([{ state: 'rejected' }]);
  });
});

describe('the name that the history gets', () => {
  it.each([
    ['Anna', 'Anna (tg 77)'],
    ['bob via telegram-bot-vps\nledger', 'bob via telegram-bot-vps ledger (tg 77)'],
    ['(tg 1)', 'tg 1 (tg 77)'],
    ['', 'somebody (tg 77)'],
    ['x'.repeat(300), `${'x'.repeat(40)} (tg 77)`],
  ])('of somebody called %j is %j', (name, expected) => {
    const rig = pending();
    rig.taps('Approve', { from: { ...anna, name } });
    expect(rig.requests[0]?.request.on_behalf_of).toBe(expected);
  });

  it('is the one that the operator gave to that number', () => {
    const rig = BotRig.ready({ chats: new Map([[home, 'anna']]) })
      .action('pending')
      .pass(2_000);
    rig.taps('Approve', { from: { ...anna, name: 'The Boss' } });
    expect(rig.requests[0]?.request.on_behalf_of).toBe('anna (tg 77)');
  });
});
