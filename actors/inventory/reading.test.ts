import { describe, expect, it } from 'vitest';
import type { CapabilitiesFile } from '../../contracts/inventory/capabilities.ts';
import { ComposeFile } from '../../contracts/inventory/compose.ts';
import { MaintenanceFile } from '../../contracts/inventory/maintenance.ts';
import { ServiceFile } from '../../contracts/inventory/service.ts';
import { TopologyFile } from '../../contracts/inventory/topology.ts';
import { InventoryWorld, problem, type ReadingSettings, readFile, reading, readNode } from '../../test/kit/inventory-world.ts';
import type { DeclaredTree, Finding, HostFiles, MaybeFile, ServiceFiles } from './tree.ts';

const serviceFiles = (name: string, compose: object | 'broken' | 'absent', dependencies: readonly string[] = []): [string, ServiceFiles] => {
  const file = ServiceFile.parse({ service: { name, description: '', exposure: 'local-only', dependencies, healthcheck: { type: 'container' } } });
  const composeFile: MaybeFile<ComposeFile> =
    typeof compose === 'string' ? compose : readFile(`services/${name}/docker-compose.yml`, ComposeFile.parse({ services: compose }));
  const rest = { readme: null, envExample: null, healthcheck: null, others: [] };
  return [name, { name, service: readFile(`services/${name}/service.yaml`, file), compose: composeFile, ...rest }];
};

const topology = (nodes: object): DeclaredTree['topology'] =>
  readFile('inventory/topology.yaml', TopologyFile.parse({ sites: { hub: { broker: { node: 'vps' } } }, nodes }));

const finding = (file: string, rule = 'contract', line = 4): Finding => ({ rule, severity: 'error', file, place: { line, column: 1 }, detail: 'wrong' });

const desiredOf = (nodes: readonly HostFiles[], settings: ReadingSettings = {}, commit: string | null = null): InventoryWorld =>
  new InventoryWorld().read(reading(nodes, settings), commit);

const services = (world: InventoryWorld, node = 'vps'): readonly Record<string, unknown>[] =>
  (world.desired.get(node)?.services ?? []).map((service) => Object.fromEntries(Object.entries(service).filter(([key]) => key !== 'contract')));

describe('what is said of a service', () => {
  it('is one entry for each container, with the stack it belongs to', () => {
    const stack = serviceFiles('control-plane', { 'control-plane-observer': { mem_limit: '256m' }, 'control-plane-ledger': {} });
    expect(services(desiredOf([readNode('vps', ['control-plane', 'web'])], { services: new Map([stack]) }))).toEqual([
      { name: 'control-plane-observer', origin: 'declared', stack: 'control-plane', monitor: true, memory_limit_bytes: 256 * 1024 * 1024 },
      { name: 'control-plane-ledger', origin: 'declared', stack: 'control-plane', monitor: true },
      { name: 'web', origin: 'declared', monitor: true },
    ]);
  });

  it('is only what is not the usual', () => {
    const entries = {
      ha: { monitor: false, deployment_model: 'virtual-machine', exposure: 'private' },
      db: { repair_risk: 'guarded', offline_required: true, exposure: 'public', grace_s: 60, verify_window_s: 300 },
    };
    expect(services(desiredOf([readNode('vps', ['ha', 'db'], { entries })]))).toEqual([
      { name: 'ha', origin: 'declared', monitor: false, repairable: false, exposure: 'tailscale-internal' },
      {
        name: 'db',
        origin: 'declared',
        monitor: true,
        repair_risk: 'guarded',
        offline_required: true,
        exposure: 'public',
        grace_ms: 60_000,
        verify_window_ms: 300_000,
      },
    ]);
  });

  it('takes the memory limit of the override, and of nothing else where there is one', () => {
    const override = readFile('', ComposeFile.parse({ services: { web: { mem_limit: '64m' } } }));
    const node = { ...readNode('vps', ['web']), overrides: new Map([['web', override]]) };
    expect(services(desiredOf([node], { services: new Map([serviceFiles('web', { web: { mem_limit: '1g' } })]) }))).toMatchObject([
      { memory_limit_bytes: 64 * 1024 * 1024 },
    ]);
  });

  it('names what it needs by node and container, a stack by all of its own', () => {
    const stack = serviceFiles('cp', { 'cp-a': {}, 'cp-b': { depends_on: ['cp-a'] } }, ['mqtt', 'elsewhere']);
    const entries = {
      cp: { depends_on: { local: ['web'], external: ['piha/dns', 'https://api.example.org'] } },
      web: { depends_on: { local: ['cp'] } },
    };
    const vps = readNode('vps', ['cp', 'web', 'mqtt'], { entries });
    const world = desiredOf([vps, readNode('piha', ['dns'])], { services: new Map([stack]) });
    const needed = Object.fromEntries((world.desired.get('vps')?.services ?? []).map(({ name, depends_on }) => [name, depends_on]));
    expect(needed).toEqual({
      'cp-a': ['vps/web', 'vps/mqtt', 'piha/dns'],
      'cp-b': ['vps/web', 'vps/mqtt', 'piha/dns', 'vps/cp-a'],
      web: ['vps/cp-a', 'vps/cp-b'],
      mqtt: undefined,
    });
  });

  it('has a digest that changes with its declaration, and with nothing else', () => {
    const digest = (compose: object, entry: object = {}): unknown =>
      desiredOf([readNode('vps', ['web'], { entries: { web: entry } })], { services: new Map([serviceFiles('web', { web: compose, other: { image: 'x' } })]) })
        .desired.get('vps')
        ?.services.find(({ name }) => name === 'web')?.contract;
    const first = digest({ image: 'web:1', restart: 'always' });
    expect(first).toMatch(/^[0-9a-f]{12}$/);
    expect(digest({ restart: 'always', image: 'web:1' })).toBe(first);
    expect(digest({ image: 'web:2', restart: 'always' })).not.toBe(first);
    expect(digest({ image: 'web:1', restart: 'always' }, { grace_s: 5 })).not.toBe(first);
  });
});

