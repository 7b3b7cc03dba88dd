/** Requests that the hub's ledger passes on, at the site that judges them. */
import { describe, expect, it } from 'vitest';
import { approvalValidMs } from '../../contracts/defaults.ts';
import type { DesiredNode } from '../../contracts/desired.ts';
import { LinkStatus, type RelayedRequest } from '../../contracts/link.ts';
import { desiredNode, deskStartMs, minuteMs, nonce, relayIds, TestDesk } from '../../test/kit/ledger-desk.ts';
import type { LedgerEntry } from './desk-state.ts';
import { replay } from './journal.ts';
import { Entry } from './journal-entry.ts';
import { isoOf } from './record.ts';
import { forgetVerdicts, type GivenVerdict } from './relay-record.ts';

const node = 'cabin-1';
const id = 'container-restart-cabin-1-web';
const newRelayId = relayIds();
type Decision = Extract<RelayedRequest, { readonly state: 'approved' | 'rejected' | 'cancelled' }>;

function site(
  options: { readonly offsetMs?: number | null; readonly access?: DesiredNode['access']; readonly entries?: readonly LedgerEntry[] } = {},
): TestDesk {
  const lines = (options.entries ?? []).map((entry) => Entry.parse(JSON.parse(JSON.stringify(entry))));
  const desk = new TestDesk({ site: 'cabin', remembered: replay(lines) });
  desk.entries.push(...lines);
  desk.desired(desiredNode({ node, site: 'cabin', access: options.access ?? null }));
  link(desk, options.offsetMs === undefined ? 0 : options.offsetMs);
  desk.send({ type: 'synced', now: desk.now });
  return desk;
}

function link(desk: TestDesk, clock_offset_ms: number | null): void {
  const doc = LinkStatus.parse({ status: 'up', summary: '', ts: isoOf(desk.now), session: 1, rev: 1, clock_offset_ms });
  desk.send({ type: 'link', site: 'cabin', doc, will: false, retained: false, now: desk.now });
}

/** With something that waits for a yes. */
function asked(options: Parameters<typeof site>[0] = {}): TestDesk {
  const desk = site(options);
  desk.bring('pending', { node, service: 'web' });
  return desk;
}

const relayed = (desk: TestDesk, changes: Partial<Decision> = {}): Decision => ({
  ...{ relay_id: newRelayId(), state: 'approved', by: 'alice', login: 'alice', site: 'hub', received_at: isoOf(desk.now) },
  request: { id, attempt: 1, digest: desk.state.actions.get(id)?.digest ?? '' },
  ...changes,
});

/** The verdict, or undefined: there was none. */
function judge(desk: TestDesk, request: RelayedRequest): TestDesk['verdicts'][number] | undefined {
  desk.send({ type: 'relayed', relayed: request, now: desk.now });
  return desk.verdicts.pop();
}

