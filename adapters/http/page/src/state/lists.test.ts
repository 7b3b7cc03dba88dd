/** Finding things: services among hundreds, events in a history, places in a picture, views in an address. */
import { describe, expect, it } from 'vitest';
import type { Event } from '../../../../../contracts/event.ts';
import { topics } from '../../../../../contracts/topics.ts';
import { pageEvents } from '../../../../../test/kit/page-events.ts';
import { pageWorld } from '../../../../../test/kit/page-world.ts';
import { href, parseRoute } from '../route.ts';
import { countsOf } from './causes.ts';
import { worldOf } from './documents.ts';
import { eventQuery, fits, merged } from './event-list.ts';
import { siteViewsOf } from './freshness.ts';
import { groupsOf, tally } from './service-list.ts';
import { nodeCounts, nodeSize, pictureOf } from './topology.ts';
import { bytes, clockTime, duration, mebibytes, shortened, withoutMark } from './words.ts';

const nowMs = Date.parse('2026-03-01T12:00:00Z');
const world = worldOf('hub', pageWorld({ nowMs, extraServices: 500 }));
const all = { query: '', filter: 'all', node: null } as const;

describe('the list of services', () => {
  it('groups by node, with nodes and services in trouble first', () => {
    const groups = groupsOf(world.services, all);
    expect(groups.slice(0, 2).map(({ node, troubles }) => [node, troubles])).toEqual([
      ['solaria', 5],
      ['vps', 2],
    ]);
    expect(groups[1]?.services.slice(0, 2).map(({ service }) => service)).toEqual(['outline', 'outline-postgres']);
    expect(groups.flatMap(({ services }) => services)).toHaveLength(530);
  });

  it('finds by parts of name, node and status, all of them', () => {
    const found = groupsOf(world.services, { ...all, query: 'VPS postgres' }).flatMap(({ services }) => services.map(({ service }) => service));
    expect(found).toEqual(['outline-postgres', 'joplin-postgres']);
    expect(groupsOf(world.services, { ...all, query: 'memory-less' })).toEqual([]);
  });

  it('shows one node, or only what is not well', () => {
    expect(groupsOf(world.services, { ...all, node: 'piha' }).map(({ node }) => node)).toEqual(['piha']);
    expect(groupsOf(world.services, { ...all, filter: 'trouble' }).flatMap(({ services }) => services)).toHaveLength(7);
    expect(tally(world.services)).toEqual({ all: 530, trouble: 7, healthy: 523, other: 0 });
  });
});

describe('events', () => {
  const events = pageEvents(nowMs) as unknown as readonly Event[];

  it('are there once, newest first, however they came', () => {
    const list = merged(events.slice(2, 5), events.slice(0, 3), events.slice(0, 1));
    expect(list.map(({ id }) => id)).toEqual(events.slice(0, 5).map(({ id }) => id));
  });

  it('of the stream are shown when they fit what is looked for', () => {
    expect(events.slice(0, 4).map((event) => fits(event, { node: 'vps', type: '', hours: 1 }))).toEqual([true, false, false, false]);
  });

  it('are asked for by time, node and type, and page by page', () => {
    expect(eventQuery({ node: 'vps', type: '', hours: 1 }, '17', nowMs)).toBe('limit=100&node=vps&since=2026-03-01T11%3A00%3A00.000Z&before=17');
    expect(eventQuery({ node: '', type: '', hours: 0 }, null, nowMs)).toBe('limit=100');
  });
});

