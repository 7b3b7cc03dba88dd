import { describe, expect, it } from 'vitest';
import { capabilities, type Files, findingsIn, service, shown } from '../../../test/kit/declared-files.ts';

const found = async (files: Files): Promise<readonly string[]> => (await findingsIn(files)).map(shown);

/** Two nodes of the site `hub`, one of the site `edge`; services.yaml of each. */
function homelab(a: string, b: string, far: string, more: Files = {}): Files {
  const host = (node: string, services: string): Files => ({
    [`hosts/${node}/capabilities.yaml`]: capabilities(),
    [`hosts/${node}/services.yaml`]: `agents: [node-agent]\nservices:\n${services}`,
  });
  const names = [...`${a}${b}${far}`.matchAll(/^ {2}([\w-]+):/gm)].map((match) => match[1] ?? '');
  return {
    'inventory/topology.yaml':
      'sites:\n  hub: { broker: { node: a, service: w } }\n  edge: { broker: { node: far, service: z }, uplink: { kind: lte } }\nnodes:\n  a: { site: hub }\n  b: { site: hub }\n  far: { site: edge }\n',
    ...host('a', a),
    ...host('b', b),
    ...host('far', far),
    ...Object.assign({}, ...names.map((name) => service(name))),
    ...more,
  };
}
const needs = (name: string, local: string, external = '', more = ''): string =>
  `  ${name}: { depends_on: { local: [${local}], external: [${external}] }${more} }\n`;
const offline = ', offline_required: true';

describe('dependency-cycle', () => {
  it('takes a chain, and two ways to one service', async () => {
    expect(await found(homelab(needs('w', '') + needs('x', 'w') + needs('y', 'x, w'), '  v:\n', '  z:\n'))).toEqual([]);
  });

  it('names a service that depends on itself', async () => {
    expect(await found(homelab(needs('w', 'w'), '  v:\n', '  z:\n'))).toEqual(['dependency-cycle hosts/a/services.yaml:3']);
  });

  it('names a circle across nodes once', async () => {
    expect(await found(homelab(needs('w', '', 'b/v'), needs('v', '', 'far/z'), needs('z', '', 'a/w')))).toEqual(['dependency-cycle hosts/a/services.yaml:3']);
  });

  it('names two circles apart', async () => {
    expect(await found(homelab(needs('w', 'x') + needs('x', 'w') + needs('y', 'q') + needs('q', 'y'), '  v:\n', '  z:\n'))).toEqual([
      'dependency-cycle hosts/a/services.yaml:3',
      'dependency-cycle hosts/a/services.yaml:5',
    ]);
  });

  it('counts what service.yaml says, where the node declares it', async () => {
    const files = homelab(needs('w', 'x') + needs('x', ''), '  v:\n', '  z:\n', service('x', { service: '  dependencies: [w]\n' }));
    expect(await found(files)).toEqual(['dependency-cycle hosts/a/services.yaml:3']);
  });
});

describe('offline-dependency', () => {
  const far = (external: string, more = '', rest = '  z:\n'): Files =>
    homelab('  w:\n', '  v:\n', needs('o', '', external, offline) + rest, more === '' ? {} : { 'hosts/far/networking.yaml': more });

  it.each(['"tcp://coordinator.lan:6638"', '"http://192.168.1.4"', '"mqtt://printer:1883"', '"http://nas.home.arpa:80/x"'])(
    'takes %s for a part of the site',
    async (address) => {
      expect(await found(far(address))).toEqual([]);
    },
  );

  it('takes the subnet and the devices of networking.yaml for parts of the site', async () => {
    expect(await found(far('"http://192.0.2.9"'))).toEqual(['offline-dependency hosts/far/services.yaml:3']);
    expect(await found(far('"http://192.0.2.9"', 'lan: { subnet: 192.0.2.0/24 }\n'))).toEqual([]);
    expect(await found(far('"http://sensor.example.org"', 'devices: { sensor: { host: sensor.example.org, port: 80 } }\n'))).toEqual([]);
  });

  it('names an address outside, and another site', async () => {
    expect(await found(far('"https://api.example.org"'))).toEqual(['offline-dependency hosts/far/services.yaml:3']);
    expect(await found(far('a/w'))).toEqual(['offline-dependency hosts/far/services.yaml:3']);
    expect(await found(homelab(needs('w', '', 'b/v', offline), '  v:\n', '  z:\n'))).toEqual([]);
  });

  it('follows what it needs, up to a service that must work offline itself', async () => {
    const through = needs('o', 'p', '', offline);
    expect(await found(homelab('  w:\n', '  v:\n', `${through + needs('p', '', 'a/w')}  z:\n`))).toEqual(['offline-dependency hosts/far/services.yaml:3']);
    expect(await found(homelab('  w:\n', '  v:\n', `${through + needs('p', '', 'a/w', offline)}  z:\n`))).toEqual([
      'offline-dependency hosts/far/services.yaml:4',
    ]);
  });

  it('may not need the internet', async () => {
    const files = homelab('  w:\n', '  v:\n', `${needs('o', '', '', offline)}  z:\n`, service('o', { service: '  needs_internet: true\n' }));
    expect(await found(files)).toEqual(['offline-dependency hosts/far/services.yaml:3']);
  });
});
