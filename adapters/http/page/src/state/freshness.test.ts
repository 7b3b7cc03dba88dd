/** Nothing that may be old passes for true. */
import { describe, expect, it } from 'vitest';
import { topics } from '../../../../../contracts/topics.ts';
import { pageWorld } from '../../../../../test/kit/page-world.ts';
import { worldOf } from './documents.ts';
import { type BusState, doubtAbout, pageDoubt, siteViewsOf } from './freshness.ts';

const nowMs = Date.parse('2026-03-01T12:00:00Z');
const minuteMs = 60_000;
const isoAgo = (ms: number): string => new Date(nowMs - ms).toISOString();
const live = { status: 'live', sinceMs: nowMs } as const;
const whole = (bus: BusState | null) => ({ bus, isWhole: true });

describe('a site', () => {
  it('is what it says while its link and its observer are there', () => {
    const views = siteViewsOf(worldOf('hub', pageWorld({ nowMs, isWell: true })), nowMs);
    expect(views.map(({ site, status, doubt }) => [site, status, doubt])).toEqual([
      ['chelsty', 'nominal', null],
      ['hub', 'nominal', null],
    ]);
  });

  it('is unknown behind a dead link, since when and how old', () => {
    const [chelsty] = siteViewsOf(worldOf('hub', pageWorld({ nowMs, isWell: true, linkDownMinutes: 37 })), nowMs);
    expect(chelsty).toMatchObject({ site: 'chelsty', status: 'unknown', doubt: { kind: 'link', ageMs: 37 * minuteMs, sinceMs: nowMs - 37 * minuteMs } });
  });

  it('is not nominal when nothing of it was heard for longer than three heartbeats', () => {
    const tree = pageWorld({ nowMs, isWell: true });
    const views = siteViewsOf(worldOf('hub', tree), nowMs + 2 * minuteMs);
    expect(views.find(({ site }) => site === 'hub')).toMatchObject({ status: 'unknown', doubt: { kind: 'silent' } });
  });

  it.each([
    ['never', 'unknown', isoAgo(10 * minuteMs)],
    ['unheard', 'unknown', null],
    ['dark', 'down', isoAgo(10 * minuteMs)],
  ] as const)('is there, and first, when it is declared and nothing of it stands here (%s)', (kind, status, down_since) => {
    const tree = pageWorld({ nowMs, isWell: true });
    const topic = topics.site.build({ site: 'hub' });
    tree.set(topic, { ...tree.get(topic), status: 'nominal', links: [{ site: 'farm', status, down_since, heard_at: null }] });
    const [farm] = siteViewsOf(worldOf('hub', tree), nowMs);
    expect(farm).toMatchObject({ site: 'farm', said: null, status: 'unknown', doubt: { kind, detail: 'farm', ageMs: null } });
  });

  it('is unknown without an observer that is online', () => {
    const tree = pageWorld({ nowMs, isWell: true });
    tree.set(topics.actorStatus.build({ node: 'vps', actor: 'observer' }), { status: 'offline', ts: isoAgo(0) });
    const views = siteViewsOf(worldOf('hub', tree), nowMs);
    expect(views.find(({ site }) => site === 'hub')).toMatchObject({ status: 'unknown', doubt: { kind: 'observer' } });
  });
});

describe('the page', () => {
  it('is believed while its stream and the broker of its server are there', () => {
    expect(pageDoubt(live, whole({ status: 'up', since: isoAgo(minuteMs) }), nowMs)).toBeNull();
    expect(pageDoubt(live, whole(null), nowMs)).toBeNull();
  });

  it('doubts everything when its stream is lost, or its server has lost the broker', () => {
    expect(pageDoubt({ status: 'lost', sinceMs: nowMs - 5000 }, whole({ status: 'up', since: isoAgo(0) }), nowMs)).toMatchObject({
      kind: 'stream',
      ageMs: 5000,
    });
    const doubt = pageDoubt(live, whole({ status: 'down', since: isoAgo(minuteMs) }), nowMs);
    expect(doubt).toMatchObject({ kind: 'bus', ageMs: minuteMs });
    expect(doubtAbout('hub', [], doubt)).toBe(doubt);
  });

  it('knows a server that has not read everything yet from one that has lost the broker', () => {
    const bus = { status: 'down', since: isoAgo(3000) };
    expect(pageDoubt(live, { bus, isWhole: false }, nowMs)).toMatchObject({ kind: 'reading', sinceMs: nowMs - 3000 });
    expect(pageDoubt(live, { bus: { ...bus, status: 'up' }, isWhole: true }, nowMs)).toBeNull();
  });
});
