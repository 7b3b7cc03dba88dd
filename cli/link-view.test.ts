import { describe, expect, it } from 'vitest';
import { linkSilentMs } from '../contracts/defaults.ts';
import { LinkStatus } from '../contracts/link.ts';
import { linkViewsOf } from '../contracts/link-view.ts';
import { SiteSummary } from '../contracts/world.ts';
import { checkLinks } from './doctor/links.ts';
import { linkWords } from './link-view.ts';
import { isAllNominal, type StatusWorld, statusLines } from './status-screen.ts';
import { cutOffLine } from './why/screen.ts';

const nowMs = Date.parse('2026-03-01T14:40:00.000Z');
const ago = (seconds: number): string => new Date(nowMs - seconds * 1000).toISOString();
const head = { summary: 'one line', session: 3, rev: 7 };

const summary = (site: string, over: object = {}): SiteSummary =>
  SiteSummary.parse({
    ...{ ...head, ts: ago(5), status: 'nominal', site, last_update: ago(12), nodes: {}, services: {} },
    ...{ incidents_active: 0, actions_pending: 0, actions_running: 0 },
    ...over,
  });
/** Its figures have come hourly; nothing else has changed for long. */
const cabin = summary('cabin', { ts: ago(3000), last_update: ago(3200) });
const link = (status: string, over: object = {}): LinkStatus => LinkStatus.parse({ ...head, status, ts: ago(20), site: 'cabin', since: ago(90_000), ...over });
/** The words of a will were written when its connection began. */
const will = LinkStatus.parse({ status: 'down', summary: 'gone', session: 3, ts: ago(90_000), site: 'cabin' });
const seenDown = (seconds: number): SiteSummary => summary('hub', { links: [{ site: 'cabin', status: 'down', down_since: ago(seconds) }] });

const observers = ['vps', 'cabin-1'].map((node) => ({ ...head, ts: ago(5), status: 'online', node, actor: 'observer', mode: 'watching', restarts: 0 }));
const nodes = [
  ['vps', 'hub'],
  ['cabin-1', 'cabin'],
].map(([node, site]) => ({ ...head, ts: ago(5), status: 'online', engine: 'up', since: ago(9000), last_seen: ago(12), node, site }));
const world = (over: Partial<StatusWorld> = {}): StatusWorld =>
  ({ sites: [summary('hub'), cabin], nodes, services: [], incidents: [], actions: [], actors: observers, here: 'hub', links: [link('up')], ...over }) as never;
const lines = (over: Partial<StatusWorld> = {}): readonly string[] => statusLines(world(over), nowMs);

describe('homelab status at the hub', () => {
  it('takes a site for as fresh as its link, although its figures are an hour old', () => {
    expect(isAllNominal(world(), nowMs)).toBe(true);
    expect(lines()).toContain('nominal cabin: nothing is wrong (link up, 20 s ago)');
    expect(isAllNominal(world({ sites: [summary('hub'), summary('cabin', { last_update: ago(86_400) })] }), nowMs)).toBe(true);
    expect(isAllNominal(world({ links: [] }), nowMs)).toBe(false);
  });

  it('says first of a dead link since when it is down, and how old the rest is', () => {
    const cut = { sites: [seenDown(37 * 60), cabin], links: [will] };
    expect(lines(cut)[0]).toBe('unknown cabin: LINK DOWN SINCE 14:03 UTC; what follows is 37 min old, it was nominal');
    expect(lines(cut)[1]).toBe('nominal hub: nothing is wrong (last word 12 s ago)');
    expect(lines(cut).at(-1)).toContain('1 of 2 nodes online');
    expect(lines().at(-1)).toContain('2 of 2 nodes online');
    expect(isAllNominal(world(cut), nowMs)).toBe(false);
  });

  it('counts the age of what stands there from the last word of the site, not from when its will fired', () => {
    const seen = (status: string, over: object): SiteSummary =>
      summary('hub', { links: [{ site: 'cabin', status, down_since: ago(29), heard_at: ago(109), ...over }] });
    expect(lines({ sites: [seen('down', {}), cabin], links: [will] })[0]).toBe(
      'unknown cabin: LINK DOWN SINCE 14:39 UTC; what follows is 109 s old, it was nominal',
    );
    const silent = link('up', { ts: ago(300) });
    expect(lines({ sites: [seen('down', { heard_at: null }), cabin], links: [silent] })[0]).toContain('LINK DOWN SINCE 14:39 UTC; what follows is 5 min old');
    expect(lines({ sites: [seen('down', { heard_at: null }), cabin], links: [will] })[0]).toContain('what follows is 29 s old');
  });

  it('shows a site that is declared and of which nothing stands here', () => {
    const seen = (status: string, down_since: string | null): Partial<StatusWorld> => ({
      sites: [summary('hub', { links: [{ site: 'farm', status, down_since, heard_at: null }] })],
      links: [],
    });
    expect(lines(seen('unknown', ago(600))).slice(0, 2)).toEqual([
      'unknown farm: NEVER HEARD: IS ITS BRIDGE RUNNING?',
      'nominal: nothing is wrong (last word 12 s ago)',
    ]);
    expect(lines(seen('unknown', null))[0]).toBe('unknown farm: NOT HEARD YET');
    expect(lines(seen('down', ago(2220)))[0]).toBe('unknown farm: LINK DOWN SINCE 14:03 UTC; NOTHING OF IT IS KNOWN HERE');
    expect(isAllNominal(world(seen('unknown', null)), nowMs)).toBe(false);
    expect(checkLinks({ nowMs, ...(world(seen('unknown', ago(600))) as StatusWorld) })).toMatchObject([
      { level: 'warning', found: 'farm: never heard: is its bridge running?' },
    ]);
  });

  it('does not take the time of a will for that of its death', () => {
    expect(lines({ links: [will] })[0]).toBe('unknown cabin: LINK DOWN; what follows is 50 min old, it was nominal');
    expect(lines({ links: [link('down', { since: undefined, ts: ago(600) })] })[0]).toContain('LINK DOWN SINCE 14:30 UTC; what follows is 10 min old');
  });

  it('takes a link that has said nothing for three heartbeats for dead, not a moment earlier', () => {
    const silentS = linkSilentMs / 1000;
    expect(isAllNominal(world({ links: [link('up', { ts: ago(silentS - 0.001) })] }), nowMs)).toBe(true);
    expect(lines({ links: [link('up', { ts: ago(silentS) })] })[0]).toContain('LINK DOWN SINCE 14:37 UTC');
  });

  it('reads the times of a site by the clock of the hub', () => {
    expect(lines({ links: [link('up', { ts: ago(3620), clock_offset_ms: 3_600_000 })] })).toContain('nominal cabin: nothing is wrong (link up, 20 s ago)');
    expect(lines({ links: [link('up', { ts: ago(-3600), clock_offset_ms: -3_600_000 })] })).toContain('nominal cabin: nothing is wrong (link up, 0 s ago)');
  });

  it('says what is wrong with a degraded link', () => {
    const said = lines({ links: [link('degraded', { summary: 'its standby is in its place' })] });
    expect(said).toContain('nominal cabin: nothing is wrong (link degraded: its standby is in its place, 20 s ago)');
  });

  it('still says that the observer of the site is away', () => {
    const away = observers.map((each) => (each.node === 'cabin-1' ? { ...each, status: 'offline' } : each));
    expect(lines({ actors: away } as never)[0]).toContain('THE OBSERVER ON CABIN-1 IS OFFLINE');
  });
});

