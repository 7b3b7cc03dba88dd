/**
 * Whatever is asked in whatever order: the journal alone gives the same actions, an approval grants at most one claim and
 * ends in exactly one way, and nothing is said that does not fit its contract.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Action, Maintenance, openStates, Reply, requestStates } from '../../contracts/action.ts';
import { minuteMs, TestDesk } from '../../test/kit/ledger-desk.ts';
import { actionDocument, maintenanceDocument } from './documents.ts';
import { replay } from './journal.ts';
import { Entry } from './journal-entry.ts';

const everybody = ['alice', 'telegram-bot-vps', 'supervisor-vps', 'planner-solaria', 'executor-vps', 'executor-piha', 'observer-vps', 'anonymous'] as const;
const people = ['alice', 'telegram-bot-vps', 'anonymous'] as const;
const ids = ['container-restart-vps-web', 'redeploy-piha-web', 'alert-only-vps-web'] as const;
const nonces = ['nonce-aaaa', 'nonce-bbbb'] as const;

interface Ask {
  readonly kind: 'ask';
  readonly login: string;
  readonly state: string;
  /** An attempt in it is relative to the one the action is at. */
  readonly payload: { readonly id?: string; readonly attempt?: number };
}
type Step = Ask | { readonly kind: 'pass'; readonly ms: number };

const outcome = fc.record({ ok: fc.boolean(), code: fc.constantFrom('verified', 'not_healthy_in_time', 'outcome_unknown') });
const attempt = fc.constantFrom(0, 0, 0, 0, -1, 1);
const names = fc.constantFrom(...ids, 'next', 'container-restart-vps-');
const decision = fc.record({ id: names, on_behalf_of: fc.constant('bob'), reason: fc.constantFrom('recovered', 'by_operator') });
const proposal = fc.record({
  type: fc.constantFrom('container_restart', 'redeploy', 'alert_only'),
  node: fc.constantFrom('vps', 'vps', 'piha'),
  service: fc.constant('web'),
  params: fc.constantFrom({}, {}, {}, { image: 'web:2' }),
  evidence: fc.record({ trigger_type: fc.constantFrom('containers_not_running', 'service_unhealthy') }),
  on_behalf_of: fc.constant('bob'),
});
const claim = fc.record({ id: fc.constantFrom(...ids), attempt, nonce: fc.constantFrom(...nonces) });
const report = fc.record({ id: fc.constantFrom(...ids), attempt, nonce: fc.constantFrom(...nonces), outcome });

/** Mostly asked by whom it is for, so that the sequences get somewhere; sometimes by anybody. */
const asking = (weight: number, logins: readonly string[], states: readonly string[], payload: fc.Arbitrary<object>) => ({
  weight,
  arbitrary: fc.record({ kind: fc.constant('ask' as const), login: fc.constantFrom(...logins), state: fc.constantFrom(...states), payload }),
});
const byWhom = (weight: number, logins: readonly string[], states: readonly string[], payload: fc.Arbitrary<object>) => [
  asking(weight * 4, logins, states, payload),
  asking(weight, everybody, states, payload),
];
const step: fc.Arbitrary<Step> = fc.oneof(
  ...byWhom(4, ['supervisor-vps'], ['pending'], proposal),
  ...byWhom(4, people, ['approved', 'approved', 'approved', 'rejected', 'cancelled'], decision),
  ...byWhom(1, ['supervisor-vps'], ['cancelled'], decision),
  ...byWhom(4, ['executor-vps'], ['running'], claim),
  ...byWhom(3, ['executor-vps'], ['completed', 'failed'], report),
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(1, 1000, 30_000, 7 * minuteMs, 60 * minuteMs) }) },
);
const steps = fc.array(step, { maxLength: 80, size: 'max' });