describe('a relayed request', () => {
  it('is judged like one of our own, and its verdict is on the line of what it did', () => {
    const desk = asked();
    const request = relayed(desk, {
      by: 'bob via telegram-bot-vps',
      login: 'telegram-bot-vps',
      request: { ...relayed(desk).request, on_behalf_of: 'bob', note: 'go' },
    });
    expect(judge(desk, request)).toEqual({
      ...{ relay_id: request.relay_id, ok: true, code: 'approved', id },
      summary: 'Approved: restart web on cabin-1. Valid until 13:00 UTC.',
    });
    expect(desk.said()).toEqual(['record', 'publish', 'verdict']);
    expect(desk.entries.at(-1)).toMatchObject({ kind: 'action', what: 'approved', verdict: { relay_id: request.relay_id, code: 'approved' } });
    const by = 'bob via hub/telegram-bot-vps';
    expect(desk.action(id)).toMatchObject({ state: 'approved', approved_by: by, transition_history: [{}, { to: 'approved', by, note: 'go' }] });
  });

  it.each([
    ['alice', 'alice', 'alice via hub/alice'],
    ['alice for bob', 'alice', 'alice for bob via hub/alice'],
    ['anonymous', 'anonymous', 'anonymous via hub/anonymous'],
  ])('of %s at the hub is told as such', (by, login, name) => {
    const desk = asked();
    judge(desk, relayed(desk, { by, login }));
    expect(desk.action(id).approved_by).toBe(name);
  });

  it('may say no, and may take back', () => {
    const no = asked();
    expect(judge(no, relayed(no, { state: 'rejected' }))?.code).toBe('rejected');
    const back = asked();
    judge(back, relayed(back));
    expect(judge(back, relayed(back, { state: 'cancelled' }))).toMatchObject({ ok: true, code: 'cancelled' });
    expect(back.action(id)).toMatchObject({ state: 'cancelled', transition_history: [{}, {}, { by: 'alice via hub/alice' }] });
  });

  it.each([
    ['another attempt', { attempt: 2 }, 'stale_attempt'],
    ['another digest', { digest: 'abc' }, 'digest_mismatch'],
    ['an action that is not here', { id: 'container-restart-cabin-1-' }, 'unknown_action'],
  ])('for %s is refused, whatever it asks for', (_, changes, code) => {
    for (const state of ['approved', 'rejected', 'cancelled'] as const) {
      const desk = asked();
      const request = { ...relayed(desk).request, ...changes };
      expect(judge(desk, relayed(desk, { state, request }))).toMatchObject({ ok: false, code });
      expect(desk.action(id).state).toBe('pending');
    }
  });

  it('that comes second is told who was first', () => {
    const desk = asked();
    judge(desk, relayed(desk));
    const second = judge(desk, relayed(desk, { by: 'bob', login: 'bob' }));
    expect(second).toMatchObject({ ok: false, code: 'not_pending', summary: expect.stringContaining('already approved by alice via hub/alice') });
    expect(desk.entries.at(-1)).toMatchObject({ kind: 'verdict', verdict: { code: 'not_pending' } });
  });

  it('for a notice acknowledges it', () => {
    const desk = site();
    desk.ask('supervisor-cabin-1', 'pending', { type: 'alert_only', node, service: 'web' });
    const { id: notice, digest } = desk.action('alert-only-cabin-1-web');
    desk.said();
    expect(judge(desk, relayed(desk, { request: { id: notice, attempt: 1, digest } }))).toMatchObject({ ok: true, code: 'completed' });
    expect(desk.said()).toEqual(['record', 'record', 'publish', 'verdict']);
  });

  it('may propose, and may declare maintenance; what belongs to another site goes no further', () => {
    const desk = site();
    desk.desired(desiredNode({ node: 'vps', site: 'hub' }));
    const { state: _state, request: _request, ...stamp } = relayed(desk);
    const proposal = (of: string): RelayedRequest => {
      const request = {
        type: 'collect_diagnostics',
        node: of,
        service: 'web',
        params: {},
        evidence: { trigger_type: 'requested', message: '', incident_id: null },
      };
      return { ...stamp, relay_id: newRelayId(), state: 'pending', request };
    };
    const window = (of: string): RelayedRequest => {
      const request = { node: of, service: null, until: '2026-03-01T18:00:00.000Z', reason: 'disk' };
      return { ...stamp, relay_id: newRelayId(), state: 'maintenance', request };
    };
    expect(judge(desk, proposal(node))).toMatchObject({ ok: true, code: 'proposed', id: 'collect-diagnostics-cabin-1-web' });
    expect(desk.action('collect-diagnostics-cabin-1-web')).toMatchObject({ state: 'pending', proposed_by: 'alice via hub/alice' });
    expect(judge(desk, window(node))).toMatchObject({ ok: true, code: 'maintenance' });
    expect(desk.windows(node)).toMatchObject([{ by: 'alice via hub/alice', reason: 'disk' }]);
    for (const elsewhere of [proposal('vps'), window('vps')]) expect(judge(desk, elsewhere)).toMatchObject({ ok: false, code: 'other_site' });
    expect([desk.relayed, desk.replies.length]).toEqual([[], 0]);
  });
});

