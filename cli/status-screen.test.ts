import { describe, expect, it } from 'vitest';
import { Action } from '../contracts/action.ts';
import { ActorStatus } from '../contracts/actor-status.ts';
import { Incident } from '../contracts/incident.ts';
import { SiteSummary, WorldNode, WorldService } from '../contracts/world.ts';
import { isAllNominal, type StatusWorld, statusLines } from './status-screen.ts';

const nowMs = Date.parse('2026-03-01T12:00:00.000Z');
const ago = (seconds: number): string => new Date(nowMs - seconds * 1000).toISOString();
const head = { summary: 'one line', ts: ago(5), session: 1, rev: 1 };

const site = (over: object = {}): SiteSummary =>
  SiteSummary.parse({
    ...head,
    status: 'nominal',
    site: 'hub',
    last_update: ago(12),
    nodes: {},
    services: {},
    incidents_active: 0,
    actions_pending: 0,
    actions_running: 0,
    ...over,
  });
const node = (name: string, over: object = {}): WorldNode =>
  WorldNode.parse({ ...head, status: 'online', node: name, site: 'hub', engine: 'up', since: ago(7200), ...over });
const service = (name: string, over: object = {}): WorldService =>
  WorldService.parse({ ...head, status: 'healthy', node: 'vps', service: name, site: 'hub', desired: 'adopted', since: ago(7200), ...over });
const incident = (id: string, over: object = {}): Incident =>
  Incident.parse({
    ...head,
    status: 'active',
    id,
    site: 'hub',
    node: 'vps',
    kind: 'down',
    severity: 'error',
    trigger_type: 'containers_not_running',
    started_at: ago(720),
    last_occurrence: ago(10),
    occurrence_count: 1,
    ...over,
  });
const action = (name: string, over: object = {}): Action =>
  Action.parse({
    ...head,
    status: 'pending',
    id: `container-restart-vps-${name}`,
    type: 'container_restart',
    risk: 'low',
    site: 'hub',
    node: 'vps',
    service: name,
    attempt: 1,
    digest: 'd',
    evidence: { message: `${name} is down` },
    proposed_by: 'supervisor-vps',
    proposed_at: ago(180),
    verify_window_ms: 120_000,
    transition_history: [],
    ...over,
  });
const observer = (over: object = {}): ActorStatus => ActorStatus.parse({ ...head, status: 'online', node: 'vps', actor: 'observer', ...over });
const world = (over: Partial<StatusWorld> = {}): StatusWorld => ({
  sites: [site()],
  nodes: [node('vps')],
  services: [service('web'), service('db')],
  incidents: [],
  actions: [],
  actors: [observer()],
  here: 'hub',
  links: [],
  ...over,
});
const screen = (over: Partial<StatusWorld> = {}): string => statusLines(world(over), nowMs).join('\n');

