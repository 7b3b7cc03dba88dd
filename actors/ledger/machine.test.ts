import { describe, expect, it } from 'vitest';
import { type ActionState, actionStates, type RequestState, requestStates } from '../../contracts/action.ts';
import { allMoves, nonce, outcomes } from '../../test/kit/ledger-desk.ts';
import { actionMachine, begin, type Judgement, judge } from './machine.ts';
import type { LifeEvent, Mover } from './moves.ts';
import { type ActionRecord, epochMs, type Proposal } from './record.ts';

const t0 = Date.parse('2026-03-01T12:00:00.000Z');
const hourMs = 3_600_000;
const leaseMs = 120_000 + 300_000;

const person: Mover = { role: 'person', node: null, by: 'alice' };
const proposer: Mover = { role: 'proposer', node: 'vps', by: 'supervisor-vps' };
const executor: Mover = { role: 'executor', node: 'vps', by: 'executor-vps' };
const otherExecutor: Mover = { role: 'executor', node: 'piha', by: 'executor-piha' };
const bystander: Mover = { role: 'none', node: 'vps', by: 'observer-vps' };

const proposal = (changes: Partial<Proposal> = {}): Proposal => ({
  id: 'container-restart-vps-web',
  type: 'container_restart',
  risk: 'low',
  site: 'hub',
  node: 'vps',
  service: 'web',
  params: {},
  digest: 'digest-1',
  evidence: { trigger_type: 'containers_not_running', message: 'exit 137', incident_id: null },
  verify_window_ms: 120_000,
  ...changes,
});

type EventOf<T> = Extract<LifeEvent, { readonly type: T }>;
const proposing = (changes: Partial<EventOf<'pending'>> = {}): EventOf<'pending'> => ({
  type: 'pending',
  mover: proposer,
  now: t0,
  note: '',
  proposal: proposal(),
  ...changes,
});

function asking(state: RequestState, mover: Mover, now = t0): LifeEvent {
  const asked = { mover, now, note: '' };
  switch (state) {
    case 'pending':
      return { ...asked, type: state, proposal: proposal() };
    case 'approved':
    case 'rejected':
      return { ...asked, type: state, digest: null };
    case 'cancelled':
      return { ...asked, type: state, digest: null, reason: 'recovered' };
    case 'running':
      return { ...asked, type: state, attempt: 1, nonce };
    case 'completed':
    case 'failed':
      return { ...asked, type: state, attempt: 1, nonce, outcome: { message: '', began_at: null, ended_at: null, result: {}, ...outcomes[state] } };
  }
}

const moved = (record: ActionRecord, ...events: readonly LifeEvent[]): ActionRecord =>
  events.reduce((at, event) => {
    const verdict = judge(at, event);
    expect(verdict).toMatchObject({ ok: true });
    return verdict.record;
  }, record);

const pending = begin(proposing(), 1);
const approved = moved(pending, asking('approved', person));
const running = moved(approved, asking('running', executor));
const inState: Readonly<Record<ActionState, ActionRecord>> = {
  pending,
  approved,
  running,
  completed: moved(running, asking('completed', executor)),
  failed: moved(running, asking('failed', executor)),
  rejected: moved(pending, asking('rejected', person)),
  cancelled: moved(pending, asking('cancelled', proposer)),
  expired: moved(approved, { type: 'time_passed', now: t0 + hourMs }),
};

const isChange = (verdict: Judgement): boolean => verdict.ok && verdict.code !== 'unchanged';