function run(desk: TestDesk, sequence: readonly Step[]): void {
  for (const each of sequence) {
    if (each.kind === 'pass') desk.pass(each.ms);
    else if (each.payload.attempt === undefined) desk.ask(each.login, each.state, each.payload);
    else {
      const now = desk.state.actions.get(each.payload.id ?? '')?.attempt ?? 1;
      desk.ask(each.login, each.state, { ...each.payload, attempt: Math.max(1, now + each.payload.attempt) });
    }
  }
}

/** What became of each life that was decided, as the journal tells it: `approved running failed`. */
function paths(desk: TestDesk): ReadonlyMap<string, string> {
  const moves = new Map<string, string>();
  for (const entry of desk.entries) {
    if (entry.kind !== 'action' || ['proposed', 'replaced', 'refreshed', 'noted'].includes(entry.what)) continue;
    const life = `${entry.action.id} ${entry.action.attempt}`;
    moves.set(life, `${moves.get(life) ?? ''} ${entry.what}`.trim());
  }
  return moves;
}

const oneEnd = /^(rejected|cancelled|approved (cancelled|expired|completed|running (completed|failed)))$/;

/** Enough to meet every end many times (the first test counts on fewer), few enough for `npm run check`. */
const runs = { numRuns: 40 };

describe('any sequence of requests', () => {
  it('of those tried here reaches every end there is', () => {
    const reached = new Set<string>();
    for (const sequence of fc.sample(steps, { numRuns: 150, seed: 2 })) {
      const desk = TestDesk.ready({ anonymousAllowed: true });
      run(desk, sequence);
      for (const path of paths(desk).values()) if (oneEnd.test(path)) reached.add(path);
      for (const entry of desk.entries) if (['replaced', 'refreshed', 'noted'].includes(entry.what)) reached.add(entry.what);
    }
    const ends = [
      'approved cancelled',
      'approved completed',
      'approved expired',
      'approved running completed',
      'approved running failed',
      'cancelled',
      'rejected',
    ];
    expect([...reached].sort()).toEqual([...ends, 'noted', 'refreshed', 'replaced'].sort());
  });

  it('leaves a journal that gives the same actions and documents', () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        const desk = TestDesk.ready({ anonymousAllowed: true });
        run(desk, sequence);
        const lines = desk.entries.map((entry) => Entry.parse(JSON.parse(JSON.stringify(entry))));
        expect(replay(lines).actions).toEqual(desk.state.actions);
        expect(new Set(desk.documents.values())).toEqual(new Set(desk.state.actions.values()));
      }),
      runs,
    );
  });

  it('grants at most one claim for each approval, and ends each approval in exactly one way', () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        const desk = TestDesk.ready({ anonymousAllowed: true });
        run(desk, sequence);
        desk.pass(24 * 60 * minuteMs);
        for (const path of paths(desk).values()) expect(path).toMatch(oneEnd);
        for (const record of desk.state.actions.values()) expect(['approved', 'running']).not.toContain(record.state);
        for (const record of desk.state.actions.values()) if (openStates.includes(record.state)) expect(record.approved_by).toBeNull();
      }),
      runs,
    );
  });

  it('never lets a program approve: every approval names a person', () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        const desk = TestDesk.ready({ anonymousAllowed: true });
        run(desk, sequence);
        const approvals = desk.entries.flatMap((entry) => (entry.kind === 'action' && entry.what === 'approved' ? [entry.action.approved_by] : []));
        for (const by of approvals) expect(['alice for bob', 'bob via telegram-bot-vps', 'anonymous']).toContain(by);
      }),
      runs,
    );
  });

  it('survives a restart between any two requests: an approval that stood still stands, and no more', () => {
    fc.assert(
      fc.property(steps, fc.nat({ max: 80 }), (sequence, at) => {
        const whole = TestDesk.ready({ anonymousAllowed: true });
        run(whole, sequence);
        const first = TestDesk.ready({ anonymousAllowed: true });
        run(first, sequence.slice(0, at));
        const second = TestDesk.ready({ anonymousAllowed: true, remembered: replay(first.entries) });
        second.now = first.now;
        run(second, sequence.slice(at));
        expect(second.state.actions).toEqual(whole.state.actions);
      }),
      runs,
    );
  });
});

