import { describe, expect, test } from 'vitest';
import { ObserverRig } from '../../test/kit/observer-rig.ts';
import { createWorld } from './world.ts';

describe('events under a foreign name of their node', () => {
  test('a node known under an alias keeps its own cursor under that name', () => {
    const rig = new ObserverRig({ aliasMap: { 'node-1': 'vps' } });
    rig.watch();
    rig.event('disk_usage_high', { node: 'node-1' });
    rig.event('disk_usage_high');
    rig.passAlive(30_000);
    expect(rig.incidents()).toMatchObject([{ node: 'vps', kind: 'disk', occurrence_count: 2 }]);
    expect(rig.cursors.map(({ node }) => node)).toEqual(expect.arrayContaining(['node-1', 'vps']));
    expect(rig.cursors.at(-1)?.positions).toEqual({ 'node-agent': { urgent: 1, info: 0 } });
  });

  test('an alias that the desired document declares counts like one of our own, and ours goes before it', () => {
    const rig = new ObserverRig({ aliasMap: { 'node-2': 'vps' } });
    rig.watch();
    rig.desire([], { node: 'piha', aliases: ['node-1', 'node-2'] });
    rig.event('disk_usage_high', { node: 'node-1' });
    rig.event('disk_usage_high', { node: 'node-2' });
    rig.passAlive(30_000);
    expect(rig.lines.filter(({ type }) => type === 'disk_usage_high').map(({ node, alias }) => [node, alias])).toEqual([
      ['piha', 'node-1'],
      ['vps', 'node-2'],
    ]);
    expect(rig.cursors.map(({ node }) => node)).toEqual(expect.arrayContaining(['node-1', 'node-2']));
  });

  test('an alias is known after a restart before any document is read, by the events stored under it', () => {
    const rig = new ObserverRig();
    rig.watch();
    rig.desire([], { node: 'piha', aliases: ['node-1'] });
    rig.event('disk_usage_high', { node: 'node-1' });
    rig.store();
    const later = new ObserverRig({}, new Map([['piha', { world: rig.state.nodes.get('piha')?.world ?? createWorld('piha'), position: null }]]));
    later.event('disk_usage_high', { node: 'node-1', seq: 2 });
    later.store();
    expect(later.lines.at(-1)).toMatchObject({ node: 'piha', alias: 'node-1' });
  });
});