describe('every state × every request × every role', () => {
  it('has a row for each state and request', () => {
    const rows = allMoves.map(([state, asked]) => `${state} ${asked}`);
    expect(new Set(rows)).toEqual(new Set(actionStates.flatMap((state) => requestStates.map((asked) => `${state} ${asked}`))));
  });

  for (const [state, asked, ofPerson, ofProposer, ofExecutor] of allMoves) {
    for (const [mover, code] of [
      [person, ofPerson],
      [proposer, ofProposer],
      [executor, ofExecutor],
      [otherExecutor, 'not_allowed'],
      [bystander, 'not_allowed'],
    ] as const) {
      it(`${state}, ${mover.by} asks for ${asked}: ${code}`, () => {
        const verdict = judge(inState[state], asking(asked, mover));
        expect(verdict.code).toBe(code);
        if (isChange(verdict)) expect(verdict.record.state).toBe(asked);
        else expect(verdict.record).toEqual(inState[state]);
      });
    }
  }

  it('keeps the state of the record equal to the state of the machine', () => {
    for (const state of actionStates) {
      const snapshot = actionMachine.resolveState({ value: state, context: { record: inState[state], verdict: { ok: true, code: 'unchanged' } } });
      expect(snapshot.value).toBe(inState[state].state);
    }
  });

  it('lets time move an approved and a running action only', () => {
    const muchLater = { type: 'time_passed', now: t0 + 30 * 24 * hourMs } as const;
    const movable = actionStates.filter((state) => isChange(judge(inState[state], muchLater)));
    expect(movable).toEqual(['approved', 'running']);
  });
});

describe('an approval', () => {
  it('is stamped with who, when and until when', () => {
    expect(approved).toMatchObject({ approved_by: 'alice', approved_at: '2026-03-01T12:00:00.000Z', expires_at: '2026-03-01T13:00:00.000Z' });
  });

  it('is refused when it names another attempt: a yes that comes late is not for the next life', () => {
    const other = { ...asking('approved', person), attempt: pending.attempt + 1 } as LifeEvent;
    expect(judge(pending, other).code).toBe('stale_attempt');
    expect(judge(pending, { ...other, type: 'rejected' } as LifeEvent).code).toBe('stale_attempt');
    expect(judge(pending, { ...other, attempt: pending.attempt } as LifeEvent).code).toBe('approved');
  });

  it('is refused when it names another digest, and granted when it names this one', () => {
    expect(judge(pending, { ...asking('approved', person), digest: 'digest-0' } as LifeEvent).code).toBe('digest_mismatch');
    expect(judge(pending, { ...asking('approved', person), digest: 'digest-1' } as LifeEvent).code).toBe('approved');
    expect(judge(pending, { ...asking('rejected', person), digest: 'digest-0' } as LifeEvent).code).toBe('digest_mismatch');
  });

  it.each([
    [-1, 'running', 'unchanged'],
    [0, 'not_approved', 'expired'],
    [1, 'not_approved', 'expired'],
  ] as const)('%i ms from its end: a claim is %s, and time makes it %s', (offset, claimed, byTime) => {
    const now = t0 + hourMs + offset;
    expect(judge(approved, asking('running', executor, now)).code).toBe(claimed);
    expect(judge(approved, { type: 'time_passed', now }).code).toBe(byTime);
  });

  it('that expired says that nobody rejected it', () => {
    expect(inState.expired.transition_history.at(-1)).toMatchObject({ from: 'approved', to: 'expired', by: 'ledger' });
    expect(inState.expired.transition_history.at(-1)?.note).toContain('expired, not rejected');
  });

  it('of another attempt grants nothing', () => {
    expect(judge(approved, { ...asking('running', executor), attempt: 2 } as LifeEvent).code).toBe('stale_attempt');
  });

  it('of a notice completes it in the hand of the ledger, and no executor can claim it', () => {
    const notice = moved(begin(proposing({ proposal: proposal({ type: 'alert_only', id: 'alert-only-vps-web' }) }), 1), asking('approved', person));
    expect(judge(notice, asking('running', executor)).code).toBe('not_approved');
    const done = moved(notice, { type: 'time_passed', now: t0 });
    expect(done.transition_history.map(({ to, by }) => [to, by])).toEqual([
      ['pending', 'supervisor-vps'],
      ['approved', 'alice'],
      ['completed', 'ledger'],
    ]);
  });
});

