/** What needs a person comes first, and all is well only when it may be said. */
import { describe, expect, it } from 'vitest';
import { actorViewsOf } from '../../../../../contracts/actor-view.ts';
import { topics } from '../../../../../contracts/topics.ts';
import { pageWorld } from '../../../../../test/kit/page-world.ts';
import { type Documents, worldOf } from './documents.ts';
import { type Connection, pageDoubt, siteViewsOf } from './freshness.ts';
import { needsOf, type Verdict, verdictOf } from './needs.ts';

const nowMs = Date.parse('2026-03-01T12:00:00Z');
const live: Connection = { status: 'live', sinceMs: nowMs };

function verdict(tree: Documents, { connection = live, isWhole = true } = {}): Verdict {
  const world = worldOf('hub', tree);
  return verdictOf({
    needs: needsOf(world, actorViewsOf(world, nowMs)),
    sites: siteViewsOf(world, nowMs),
    page: pageDoubt(connection, { bus: { status: isWhole ? 'up' : 'down', since: world.sites[0]?.ts ?? '' }, isWhole }, nowMs),
  });
}

/** A well homelab in which some documents are otherwise. */
function well(changes: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {}): Documents {
  const tree = pageWorld({ nowMs, isWell: true });
  for (const [topic, change] of Object.entries(changes)) tree.set(topic, { ...tree.get(topic), ...change } as { status: string });
  return tree;
}

describe('what needs me', () => {
  it('lists what waits, oldest first, and what is under way', () => {
    const world = worldOf('hub', pageWorld({ nowMs }));
    const needs = needsOf(world, actorViewsOf(world, nowMs));
    expect(needs.pending.map(({ id }) => id)).toEqual(['disk-cleanup-piha', 'container-restart-vps-outline-postgres']);
    expect(needs.underWay.map(({ id }) => id)).toEqual(['container-restart-vps-joplin']);
    expect(needs.actors.map(({ actor }) => actor)).toEqual(['stability-agent']);
  });

  it('names no actor of which only its node or its link is the trouble', () => {
    const tree = pageWorld({ nowMs, isWell: true, linkDownMinutes: 5 });
    tree.set(topics.actorStatus.build({ node: 'chelsty-infra', actor: 'bridge' }), { status: 'offline' });
    const world = worldOf('hub', tree);
    expect(needsOf(world, actorViewsOf(world, nowMs)).actors).toEqual([]);
  });
});

describe('the verdict', () => {
  it.each<[string, Documents, Verdict]>([
    ['nothing is wrong', well(), 'well'],
    ['something waits', pageWorld({ nowMs }), 'waiting'],
    ['nobody has reported', new Map(), 'empty'],
    ['a site is critical', well({ [topics.site.build({ site: 'hub' })]: { status: 'critical' } }), 'critical'],
    ['a site is degraded', well({ [topics.site.build({ site: 'hub' })]: { status: 'degraded' } }), 'trouble'],
    ['a site is cut off', pageWorld({ nowMs, isWell: true, linkDownMinutes: 5 }), 'doubt'],
    ['a service is down within its grace', well({ [topics.worldService.build({ node: 'vps', service: 'mail' })]: { status: 'down' } }), 'uneasy'],
    ['an actor is away', well({ [topics.actorStatus.build({ node: 'vps', actor: 'executor' })]: { status: 'offline' } }), 'uneasy'],
    ['a file of the inventory has a fault', well({ [topics.actorStatus.build({ node: 'vps', actor: 'inventory' })]: { mode: 'degraded' } }), 'uneasy'],
  ])('when %s', (_, tree, expected) => {
    expect(verdict(tree)).toBe(expected);
  });

  it('is a doubt whatever is shown, once the stream is lost', () => {
    const connection: Connection = { status: 'lost', sinceMs: nowMs };
    expect(verdict(well(), { connection })).toBe('doubt');
    expect(verdict(pageWorld({ nowMs }), { connection })).toBe('doubt');
  });

  it('is that it is read, while not everything has been: neither that nobody has reported nor that all is well', () => {
    expect(verdict(new Map(), { isWhole: false })).toBe('reading');
    expect(verdict(well(), { isWhole: false })).toBe('reading');
  });
});