describe('its age', () => {
  const clocks = [0, 4 * minuteMs, -4 * minuteMs];
  const ages = [
    [60 * minuteMs - 1000, 'approved'],
    [60 * minuteMs - 1, 'approved'],
    [60 * minuteMs, 'approval_too_old'],
    [60 * minuteMs + 1000, 'approval_too_old'],
  ] as const;

  it.each(clocks.flatMap((offsetMs) => ages.map(([ageMs, code]) => [offsetMs, ageMs, code] as const)))(
    'with a hub %d ms ahead, and asked %d ms ago: %s; never valid beyond its hour',
    (offsetMs, ageMs, code) => {
      const desk = asked({ offsetMs });
      const request = relayed(desk, { received_at: isoOf(desk.now + offsetMs - ageMs) });
      expect(judge(desk, request)?.code).toBe(code);
      if (code !== 'approved') return;
      const givenMs = desk.now - ageMs;
      expect(desk.action(id)).toMatchObject({ approved_at: isoOf(givenMs), expires_at: isoOf(givenMs + approvalValidMs) });
      desk.now = givenMs + approvalValidMs;
      expect(desk.ask('executor-cabin-1', 'running', { id, attempt: 1, nonce })?.code).toBe('not_approved');
      expect(desk.action(id).state).toBe('expired');
    },
  );

  it.each([
    [5 * minuteMs, 'approved'],
    [-5 * minuteMs, 'approved'],
    [5 * minuteMs + 1, 'clock_offset_too_large'],
    [-5 * minuteMs - 1, 'clock_offset_too_large'],
  ])('with clocks %d ms apart: %s', (offsetMs, code) => {
    const desk = asked({ offsetMs });
    expect(judge(desk, relayed(desk, { received_at: isoOf(desk.now + offsetMs) }))?.code).toBe(code);
  });

  it.each([
    [5 * minuteMs, 'approved'],
    [5 * minuteMs + 1, 'clock_offset_too_large'],
  ])('%d ms in the future, as nothing measured explains: %s, and valid for an hour from now at most', (aheadMs, code) => {
    const desk = asked();
    expect(judge(desk, relayed(desk, { received_at: isoOf(desk.now + aheadMs) }))?.code).toBe(code);
    if (code === 'approved') expect(desk.action(id).expires_at).toBe(isoOf(desk.now + approvalValidMs));
  });

  it('that nobody can tell is judged when somebody can: until then there is no verdict', () => {
    const desk = asked({ offsetMs: null });
    const request = relayed(desk, { received_at: isoOf(desk.now + 4 * minuteMs) });
    expect(judge(desk, request)).toBeUndefined();
    desk.pass(60 * minuteMs - 1);
    expect(judge(desk, request)).toBeUndefined();
    link(desk, 4 * minuteMs);
    expect(judge(desk, request)?.code).toBe('approved');
  });
});

describe('who asks', () => {
  const access = { alice: 'operator', rita: 'reader', ui: 'delegate' } as const;

  it.each([
    ['alice', {}, 'approved'],
    ['rita', {}, 'not_allowed'],
    ['mallory', {}, 'not_allowed'],
    ['anonymous', {}, 'not_allowed'],
    ['ui', {}, 'on_behalf_of_needed'],
    ['ui', { on_behalf_of: 'bob' }, 'approved'],
    ['telegram-bot-vps', { on_behalf_of: 'bob' }, 'approved'],
    ['supervisor-vps', {}, 'not_allowed'],
    ['executor-cabin-1', {}, 'not_allowed'],
    ['ledger-vps', { on_behalf_of: 'bob' }, 'not_allowed'],
  ])("is looked up in the site's own list: %s %j: %s", (login, said, code) => {
    const desk = asked({ access });
    expect(judge(desk, relayed(desk, { by: login, login, request: { ...relayed(desk).request, ...said } }))?.code).toBe(code);
    expect(desk.action(id).state).toBe(code === 'approved' ? 'approved' : 'pending');
    if (code === 'not_allowed') expect(desk.events.at(-1)).toMatchObject({ type: 'action_refused', payload: { requester: login, code } });
  });
});

describe('a program', () => {
  it.each(['supervisor-vps', 'supervisor-cabin-1', 'executor-vps', 'ledger-vps'])(
    'such as %s asks nothing of another site, although it may propose at its own, or act where it is',
    (login) => {
      for (const state of ['pending', 'maintenance', 'approved', 'rejected', 'cancelled'] as const) {
        const desk = asked();
        const said = (): string => JSON.stringify([[...desk.state.actions], desk.windows(node)]);
        const before = said();
        const { state: _state, request: decision, ...stamp } = relayed(desk, { by: login, login });
        const evidence = { trigger_type: 'requested', message: '', incident_id: null };
        const request: RelayedRequest =
          state === 'pending'
            ? { ...stamp, state, request: { type: 'collect_diagnostics', node, service: 'web', params: {}, evidence } }
            : state === 'maintenance'
              ? { ...stamp, state, request: { node, service: null, until: '2026-03-01T18:00:00.000Z', reason: 'disk' } }
              : { ...stamp, state, request: decision };
        const summary = `Refused: ${login} is a program, and only people ask from another site.`;
        expect(judge(desk, request)).toMatchObject({ ok: false, code: 'not_allowed', summary });
        expect(said()).toBe(before);
      }
    },
  );
});

