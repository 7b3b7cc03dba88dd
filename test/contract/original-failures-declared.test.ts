/** Failures of the original that were faults in files (docs/decisions/0013): each put back into a copy of this repository's homelab is found, at its line, and nothing else is. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { judge } from '../../actors/inventory/rules/judge.ts';
import { readTree } from '../../adapters/files/tree.ts';
import { actorNames } from '../../cli/compose.ts';
import { version } from '../../cli/version.ts';

const repository = join(import.meta.dirname, '../..');
const copy = mkdtempSync(join(tmpdir(), 'homelab-faults-'));
for (const folder of ['inventory', 'hosts', 'services']) cpSync(join(repository, folder), join(copy, folder), { recursive: true });
afterAll(() => {
  rmSync(copy, { recursive: true, force: true });
});

const errors = async (): Promise<readonly string[]> =>
  judge(await readTree(copy), { version, actors: actorNames }).flatMap(({ severity, rule, file, place }) =>
    severity === 'error' ? [`${rule} ${file}:${place?.line ?? ''}`] : [],
  );
const before = new Set(await errors());

/** What is found once `from` in that file has become `to`, beyond what was; the file is as it was afterwards. */
async function found(file: string, from: RegExp, to: string): Promise<readonly string[]> {
  const path = join(copy, file);
  const text = readFileSync(path, 'utf8');
  if (!from.test(text)) throw new Error(`${file} has no ${from.source}: teach this test how it is written now`);
  writeFileSync(path, text.replace(from, to));
  try {
    return (await errors()).filter((finding) => !before.has(finding));
  } finally {
    writeFileSync(path, text);
  }
}

/** Line of the first place in that file. */
const lineOf = (file: string, at: string): number => {
  const lines = readFileSync(join(copy, file), 'utf8').split('\n');
  return lines.findIndex((line) => line.includes(at)) + 1;
};

const mosquitto = 'services/mosquitto/docker-compose.yml';
const zigbee = 'services/zigbee2mqtt/docker-compose.yml';
const coordinator = 'hosts/chelsty-infra/runtime/zigbee2mqtt/docker-compose.override.yml';

it.each(['"no"', 'on-failure'])('R16: a mosquitto with restart policy %s, which dies and stays dead, is an error', async (policy) => {
  expect(await found(mosquitto, /restart: unless-stopped/, `restart: ${policy}`)).toEqual([`restart-policy ${mosquitto}:${lineOf(mosquitto, 'restart:')}`]);
});

it('R16: a mosquitto without a restart policy, which is "no", is an error', async () => {
  expect(await found(mosquitto, /^ +restart: unless-stopped\n/m, '')).toEqual([`restart-policy ${mosquitto}:${lineOf(mosquitto, '  mosquitto:')}`]);
});

it('R17: `ports` beside `network_mode: host`, which Compose 1 refuses, are an error', async () => {
  const line = lineOf(mosquitto, 'network_mode: host');
  expect(await found(mosquitto, /^ +network_mode: host\n/m, '    ports: ["1883:1883"]\n    network_mode: host\n')).toEqual([
    `host-network-ports ${mosquitto}:${line}`,
  ]);
});

it('R18: a zigbee2mqtt that may not write its configuration (EROFS) is an error', async () => {
  expect(await found(zigbee, /(\/zigbee2mqtt:\/app\/data)$/m, '$1:ro')).toEqual([`zigbee2mqtt-data ${zigbee}:${lineOf(zigbee, ':/app/data')}`]);
});

it('R19: a container on a bridge that cannot reach the broker of its host is an error', async () => {
  const [finding, ...others] = await found(zigbee, /^ +extra_hosts:\n +- mosquitto:host-gateway\n/m, '');
  expect(finding).toMatch(new RegExp(`^zigbee2mqtt-broker ${zigbee}:\\d+$`));
  expect(others).toEqual([]);
});

it('R38: a container without a memory limit, on a machine that ran out of memory, is an error', async () => {
  const override = 'hosts/vps/runtime/mosquitto/docker-compose.override.yml';
  const [finding, ...others] = await found(override, /^ +mem_limit: .*\n/m, '');
  expect(finding).toMatch(/^memory-limit /);
  expect(others).toEqual([]);
});

it('R38: the USB coordinator of old notes is an error: it is reached over the network', async () => {
  expect(await found(coordinator, /tcp:\/\/[\w.-]+:6638/, '/dev/ttyUSB0')).toEqual([`zigbee2mqtt-usb ${coordinator}:${lineOf(coordinator, 'tcp://')}`]);
});
