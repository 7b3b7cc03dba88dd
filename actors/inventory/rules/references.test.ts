import { describe, expect, it } from 'vitest';
import { type Files, findingsIn, oneMachine, service, shown } from '../../../test/kit/declared-files.ts';

const found = async (files: Files): Promise<readonly string[]> => (await findingsIn(files)).map(shown);
const own = 'hosts/alpha/services.yaml';

it('guesses what was meant', async () => {
  const findings = await findingsIn(oneMachine('mosquito:\n'));
  expect(findings.map(({ detail }) => detail)).toEqual(['there is no directory services/mosquito; did you mean mosquitto?']);
});

it('looks for no directory of a service that is started otherwise, or whose Compose file is kept elsewhere', async () => {
  expect(await found(oneMachine('web: { deployment_model: systemd }\n'))).toEqual([]);
  expect(await found(oneMachine('web: { in_repository: false }\n'))).toEqual([]);
  expect(await found(oneMachine('web:\n'))).toEqual([`unknown-service ${own}:4`]);
});

describe('a file that is broken', () => {
  it('hides no service, node or site behind findings of others', async () => {
    const files = { ...oneMachine('web: { depends_on: { external: [beta/anything] } }\n'), ...service('web') };
    const beta = { 'hosts/beta/services.yaml': 'services: 5\n', 'hosts/beta/capabilities.yaml': files['hosts/alpha/capabilities.yaml'] ?? '' };
    const topology = { 'inventory/topology.yaml': `${files['inventory/topology.yaml'] ?? ''}  beta: { site: hub }\n` };
    expect(await found({ ...files, ...beta, ...topology })).toEqual(['contract hosts/beta/services.yaml:1']);
    expect(await found({ ...files, 'inventory/topology.yaml': 'sites: 5\n' })).toEqual([
      'contract inventory/topology.yaml:1',
      'contract inventory/topology.yaml:1',
    ]);
  });
});

describe('unknown-dependency', () => {
  const needing = (depends: string): Files => ({ ...oneMachine(`web: { depends_on: { ${depends} } }\n`), ...service('web') });

  it('takes a service, a container of a stack, and an address', async () => {
    const stack = service('shop', { compose: 'services:\n  shop-db:\n    image: a:1.0\n    container_name: shop-db\n    restart: unless-stopped\n' });
    expect(
      await found({
        ...oneMachine('shop:\nweb: { depends_on: { local: [shop, shop-db, mosquitto], external: ["https://api.example.org"] } }\n'),
        ...stack,
        ...service('web'),
      }),
    ).toEqual([]);
  });

  it('names an unknown service, an unknown node, and the own node as an external one', async () => {
    expect(await found(needing('local: [nobody]'))).toEqual([`unknown-dependency ${own}:4`]);
    expect(await found(needing('external: [beta/web]'))).toEqual([`unknown-dependency ${own}:4`]);
    expect(await found(needing('external: [alpha/mosquitto]'))).toEqual([`unknown-dependency ${own}:4`]);
  });

  it('looks into service.yaml', async () => {
    expect(await found({ ...oneMachine('web:\n'), ...service('web', { service: '  dependencies: [mosquitto, nobody]\n' }) })).toEqual([
      'unknown-dependency services/web/service.yaml:6',
    ]);
  });
});

describe('actor-login', () => {
  const access = (login: string): Files => ({ ...oneMachine(), 'inventory/access.yaml': `logins:\n  ${login}\n  eve: operator\n` });

  it.each(['anna: operator', 'telegram-bot: delegate', 'operator-ui-alpha: delegate', 'homeassistant: delegate', 'plannerette: reader'])(
    'takes %s',
    async (login) => {
      expect(await found(access(login))).toEqual([]);
    },
  );

  it.each([
    ['supervisor-alpha: operator', ['actor-login inventory/access.yaml:2']],
    ['telegram-bot: operator', ['actor-login inventory/access.yaml:2']],
    ['telegram-bot-beta: delegate', ['unknown-node inventory/access.yaml:2']],
  ])('names %s', async (login, expected) => {
    expect(await found(access(login))).toEqual(expected);
  });
});

describe('sites', () => {
  it('lets services.yaml say a site only where the topology says the same', async () => {
    const files = oneMachine();
    const say = (site: string): Files => ({ ...files, [own]: `site: ${site}\n${files[own] ?? ''}` });
    expect(await found(say('hub'))).toEqual([]);
    expect(await found(say('edge'))).toEqual([`unknown-site ${own}:1`]);
  });

  it('does without a topology', async () => {
    const { 'inventory/topology.yaml': _, ...rest } = oneMachine();
    expect(await found(rest)).toEqual([]);
  });

  it('wants the broker of a site on a node of that site', async () => {
    const files = oneMachine();
    const topology = 'sites:\n  hub: { broker: { node: alpha } }\n  edge: { broker: { node: alpha }, uplink: { kind: lte } }\nnodes:\n  alpha: { site: hub }\n';
    expect(await found({ ...files, 'inventory/topology.yaml': topology })).toEqual(['unknown-site inventory/topology.yaml:3']);
  });
});