describe('the picture of the sites', () => {
  const views = siteViewsOf(world, nowMs);

  it.each([true, false])('has every node once and nothing on top of something else (wide: %s)', (isWide) => {
    const { sites, wires, width, height } = pictureOf(world, views, isWide);
    const boxes = sites.flatMap(({ nodes }) => nodes);
    expect(boxes.map(({ node }) => node.node).toSorted()).toEqual(world.nodes.map(({ node }) => node).toSorted());
    for (const a of boxes)
      for (const b of boxes) {
        const isApart = a === b || Math.abs(a.x - b.x) >= nodeSize.width || Math.abs(a.y - b.y) >= nodeSize.height;
        expect(isApart, `${a.node.node} and ${b.node.node}`).toBe(true);
      }
    expect(sites[0]?.view.site).toBe('hub');
    expect(wires.map(({ view }) => view.site)).toEqual(['chelsty']);
    expect(Math.max(...sites.map((box) => box.x + box.width))).toBe(width);
    expect(Math.max(...sites.map((box) => box.y + box.height))).toBe(height);
  });

  it.each([true, false])('joins each of four sites to ours, and none of them to another (wide: %s)', (isWide) => {
    const [hub, chelsty] = ['hub', 'chelsty'].map((name) => views.find(({ site }) => site === name));
    if (hub === undefined || chelsty === undefined) throw new Error('there are two sites');
    const others = ['a', 'b', 'c'].map((site) => ({ ...chelsty, site }));
    const { sites, wires } = pictureOf(world, [hub, ...others], isWide);
    const [home, ...rest] = sites;
    const numbersOf = (path: string): readonly number[] => [...path.matchAll(/[\d.]+/g)].map(Number);
    for (const [at, { path }] of wires.entries()) {
      const [x = 0, y = 0, ...more] = numbersOf(path);
      // It begins at an edge of ours, and ends at an edge of its own, past whatever stands between.
      expect(isWide ? [x, y <= (home?.height ?? 0)] : [y, x < (rest[at]?.x ?? 0)]).toEqual([isWide ? home?.width : home?.height, true]);
      expect(more.at(isWide ? -2 : -1)).toBe(rest[at]?.x);
    }
    expect(new Set(wires.map(({ word }) => word.y)).size).toBe(3);
  });

  it('has a place for a site that was never heard', () => {
    const tree = pageWorld({ nowMs, isWell: true });
    const topic = topics.site.build({ site: 'hub' });
    tree.set(topic, { ...tree.get(topic), status: 'nominal', links: [{ site: 'farm', status: 'unknown', down_since: '2026-03-01T11:00:00.000Z' }] });
    const declared = worldOf('hub', tree);
    const { sites, wires } = pictureOf(declared, siteViewsOf(declared, nowMs), true);
    expect([sites.map(({ view, nodes }) => [view.site, nodes.length > 0]), wires.map(({ view }) => view.site)]).toEqual([
      [
        ['hub', true],
        ['farm', false],
        ['chelsty', true],
      ],
      ['farm', 'chelsty'],
    ]);
  });

  it('counts the services that the site counts: what nobody watches or declared stands beside', () => {
    const tree = pageWorld({ nowMs, isWell: true });
    const extra = topics.worldService.build({ node: 'lustro', service: 'node-agent' });
    tree.set(extra, { ...tree.get(extra), status: 'healthy', desired: 'no' });
    const counted = worldOf('hub', tree);
    const boxes = pictureOf(counted, siteViewsOf(counted, nowMs), true).sites.flatMap(({ nodes }) => nodes);
    expect(boxes.find(({ node }) => node.node === 'lustro')).toMatchObject({ healthy: 1, services: 1, besides: 1 });
    expect(boxes.find(({ node }) => node.node === 'chelsty-ha')).toMatchObject({ healthy: 0, services: 0, besides: 1 });
    for (const { node, healthy, services, besides } of boxes) expect(nodeCounts(counted, node.node)).toMatchObject({ healthy, services, besides });
    expect(boxes.reduce((sum, { services }) => sum + services, 0)).toBe(countsOf(counted, new Set()).wanted);
  });

  it('is empty where no site has reported', () => {
    expect(pictureOf(worldOf('hub', new Map()), [], true)).toEqual({ width: 0, height: 0, sites: [], wires: [] });
  });
});

describe('an address', () => {
  it.each([
    ['', 'now', []],
    ['#/', 'now', []],
    ['#/services/vps/web?q=db', 'services', ['vps', 'web']],
    ['#/nodes/a%20b', 'nodes', ['a b']],
    ['#/nodes/50%', 'nodes', ['50%']],
    ['#/nonsense', 'now', []],
  ])('%s leads to %s', (hash, view, rest) => {
    expect(parseRoute(hash)).toMatchObject({ view, rest });
  });

  it('is read as it was written', () => {
    expect(href('now')).toBe('#/');
    expect(parseRoute(href('services', 'vps', 'a b%')).rest).toEqual(['vps', 'a b%']);
  });
});

describe('words', () => {
  it.each([
    [5000, '5 s'],
    [119_000, '119 s'],
    [37 * 60_000, '37 min'],
    [3 * 3_600_000, '3 h'],
    [50 * 3_600_000, '2 d'],
    [-400, '0 s'],
  ])('%d ms are %s', (ms, said) => {
    expect(duration(ms)).toBe(said);
  });

  it('say sizes, times, and no mark of a demo', () => {
    expect([bytes(0), bytes(536_870_912), bytes(1_920_000_000)]).toEqual(['0 B', '537 MB', '1.9 GB']);
    expect([mebibytes(536_870_912), mebibytes(2_147_483_648)]).toEqual(['512 MiB', '2,048 MiB']);
    expect([shortened('chelsty-infra', 17), shortened('a-name-that-is-far-too-long', 17)]).toEqual(['chelsty-infra', 'a-name-that-is-f…']);
    expect(clockTime(new Date(2026, 2, 1, 14, 3).getTime(), new Date(2026, 2, 1, 20).getTime())).toBe('14:03');
    expect(clockTime(new Date(2026, 1, 27, 14, 3).getTime(), new Date(2026, 2, 1, 20).getTime())).toBe('2026-02-27 14:03');
    expect(withoutMark('web is down (simulated)')).toBe('web is down');
  });
});