describe('any text at all', () => {
  const level = fc.constantFrom(...requestStates, 'expired', 'nonsense');
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: 'binary' }),
    fc.json(),
    fc.oneof(proposal, decision, claim, report).map((value) => JSON.stringify(value)),
  );
  const anything = fc.record({ login: fc.constantFrom(...everybody), state: level, text, retained: fc.boolean() });

  function mustFit(desk: TestDesk): void {
    const head = { ts: '2026-03-01T12:00:00.000Z', session: 1, rev: 1 };
    for (const record of desk.state.actions.values()) Action.parse({ ...actionDocument(record), ...head });
    for (const [node, windows] of desk.state.maintenance) Maintenance.parse({ ...maintenanceDocument(node, windows), ...head });
    for (const entry of desk.entries) Entry.parse(JSON.parse(JSON.stringify(entry)));
    for (const { requester, reply } of desk.replies) expect([requester, Reply.parse(reply).summary]).toEqual([requester, expect.not.stringMatching(/[\r\n]/)]);
  }

  it('is answered in one line, and only what is empty is not answered', () => {
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 20 }), (asked) => {
        const desk = TestDesk.ready({ anonymousAllowed: true });
        for (const { login, state, text: payload, retained } of asked) {
          expect(desk.ask(login, state, payload, { retained }) === null).toBe(payload === '');
          desk.maintain(login, payload);
        }
        mustFit(desk);
      }),
    );
  });

  it('leaves only what fits its contract, also with the worst values that a schema lets through', () => {
    let taken = 0;
    fc.assert(
      fc.property(hostileProposal, hostileDecision, hostileWindow, (proposed, decided, declared) => {
        const desk = TestDesk.ready();
        desk.ask('supervisor-vps', 'pending', proposed);
        desk.ask('telegram-bot-vps', 'pending', proposed);
        desk.ask('telegram-bot-vps', 'approved', decided);
        desk.maintain('telegram-bot-vps', declared);
        mustFit(desk);
        taken += desk.entries.length;
      }),
    );
    expect(taken).toBeGreaterThan(20); // some must be taken, or nothing was shown
  });
});

const long = 'ü'.repeat(400);
const person = fc.constantFrom('b'.repeat(128), 'a\nb', '💡', '\u0000x');
const service = fc.constantFrom('web', 'x'.repeat(100), '💡', '__proto__', 'constructor');
const times = fc.constantFrom<string | number>(8.64e15, 1e300, 0, '0000-01-01T00:00:00+14:00', '2026-03-01T13:00:00Z', '9999-12-31T23:59:59-14:00');
const worstEvidence = fc.record(
  { trigger_type: fc.constantFrom('x', '\n', 'y'.repeat(64)), message: fc.constantFrom(long, 'a\nb'), at: times, incident_id: fc.constantFrom(null, long) },
  { requiredKeys: [] },
);
const hostileProposal = fc.record(
  {
    type: fc.constantFrom('alert_only', 'collect_diagnostics'),
    node: fc.constant('vps'),
    service,
    params: fc.constantFrom<object>({ 'a.b': 1 }, JSON.parse('{"__proto__": {"x": 1}}') as object, { deep: [[[[null]]]] }),
    evidence: worstEvidence,
    note: fc.constant(long),
    on_behalf_of: person,
  },
  { requiredKeys: ['type', 'node', 'service', 'on_behalf_of'] },
);
const hostileDecision = fc.record({ id: fc.constantFrom('next', 'alert-only-vps-', long), note: fc.constant(long), on_behalf_of: person });
const hostileWindow = fc.record({ node: fc.constant('vps'), service, until: times, reason: fc.constant(long), on_behalf_of: person });
