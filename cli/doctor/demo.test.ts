import { describe, expect, it } from 'vitest';
import { checkDemo, type DemoSeen } from './demo.ts';

const check = (seen: Partial<DemoSeen>) => checkDemo({ pid: null, broker: 'mqtt://127.0.0.1:1883', nodes: [], node: 'lab', ...seen });

describe('a demo', () => {
  it('that is none costs no line', () => {
    expect(check({})).toEqual([]);
    expect(check({ broker: null })).toEqual([]);
  });

  it.each([
    ['of this data directory', { pid: 7 }, 'the broker of a demo (process 7): vps, piha are SIMULATED'],
    ['of somebody else', {}, 'the broker of a demo: vps, piha are SIMULATED'],
  ])('%s on the broker that is asked is said plainly, with how to watch this machine instead', (_, seen, found) => {
    expect(check({ nodes: ['vps', 'piha'], ...seen })).toEqual([
      expect.objectContaining({ level: 'warning', found: expect.stringContaining(found), means: expect.stringContaining('(lab)') }),
    ]);
  });

  it('on another broker is no trouble where the one that is asked is real', () => {
    expect(check({ pid: 7 })).toEqual([expect.objectContaining({ level: 'ok', found: expect.stringContaining('process 7') })]);
  });

  it('that runs where nobody looked is named, with how to look there', () => {
    expect(check({ pid: 7, broker: null })).toEqual([expect.objectContaining({ level: 'warning', mend: expect.stringContaining('HOMELAB_BROKER_URL=') })]);
  });
});
