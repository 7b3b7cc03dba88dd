import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { contentOf } from '../../actors/inventory/tree.ts';
import { declaredHomelab, writeTree } from '../../test/kit/declared-homelab.ts';
import { builtInHomelab, demoHomelab } from './homelab.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'demo-homelab-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

it('simulates the declared machines that have an engine, with the containers of their services', async () => {
  writeTree(directory, { ...declaredHomelab, 'inventory/access.yaml': 'logins: { anna: operator }\n' });
  const { nodes, unwatched, tree, source } = await demoHomelab({ inventoryDir: directory, site: 'hub' });
  expect(nodes.map(({ name, services }) => [name, services.map((service) => service.name)])).toEqual([
    ['tower', ['mosquitto', 'wiki', 'wiki-postgres']],
    ['pi', ['dashboard']],
    ['shed', ['mosquitto']],
  ]);
  expect(nodes[0]?.services[1]).toEqual({ name: 'wiki', image: 'simulated/wiki:1.2.3', project: 'wiki', healthyAfterMs: 3_000 });
  expect(nodes[0]).toMatchObject({ means: 'control-plane', memoryBytes: 4 * 2 ** 30, diskBytes: 64e9 });
  expect(unwatched).toEqual([{ name: 'shed-ha', means: 'home-automation', services: ['homeassistant'] }]);
  expect(source).toContain(directory);
  expect(Object.values(contentOf(tree.topology)?.nodes ?? {}).map(({ site }) => site)).toEqual(['hub', 'hub', 'hub', 'hub']);
  const agents = [...tree.hosts.values()].map(({ node, services }) => [node, contentOf(services)?.agents?.length]);
  expect(Object.fromEntries(agents)).toEqual({ tower: 9, pi: 3, shed: 3, 'shed-ha': 0 });
  // Who tries a demo need not be in the list, and a window would hide what was broken on purpose.
  expect([tree.access, tree.maintenance]).toEqual(['absent', 'absent']);
});

it('runs what a site needs once where the files say that the inventory runs', async () => {
  writeTree(directory, {
    ...declaredHomelab,
    'hosts/pi/services.yaml': `agents: [inventory, observer, node-agent]\n${declaredHomelab['hosts/pi/services.yaml']}`,
  });
  expect((await demoHomelab({ inventoryDir: directory, site: 'hub' })).nodes.map(({ name }) => name)).toEqual(['pi', 'tower', 'shed']);
});

it('is the small built-in one where nothing is declared, or nothing that could be simulated', async () => {
  expect(await demoHomelab({ inventoryDir: directory, site: 'hub' })).toBe(builtInHomelab);
  writeTree(directory, { 'hosts/pi/services.yaml': 'agents: []\nservices: {}\n' });
  expect(await demoHomelab({ inventoryDir: directory, site: 'hub' })).toBe(builtInHomelab);
});
