/** The uplink of a site, seen from the hub: when it counts as away, when that is an incident, and what a restart of the observer makes of it. */
import { describe, expect, test } from 'vitest';
import { linkSilentMs } from '../../contracts/defaults.ts';
import { ObserverRig } from '../../test/kit/observer-rig.ts';
import { advance, applyEvent } from './apply.ts';
import { createWorld, serialiseWorlds } from './world.ts';

const minute = 60_000;
const lte = { kind: 'lte', quiet_ms: 15 * minute } as const;
const wired = { kind: 'wired', quiet_ms: 5 * minute } as const;

/** The hub, and a site behind a link that is up. */
function hub(uplink: typeof lte | typeof wired | { readonly kind: 'lte'; readonly quiet_ms: number } = lte): ObserverRig {
  const rig = new ObserverRig();
  rig.desire([], { node: 'edge', site: 'chelsty', uplink });
  rig.watch();
  rig.link('up');
  return rig;
}
const nextLife = (rig: ObserverRig): ObserverRig => {
  const next = new ObserverRig({}, rig.remembered());
  next.now = rig.now;
  next.desire([], { node: 'edge', site: 'chelsty', uplink: lte });
  return next;
};
/** The observer hears the link and is alive. */
const passUp = (rig: ObserverRig, ms: number): void => {
  for (let left = ms; left > 0; left -= 50_000) {
    rig.passAlive(Math.min(left, 50_000));
    rig.link('up');
  }
};
const linkEvents = (rig: ObserverRig): string[] => rig.types().filter((type) => type === 'link_down' || type === 'link_up');
const seen = (rig: ObserverRig): unknown => rig.site()['links'];

describe('a link that is down', () => {
  test('is an incident of its site when its quiet time is over, not a millisecond before; its kind says how loud', () => {
    for (const [uplink, severity, status] of [
      [lte, 'warning', 'degraded'],
      [wired, 'error', 'critical'],
    ] as const) {
      const rig = hub(uplink);
      rig.link('down');
      rig.passAlive(uplink.quiet_ms - 1);
      expect(rig.incidents()).toEqual([]);
      expect(rig.site()).toMatchObject({ status: 'nominal', links: [{ site: 'chelsty', status: 'down', down_since: '2026-03-01T12:00:00.000Z' }] });
      rig.pass(1);
      expect(rig.incidents()).toMatchObject([
        { node: 'site-chelsty', service: null, kind: 'link_down', severity, started_at: '2026-03-01T12:00:00.000Z', expires_at: null },
      ]);
      expect(rig.site()).toMatchObject({ status, incidents_active: 1, nodes: { online: 1 } });
      rig.passAlive(60 * minute);
      expect(rig.incidents()).toHaveLength(1);
      expect(rig.doc('world/nodes/site-chelsty')).toBeUndefined();
    }
  });

  test('is none when it is back just before, or in that very moment', () => {
    for (const beforeMs of [1, 0]) {
      const rig = hub();
      rig.link('down');
      rig.passAlive(lte.quiet_ms - 1);
      rig.now += 1 - beforeMs;
      rig.link('up');
      passUp(rig, 30 * minute);
      expect(rig.incidents('active')).toEqual([]);
      expect(rig.incidents('resolved')).toEqual([]);
      expect(linkEvents(rig)).toEqual(['link_down', 'link_up']);
    }
  });

  test('ends its incident with the first word of being back, also of a degraded one', () => {
    for (const status of ['up', 'degraded'] as const) {
      const rig = hub();
      rig.link('down');
      rig.passAlive(20 * minute);
      expect(rig.incidents()).toHaveLength(1);
      rig.link(status);
      expect(rig.incidents()).toEqual([]);
      expect(rig.incidents('resolved')).toMatchObject([{ kind: 'link_down', resolved_by: 'link_up' }]);
      expect(rig.site()).toMatchObject({ status: 'nominal', links: [{ site: 'chelsty', status, down_since: null }] });
    }
  });

  test('with no quiet time is an incident at once; another quiet time counts from when it is known', () => {
    const rig = hub({ kind: 'lte', quiet_ms: 0 });
    rig.link('down');
    expect(rig.incidents()).toHaveLength(1);
    const other = hub();
    other.link('down');
    other.passAlive(10 * minute);
    other.desire([], { node: 'edge', site: 'chelsty', uplink: wired });
    expect(other.incidents()).toHaveLength(1);
  });

  test('and stands for days is not given up, for its document shows it', () => {
    const rig = hub();
    rig.link('down');
    rig.pass(8 * 24 * 60 * minute);
    expect(rig.incidents().filter(({ kind }) => kind === 'link_down')).toMatchObject([{ severity: 'error' }]);
    expect(rig.types()).not.toContain('incident_expired');
  });

  test('ends with its site', () => {
    const rig = hub();
    rig.link('down');
    rig.passAlive(20 * minute);
    rig.desire(null, { node: 'edge' });
    rig.link(null);
    expect(rig.incidents()).toEqual([]);
    expect(seen(rig)).toBeUndefined();
    const other = hub();
    other.link('down');
    other.passAlive(20 * minute);
    other.link(null);
    expect(other.incidents()).toHaveLength(1);
    other.desire(null, { node: 'edge' });
    expect(other.incidents()).toEqual([]);
    expect(seen(other)).toBeUndefined();
  });
});

