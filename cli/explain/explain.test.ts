import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DeclaredTree, Finding } from '../../actors/inventory/tree.ts';
import { readTree } from '../../adapters/files/tree.ts';
import { capturedOutput } from '../../test/kit/captured-output.ts';
import { declaredHomelab, writeTree } from '../../test/kit/declared-homelab.ts';
import { explain } from '../commands/explain.ts';
import { graphOf } from '../declared/graph.ts';
import { whereRead } from '../declared/where-read.ts';
import { readSettings, UsageError } from '../settings.ts';
import { explainNode } from './node.ts';
import { nodeScreen, serviceScreen } from './screen.ts';
import { explainService, type ServiceExplained } from './service.ts';
import { subjectOf } from './subject.ts';

let directory: string;
let tree: DeclaredTree;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'explain-'));
  writeTree(directory, { ...declaredHomelab, 'services/orphan/service.yaml': declaredHomelab['services/homeassistant/service.yaml']! });
  tree = await readTree(directory);
});
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

const service = (name: string, findings: readonly Finding[] = []): ServiceExplained => {
  const subject = subjectOf(tree, name, where);
  if (subject.kind !== 'service') throw new Error('not a service');
  return explainService(tree, graphOf(tree), subject.placements[0]!, findings);
};
const finding = (file: string, line: number | null): Finding => ({
  rule: 'x',
  severity: 'error',
  file,
  place: line === null ? null : { line, column: 1 },
  detail: `${file} ${line}`,
});

const where = whereRead({ inventoryDir: '/srv/inventory' });

describe('a name', () => {
  it.each([
    ['tower', 'node', ['tower']],
    ['node-1', 'node', ['pi']],
    ['wiki', 'service', ['tower/wiki']],
    ['wiki-postgres', 'service', ['tower/wiki']],
    ['mosquitto', 'service', ['shed/mosquitto', 'tower/mosquitto']],
    ['shed/mosquitto', 'service', ['shed/mosquitto']],
    ['node-1/dashboard', 'service', ['pi/dashboard']],
  ])('%s means a %s: %j', (name, kind, expected) => {
    const subject = subjectOf(tree, name, where);
    const found = subject.kind === 'node' ? [subject.node] : subject.placements.map((each) => `${each.node}/${each.service}`).sort();
    expect([subject.kind, found]).toEqual([kind, expected]);
  });

  it.each([
    [
      'nowhere',
      /nothing is declared as "nowhere"\. Nodes: pi, shed, shed-ha, tower\. Services: dashboard, homeassistant, mosquitto, wiki\. Read from \/srv\/inventory \(HOMELAB_INVENTORY/,
    ],
    ['tower/dashboard', /nothing is declared as "tower\/dashboard"/],
    ['orphan', /services\/orphan is there, but no hosts\/<node>\/services\.yaml lists it/],
  ])('%s, which nothing is declared as, is answered with what there is', (name, words) => {
    expect(() => subjectOf(tree, name, where)).toThrow(UsageError);
    expect(() => subjectOf(tree, name, where)).toThrow(words);
  });
});

describe('a service', () => {
  it('is told with its line, its override, its ports and the memory that counts after the override', () => {
    expect(service('wiki')).toMatchObject({
      declaredAt: [
        'hosts/tower/services.yaml:5',
        'services/wiki/service.yaml',
        'services/wiki/docker-compose.yml',
        'hosts/tower/runtime/wiki/docker-compose.override.yml',
      ],
      containers: [
        { name: 'wiki', image: 'example/wiki:1.2.3', memoryBytes: 512 * 2 ** 20 },
        { name: 'wiki-postgres', memoryBytes: 64 * 2 ** 20 },
      ],
      exposure: 'public',
      ports: ['443'],
      memory: { sumBytes: 640 * 2 ** 20, machineBytes: 4 * 2 ** 30 },
    });
  });

  it('needs what it needs over others too, near or far', () => {
    expect(service('dashboard').needs.map(({ name, where, steps, through }) => [name, where, steps, through])).toEqual([
      ['tower/wiki', 'same site', 1, null],
      ['shed/mosquitto', 'other site', 1, null],
      ['tower/mosquitto', 'same machine', 2, 'tower/wiki'],
      ['https://mail.example.org', 'outside', 2, 'tower/wiki'],
    ]);
    expect(service('dashboard').needs[0]?.declaredAt).toBe('hosts/pi/services.yaml:5');
  });

  it('is needed by what would lack it, and says what that means', () => {
    const broker = service('tower/mosquitto');
    expect(broker.neededBy.map(({ name, through }) => [name, through])).toEqual([
      ['tower/wiki', null],
      ['pi/dashboard', 'tower/wiki'],
    ]);
    expect(broker.without.join('\n')).toMatch(
      /^hub has no broker: its actors \(pi, tower\)[\s\S]*2 others on pi, tower would lack what they need \(1 directly\)/,
    );
    expect(service('homeassistant').without.at(-1)).toContain('propose nothing (monitor: false)');
    expect(service('wiki').without.at(-1)).toBe('homelab would open an incident after 20 s and propose a restart of wiki on tower');
  });

  it('has its own windows and those of its machine, and the findings of its files and its lines', () => {
    expect(service('wiki').windows.map(({ text }) => text)).toEqual([
      'sun 03:30, 45 min (Europe/Warsaw): weekly backup',
      'daily 02:00, 10 min (Europe/Warsaw): dump',
    ]);
    expect(service('tower/mosquitto').windows).toHaveLength(1);
    const own = [
      finding('hosts/tower/services.yaml', 9),
      finding('services/wiki/docker-compose.yml', null),
      finding('hosts/tower/runtime/wiki/docker-compose.override.yml', 3),
    ];
    const others = [finding('hosts/tower/services.yaml', 3), finding('services/dashboard/service.yaml', 1), finding('hosts/pi/services.yaml', 9)];
    expect(service('wiki', [...own, ...others]).findings).toEqual(own);
  });
});

describe('a machine', () => {
  const node = (name: string) => explainNode(tree, graphOf(tree), name, []);

  it('is told with what crosses its border', () => {
    expect(node('tower')).toMatchObject({
      site: 'hub',
      roles: ['control-plane'],
      declaredAt: ['inventory/topology.yaml:8', 'hosts/tower/services.yaml', 'hosts/tower/capabilities.yaml'],
      needs: [{ from: 'tower/wiki', to: 'https://mail.example.org', where: 'outside' }],
      neededBy: [{ from: 'pi/dashboard', to: 'tower/wiki', where: 'same site' }],
    });
  });

  it('that nobody watches would not be missed', () => {
    expect(node('shed-ha').without.at(-1)).toContain('would not notice');
    expect(node('pi').without.at(-1)).toContain('offline within 90 s');
  });
});

describe('the screen', () => {
  it('is one screen, and says the same as JSON', async () => {
    for (const name of ['tower', 'pi', 'shed-ha']) expect(nodeScreen(explainNode(tree, graphOf(tree), name, [])).length).toBeLessThan(40);
    expect(serviceScreen(service('dashboard')).join('\n')).toMatch(/needs {7}tower\/wiki +same site, hosts\/pi\/services\.yaml:5\n/);
    const out = capturedOutput({ json: true });
    expect(await explain(readSettings({ HOMELAB_INVENTORY: directory }), out, 'mosquitto')).toBe(0);
    expect(new Set(out.values.map((value) => (value as ServiceExplained).name))).toEqual(new Set(['tower/mosquitto', 'shed/mosquitto']));
  });
});
