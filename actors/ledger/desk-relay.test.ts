/** Requests for another site, at the ledger where they are asked. */
import { describe, expect, it } from 'vitest';
import { Action } from '../../contracts/action.ts';
import type { DesiredNode } from '../../contracts/desired.ts';
import { LinkStatus, RelayedRequest } from '../../contracts/link.ts';
import { topics } from '../../contracts/topics.ts';
import { desiredNode, deskStartMs, minuteMs, nonce, TestDesk } from '../../test/kit/ledger-desk.ts';
import { actionDocument } from './documents.ts';
import { replay } from './journal.ts';

const id = 'container-restart-chelsty-ha-web';
const there = { node: 'chelsty-ha', service: 'web' };

/** What a restart of that service looks like from the hub. */
function seen(desk: TestDesk, service = 'web', more: Partial<Action> = {}): Action {
  const site = new TestDesk({ site: 'chelsty' });
  site.desired(desiredNode({ node: there.node, site: 'chelsty' }));
  site.send({ type: 'synced', now: site.now });
  const doc = Action.parse({ ...actionDocument(site.bring('pending', { ...there, service })), ts: '2026-03-01T11:00:00.000Z', session: 1, rev: 1, ...more });
  desk.send({ type: 'published', topic: topics.action.build(doc), doc, now: desk.now });
  return doc;
}

type Said = Partial<LinkStatus> & { readonly status: LinkStatus['status'] };
function link(desk: TestDesk, said: Said | null, how: { readonly will?: boolean; readonly retained?: boolean } = {}): void {
  const doc = said === null ? null : LinkStatus.parse({ summary: '', ts: '2026-03-01T09:00:00.000Z', session: 1, rev: 1, ...said });
  desk.send({ type: 'link', site: 'chelsty', doc, will: how.will ?? false, retained: how.retained ?? false, now: desk.now });
}

function hub(options: { readonly link?: LinkStatus['status']; readonly access?: DesiredNode['access'] } = {}): TestDesk {
  const desk = TestDesk.ready({ access: options.access ?? null });
  desk.desired(desiredNode({ node: there.node, site: 'chelsty' }));
  link(desk, { status: options.link ?? 'up' });
  desk.said();
  return desk;
}

const verdict = (desk: TestDesk, said: object = {}, site = 'chelsty'): void => {
  const relay_id = desk.relayed.at(-1)?.relay_id ?? '';
  desk.send({ type: 'verdict', site, now: desk.now, verdict: { relay_id, ok: true, code: 'approved', summary: 'Approved.', id, ...said } });
};
const codes = (desk: TestDesk): readonly string[] => desk.replies.map(({ reply }) => reply.code);