describe('a degraded link', () => {
  test('is shown, however long, and no incident', () => {
    const rig = hub();
    for (let at = 0; at < 60; at += 1) {
      rig.link('degraded');
      rig.passAlive(minute);
    }
    expect(rig.incidents()).toEqual([]);
    expect(linkEvents(rig)).toEqual([]);
    expect(rig.site()).toMatchObject({ status: 'nominal', links: [{ status: 'degraded' }] });
  });
});

describe('a link that falls silent without a will', () => {
  test('is down after three heartbeats, just then, and an incident its quiet time later', () => {
    const rig = hub();
    rig.passAlive(linkSilentMs - 1);
    expect(linkEvents(rig)).toEqual([]);
    rig.pass(1);
    expect(linkEvents(rig)).toEqual(['link_down']);
    expect(seen(rig)).toMatchObject([{ status: 'down' }]);
    rig.passAlive(lte.quiet_ms - 1);
    expect(rig.incidents()).toEqual([]);
    rig.pass(1);
    expect(rig.incidents()).toHaveLength(1);
  });

  test('is not while the observer itself was away: it has its time anew', () => {
    const rig = hub();
    rig.say({ type: 'disconnected' });
    rig.pass(60 * minute);
    rig.say({ type: 'synced' });
    rig.passAlive(linkSilentMs - 1);
    expect(linkEvents(rig)).toEqual([]);
    expect(seen(rig)).toMatchObject([{ status: 'unknown' }]);
    rig.link('up');
    passUp(rig, 10 * minute);
    expect(linkEvents(rig)).toEqual([]);
    expect(seen(rig)).toMatchObject([{ status: 'up' }]);
  });
});

describe('a link that flaps', () => {
  test('is no incident while it is never away for its quiet time, and none of its turns is told', () => {
    const rig = hub();
    for (let turn = 0; turn < 60; turn += 1) {
      rig.link('down');
      rig.passAlive(80_000);
      rig.link('up');
      rig.passAlive(10_000);
    }
    expect(rig.incidents('active')).toEqual([]);
    expect(rig.incidents('resolved')).toEqual([]);
    expect(new Set(rig.types())).toEqual(new Set(['node_online', 'link_down', 'link_up']));
  });

  test('is one incident under one id that comes back, however often it is away for so long', () => {
    const rig = hub();
    for (let turn = 0; turn < 5; turn += 1) {
      rig.link('down');
      rig.passAlive(20 * minute);
      expect(rig.incidents()).toHaveLength(1);
      rig.link('up');
      passUp(rig, minute);
      expect(rig.incidents()).toEqual([]);
    }
    expect(rig.incidents('resolved')).toMatchObject([{ occurrence_count: 5, flapping: false }]);
  });
});