describe('a claim', () => {
  it('is granted to one nonce, for the verify window and five minutes', () => {
    expect(running.claim).toEqual({ nonce, by: 'executor-vps', at: '2026-03-01T12:00:00.000Z', lease_until: new Date(t0 + leaseMs).toISOString() });
    expect(judge(running, { ...asking('running', executor), nonce: 'another-nonce' } as LifeEvent).code).toBe('already_claimed');
    expect(judge(running, asking('running', executor)).code).toBe('unchanged');
  });

  it('is what an outcome must match', () => {
    expect(judge(running, { ...asking('completed', executor), nonce: 'another-nonce' } as LifeEvent).code).toBe('wrong_claim');
    expect(judge(running, { ...asking('completed', executor), attempt: 2 } as LifeEvent).code).toBe('stale_attempt');
    const contradiction = { ...asking('completed', executor), outcome: inState.failed.outcome } as LifeEvent;
    expect(judge(running, contradiction).code).toBe('contradiction');
  });

  it.each([
    [-1, 'unchanged'],
    [0, 'failed'],
    [1, 'failed'],
  ] as const)('%i ms from the end of its lease is %s by time', (offset, code) => {
    expect(judge(running, { type: 'time_passed', now: t0 + leaseMs + offset }).code).toBe(code);
  });

  it('that was given up fails with outcome_unknown, and a late word becomes a note, once', () => {
    const lost = moved(running, { type: 'time_passed', now: t0 + leaseMs });
    expect(lost).toMatchObject({ state: 'failed', outcome: { ok: false, code: 'outcome_unknown' } });
    const late = asking('completed', executor, t0 + leaseMs + 1000);
    const noted = judge(lost, late);
    expect(noted).toMatchObject({ ok: true, code: 'noted', record: { state: 'failed', outcome: { code: 'outcome_unknown' } } });
    expect(noted.record.transition_history.at(-1)?.note).toBe('late word on attempt 1: completed (verified)');
    expect(judge(noted.record, late).code).toBe('unchanged');
  });
});