describe('what is said of a node', () => {
  const vps = readNode('vps', ['web'], { site: 'elsewhere' });

  it('comes from the topology, its capabilities, its windows and the commit', () => {
    const capabilities = readFile('', { operational: { cleanup_class: 'sd_card' } } as CapabilitiesFile);
    const maintenance = readFile(
      '',
      MaintenanceFile.parse({
        time_zone: 'Europe/Warsaw',
        windows: [{ nodes: ['vps'], service: 'web', days: ['sun'], from: '03:30', minutes: 60, reason: 'backup' }],
      }),
    );
    const world = desiredOf(
      [{ ...vps, capabilities }],
      { maintenance, topology: topology({ vps: { site: 'chelsty', roles: ['edge'], location: 'ken', aliases: ['node-1'] } }) },
      'abc+',
    );
    expect(world.desired.get('vps')).toMatchObject({
      site: 'chelsty',
      commit: 'abc+',
      roles: ['edge'],
      location: 'ken',
      aliases: ['node-1'],
      cleanup_class: 'sd_card',
      maintenance: [{ service: 'web', time_zone: 'Europe/Warsaw', days: ['sun'], from: '03:30', minutes: 60, reason: 'backup' }],
    });
  });

  it('says of each node how its site reaches the hub, and how long that may be away', () => {
    const sites = (uplink: object) => ({ hub: { broker: { node: 'vps' } }, far: { broker: { node: 'vps' }, uplink } });
    const uplinkOf = (uplink: object, site = 'far'): unknown => {
      const file = TopologyFile.parse({ sites: sites(uplink), nodes: { vps: { site } } });
      return desiredOf([vps], { topology: readFile('inventory/topology.yaml', file) }).desired.get('vps')?.uplink;
    };
    expect(uplinkOf({ kind: 'lte' })).toEqual({ kind: 'lte', quiet_ms: 900_000 });
    expect(uplinkOf({ kind: 'wired' })).toEqual({ kind: 'wired', quiet_ms: 300_000 });
    expect(uplinkOf({ kind: 'wired', quiet_min: 0.5 })).toEqual({ kind: 'wired', quiet_ms: 30_000 });
    expect(uplinkOf({ kind: 'lte', quiet_min: 0 })).toEqual({ kind: 'lte', quiet_ms: 0 });
    expect(uplinkOf({ kind: 'none' })).toBeUndefined();
    expect(uplinkOf({ kind: 'lte' }, 'hub')).toBeUndefined();
  });

  it('takes the site of services.yaml only where there is no topology', () => {
    expect(desiredOf([vps]).desired.get('vps')?.site).toBe('elsewhere');
    expect(desiredOf([vps], { topology: topology({ piha: { site: 'hub' } }) }).desired.get('vps')?.site).toBe('hub');
  });

  it('goes on as the topology said last while that is broken, also over a restart', () => {
    const good = { topology: topology({ vps: { site: 'chelsty', aliases: ['node-1'] } }) };
    const broken: ReadingSettings = { topology: 'broken', findings: [finding('inventory/topology.yaml')] };
    const world = desiredOf([vps], good);
    const changed = readNode('vps', ['web', 'db']);
    for (const each of [world, world.restarted()]) {
      each.read(reading([changed, readNode('piha', ['dns'])], broken));
      expect(each.desired.get('vps')).toMatchObject({ site: 'chelsty', aliases: ['node-1'], services: [{ name: 'web' }, { name: 'db' }] });
      // Nobody knows on which site a node is that appears now.
      expect(each.desired.has('piha')).toBe(false);
    }
    expect(world.mode).toBe('degraded');
  });

  it('keeps the commit of the version that is in force', () => {
    const world = desiredOf([vps], {}, 'first').read(reading([{ ...vps, services: 'broken' }], { findings: [problem('vps')] }), 'second');
    expect(world.desired.get('vps')?.commit).toBe('first');
  });
});