describe('a request that comes again', () => {
  it('gets the same verdict, and does nothing more', () => {
    const desk = asked();
    const request = relayed(desk);
    const first = judge(desk, request);
    desk.ask('alice', 'cancelled', id);
    desk.ask('supervisor-cabin-1', 'pending', { type: 'container_restart', node, service: 'web' });
    desk.said();
    desk.pass(59 * minuteMs);
    expect(judge(desk, request)).toEqual(first);
    expect(desk.said()).toEqual(['verdict']);
  });

  it('is not answered before everything is read', () => {
    const desk = asked();
    desk.send({ type: 'disconnected', now: desk.now });
    expect(judge(desk, relayed(desk))).toBeUndefined();
    expect(desk.action(id).state).toBe('pending');
  });

  it.each(['approved', 'rejected', 'cancelled'] as const)('after a crash at any moment of %s is done once, and has one verdict', (state) => {
    const before = asked();
    const request = relayed(before, { state });
    for (const done of [0, 1, 2, 3]) {
      const desk = site({ entries: before.entries });
      desk.commandsLeft = done;
      desk.send({ type: 'relayed', relayed: request, now: desk.now });
      const again = site({ entries: desk.entries });
      expect(judge(again, request)).toMatchObject({ ok: true, code: state });
      expect(again.entries.filter((entry) => entry.kind === 'action' && entry.what === state)).toHaveLength(1);
      expect(replay(again.entries).verdicts.size).toBe(1);
    }
  });

  it('after a crash in the middle of a notice is told that it is acknowledged', () => {
    const before = site();
    before.ask('supervisor-cabin-1', 'pending', { type: 'alert_only', node, service: 'web' });
    const { id: notice, digest } = before.action('alert-only-cabin-1-web');
    const request = relayed(before, { request: { id: notice, attempt: 1, digest } });
    before.commandsLeft = 1;
    before.send({ type: 'relayed', relayed: request, now: before.now });
    const again = site({ entries: before.entries });
    expect(judge(again, request)).toMatchObject({ ok: true, code: 'completed' });
    expect(again.action(notice).state).toBe('completed');
  });

  it('is remembered for a day', () => {
    const desk = asked();
    const request = relayed(desk);
    judge(desk, request);
    desk.pass(24 * 60 * minuteMs);
    expect(judge(desk, request)?.code).toBe('approved');
    desk.pass(1);
    expect(judge(desk, request)?.code).toBe('approval_too_old');
  });
});

describe('the memory for verdicts', () => {
  const given = (count: number, at: string): Map<string, GivenVerdict> =>
    new Map(Array.from({ length: count }, (_, at_) => [String(at_), { at, verdict: { relay_id: '', ok: true, code: '', summary: '', id: null } }]));

  it.each([
    ['with room', 999, 0, true, 999],
    ['full of those that may be asked for again', 1_000, 70 * minuteMs, false, 1_000],
    ['full of those that are too old to be judged anew', 1_000, 70 * minuteMs + 1, true, 999],
    ['a day old', 5, 24 * 60 * minuteMs, true, 5],
    ['more than a day old', 5, 24 * 60 * minuteMs + 1, true, 0],
  ])('%s: %d of %d ms, room: %s', (_, count, ageMs, hasRoom, left) => {
    const verdicts = given(count, isoOf(deskStartMs));
    expect([forgetVerdicts(verdicts, deskStartMs + ageMs), verdicts.size]).toEqual([hasRoom, left]);
  });

  it('that is full makes a new request wait, not an old one happen twice', () => {
    const desk = asked();
    for (const [relay, verdict] of given(1_000, isoOf(desk.now))) desk.state.verdicts.set(relay, verdict);
    const request = relayed(desk);
    expect(judge(desk, request)).toBeUndefined();
    expect(desk.action(id).state).toBe('pending');
  });
});
