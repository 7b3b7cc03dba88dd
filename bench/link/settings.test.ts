/** The two bridges that are compared with, as the linter sees them. */
import { describe, expect, it } from 'vitest';
import { lint } from '../../cli/broker-lint/lint.ts';
import { atBest, atFirst } from './settings.ts';

const far = { address: '198.51.100.1:1883', login: 'bridge-edge', password: 'secret', root: 'homelab', site: 'cabin', nodes: ['edge', 'edge-2'] };
/** As `homelab broker config` prints them. */
const generated = ['persistence true', 'autosave_on_changes true', 'autosave_interval 1', 'max_queued_messages 20000', 'set_tcp_nodelay true'];

const trapsIn = (lines: readonly string[]): readonly string[] => {
  const { bridges, findings } = lint([{ file: 'mosquitto.conf', text: lines.join('\n') }], far.root);
  expect(bridges).toBe(1);
  return [...new Set(findings.map(({ trap }) => trap))].sort();
};

describe("mosquitto's own bridge", () => {
  it('is in the well-known traps when it is written at first', () => {
    expect(trapsIn(atFirst(far)(generated))).toEqual(expect.arrayContaining(['both', 'bare-wildcard', 'queue-default', 'autosave-default']));
  });

  it('is in none of them at its best', () => {
    expect(trapsIn(atBest(far)(generated))).toEqual([]);
  });

  it('carries each topic of the table in the one direction it has, at its best', () => {
    const topics = atBest(far)(generated).filter((line) => line.startsWith('topic '));
    expect(topics).toContain('topic homelab/health/+/+ out 1');
    expect(topics).toContain('topic homelab/world/sites/cabin out 1');
    expect(topics.filter((line) => line.includes(' in '))).toEqual([
      'topic homelab/desired/edge in 1',
      'topic homelab/desired/edge-2 in 1',
      'topic homelab/relay/cabin in 1',
    ]);
  });
});
