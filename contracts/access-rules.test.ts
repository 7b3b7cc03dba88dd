/** The access rules say what was written down by hand for a homelab of two sites, for every login, every row of the table and both brokers. */
import { describe, expect, it } from 'vitest';
import { standingOf } from '../actors/ledger/access.ts';
import { topicMatches } from '../bus/broker-topic-filter.ts';
import { accessMatrix, foreignLogin, homeAssistantMatrix, loginsAt, type MatrixSite, matrixAccess } from '../test/kit/access-matrix.table.ts';
import { type Access, accessOf, type BrokerScope, mayBeRetained } from './access-rules.ts';
import { requestStates } from './action.ts';
import { allTopics, topics } from './topics.ts';

const sites = new Map([
  ['hub', { nodes: ['vps', 'piha'], upstream: null }],
  ['cabin', { nodes: ['cabin-1', 'cabin-2'], upstream: 'hub' }],
]);
const scopeOf = (site: string, more: Partial<BrokerScope> = {}): BrokerScope => ({
  site,
  root: 'lab',
  sites,
  access: matrixAccess,
  anonymous: 'refused',
  ...more,
});
const known = new WeakMap<BrokerScope, Map<string | null, Access>>();
function may(login: string | null, verb: 'reads' | 'writes', topic: string, scope: BrokerScope): boolean {
  const here = known.get(scope) ?? new Map<string | null, Access>();
  known.set(scope, here);
  const access = here.get(login) ?? accessOf(login, scope);
  here.set(login, access);
  return access[verb].some((filter) => topicMatches(filter, topic));
}

describe.each<MatrixSite>(['hub', 'cabin'])('at the broker of %s', (site) => {
  const scope = scopeOf(site);
  const strangers = ['mallory', 'node-agent-elsewhere', 'executor', site === 'hub' ? 'observer-cabin-1' : 'observer-vps', foreignLogin];

  it.each(accessMatrix)('$topic is written by nobody but its writers', ({ topic, writers }) => {
    const allowed = [...loginsAt(site), ...strangers].filter((login) => may(login, 'writes', `lab/${topic}`, scope));
    expect(allowed.sort()).toEqual([...writers[site]].sort());
  });

  it.each(homeAssistantMatrix)('$topic, outside of the root, is written by nobody but its writers', ({ topic, writers }) => {
    const allowed = [...loginsAt(site), ...strangers].filter((login) => may(login, 'writes', topic, scope));
    expect(allowed.sort()).toEqual([...writers[site]].sort());
    expect(may('kiosk', 'reads', topic, scope)).toBe(true);
  });

  it('everybody who is known reads everything of ours, and nobody else anything', () => {
    const readers = [...loginsAt(site), ...strangers].filter((login) => accessMatrix.every(({ topic }) => may(login, 'reads', `lab/${topic}`, scope)));
    expect(readers.sort()).toEqual([...loginsAt(site)].sort());
    for (const stranger of strangers) expect(accessOf(stranger, scope)).toEqual({ reads: [], writes: [] });
  });

  it('nobody writes outside of the root but what is announced to Home Assistant, and people alone read what a broker says about itself', () => {
    const outside = homeAssistantMatrix.map(({ row }) => topics[row].filter());
    for (const login of loginsAt(site)) {
      for (const filter of accessOf(login, scope).writes.filter((each) => !outside.includes(each))) expect(filter).toMatch(/^lab\/[a-z]/);
    }
    const curious = loginsAt(site).filter((login) => may(login, 'reads', '$SYS/broker/uptime', scope));
    expect(curious.sort()).toEqual(['anna', 'homeassistant', 'kiosk']);
    expect(may('kiosk', 'reads', topics.zigbeeBridge.build({}), scope)).toBe(true);
  });
});

it('has an expectation for every row of the table', () => {
  const rows = allTopics.filter(([, row]) => row.foreign !== true).map(([name]) => name);
  expect([...new Set(accessMatrix.map(({ row }) => row))].sort()).toEqual([...rows].sort());
});

describe('without an access list', () => {
  const scope = scopeOf('hub', { access: null });

  it('any login is an operator of its own name, and an actor is still only what it is', () => {
    expect(may('bob', 'writes', 'lab/actions/approved/bob', scope)).toBe(true);
    expect(may('bob', 'writes', 'lab/actions/approved/anna', scope)).toBe(false);
    expect(may('planner-piha', 'writes', 'lab/actions/approved/planner-piha', scope)).toBe(false);
  });

  it('who comes without a login may do what the broker was told', () => {
    const asks = (anonymous: BrokerScope['anonymous'], access: BrokerScope['access'] = null): readonly boolean[] => {
      const here = scopeOf('hub', { anonymous, access });
      return [may(null, 'reads', 'lab/health/vps', here), may(null, 'writes', 'lab/actions/approved', here), may(null, 'writes', 'lab/health/vps', here)];
    };
    expect([asks('refused'), asks('reads'), asks('asks')]).toEqual([
      [false, false, false],
      [true, false, false],
      [true, true, false],
    ]);
    expect(asks('asks', matrixAccess)).toEqual([true, false, false]);
  });
});

it('keeps no request, and everything else that has the flag', () => {
  expect(allTopics.filter(([, row]) => !mayBeRetained(row)).map(([name]) => name)).toEqual(['request', 'anonymousRequest', 'maintenanceRequest']);
});

it('lets somebody ask at the broker exactly where the ledger takes him for one who may ask', () => {
  const scope = scopeOf('hub');
  for (const login of loginsAt('hub').filter((each) => each !== 'bridge-cabin-1' && !each.startsWith('ledger'))) {
    const standing = standingOf(login, { access: matrixAccess, anonymousAllowed: false });
    const asking = requestStates.filter((state) => may(login, 'writes', `lab/${topics.request.build({ state, requester: login })}`, scope));
    const role = standing.kind === 'program' ? standing.mover.role : standing.kind === 'person' && standing.role !== 'reader' ? 'person' : 'none';
    const expected = {
      person: ['pending', 'approved', 'rejected', 'cancelled'],
      proposer: ['pending', 'cancelled'],
      executor: ['running', 'completed', 'failed'],
      none: [],
    };
    expect([login, asking]).toEqual([login, expected[role]]);
  }
});