describe('a proposal', () => {
  it('of the same thing within a minute changes nothing, later it refreshes the evidence', () => {
    expect(judge(pending, proposing({ now: t0 + 59_999 })).code).toBe('unchanged');
    const refreshed = judge(
      pending,
      proposing({ now: t0 + 60_000, proposal: proposal({ evidence: { trigger_type: 'containers_not_running', message: 'still', incident_id: 'inc-1' } }) }),
    );
    expect(refreshed).toMatchObject({ code: 'refreshed', record: { attempt: 1, evidence: { message: 'still' } } });
    expect(refreshed.record.transition_history).toHaveLength(1);
  });

  it('with evidence of another kind is taken down at once', () => {
    const refreshed = judge(pending, proposing({ proposal: proposal({ evidence: { trigger_type: 'service_unhealthy', message: '', incident_id: null } }) }));
    expect(refreshed).toMatchObject({ code: 'refreshed', record: { evidence: { trigger_type: 'service_unhealthy' } } });
    expect(refreshed.record.transition_history).toHaveLength(2);
  });

  it('that goes on is noted in the history every ten minutes', () => {
    let record = pending;
    for (let minute = 1; minute <= 60; minute += 1) record = judge(record, proposing({ now: t0 + minute * 60_000 })).record;
    expect(record.transition_history.map(({ note }) => note)).toEqual(['', ...Array(6).fill('still so: containers_not_running')]);
  });

  it('keeps an approval when only the evidence is new', () => {
    const refreshed = judge(approved, proposing({ now: t0 + 60_000 }));
    expect(refreshed).toMatchObject({ code: 'refreshed', record: { state: 'approved', attempt: 1, approved_by: 'alice', expires_at: approved.expires_at } });
  });

  it('of something else replaces a pending action as a new attempt, and waits while one is agreed', () => {
    const other = proposing({ proposal: proposal({ digest: 'digest-2', params: { image: 'web:2' } }) });
    expect(judge(pending, other)).toMatchObject({ code: 'replaced', record: { state: 'pending', attempt: 2, digest: 'digest-2', params: { image: 'web:2' } } });
    expect(judge(approved, other)).toMatchObject({ ok: false, code: 'already_open' });
    expect(judge(running, other)).toMatchObject({ ok: false, code: 'already_open' });
  });

  it('after the end begins a new life that owes nothing to the last', () => {
    for (const state of ['completed', 'failed', 'rejected', 'cancelled', 'expired'] as const) {
      const reborn = judge(inState[state], proposing({ now: t0 + 2 * hourMs })).record;
      expect(reborn).toMatchObject({ state: 'pending', attempt: 2, approved_by: null, approved_at: null, expires_at: null, claim: null, outcome: null });
      expect(reborn.transition_history.at(-1)).toMatchObject({ from: state, to: 'pending', note: 'attempt 2' });
    }
  });

  it('may be withdrawn by a program for a reason that programs have, and only while it is pending', () => {
    for (const reason of ['drift_resolved_auto', 'service_removed_from_desired_state', 'recovered', 'node_moved']) {
      expect(judge(pending, { type: 'cancelled', mover: proposer, now: t0, note: '', digest: null, reason }).code).toBe('cancelled');
      expect(judge(approved, { type: 'cancelled', mover: proposer, now: t0, note: '', digest: null, reason }).code).toBe('not_cancellable');
    }
    for (const reason of [null, 'by_operator'])
      expect(judge(pending, { type: 'cancelled', mover: proposer, now: t0, note: '', digest: null, reason }).code).toBe('reason_needed');
  });

  it('of a program does not come back to life when a late repetition of it arrives after the no', () => {
    const closed = inState.rejected;
    expect(judge(closed, proposing({ now: t0 + hourMs - 1 }))).toMatchObject({ ok: false, code: 'cooling_down', record: closed });
    expect(judge(closed, proposing({ now: t0 + hourMs })).code).toBe('proposed');
    const otherKind = proposal({ evidence: { trigger_type: 'service_unhealthy', message: '', incident_id: null } });
    expect(judge(closed, proposing({ now: t0 + 1, proposal: otherKind })).code).toBe('proposed');
    expect(judge(closed, proposing({ now: t0 + 1, mover: person })).code).toBe('proposed');
    const cancelledByPerson = moved(pending, asking('cancelled', person));
    expect(judge(cancelledByPerson, proposing({ now: t0 + 1 })).code).toBe('cooling_down');
  });

  it('by hand and answered holds a program back for the hour, whatever its trigger', () => {
    const requested = proposal({ evidence: { trigger_type: 'requested', message: '', incident_id: null } });
    const byHand = begin(proposing({ mover: { ...person, by: 'alice via operator-ui-vps' }, proposal: requested }), 1);
    const takenUp = moved(pending, proposing({ mover: person, proposal: requested }));
    for (const record of [byHand, takenUp]) {
      const closed = moved(record, asking('rejected', person));
      expect(judge(closed, proposing({ now: t0 + hourMs - 1 }))).toMatchObject({ ok: false, code: 'cooling_down', record: closed });
      const reborn = judge(closed, proposing({ now: t0 + hourMs }));
      expect(reborn.code).toBe('proposed');
      // The next life is a program's again, so evidence of another kind counts again.
      const again = moved(reborn.record, asking('rejected', person, t0 + hourMs));
      const otherKind = proposal({ evidence: { trigger_type: 'service_unhealthy', message: '', incident_id: null } });
      expect(judge(again, proposing({ now: t0 + hourMs + 1, proposal: otherKind })).code).toBe('proposed');
    }
  });

  it('by hand and taken back by hand holds no program back, unless one had spoken for it', () => {
    const requested = proposal({ evidence: { trigger_type: 'requested', message: '', incident_id: null } });
    const byHand = begin(proposing({ mover: { ...person, by: 'alice via operator-ui-vps' }, proposal: requested }), 1);
    expect(judge(moved(byHand, asking('cancelled', person)), proposing({ now: t0 + 1 })).code).toBe('proposed');
    const joined = moved(byHand, proposing(), asking('cancelled', person));
    expect(judge(joined, proposing({ now: t0 + hourMs - 1 })).code).toBe('cooling_down');
  });

  it('keeps the newest twenty transitions', () => {
    let record = pending;
    for (let round = 1; round <= 15; round += 1) {
      record = moved(record, asking('rejected', person, t0 + round * hourMs));
      record = moved(record, proposing({ now: t0 + (round + 1) * hourMs }));
    }
    expect(record.transition_history).toHaveLength(20);
    expect(epochMs(record.transition_history.at(-1)?.at ?? '')).toBe(t0 + 16 * hourMs);
    expect(record.attempt).toBe(16);
  });
});
