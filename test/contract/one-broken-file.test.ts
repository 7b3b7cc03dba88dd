/** One file of the repository's own homelab broken or missing: that is said, once, and nothing is said of any other file. Without docker-compose. */
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { judge } from '../../actors/inventory/rules/judge.ts';
import type { Finding } from '../../actors/inventory/tree.ts';
import { readTree } from '../../adapters/files/tree.ts';
import { actorNames } from '../../cli/compose.ts';
import { version } from '../../cli/version.ts';

const repository = join(import.meta.dirname, '../..');
const copy = mkdtempSync(join(tmpdir(), 'homelab-own-'));
for (const folder of ['inventory', 'hosts', 'services']) cpSync(join(repository, folder), join(copy, folder), { recursive: true });
afterAll(() => {
  rmSync(copy, { recursive: true, force: true });
});

const found = async (): Promise<readonly Finding[]> => judge(await readTree(copy), { version, actors: actorNames });
const shown = ({ rule, file, detail }: Finding): string => `${rule} ${file} ${detail}`;
const intact = new Set((await found()).map(shown));
const beyond = async (): Promise<readonly string[]> =>
  (await found()).filter((finding) => !intact.has(shown(finding))).map(({ rule, file }) => `${rule} ${file}`);

/** One of each kind, and those on which most hangs. */
const files = [
  'inventory/topology.yaml',
  'inventory/access.yaml',
  'inventory/maintenance.yaml',
  'hosts/vps/services.yaml',
  'hosts/chelsty-infra/services.yaml',
  'hosts/lustro/services.yaml',
  'hosts/chelsty-infra/capabilities.yaml',
  'hosts/chelsty-infra/networking.yaml',
  'hosts/chelsty-infra/paths.yaml',
  'hosts/lustro/node.yaml',
  'hosts/chelsty-infra/runtime/zigbee2mqtt/docker-compose.override.yml',
  'hosts/vps/runtime/npm/docker-compose.override.yml',
  'services/zigbee2mqtt/service.yaml',
  'services/mosquitto/docker-compose.yml',
  'services/zigbee2mqtt/docker-compose.yml',
  'services/control-plane/docker-compose.yml',
];

it.each(files)('a syntax error in %s is the only finding', async (file) => {
  const text = readFileSync(join(copy, file), 'utf8');
  writeFileSync(join(copy, file), `${text}\n]: [\n`);
  expect(await beyond()).toEqual([`not-yaml ${file}`]);
  writeFileSync(join(copy, file), text);
});

it.each([
  ['hosts/vps/services.yaml', 'node-without-files inventory/topology.yaml'],
  ['hosts/lustro/services.yaml', 'node-without-files inventory/topology.yaml'],
  ['hosts/vps/capabilities.yaml', 'missing-capabilities hosts/vps/capabilities.yaml'],
  ['services/npm/docker-compose.yml', 'missing-file services/npm/docker-compose.yml'],
  ['services/npm/service.yaml', 'missing-file services/npm/service.yaml'],
  ['services/zigbee2mqtt/env.example', 'missing-file services/zigbee2mqtt/env.example'],
])('%s under another name is the only finding', async (file, finding) => {
  renameSync(join(copy, file), join(copy, `${file}.old`));
  expect(await beyond()).toEqual([finding]);
  renameSync(join(copy, `${file}.old`), join(copy, file));
});