describe('a broken file of a service', () => {
  const nodes = [readNode('vps', ['web', 'db'], { entries: { db: { depends_on: { local: ['cp'], external: ['piha/cp'] } } } }), readNode('piha', ['cp'])];
  const good = serviceFiles('cp', { 'cp-a': {}, 'cp-b': {} });
  const file = 'services/cp/docker-compose.yml';

  it('keeps the last good document of the nodes that run it, and of no other', () => {
    const world = desiredOf(nodes, { services: new Map([good]) });
    const more = [readNode('vps', ['web', 'db', 'new'], { entries: { db: { depends_on: { external: ['piha/cp'] } } } }), readNode('piha', ['cp', 'new'])];
    world.read(reading(more, { services: new Map([serviceFiles('cp', 'broken')]), findings: [finding(file)] }));
    expect(world.services('piha')).toEqual(['cp-a', 'cp-b']);
    expect(world.desired.get('piha')?.summary).toContain(`the last good version is in force, see ${file}:4:1`);
    expect(world.services('vps')).toEqual(['web', 'db', 'new']);
    // What others need of it goes on being what it was.
    expect(world.desired.get('vps')?.services[1]).toMatchObject({ depends_on: ['piha/cp-a', 'piha/cp-b'] });
    expect(world.told).toEqual([`inventory_invalid ${file}:4:1: wrong`]);
    world.read(reading(more, { services: new Map([good]) }));
    expect(world.services('piha')).toEqual(['cp-a', 'cp-b', 'new']);
    expect(world.told.at(-1)).toBe(`inventory_valid ${file} is well again`);
  });

  it.each([
    ['its override', { overrides: new Map([['cp', 'broken' as const]]) }],
    ['the capabilities of its node', { capabilities: 'broken' as const }],
  ])('does so too for %s', (_what, broken) => {
    const world = desiredOf([readNode('piha', ['cp'])]);
    world.read(reading([{ ...readNode('piha', ['cp', 'new']), ...broken }]));
    expect(world.services('piha')).toEqual(['cp']);
  });

  it('does so for every node that runs a service while services/ cannot be looked into', () => {
    const world = desiredOf(nodes, { services: new Map([good]) });
    world.read(reading(nodes, { servicesDirectory: 'unreadable', findings: [finding('services', 'unreadable')] }));
    expect(world.services('piha')).toEqual(['cp-a', 'cp-b']);
  });

  it('that nobody runs is told and keeps nothing back', () => {
    const world = desiredOf(nodes, { services: new Map([good]) });
    const more = [readNode('vps', ['web', 'new']), readNode('piha', ['cp'])];
    world.read(reading(more, { services: new Map([good, serviceFiles('unused', 'broken')]), findings: [finding('services/unused/docker-compose.yml')] }));
    expect(world.services('vps')).toEqual(['web', 'new']);
    expect(world.told).toHaveLength(1);
  });
});

describe('faults', () => {
  it('that are only an unknown key are told and keep nothing back', () => {
    const world = desiredOf([readNode('vps', ['web'])]);
    world.read(reading([readNode('vps', ['web', 'db'])], { findings: [finding('hosts/vps/services.yaml', 'unknown-key')] }));
    expect(world.services()).toEqual(['web', 'db']);
    expect(world.told).toEqual(['inventory_invalid hosts/vps/services.yaml:4:1: wrong']);
    expect(world.mode).toBe('declared');
    expect(world.desired.get('vps')?.summary).toBe('2 services declared in hosts/vps/services.yaml');
  });

  it('are told once each, and the file is well again only when none is left', () => {
    const file = 'hosts/vps/services.yaml';
    const vps = readNode('vps', ['web']);
    const world = desiredOf([vps], { findings: [finding(file, 'unknown-key', 2), finding(file, 'unknown-key', 3)] });
    world.read(reading([vps], { findings: [finding(file, 'unknown-key', 3)] }));
    expect(world.told).toHaveLength(2);
    world.read(reading([vps]));
    expect(world.told.slice(2)).toEqual([`inventory_valid ${file} is well again`]);
  });

  it('of a whole tree are not an event each', () => {
    const findings = Array.from({ length: 100 }, (_, at) => finding(`services/s${at}/service.yaml`));
    const { told } = desiredOf([], { findings });
    expect(told).toHaveLength(21);
    expect(told.at(-1)).toContain('(and 79 more faults)');
  });
});
