/** A site that the inventory declares and that nobody has ever heard, seen from the hub. */
import { describe, expect, test } from 'vitest';
import { linkSilentMs } from '../../contracts/defaults.ts';
import { ObserverRig } from '../../test/kit/observer-rig.ts';
import { advance, applyEvent } from './apply.ts';
import { createWorld, serialiseWorlds } from './world.ts';

const minute = 60_000;
const wired = { kind: 'wired', quiet_ms: 5 * minute } as const;
const farm = { node: 'barn', site: 'farm', uplink: wired } as const;
const openMs = linkSilentMs + wired.quiet_ms;

function hub(): ObserverRig {
  const rig = new ObserverRig();
  rig.desire([], farm);
  rig.watch();
  return rig;
}
function nextLife(rig: ObserverRig): ObserverRig {
  const next = new ObserverRig({}, rig.remembered());
  next.now = rig.now;
  return next;
}
const linkEvents = (rig: ObserverRig): string[] => rig.types().filter((type) => type === 'link_down' || type === 'link_up');
const seen = (rig: ObserverRig): unknown => rig.site()['links'];

describe('a declared site that was never heard', () => {
  test('is unknown from the beginning, and one warning once it was silent for its quiet time, not a millisecond before', () => {
    const rig = hub();
    expect(seen(rig)).toMatchObject([{ site: 'farm', status: 'unknown', down_since: null, heard_at: null }]);
    rig.passAlive(openMs - 1);
    expect(rig.incidents()).toEqual([]);
    rig.pass(1);
    expect(rig.incidents()).toMatchObject([
      { node: 'site-farm', kind: 'link_down', severity: 'warning', message: 'never heard from farm: is its bridge running?', expires_at: null },
    ]);
    expect(seen(rig)).toMatchObject([{ site: 'farm', status: 'unknown', down_since: '2026-03-01T12:02:42.000Z', heard_at: null }]);
  });

  test('stays a warning for as long as it takes to build it, and is never given up', () => {
    const rig = hub();
    rig.pass(9 * 24 * 60 * minute);
    expect(rig.incidents().filter(({ node }) => node === 'site-farm')).toMatchObject([{ severity: 'warning', occurrence_count: 1 }]);
    expect(rig.types()).not.toContain('incident_expired');
  });

  test('has its time from when it was declared', () => {
    const rig = new ObserverRig();
    rig.watch();
    rig.passAlive(60 * minute);
    rig.desire([], farm);
    rig.passAlive(openMs - 1);
    expect(rig.incidents()).toEqual([]);
    rig.pass(1);
    expect(rig.incidents()).toHaveLength(1);
  });

  test('is well with its first word, and judged like any other from then on', () => {
    const rig = hub();
    rig.passAlive(60 * minute);
    rig.link('up', { site: 'farm' });
    expect(rig.incidents()).toEqual([]);
    expect(seen(rig)).toMatchObject([{ site: 'farm', status: 'up', down_since: null }]);
    rig.passAlive(openMs);
    expect(rig.incidents()).toMatchObject([{ severity: 'error', message: 'the link of farm is down: it has been silent for too long' }]);
  });

  test('that is declared no more takes its incident with it, also while the observer was away', () => {
    const rig = hub();
    rig.passAlive(60 * minute);
    const next = nextLife(rig);
    rig.desire(null, farm);
    expect([rig.incidents(), seen(rig)]).toEqual([[], undefined]);
    next.watch();
    next.passAlive(5 * minute);
    expect(next.incidents()).toEqual([]);
  });

  test('is nothing to its neighbours, to whom no uplink leads', () => {
    const rig = new ObserverRig({ site: 'chelsty' });
    rig.desire([], farm);
    rig.desire([], { node: 'edge', site: 'chelsty', uplink: wired });
    rig.heartbeat('edge');
    rig.say({ type: 'synced' });
    rig.passAlive(60 * minute, ['edge']);
    expect(linkEvents(rig)).toEqual([]);
    expect(rig.doc('world/sites/chelsty')).not.toHaveProperty('links');
  });
});

describe('a restart of the observer', () => {
  test('opens nothing twice, whether the incident is due or open', () => {
    for (const beforeMs of [linkSilentMs + minute, openMs + minute]) {
      const rig = hub();
      rig.passAlive(beforeMs);
      const next = nextLife(rig);
      next.desire([], farm);
      next.watch();
      next.passAlive(60 * minute);
      expect(linkEvents(next)).toEqual([]);
      expect(next.incidents()).toMatchObject([{ node: 'site-farm', occurrence_count: 1, started_at: '2026-03-01T12:02:42.000Z' }]);
      expect(
        rig
          .types()
          .concat(next.types())
          .filter((type) => type === 'incident_opened'),
      ).toHaveLength(1);
    }
  });

  test('and a replay of the store give the same world', () => {
    const rig = hub();
    rig.passAlive(60 * minute);
    rig.link('up', { site: 'farm' });
    rig.passAlive(60 * minute);
    const replayed = createWorld('site-farm');
    for (const line of rig.lines.filter(({ node }) => node === 'site-farm')) if (advance(replayed, line)) applyEvent(replayed, line);
    const live = rig.state.nodes.get('site-farm');
    if (live === undefined) throw new Error('nothing is known of the site');
    expect(serialiseWorlds(new Map([['site-farm', replayed]]))).toBe(serialiseWorlds(new Map([['site-farm', live.world]])));
  });
});

describe('a broker that came back empty during a cut', () => {
  test('loses no site that is declared: it is down, and when it spoke last is still known', () => {
    const rig = hub();
    rig.link('up', { site: 'farm' });
    rig.say({ type: 'disconnected' });
    rig.pass(minute);
    rig.link(null, { site: 'farm', retained: true });
    rig.say({ type: 'synced' });
    rig.passAlive(openMs);
    expect(rig.incidents()).toMatchObject([{ node: 'site-farm', severity: 'error', message: 'the link of farm is down: it has been silent for too long' }]);
    expect(seen(rig)).toMatchObject([{ status: 'down', heard_at: '2026-03-01T12:00:00.000Z' }]);
  });

  test('nor does it with a restart of the observer: what had sent events was heard', () => {
    const rig = hub();
    rig.link('up', { site: 'farm' });
    rig.event('service_healthy', { node: 'barn', service: 'web' });
    const next = nextLife(rig);
    next.desire([], farm);
    next.watch();
    next.passAlive(openMs);
    expect(next.incidents()).toMatchObject([{ node: 'site-farm', severity: 'error' }]);
    expect(seen(next)).toMatchObject([{ status: 'down', heard_at: null }]);
  });
});

describe('when a site was heard last', () => {
  test('is kept when its will fires a while after, also over a restart', () => {
    const rig = hub();
    rig.link('up', { site: 'farm' });
    rig.passAlive(80_000);
    rig.link('down', { site: 'farm' });
    const told = [{ status: 'down', down_since: '2026-03-01T12:01:20.000Z', heard_at: '2026-03-01T12:00:00.000Z' }];
    expect(seen(rig)).toMatchObject(told);
    const next = nextLife(rig);
    next.desire([], farm);
    next.link('down', { site: 'farm', retained: true });
    next.watch();
    next.passAlive(linkSilentMs);
    expect(seen(next)).toMatchObject(told);
  });
});
