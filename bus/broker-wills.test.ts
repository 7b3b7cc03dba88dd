import { describe, expect, it } from 'vitest';
import type { BrokerLogins } from './broker-access.ts';
import { Rights } from './broker-access.ts';
import type { BrokerPacket } from './broker-aedes.ts';
import { isStoredWill, signWill, Wills } from './broker-wills.ts';

const access = { reads: [], writes: ['lab/probes/anna', 'lab/actions/approved/anna'] };
const requests = ['lab/actions/approved/anna', 'lab/actions/approved', 'lab/actions', 'lab/maintenance/anna'];
const others = ['lab/actors/piha/executor', 'other/state', 'lab/probes/anna', 'lab/probes/bert', 'lab/actionsland', 'other/lamp/set'];

function wills(logins: 'nobody has one' | 'asking' | 'not asked'): Wills {
  const known: BrokerLogins = {
    isAsking: () => logins === 'asking',
    admits: () => Promise.resolve('unknown'),
    isStill: () => true,
    accessOf: (login) => (login === 'anna' ? access : null),
    onChange: () => undefined,
  };
  const rules = { requestPrefixes: ['lab/actions', 'lab/maintenance'], statusFilters: ['lab/actors/+/+', 'other/state'] };
  return new Wills({ ...rules, logins: logins === 'nobody has one' ? null : known });
}

const stored = (topic: string, login: string | null): BrokerPacket => {
  const will = { topic, payload: Buffer.from('x'), qos: 1, retain: false, clientId: 'somebody', brokerId: 'earlier' } as const;
  signWill(will, login);
  return will;
};

describe('a will', () => {
  it('is never published where requests are, whoever left it, and whether anybody is asked or not', () => {
    for (const each of [wills('nobody has one'), wills('not asked'), wills('asking')])
      for (const topic of requests)
        for (const problem of [each.problem(topic, null), each.problem(topic, new Rights(access)), each.problemOfStored(stored(topic, 'anna'))])
          expect(problem).toContain('a topic of requests');
  });

  it('may be anywhere else while nobody is asked', () => {
    for (const each of [wills('nobody has one'), wills('not asked')])
      expect(others.filter((topic) => each.problem(topic, null) !== null || each.problemOfStored(stored(topic, null)) !== null)).toEqual([]);
  });

  it('of a client without a login is published on status topics only, once everybody is asked', () => {
    const asking = wills('asking');
    expect(others.filter((topic) => asking.problem(topic, null) === null)).toEqual(['lab/actors/piha/executor', 'other/state']);
    for (const login of [null, 'somebody who was revoked'])
      expect(others.filter((topic) => asking.problemOfStored(stored(topic, login)) === null)).toEqual(['lab/actors/piha/executor', 'other/state']);
  });

  it('of a login is published where that login may write, also after a crash', () => {
    const asking = wills('asking');
    expect(others.filter((topic) => asking.problem(topic, new Rights(access)) === null)).toEqual(['lab/probes/anna']);
    expect(others.filter((topic) => asking.problemOfStored(stored(topic, 'anna')) === null)).toEqual(['lab/probes/anna']);
  });

  it('that was stored is known from a publish by its client id', () => {
    expect(isStoredWill(stored('t', null))).toBe(true);
    expect(isStoredWill({ topic: 't', payload: Buffer.from(''), qos: 0, retain: false })).toBe(false);
  });
});
