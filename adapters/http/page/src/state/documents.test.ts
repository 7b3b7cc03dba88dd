/** Documents by topic become the world of the page. */
import { describe, expect, it } from 'vitest';
import { topics } from '../../../../../contracts/topics.ts';
import { pageWorld } from '../../../../../test/kit/page-world.ts';
import { changed, rowOf, worldOf } from './documents.ts';

const nowMs = Date.parse('2026-03-01T12:00:00Z');

describe('the documents of the page', () => {
  it('are sorted by what they are', () => {
    const world = worldOf('hub', pageWorld({ nowMs }));
    expect(world.sites.map(({ site }) => site)).toEqual(['chelsty', 'hub']);
    expect(world.nodes).toHaveLength(7);
    expect(world.services).toHaveLength(30);
    expect(world.health.get('piha')?.disk_pct).toBe(93.4);
    expect(world.serviceHealth.get('vps/outline-postgres')?.exit_code).toBe(137);
    expect(world.desired.get('vps')?.services.length).toBe(11);
  });

  it('leave out what is gone, and topics that nobody knows', () => {
    const topic = topics.site.build({ site: 'hub' });
    expect(worldOf('hub', new Map([[topic, { status: 'gone' }]])).sites).toEqual([]);
    expect(worldOf('hub', new Map([['something/else/entirely/and/more', { status: 'up' }]])).nodes).toEqual([]);
    expect(rowOf(topics.cursor.build({ site: 'hub', node: 'vps' }))).toBeNull();
  });

  it('name an actor by its topic where its will could not', () => {
    const world = worldOf('hub', new Map([[topics.actorStatus.build({ node: 'vps', actor: 'observer' }), { status: 'offline' }]]));
    expect(world.actors).toEqual([{ status: 'offline', node: 'vps', actor: 'observer' }]);
  });

  it('are set and removed by a change, and the ones before stay as they were', () => {
    const before = new Map([
      ['a', { status: 'up' }],
      ['b', { status: 'up' }],
    ]);
    const after = changed(before, { set: { a: { status: 'down' }, c: { status: 'up' } }, gone: ['b'] });
    expect([...after]).toEqual([
      ['a', { status: 'down' }],
      ['c', { status: 'up' }],
    ]);
    expect(before.size).toBe(2);
  });
});