describe('the screen of homelab status', () => {
  it('is four lines when nothing is wrong and nothing waits', () => {
    expect(screen()).toBe(
      ['nominal: nothing is wrong (last word 12 s ago)', '', 'Nothing waits for you.', '', '2 of 2 services healthy, 1 of 1 nodes online'].join('\n'),
    );
  });

  it('warns of a file of the inventory that has a fault, and where, although all that runs is well', () => {
    const fault = { actor: 'inventory', mode: 'degraded', mode_since: ago(300), detail: 'hosts/vps/services.yaml:3:9: expected a mapping' };
    const faulty = world({ actors: [observer(), observer(fault)] });
    expect(statusLines(faulty, nowMs)).toEqual([
      'warning: what runs is nominal, but a file of the inventory has a fault (last word 12 s ago)',
      'See all of it: homelab validate',
      '',
      'NOT WELL  WHAT              SINCE  WHY',
      'warning   inventory of vps  5 min  hosts/vps/services.yaml:3:9: expected a mapping',
      '',
      'Nothing waits for you.',
      '',
      '2 of 2 services healthy, 1 of 1 nodes online',
    ]);
    expect(isAllNominal(faulty, nowMs)).toBe(false);
    expect(isAllNominal(world({ actors: [observer(), observer({ ...fault, mode: 'declared' })] }), nowMs)).toBe(true);
    expect(isAllNominal(world({ actors: [observer(), observer({ ...fault, status: 'offline' })] }), nowMs)).toBe(true);
  });

  it('says in its first line what is wrong and since when, by the oldest incident', () => {
    const [first] = statusLines(
      world({
        sites: [site({ status: 'degraded', worst: 'web on vps is down' })],
        incidents: [incident('inc-2', { started_at: ago(60) }), incident('inc-1')],
        services: [service('web', { status: 'down', since: ago(30), reason: 'killed' })],
      }),
      nowMs,
    );
    expect(first).toBe('degraded for 12 min: web on vps is down (last word 12 s ago)');
  });

  it('says of an incident that flaps and is well just now that it is, and until when it is watched', () => {
    const flapping = { kind: 'node_offline', message: 'edge: offline: the node-agent was stopped', flapping: true, quiet_at: '2026-03-01T12:08:30.000Z' };
    const at = (well_since: string | null): string =>
      screen({ sites: [site({ status: 'critical', worst: 'incident inc-1' })], incidents: [incident('inc-1', { ...flapping, well_since })] });
    expect(at(ago(90))).toContain('flapping: well now, over if quiet until 12:08 UTC');
    expect(at(ago(90))).not.toContain('was stopped');
    expect(at(null)).toContain('edge: offline: the node-agent was stopped');
  });

  it('takes the beginning from what is not well where there is no incident', () => {
    expect(
      screen({ sites: [site({ status: 'unknown', worst: 'web on vps is unknown' })], services: [service('web', { status: 'unknown', since: ago(300) })] }),
    ).toContain('unknown for 5 min: web on vps is unknown');
  });

  it('does not know the engine of a machine that is away, and is not itself unknown because of it', () => {
    const away = { site: 'critical', node: { status: 'offline', since: ago(7200), last_seen: ago(7260) } };
    const text = screen({
      sites: [site({ status: away.site, worst: 'node desk is offline', last_update: ago(7260), nodes: { online: 1, offline: 1 } })],
      nodes: [node('vps', { last_seen: ago(9) }), node('desk', away.node)],
    });
    expect(text).toContain('critical for 2 h: node desk is offline (last word 9 s ago)');
    expect(text).toMatch(/^offline\s+desk\s+2 h\s+last heard 2 h ago$/m);
    expect(text).not.toContain('engine up');
    expect(screen({ nodes: [node('vps', { status: 'degraded', engine: 'unreachable', last_seen: ago(9) })] })).toContain('engine unreachable');
  });

  it('says so when nobody knows since when', () => {
    expect(screen({ sites: [site({ status: 'degraded', worst: 'something' })] })).toContain(
      'degraded, since when is not known: something (last word 12 s ago)',
    );
  });

  it('lists what is not well and counts the rest', () => {
    const text = screen({
      sites: [site({ status: 'degraded', worst: 'web on vps is down' })],
      services: [
        service('web', { status: 'down', reason: 'killed', since: ago(90), incident_id: 'inc-1' }),
        service('db'),
        service('job', { status: 'stopped' }),
        service('new', { status: 'starting' }),
        service('scratch', { desired: 'no', status: 'down' }),
        service('quiet', { monitor: false, status: 'down' }),
      ],
      incidents: [incident('inc-1', { service: 'web' })],
    });
    expect(text).toContain('down      web on vps  90 s   killed');
    expect(text).not.toMatch(/db|job|scratch|quiet/);
    expect(text).toContain('1 of 4 services healthy, 1 starting, 1 stopped, 2 not watched, 1 of 1 nodes online');
  });

  it('shows an incident that no line above is about, and none that another explains', () => {
    const text = screen({
      incidents: [
        incident('inc-disk', { kind: 'disk', message: 'disk is 93 % full', severity: 'warning' }),
        incident('inc-x', { message: 'explained', suppressed_by: 'inc-disk' }),
      ],
    });
    expect(text).toContain('disk is 93 % full');
    expect(text).not.toContain('explained');
  });

  it('folds the services of a node that is away into its line', () => {
    const text = screen({
      sites: [site({ status: 'critical', worst: 'node vps is offline' })],
      nodes: [node('vps', { status: 'offline', since: ago(400) })],
      services: [service('web', { status: 'unknown' }), service('db', { status: 'unknown' })],
    });
    expect(text).toContain('with it 2 services are unknown');
    expect(text).not.toContain('web on vps');
  });

  it('shows one outage as one line, with how much it takes with it', () => {
    const dependents = Array.from({ length: 12 }, (_, at) => service(`client-${at}`, { status: 'unhealthy', incident_id: 'inc-1' }));
    const text = screen({
      sites: [site({ status: 'critical', worst: 'incident inc-1, and 12 consequences' })],
      services: [service('mosquitto', { status: 'down', reason: 'killed', incident_id: 'inc-1' }), ...dependents],
      incidents: [incident('inc-1', { service: 'mosquitto', consequences_count: 12 })],
    });
    expect(text).toContain('mosquitto on vps');
    expect(text).toContain('killed; and 12 consequences');
    expect(text).not.toContain('client-');
  });

  it('shows a broker that runs and does not answer as one line too', () => {
    const text = screen({
      services: [service('mosquitto'), service('app', { status: 'unhealthy', incident_id: 'inc-1' })],
      incidents: [
        incident('inc-1', { service: 'mosquitto', kind: 'broker', message: 'the broker mqtt://192.0.2.1:1883 does not answer', consequences_count: 1 }),
      ],
    });
    expect(text).toMatch(/the broker .*; and 1 consequence$/m);
    expect(text).not.toContain('app on vps');
  });

  it('gives the exact command for each yes, oldest first, and names what is under way', () => {
    const text = screen({ actions: [action('db', { proposed_at: ago(10) }), action('web'), action('cache', { status: 'running' })] });
    expect(text).toContain('2 actions wait for your yes');
    expect(text.indexOf('  homelab approve container-restart-vps-web   # low risk, for 3 min: web is down')).toBeGreaterThan(0);
    expect(text.indexOf('approve container-restart-vps-db')).toBeGreaterThan(text.indexOf('approve container-restart-vps-web'));
    expect(text).toContain('Agreed and under way: container-restart-vps-cache (running)');
  });

  it('stays within 24 lines with 50 services down, 50 actions waiting and three sites', () => {
    const names = Array.from({ length: 50 }, (_, at) => `service-${at}`);
    const sites = ['hub', 'north', 'south', 'west'].map((name) => site({ site: name, status: 'degraded', worst: 'much', last_update: ago(900) }));
    for (const said of [sites, sites.slice(0, 1)]) {
      const lines = statusLines(
        world({
          sites: said,
          services: names.map((name) => service(name, { status: 'down' })),
          actions: [...names.map((name) => action(name)), ...names.map((name) => action(name, { status: 'running' }))],
          incidents: names.map((name) => incident(`inc-${name}`, { service: name, message: 'x'.repeat(300) })),
          actors: [],
        }),
        nowMs,
      );
      expect(lines.length).toBeLessThanOrEqual(24);
      expect(lines.join('\n')).toMatch(/and \d+ more: homelab status --json/);
      expect(lines.join('\n')).toContain('and 45 more: homelab actions');
    }
  });

  it('does not exceed 24 lines by the very rows it makes room for', () => {
    for (let down = 0; down < 30; down += 1) {
      const services = Array.from({ length: down }, (_, at) => service(`s${at}`, { status: 'down' }));
      for (let waiting = 0; waiting < 8; waiting += 1) {
        const actions = Array.from({ length: waiting }, (_, at) => action(`s${at}`));
        expect(statusLines(world({ services, actions }), nowMs).length).toBeLessThanOrEqual(24);
      }
    }
  });

  it('says where to begin when no site reports', () => {
    expect(screen({ sites: [] })).toContain('homelab up');
  });
});

