import { describe, expect, it } from 'vitest';
import { filtersMeet, Rights } from './broker-access.ts';

describe('the rights of a login', () => {
  const rights = new Rights({ reads: ['lab/#', '$SYS/#'], writes: ['lab/health/+', 'lab/actions/approved/anna'] });

  it('are what its filters match, to write and to read apart', () => {
    expect(
      ['lab/health/vps', 'lab/health', 'lab/health/vps/web', 'lab/actions/approved/anna', 'lab/actions/approved/bob', 'x'].filter((t) => rights.mayWrite(t)),
    ).toEqual(['lab/health/vps', 'lab/actions/approved/anna']);
    expect(['lab', 'lab/a/b', 'lab2/a', '$SYS/broker/uptime', 'zigbee2mqtt/bulb'].filter((t) => rights.mayRead(t))).toEqual([
      'lab',
      'lab/a/b',
      '$SYS/broker/uptime',
    ]);
  });

  it('include every topic outside of the root where nobody declared whose they are, but not those of the broker', () => {
    const free = new Rights({ reads: ['lab/#'], writes: [], outsideOf: 'lab' });
    const topics = ['zigbee2mqtt/bulb', 'lab2/a', 'lab', 'lab/a', '$SYS/broker/uptime', '$other'];
    expect(topics.filter((t) => free.mayWrite(t))).toEqual(['zigbee2mqtt/bulb', 'lab2/a']);
    expect(topics.filter((t) => free.mayRead(t))).toEqual(['zigbee2mqtt/bulb', 'lab2/a', 'lab', 'lab/a']);
    expect(['#', '+/bulb', 'zigbee2mqtt/#', '$SYS/#'].filter((f) => free.mayReadSome(f))).toEqual(['#', '+/bulb', 'zigbee2mqtt/#']);
  });

  it('let a subscription through when some topic under it may be read', () => {
    expect(['#', '+/health/+', 'lab/+', 'lab', '$SYS/broker/+', 'zigbee2mqtt/#', '+'].filter((f) => rights.mayReadSome(f))).toEqual([
      '#',
      '+/health/+',
      'lab/+',
      'lab',
      '$SYS/broker/+',
      '+',
    ]);
  });
});

describe('two filters meet', () => {
  it.each([
    ['a/#', 'a', true],
    ['a/+', 'a', false],
    ['a/+/c', 'a/b/#', true],
    ['a/b', '+/+', true],
    ['a/b', 'a/+/c', false],
    ['#', '$SYS/a', false],
    ['$SYS/#', '$SYS/+', true],
    ['a/b/c', 'a/x/#', false],
  ])('%s and %s: %s', (one, other, expected) => {
    expect([filtersMeet(one, other), filtersMeet(other, one)]).toEqual([expected, expected]);
  });
});
