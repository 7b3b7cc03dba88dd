import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DeclaredTree } from '../../actors/inventory/tree.ts';
import { readTree } from '../../adapters/files/tree.ts';
import { capturedOutput } from '../../test/kit/captured-output.ts';
import { declaredHomelab, writeTree } from '../../test/kit/declared-homelab.ts';
import { map } from '../commands/map.ts';
import { graphOf } from '../declared/graph.ts';
import { readSettings, UsageError } from '../settings.ts';
import { mapPage, nodeSection } from './page.ts';
import { nodePicture } from './picture.ts';

let directory: string;
let tree: DeclaredTree;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'map-'));
  writeTree(directory);
  tree = await readTree(directory);
});
afterAll(() => {
  rmSync(directory, { recursive: true, force: true });
});

describe('the picture of a machine', () => {
  it('has its services with ports and exposure, what they need, and the other machines at its edge', () => {
    const picture = nodePicture(graphOf(tree), 'tower') ?? '';
    expect(picture).toContain('own_tower_2f_wiki["<b>wiki</b><br/>:443<br/>2 containers"]:::public');
    expect(picture).toContain('own_tower_2f_wiki --> own_tower_2f_mosquitto');
    expect(picture).toContain('(["mail.example.org"]):::outside');
    expect(picture).toMatch(/subgraph from_pi\["pi"\]\n {2}caller_pi_2f_dashboard\["dashboard"\]/);
    expect(picture).toContain('caller_pi_2f_dashboard ---> own_tower_2f_wiki');
  });

  it('draws every arrow between boxes that are there, each of them once', () => {
    for (const node of tree.hosts.keys()) {
      const lines = (nodePicture(graphOf(tree), node) ?? '').split('\n');
      const boxes = lines.flatMap((line) => /^\s*(\w+)(\[|\(\[)"/.exec(line)?.[1] ?? []);
      expect(new Set(boxes).size).toBe(boxes.length);
      const arrows = lines.flatMap((line) => (/ -+> /.test(line) ? line.trim().split(/ -+> /) : []));
      expect(arrows.filter((end) => !boxes.includes(end))).toEqual([]);
    }
  });

  it('counts the services of one machine that need the same thing, where there are many', async () => {
    const crowd = ['a', 'b', 'c', 'd'].map((name) => `  ${name}:\n    deployment_model: external\n    depends_on: { external: [tower/wiki] }\n`).join('');
    const other = mkdtempSync(join(tmpdir(), 'map-crowd-'));
    writeTree(other, { ...declaredHomelab, 'hosts/pi/services.yaml': `services:\n${crowd}` });
    try {
      expect(nodePicture(graphOf(await readTree(other)), 'tower')).toContain('["4 services"]:::elsewhere');
    } finally {
      rmSync(other, { recursive: true, force: true });
    }
  });
});

describe('the memory of a machine', () => {
  it('is added up after overrides, against a budget where there is one', async () => {
    expect(nodeSection(tree, graphOf(tree), 'tower')).toContain(
      ['| `wiki` |  | 512 MiB |', '| `mosquitto` |  | 64 MiB |', '| `wiki-postgres` | wiki | 64 MiB |', '| **sum** |  | **640 MiB** |'].join('\n'),
    );
    const other = mkdtempSync(join(tmpdir(), 'map-budget-'));
    const capabilities = declaredHomelab['hosts/tower/capabilities.yaml']!.replace('total_gb: 4 }', 'total_gb: 4, containers_mib_max: 600 }');
    writeTree(other, { ...declaredHomelab, 'hosts/tower/capabilities.yaml': capabilities });
    try {
      const tight = await readTree(other);
      expect(nodeSection(tight, graphOf(tight), 'tower')).toContain(
        '| budget |  | 600 MiB |\n| memory of the machine |  | 4,096 MiB |\n| left of the budget |  | **40 MiB too much** |',
      );
    } finally {
      rmSync(other, { recursive: true, force: true });
    }
  });
});

describe('homelab map', () => {
  it('prints everything, one machine, or says which there are', async () => {
    const settings = readSettings({ HOMELAB_INVENTORY: directory });
    const [all, one, json] = [capturedOutput(), capturedOutput(), capturedOutput({ json: true })];
    await map(settings, all, undefined);
    expect(all.text).toBe(mapPage(tree).trimEnd());
    expect(all.text.match(/^## .+/gm)).toEqual(['## All machines', '## tower', '## pi', '## shed', '## shed-ha']);
    expect(all.text).toContain('site_cabin -. LTE uplink .-> site_hub');
    await map(settings, one, 'pi');
    expect(all.text).toContain(one.text);
    await map(settings, json, 'tower');
    expect(json.values).toMatchObject([{ node: 'tower', sumBytes: 640 * 2 ** 20, budgetBytes: null }]);
    await expect(map(settings, one, 'nowhere')).rejects.toThrow(UsageError);
  });
});