describe('a request for another site', () => {
  it('is stamped, bound to what could be seen, kept, sent and answered, in that order', () => {
    const desk = hub();
    const { digest } = seen(desk);
    expect(desk.ask('telegram-bot-vps', 'approved', { id, on_behalf_of: 'bob', note: 'go' })).toMatchObject({ ok: true, code: 'forwarded', id });
    expect(desk.relayed).toEqual([
      {
        ...{ relay_id: desk.relayed[0]?.relay_id, state: 'approved', by: 'bob via telegram-bot-vps', login: 'telegram-bot-vps', site: 'hub' },
        received_at: '2026-03-01T12:00:00.000Z',
        request: { id, attempt: 1, digest, on_behalf_of: 'bob', note: 'go' },
      },
    ]);
    expect(RelayedRequest.parse(desk.relayed[0])).toEqual(desk.relayed[0]);
    expect(desk.said()).toEqual(['record', 'relay', 'reply', 'clear']);
    expect(desk.cleared).toEqual(['actions/approved/telegram-bot-vps']);
  });

  it('keeps what its person says was looked at', () => {
    const desk = hub();
    seen(desk);
    desk.ask('alice', 'rejected', { id, attempt: 7, digest: 'abc' });
    expect(desk.relayed[0]).toMatchObject({ state: 'rejected', request: { attempt: 7, digest: 'abc' } });
  });

  it('is named like any other: whole, by a short name, or as the next, among all sites', () => {
    const desk = hub();
    seen(desk);
    for (const name of [id.toUpperCase(), 'container-restart-chelsty-ha-', 'next']) expect(desk.ask('alice', 'approved', name)).toMatchObject({ id });
    desk.bring('pending');
    expect(desk.ask('alice', 'approved', 'next')).toMatchObject({ code: 'ambiguous' });
    expect(desk.ask('alice', 'approved', 'container-restart-')).toMatchObject({ code: 'unknown_action' });
    expect(desk.ask('alice', 'approved', 'container-restart-vps-web')).toMatchObject({ code: 'approved' });
    expect(desk.ask('alice', 'approved', 'next')).toMatchObject({ code: 'forwarded', id });
    expect(desk.relayed.every(({ request }) => 'id' in request && request.id === id)).toBe(true);
  });

  it('by the bare word next is no yes to what is guarded there, as it is none here', () => {
    const desk = hub();
    seen(desk, 'web', { risk: 'guarded' });
    const { relayed } = desk;
    expect(desk.ask('alice', 'approved', 'next')).toMatchObject({ ok: false, code: 'name_needed', summary: expect.stringContaining('say its name') });
    expect(relayed).toEqual([]);
    expect(desk.ask('alice', 'rejected', 'next')).toMatchObject({ code: 'forwarded' });
  });

  it('is not for what is gone from there', () => {
    const desk = hub();
    const doc = seen(desk);
    desk.send({ type: 'published', topic: topics.action.build(doc), doc: null, now: desk.now });
    expect(desk.ask('alice', 'approved', id)).toMatchObject({ ok: false, code: 'unknown_action' });
  });

  it.each([
    ['up', {}, 'Forwarded to chelsty, waiting for its answer: restart web on chelsty-ha.'],
    [
      'degraded',
      { since: '2026-03-01T11:58:00.000Z' },
      'Forwarded to chelsty, link degraded since 11:58 UTC, waiting for its answer: restart web on chelsty-ha.',
    ],
    [
      'down',
      { since: '2026-02-28T11:58:00.000Z' },
      'Forwarded, link down since 2026-02-28 11:58 UTC: restart web on chelsty-ha. It is for chelsty to judge when the link is back, until 13:00 UTC.',
    ],
  ] as const)('over a link that is %s is answered so', (status, rest, summary) => {
    const desk = hub();
    seen(desk);
    link(desk, { status, ...rest });
    expect(desk.ask('alice', 'approved', id)).toMatchObject({ ok: true, code: 'forwarded', summary });
  });

  it('says since when the link is down by who heard it break, never by the words of an old will', () => {
    const desk = hub();
    seen(desk);
    desk.now += 3 * minuteMs;
    link(desk, { status: 'down' }, { will: true });
    desk.now += minuteMs;
    link(desk, { status: 'down' }, { will: true, retained: true });
    expect(desk.ask('alice', 'approved', id)?.summary).toContain('link down since 12:03 UTC');
    const later = TestDesk.ready();
    seen(later);
    link(later, { status: 'down' }, { will: true, retained: true });
    expect(later.ask('alice', 'approved', id)?.summary).toMatch(/^Forwarded, link down: /);
    link(later, null);
    expect(later.ask('alice', 'approved', id)?.summary).toMatch(/^Forwarded, nothing is known of the link of chelsty: /);
  });

  it('after a restart during the cut says since when by what the observer saw, and by that only while the link is down', () => {
    const desk = hub();
    const observed = (downSinceMs: number | null): void => desk.send({ type: 'linksSeen', links: [{ site: 'chelsty', downSinceMs }], now: desk.now });
    seen(desk);
    observed(desk.now - 3 * minuteMs);
    link(desk, { status: 'down' }, { will: true, retained: true });
    expect(desk.ask('alice', 'approved', id)?.summary).toContain('link down since 11:57 UTC');
    // The observer's document follows the link's own a moment later.
    link(desk, { status: 'degraded' });
    expect(desk.ask('alice', 'approved', id)?.summary).toContain('link degraded since 09:00 UTC');
    observed(null);
    link(desk, { status: 'down' }, { will: true, retained: true });
    expect(desk.ask('alice', 'approved', id)?.summary).toMatch(/^Forwarded, link down: /);
  });

  it('may also be for an action that is not there yet, or for maintenance', () => {
    const desk = hub();
    expect(desk.ask('alice', 'pending', { type: 'collect_diagnostics', ...there })).toMatchObject({ ok: true, code: 'forwarded', id: null });
    expect(desk.maintain('alice', { node: there.node, until: '2026-03-01T18:00:00Z', reason: 'disk' })).toMatchObject({ ok: true, code: 'forwarded' });
    expect(desk.relayed.map(({ state, request }) => [state, 'node' in request && request.node])).toEqual([
      ['pending', 'chelsty-ha'],
      ['maintenance', 'chelsty-ha'],
    ]);
    for (const each of desk.relayed) expect(RelayedRequest.parse(each)).toEqual(each);
  });

  it('of a program is refused: programs ask at their own site', () => {
    const desk = hub();
    seen(desk);
    expect(desk.ask('supervisor-vps', 'cancelled', { id, reason: 'recovered' })).toMatchObject({ ok: false, code: 'other_site' });
    expect(desk.ask('supervisor-vps', 'pending', { type: 'container_restart', ...there })).toMatchObject({ ok: false, code: 'other_site' });
    expect(desk.ask('supervisor-vps', 'approved', { id })).toMatchObject({ ok: false, code: 'not_allowed' });
    expect(desk.ask('executor-chelsty-ha', 'running', { id, attempt: 1, nonce })).toMatchObject({ ok: false, code: 'unknown_action' });
    expect(desk.relayed).toEqual([]);
  });

  it('of somebody who may not ask here is not passed on', () => {
    const desk = hub({ access: { rita: 'reader', alice: 'operator' } });
    seen(desk);
    for (const [login, code] of [
      ['rita', 'not_allowed'],
      ['mallory', 'not_allowed'],
      ['telegram-bot-vps', 'on_behalf_of_needed'],
      ['alice', 'forwarded'],
    ] as const)
      expect(desk.ask(login, 'approved', id)).toMatchObject({ code });
    expect(desk.relayed.map(({ login }) => login)).toEqual(['alice']);
  });
});

