import { expect, it } from 'vitest';
import { type Files, findingsIn, oneMachine, service, shown } from '../../../test/kit/declared-files.ts';

const found = async (files: Files): Promise<readonly string[]> => (await findingsIn(files)).map(shown);
const own = 'hosts/alpha/services.yaml';
type Node = Parameters<typeof oneMachine>[1];

it.each<[string, Node, string, string, readonly string[]]>([
  ['llm on low power', { power: 'low-power' }, '', '  workload: llm\n', [`placement-power ${own}:4`]],
  ['heavy on a battery', { power: 'battery' }, '', '  workload: heavy\n', [`placement-power ${own}:4`]],
  ['medium on low power', { power: 'low-power' }, '', '  workload: medium\n', []],
  ['llm on a plug', {}, '', '  workload: llm\n', []],
  ['the internet over LTE', { connectivity: 'intermittent' }, '', '  needs_internet: true\n', [`placement-connectivity ${own}:4`]],
  ['the internet over a cable', {}, '', '  needs_internet: true\n', []],
  ['nothing to keep', { persistence: 'ephemeral' }, '', '', []],
  ['data of services.yaml to keep', { persistence: 'ephemeral' }, 'runtime: { data_path: /opt/homelab/data/web }', '', [`placement-storage ${own}:4`]],
  ['data of service.yaml to keep', { persistence: 'ephemeral' }, '', '  persistence: { paths: [/opt/homelab/data/web] }\n', [`placement-storage ${own}:4`]],
  ['a restricted role', { restricted: 'database' }, 'role: database', '', [`placement-role ${own}:4`]],
  ['its owner', {}, '', '  owner_node: alpha\n', []],
  ['a path that only begins like the right one', {}, 'runtime: { data_path: /opt/homelab/database }', '', [`runtime-path ${own}:4`]],
  ['the directory of the data itself', {}, 'runtime: { data_path: /opt/homelab/data }', '', []],
])('placement: %s', async (_what, node, lines, about, expected) => {
  expect(await found({ ...oneMachine(`web: { ${lines} }\n`, node), ...service('web', { service: about }) })).toEqual(expected);
});

it('judges no public service on a public node, and one behind a mesh', async () => {
  const web = (reachability: string): Files => ({ ...oneMachine('web: { exposure: public }\n', { reachability }), ...service('web', { exposure: 'public' }) });
  expect(await found(web('public'))).toEqual([]);
  expect(await found(web('lan-only'))).toEqual([`placement-exposure ${own}:4`]);
});

it('names every docker-compose service of a node without an engine, once each', async () => {
  const files = { ...oneMachine('web:\n', { engine: 'none' }), ...service('web') };
  expect(await found(files)).toEqual([`placement-engine ${own}:3`, `placement-engine ${own}:4`]);
});

it('reads the older word for an exposure as what it meant', async () => {
  const files = { ...oneMachine('web: { exposure: private }\n'), ...service('web', { exposure: 'tailscale-internal' }) };
  expect(await found(files)).toEqual([`older-exposure ${own}:4`]);
});

it('says nothing of agents that are not listed', async () => {
  const files = oneMachine();
  expect(await found({ ...files, [own]: 'services:\n  mosquitto:\n' })).toEqual([]);
  expect(await found({ ...files, [own]: 'agents: []\nservices:\n  mosquitto:\n' })).toEqual([`node-without-agent ${own}:1`]);
});

it('compares the overview of the topology both ways', async () => {
  const topology = (services: string): Files => ({
    ...oneMachine(),
    'inventory/topology.yaml': `sites:\n  hub:\n    broker: { node: alpha }\nnodes:\n  alpha:\n    site: hub\n    services: [${services}]\n`,
  });
  expect(await found(topology('mosquitto'))).toEqual([]);
  expect(await found(topology('mosquitto, web'))).toEqual(['topology-services inventory/topology.yaml:7']);
  expect(await found(topology(''))).toEqual(['topology-services inventory/topology.yaml:7']);
});
