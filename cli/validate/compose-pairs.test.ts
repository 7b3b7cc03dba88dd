import { rmSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readTree } from '../../adapters/files/tree.ts';
import { capabilities, container, type Files, oneMachine, service, writeFiles } from '../../test/kit/declared-files.ts';
import { composePairs } from './compose-pairs.ts';

async function pairs(files: Files): Promise<readonly (readonly [files: string, versions: string])[]> {
  const directory = writeFiles(files);
  try {
    return composePairs(await readTree(directory)).map((pair) => [pair.files.join(' + '), pair.versions.join(', ')] as const);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const web = 'services/web/docker-compose.yml';
const override = 'hosts/beta/runtime/web/docker-compose.override.yml';
const twoMachines = (compose: string | undefined, more: Files = {}): Files => ({
  ...oneMachine('web:\n'),
  ...service('web'),
  'hosts/beta/capabilities.yaml': capabilities(compose === undefined ? {} : { compose }),
  'hosts/beta/services.yaml': 'services:\n  web:\n',
  ...more,
});

it('asks newer docker-compose only, where no node has the older one', async () => {
  expect(await pairs(oneMachine())).toEqual([['services/mosquitto/docker-compose.yml', 'v2']]);
});

it('asks the older one about everything, where any node has it, and the newer one where it is used', async () => {
  expect(await pairs(twoMachines('1.29.2'))).toEqual([
    ['services/mosquitto/docker-compose.yml', 'v1, v2'],
    [web, 'v1, v2'],
  ]);
});

it('puts a file together with the override of each node, and asks about a shared one once', async () => {
  const files = twoMachines('1.29.2', { [override]: 'services:\n  web:\n    init: true\n' });
  expect((await pairs(files)).slice(1)).toEqual([
    [web, 'v1, v2'],
    [`${web} + ${override}`, 'v1'],
  ]);
});

it('leaves out what is broken, and what docker-compose does not start; takes what no node declares', async () => {
  expect((await pairs(twoMachines(undefined, { [web]: 'services: [\n' }))).map(([files]) => files)).not.toContain(web);
  expect(await pairs({ ...oneMachine('web: { deployment_model: systemd }\n'), ...service('web') })).toHaveLength(1);
  expect((await pairs({ ...oneMachine(), ...service('web') })).map(([files]) => files)).toContain(web);
});

it('gives a value to a variable that must have one, and leaves the others to env.example', async () => {
  const dollar = '$';
  const lines = `environment: { A: "${dollar}{A:?}", B: "${dollar}{B:?}", C: "${dollar}{C}" }`;
  const directory = writeFiles({ ...oneMachine('web:\n'), ...service('web', { compose: `services:\n${container('web', lines)}`, env: 'A=\nB=set\nC=\n' }) });
  try {
    const pair = composePairs(await readTree(directory)).find(({ files }) => files.includes(web));
    expect(pair).toMatchObject({ env: { A: '1' }, envFile: 'services/web/env.example' });
  } finally {
    rmSync(directory, { recursive: true });
  }
});