describe('while it waits for its verdict', () => {
  it('is sent again under its id every 10 s', () => {
    const desk = hub();
    seen(desk);
    desk.ask('alice', 'approved', id);
    expect(desk.nextDeadline).toBe(deskStartMs + 10_000);
    desk.pass(9_999);
    expect(desk.relayed).toHaveLength(1);
    desk.pass(1);
    expect(desk.relayed).toEqual([desk.relayed[0], desk.relayed[0]]);
  });

  it.each(['up', 'degraded'] as const)('is sent as soon as the link is %s, and not while it is down', (status) => {
    const desk = hub({ link: 'down' });
    seen(desk);
    desk.ask('alice', 'approved', id);
    expect(desk.nextDeadline).toBe(deskStartMs + 60 * minuteMs);
    desk.pass(5 * minuteMs);
    expect(desk.relayed).toEqual([]);
    link(desk, { status });
    expect(desk.relayed).toHaveLength(1);
    link(desk, { status });
    expect(desk.relayed).toHaveLength(1);
  });

  it('is sent once more each time a flapping link comes back', () => {
    const desk = hub();
    seen(desk);
    desk.ask('alice', 'approved', id);
    for (let flaps = 0; flaps < 3; flaps += 1) {
      link(desk, { status: 'down' }, { will: true });
      link(desk, { status: 'up' });
    }
    expect(new Set(desk.relayed).size).toBe(1);
    expect(desk.relayed).toHaveLength(4);
  });

  it('is sent once more when the clocks have been compared, which is what the site may wait for', () => {
    const desk = hub();
    seen(desk);
    desk.ask('alice', 'approved', id);
    for (const clock_offset_ms of [null, 200, 300]) link(desk, { status: 'up', clock_offset_ms });
    expect(desk.relayed).toHaveLength(2);
  });

  it('is one of as many as people ask for: the site decides', () => {
    const desk = hub();
    seen(desk);
    for (const login of ['alice', 'bob', 'alice']) desk.ask(login, 'approved', id);
    expect(new Set(desk.relayed.map(({ relay_id }) => relay_id)).size).toBe(3);
  });

  it('is one of a hundred at most; the next is refused, and none is dropped', () => {
    const desk = hub({ link: 'down' });
    seen(desk);
    for (let at = 0; at < 100; at += 1) expect(desk.ask(`person-${at}`, 'approved', id)?.code).toBe('forwarded');
    expect(desk.ask('alice', 'approved', id)).toMatchObject({ ok: false, code: 'too_many_waiting', summary: expect.stringContaining('ask chelsty itself') });
    link(desk, { status: 'up' });
    expect(desk.relayed).toHaveLength(100);
    verdict(desk);
    expect(desk.ask('alice', 'approved', id)?.code).toBe('forwarded');
  });

  it('is not sent without a connection of our own, and at once when that is back', () => {
    const desk = hub({ link: 'down' });
    seen(desk);
    desk.ask('alice', 'approved', id);
    desk.send({ type: 'disconnected', now: desk.now });
    link(desk, { status: 'up' });
    expect([desk.relayed.length, desk.nextDeadline]).toEqual([0, null]);
    desk.send({ type: 'synced', now: desk.now });
    expect(desk.relayed).toHaveLength(1);
  });
});