describe('a restart of the observer', () => {
  test('in the middle of an outage begins no new one, and opens its incident when it would have been opened', () => {
    const rig = hub();
    rig.link('down');
    rig.passAlive(10 * minute);
    const next = nextLife(rig);
    next.link('down', { retained: true });
    next.watch();
    next.passAlive(5 * minute - 1);
    expect(next.incidents()).toEqual([]);
    next.pass(1);
    expect(next.incidents()).toMatchObject([{ kind: 'link_down', started_at: '2026-03-01T12:00:00.000Z' }]);
    expect(linkEvents(next)).toEqual([]);
  });

  test('believes no stored copy: what stands there is unknown until the link has had its time to speak', () => {
    for (const stored of ['down', 'up'] as const) {
      const next = nextLife(new ObserverRig());
      next.link(stored, { retained: true });
      next.watch();
      next.passAlive(linkSilentMs - 1);
      expect(linkEvents(next)).toEqual([]);
      expect(seen(next)).toMatchObject([{ status: 'unknown' }]);
      next.pass(1);
      expect(linkEvents(next)).toEqual(['link_down']);
    }
  });

  test('while its quiet time ends opens nothing for a link that is back', () => {
    const rig = hub();
    rig.link('down');
    rig.passAlive(lte.quiet_ms - 1_000);
    const next = nextLife(rig);
    next.link('down', { retained: true });
    next.watch();
    next.passAlive(60_000);
    expect(next.incidents()).toEqual([]);
    next.link('up');
    passUp(next, 30 * minute);
    expect(next.incidents('active')).toEqual([]);
    expect(next.incidents('resolved')).toEqual([]);
  });

  test('keeps an incident that is open, and ends it with the next word of the link', () => {
    const rig = hub();
    rig.link('down');
    rig.passAlive(20 * minute);
    const next = nextLife(rig);
    next.link('up', { retained: true });
    next.watch();
    next.passAlive(30_000);
    expect(next.incidents()).toHaveLength(1);
    expect(next.site()).toMatchObject({ status: 'degraded', links: [{ status: 'unknown', down_since: '2026-03-01T12:00:00.000Z' }] });
    next.link('up');
    expect(next.incidents()).toEqual([]);
  });
});

test('a replay of the store gives the same world', () => {
  const rig = hub();
  rig.link('down');
  rig.passAlive(20 * minute);
  rig.link('up');
  passUp(rig, minute);
  rig.link('down');
  rig.passAlive(16 * minute);
  const replayed = createWorld('site-chelsty');
  for (const line of rig.lines.filter(({ node }) => node === 'site-chelsty')) if (advance(replayed, line)) applyEvent(replayed, line);
  const live = rig.state.nodes.get('site-chelsty');
  if (live === undefined) throw new Error('nothing is known of the site');
  expect(serialiseWorlds(new Map([['site-chelsty', replayed]]))).toBe(serialiseWorlds(new Map([['site-chelsty', live.world]])));
  expect(rig.lines.every(({ node, source }) => node !== 'site-chelsty' || source === 'observer-derived')).toBe(true);
});

describe('on the broker of the site itself', () => {
  const nodes = ['edge'];
  function site(): ObserverRig {
    const rig = new ObserverRig({ site: 'chelsty' });
    rig.desire([], { node: 'edge', site: 'chelsty', uplink: lte });
    rig.heartbeat('edge');
    rig.link('up', { retained: true });
    rig.say({ type: 'synced' });
    return rig;
  }
  const upstream = (rig: ObserverRig, what: 'unreachable' | 'reachable'): void => {
    rig.event(`upstream_${what}`, { node: 'edge', source: 'stability-agent' });
  };

  test('silence of the link means nothing: it speaks when it changes', () => {
    const rig = site();
    rig.passAlive(180 * minute, nodes);
    expect(linkEvents(rig)).toEqual([]);
    expect(rig.doc('world/sites/chelsty')).not.toHaveProperty('links');
  });

  test('an uplink that is away for less than its quiet time is no incident, and explains that the hub is not reached until that is tried again', () => {
    const rig = site();
    rig.link('down');
    rig.passAlive(6 * minute, nodes);
    upstream(rig, 'unreachable');
    rig.passAlive(6 * minute, nodes);
    rig.link('up');
    rig.passAlive(5 * minute, nodes);
    upstream(rig, 'reachable');
    rig.passAlive(30 * minute, nodes);
    expect([...rig.incidents('active'), ...rig.incidents('resolved')]).toEqual([]);
  });

  test('a longer one is one incident, also after a restart in the middle', () => {
    const rig = site();
    rig.link('down');
    rig.passAlive(6 * minute, nodes);
    upstream(rig, 'unreachable');
    rig.passAlive(minute, nodes);
    const next = new ObserverRig({ site: 'chelsty' }, rig.remembered());
    next.now = rig.now;
    next.desire([], { node: 'edge', site: 'chelsty', uplink: lte });
    next.heartbeat('edge');
    next.link('down', { retained: true });
    next.say({ type: 'synced' });
    next.passAlive(8 * minute - 1, nodes);
    expect(next.incidents()).toEqual([]);
    next.pass(1);
    expect(next.incidents()).toMatchObject([{ node: 'site-chelsty', kind: 'link_down', consequences: [{ what: 'edge', status: 'upstream' }] }]);
    next.link('up');
    next.passAlive(4 * minute, nodes);
    upstream(next, 'reachable');
    next.passAlive(30 * minute, nodes);
    expect(next.incidents('active')).toEqual([]);
    expect(next.incidents('resolved')).toHaveLength(1);
  });
});
