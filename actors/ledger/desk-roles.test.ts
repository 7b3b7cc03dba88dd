/** The table of machine.test.ts once more, asked by logins at the desk: who is who must lead to the same answers. */
import { describe, expect, it } from 'vitest';
import type { RequestState } from '../../contracts/action.ts';
import { allMoves, nonce, outcomes, TestDesk } from '../../test/kit/ledger-desk.ts';

const id = 'container-restart-vps-web';
const access = { alice: 'operator', homeassistant: 'delegate', kiosk: 'reader' } as const;

const payloadOf = (asked: RequestState): object => {
  switch (asked) {
    case 'pending':
      return { type: 'container_restart', node: 'vps', service: 'web', on_behalf_of: 'bob' };
    case 'approved':
    case 'rejected':
      return { id, on_behalf_of: 'bob' };
    case 'cancelled':
      return { id, reason: 'recovered', on_behalf_of: 'bob' };
    case 'running':
      return { id, attempt: 1, nonce };
    case 'completed':
    case 'failed':
      return { id, attempt: 1, nonce, outcome: outcomes[asked] };
  }
};

/** Login, the column of the table that is his (0 = person, 1 = proposer, 2 = executor of the node, null = nothing is his), and how he is recorded. */
const logins = [
  ['alice', 0, 'alice for bob'],
  ['homeassistant', 0, 'bob via homeassistant'],
  ['operator-ui-vps', 0, 'bob via operator-ui-vps'],
  ['supervisor-vps', 1, 'supervisor-vps'],
  ['planner-solaria', 1, 'planner-solaria'],
  ['executor-vps', 2, 'executor-vps'],
  ['executor-piha', null, ''],
  ['observer-vps', null, ''],
  ['ledger-vps', null, ''],
  ['kiosk', null, ''],
  ['mallory', null, ''],
  ['anonymous', null, ''],
] as const;

describe.each(logins)('%s', (login, column, by) => {
  it.each(allMoves)('while %s asks for %s', (state, asked, ...codes) => {
    const desk = TestDesk.ready({ access });
    const before = desk.bring(state);
    const expected = column === null ? 'not_allowed' : codes[column];
    const reply = desk.ask(login, asked, payloadOf(asked));
    expect(reply?.code).toBe(expected);
    const record = desk.action(id);
    const changes = expected === asked || expected === 'proposed';
    expect(reply?.ok).toBe(changes || expected === 'unchanged');
    if (changes) expect(record.transition_history.at(-1)).toMatchObject({ from: state, to: asked, by });
    else expect(record).toEqual(before);
    // Refusals of people and programs alike are said as an event; grants never are.
    expect(desk.events.length).toBe(reply?.ok === true ? 0 : 1);
    // The journal and the document say what the desk knows.
    expect(desk.documents.get(`world/actions/vps/${id}`)).toEqual(record);
  });
});

describe("an actor's login in another case", () => {
  it.each(['Stability-Agent-vps', 'OBSERVER-VPS', 'Supervisor-vps'])('%s is no person, also where nobody has listed any', (login) => {
    const desk = TestDesk.ready();
    desk.bring('pending');
    expect(desk.ask(login, 'approved', { id })).toMatchObject({ ok: false, code: 'not_allowed' });
    expect(desk.action(id).state).toBe('pending');
  });
});