describe('its end', () => {
  it('is the verdict, told once to whoever asked', () => {
    const desk = hub();
    seen(desk);
    desk.ask('alice', 'approved', id);
    desk.now += 2_000;
    verdict(desk, { ok: false, code: 'not_pending', summary: 'Refused: too late.' });
    verdict(desk);
    desk.pass(60 * minuteMs);
    expect(desk.replies.slice(1)).toEqual([
      {
        ...{ type: 'reply', requester: 'alice' },
        reply: { ok: false, code: 'not_pending', summary: 'Refused: too late.', id, request: `approved ${id}`, ts: '2026-03-01T12:00:02.000Z' },
      },
    ]);
    expect(desk.relayed).toHaveLength(1);
  });

  it('is not what another site says, nor a verdict on something else', () => {
    const desk = hub();
    seen(desk);
    desk.ask('alice', 'approved', id);
    verdict(desk, {}, 'lustro');
    verdict(desk, { relay_id: '00000000-0000-4000-8000-ffffffffffff' });
    expect(codes(desk)).toEqual(['forwarded']);
  });

  it('waits until it can be told: a verdict that comes before everything is read comes again', () => {
    const desk = hub();
    seen(desk);
    desk.ask('alice', 'approved', id);
    desk.send({ type: 'disconnected', now: desk.now });
    verdict(desk);
    desk.pass(61 * minuteMs);
    expect(codes(desk)).toEqual(['forwarded']);
    desk.send({ type: 'synced', now: desk.now });
    expect(codes(desk)).toEqual(['forwarded', 'approval_too_old']);
  });

  it.each(['up', 'down'] as const)('comes by itself after 60 min without a verdict, link %s, and not a moment earlier', (status) => {
    const desk = hub({ link: status });
    seen(desk);
    desk.ask('alice', 'approved', id);
    desk.pass(60 * minuteMs - 1);
    expect(codes(desk)).toEqual(['forwarded']);
    desk.pass(1);
    expect(desk.replies.at(-1)?.reply).toMatchObject({
      ok: false,
      code: 'approval_too_old',
      id,
      summary: expect.stringMatching(/^No answer from chelsty within 60 min: /),
    });
    expect(desk.state.relays.size).toBe(0);
    verdict(desk);
    expect(codes(desk)).toHaveLength(2);
  });

  it('fits a reply whatever a site of another version says', () => {
    const desk = hub();
    seen(desk);
    desk.ask('alice', 'approved', id);
    verdict(desk, { code: 'x'.repeat(100), summary: `two\nlines ${'y'.repeat(500)}`, id: null });
    expect(desk.replies.at(-1)?.reply).toMatchObject({ code: 'x'.repeat(64), id, summary: expect.stringMatching(/^two lines y{389}…$/) });
  });
});

describe('a ledger that is killed', () => {
  it('goes on where its journal ends: what waits is sent as it was, what has ended is not', () => {
    const desk = hub();
    seen(desk);
    for (const login of ['alice', 'bob']) desk.ask(login, 'approved', id);
    verdict(desk);
    const again = new TestDesk({ remembered: replay(desk.entries) });
    again.now = desk.now + 30 * minuteMs;
    link(again, { status: 'up' }, { retained: true });
    again.send({ type: 'synced', now: again.now });
    expect(again.relayed).toEqual([desk.relayed[0]]);
    verdict(again);
    expect(again.replies.map(({ requester, reply }) => [requester, reply.code])).toEqual([['alice', 'approved']]);
    expect(replay([...desk.entries, ...again.entries]).relays.size).toBe(0);
  });

  it('tells the end again when it was killed before that was on disk: twice is better than never', () => {
    const desk = hub();
    seen(desk);
    desk.ask('alice', 'approved', id);
    desk.commandsLeft = 1;
    verdict(desk);
    expect(codes(desk)).toEqual(['forwarded', 'approved']);
    expect(replay(desk.entries).relays.size).toBe(1);
  });
});