describe('homelab status on the broker of the site', () => {
  const there = { here: 'cabin', sites: [summary('cabin')] };

  it('judges by the site alone, and shows the link, which speaks only when it changes', () => {
    expect(lines({ ...there, links: [link('up', { ts: ago(90_000) })] })[0]).toBe('nominal: nothing is wrong (last word 12 s ago, link up)');
    expect(lines({ ...there, links: [link('down', { since: ago(2220) })] })[0]).toBe(
      'nominal: nothing is wrong (last word 12 s ago, link down since 14:03 UTC)',
    );
    expect(isAllNominal(world({ ...there, links: [link('down')] }), nowMs)).toBe(true);
  });

  it('does so too for somebody who has not said which site this is', () => {
    expect(isAllNominal(world({ ...there, here: 'hub', links: [link('down')] }), nowMs)).toBe(true);
  });
});

describe('homelab why and homelab doctor', () => {
  const view = (sites: readonly SiteSummary[], links: readonly LinkStatus[]) => linkViewsOf({ here: 'hub', sites, links }, nowMs).get('cabin');

  it('say that a site is cut off, and nothing of one that is not', () => {
    expect(cutOffLine(view([seenDown(2220)], [will]), ago(9000), nowMs)).toBe(
      'cabin cannot be asked, link down since 14:03 UTC; what follows is 37 min old. It works on by itself.',
    );
    expect(cutOffLine(view([seenDown(2220)], [will]), null, nowMs)).toBe('cabin cannot be asked, link down since 14:03 UTC. It works on by itself.');
    expect(cutOffLine(view([summary('hub')], [link('up')]), ago(9000), nowMs)).toBeNull();
    expect(cutOffLine(undefined, ago(9000), nowMs)).toBeNull();
  });

  it('find a link well, away, degraded, or between clocks that differ', () => {
    const found = (links: readonly LinkStatus[], here = 'hub') =>
      checkLinks({ nowMs, here, sites: [summary('hub'), cabin], links }).map(({ level, found }) => `${level} ${found}`);
    expect(found([])).toEqual([]);
    expect(found([link('up')])).toEqual(['ok cabin: link up, 20 s ago']);
    expect(found([will])).toEqual(['warning cabin: link down']);
    expect(found([link('degraded', { summary: 'no store' })])).toEqual(['warning cabin: link degraded: no store, 20 s ago']);
    expect(found([link('up', { clock_offset_ms: 9_000, ts: ago(29) })])).toEqual([
      'warning cabin: link up, 20 s ago; the clocks of cabin and of the hub are 9 s apart',
    ]);
    expect(linkWords(view([summary('hub')], [link('up')]) as never, nowMs)).toBe('link up, 20 s ago');
  });
});