describe('stale data', () => {
  it.each([
    ['the observer is offline', { actors: [observer({ status: 'offline' })] }, 'THE OBSERVER ON VPS IS OFFLINE'],
    ['no observer was ever heard of', { actors: [] }, 'NO OBSERVER IS KNOWN'],
    ['the last word is of a time that is to come', { sites: [site({ last_update: ago(-91) })] }, 'ITS CLOCK IS AHEAD OF THE ONE HERE'],
    ['the last word is older than 90 s', { sites: [site({ last_update: ago(91) })] }, 'THE LAST WORD IS 91 S OLD'],
  ] as const)('is never nominal, and said first: %s', (_, over, said) => {
    const [first] = statusLines(world(over), nowMs);
    expect(first).toMatch(/^unknown: /);
    expect(first).toContain(said);
    expect(first).toContain('when it was nominal');
    expect(isAllNominal(world(over), nowMs)).toBe(false);
  });

  it('is not what a live observer said 90 s ago', () => {
    expect(isAllNominal(world({ sites: [site({ last_update: ago(90) })] }), nowMs)).toBe(true);
  });

  it('of one site says nothing against another', () => {
    const two = world({
      sites: [site(), site({ site: 'north' })],
      nodes: [node('vps'), node('cabin', { site: 'north' })],
      actors: [observer(), observer({ node: 'cabin', status: 'offline' })],
    });
    const lines = statusLines(two, nowMs);
    expect(lines[0]).toContain('unknown north: THE OBSERVER ON CABIN IS OFFLINE');
    expect(lines[2]).toBe('nominal hub: nothing is wrong (last word 12 s ago)');
  });
});
