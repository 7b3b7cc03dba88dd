/** Requests that arrive at once from several channels: in every order one transition, and everybody who lost is told who won. */
import { describe, expect, it } from 'vitest';
import { TestDesk } from '../../test/kit/ledger-desk.ts';

const id = 'container-restart-vps-web';

interface Channel {
  readonly login: string;
  readonly state: string;
  readonly payload: object;
  /** As the history names it. */
  readonly by: string;
}
const tap = (login: string, state: string, person: string | null): Channel => ({
  login,
  state,
  payload: { id, ...(person === null ? {} : { on_behalf_of: person }) },
  by: person === null ? login : `${person} via ${login}`,
});
const phone = (state: string): Channel => tap('telegram-bot-vps', state, 'alice');
const panel = (state: string): Channel => tap('homeassistant', state, 'bob');
const shell = (state: string): Channel => tap('anna', state, null);
const resolved: Channel = { login: 'supervisor-vps', state: 'cancelled', payload: { id, reason: 'recovered' }, by: 'supervisor-vps' };

function orders<T>(of: readonly T[]): readonly (readonly T[])[] {
  if (of.length <= 1) return [of];
  return of.flatMap((first, at) => orders([...of.slice(0, at), ...of.slice(at + 1)]).map((rest) => [first, ...rest]));
}

interface Ended {
  readonly state: string;
  /** Moves of the action after its proposal. */
  readonly moves: readonly string[];
  readonly answers: readonly { readonly by: string; readonly ok: boolean; readonly line: string }[];
}

function told(order: readonly Channel[]): Ended {
  const desk = TestDesk.ready();
  desk.bring('pending');
  const answers = order.map(({ login, state, payload, by }) => {
    const reply = desk.ask(login, state, payload);
    return { by, ok: reply?.ok ?? false, line: reply?.summary ?? '' };
  });
  const { state, transition_history } = desk.action(id);
  const moves = transition_history.slice(1).map(({ from, to, by }) => `${from} → ${to} by ${by}`);
  // What is on the bus and on disk is what was decided, and as often.
  expect(desk.documents.get(`world/actions/vps/${id}`)?.state).toBe(state);
  expect(desk.entries.filter(({ kind }) => kind === 'action')).toHaveLength(1 + moves.length);
  return { state, moves, answers };
}

describe('three channels at once', () => {
  const approvals = orders([phone('approved'), panel('approved'), shell('approved')]);

  it.each(approvals.map((order) => [order.map(({ by }) => by).join(', '), order] as const))('all saying yes make one approval: %s', (_names, order) => {
    const { state, moves, answers } = told(order);
    expect(state).toBe('approved');
    expect(moves).toEqual([`pending → approved by ${order[0]?.by}`]);
    expect(answers.map(({ ok }) => ok)).toEqual([true, false, false]);
    for (const { line } of answers.slice(1)) expect(line).toContain(`already approved by ${order[0]?.by} at 12:00 UTC`);
  });

  const mixed = orders([phone('approved'), panel('rejected'), resolved]);

  it.each(mixed.map((order) => [order.map(({ by, state }) => `${state} by ${by}`).join(', '), order] as const))(
    'of a yes, a no and a recovery the first counts, and it alone: %s',
    (_names, order) => {
      const { state, moves, answers } = told(order);
      expect(state).toBe(order[0]?.state);
      expect(moves).toEqual([`pending → ${order[0]?.state} by ${order[0]?.by}`]);
      // The supervisor repeats what it asks until it sees the document: to it a repetition is no refusal.
      expect(answers.filter(({ ok }) => ok)).toHaveLength(1);
    },
  );

  it.each(orders([phone('approved'), panel('approved'), shell('cancelled')]).map((order) => [order.map(({ by }) => by).join(', '), order] as const))(
    'a taking back by a person ends it whether it comes before or after the yes, as long as nothing runs: %s',
    (_names, order) => {
      const { state, moves } = told(order);
      expect(state).toBe('cancelled');
      const first = order.find((each) => each.state === 'approved');
      const wasApproved = order[0]?.state === 'approved';
      expect(moves).toEqual(wasApproved ? [`pending → approved by ${first?.by}`, 'approved → cancelled by anna'] : ['pending → cancelled by anna']);
    },
  );
});

describe('a taking back against the claim of the executor', () => {
  const claim: Channel = { login: 'executor-vps', state: 'running', payload: { id, attempt: 1, nonce: '0123456789abcdef' }, by: 'executor-vps' };

  it.each([
    [[shell('cancelled'), claim], 'cancelled', [true, false]],
    [[claim, shell('cancelled')], 'running', [true, false]],
  ] as const)('the first counts: %#', (order, state, oks) => {
    const ended = told([phone('approved'), ...order]);
    expect([ended.state, ended.answers.slice(1).map(({ ok }) => ok)]).toEqual([state, oks]);
  });
});

describe('an approval against another life of the same id', () => {
  const other = { type: 'container_restart', node: 'vps', service: 'web', params: { dependents: ['db'] } };

  it('binds to what was looked at, whichever comes first', () => {
    const before = TestDesk.ready();
    const { digest } = before.bring('pending');
    before.ask('supervisor-vps', 'pending', other);
    expect(before.ask('anna', 'approved', { id, digest })).toMatchObject({ ok: false, code: 'digest_mismatch' });
    const after = TestDesk.ready();
    after.bring('pending');
    expect(after.ask('anna', 'approved', { id, digest })?.ok).toBe(true);
    expect(after.ask('supervisor-vps', 'pending', other)).toMatchObject({ ok: false, code: 'already_open' });
    expect(after.action(id)).toMatchObject({ state: 'approved', digest, params: {} });
  });
});

describe('at the very end of an approval', () => {
  it.each([
    [60 * 60_000 - 1, 'running'],
    [60 * 60_000, 'expired'],
  ])('a claim after %d ms leaves it %s', (ms, state) => {
    const desk = TestDesk.ready();
    desk.bring('approved');
    desk.now += ms;
    desk.ask('executor-vps', 'running', { id, attempt: 1, nonce: '0123456789abcdef' });
    expect(desk.action(id).state).toBe(state);
  });
});
