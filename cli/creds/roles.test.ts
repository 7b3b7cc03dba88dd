/** Roles on a machine that nobody declared: beside the homelab that comes with the program, which is about others. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { capturedOutput } from '../../test/kit/captured-output.ts';
import { writeFiles } from '../../test/kit/declared-files.ts';
import { credsAdd, credsList } from '../commands/creds.ts';
import { readSettings, type Settings } from '../settings.ts';

let root: string;
let clone: string;
let settings: Settings;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'roles-'));
  clone = writeFiles({
    'inventory/topology.yaml': 'sites: { hub: { broker: { node: vps } } }\nnodes: { vps: { site: hub } }\n',
    'inventory/access.yaml': 'logins:\n  anna: operator\n',
    'hosts/vps/services.yaml': 'services: {}\n',
    // As somebody may have written it by hand.
    'hosts/attic/services.yaml': 'services: {}\n',
  });
  settings = { ...readSettings({ HOMELAB_ROOT: root, HOMELAB_INVENTORY: clone, NODE_NAME: 'attic' }), isInventoryNamed: false };
});
afterEach(() => {
  for (const directory of [root, clone]) rmSync(directory, { recursive: true, force: true });
});

async function add(login: string, role?: string): Promise<string> {
  const out = capturedOutput();
  await credsAdd(settings, out, login, { token: 'x', ...(role === undefined ? {} : { role }) }, () => Promise.resolve(''));
  return out.text;
}
async function roles(): Promise<Record<string, string>> {
  const out = capturedOutput({ json: true });
  await credsList(settings, out);
  return Object.fromEntries((out.values as { login: string; role: string }[]).map(({ login, role }) => [login, role]));
}
const ownList = (): unknown => load(readFileSync(join(root, 'access.yaml'), 'utf8'));

describe('roles on an adopted machine', () => {
  it('are kept in the data directory, and leave to everybody else what they may do', async () => {
    await add('kim', 'operator');
    expect(await roles()).toEqual({ kim: 'operator' });
    const said = await add('bob', 'reader');
    await add('mqtt-explorer', 'reader');
    await add('deputy', 'delegate');
    expect(said).toContain(`${join(root, 'access.yaml')} is the access list of this machine now, and calls bob reader; as before: kim (operator)`);
    expect(await roles()).toEqual({ kim: 'operator', bob: 'reader', 'mqtt-explorer': 'reader', deputy: 'delegate' });
    expect(ownList()).toEqual({ logins: await roles() });
    expect(readFileSync(join(clone, 'inventory/access.yaml'), 'utf8')).toBe('logins:\n  anna: operator\n');
  });

  it('say so when nobody may approve, and which file does not name somebody', async () => {
    expect(await add('bob', 'reader')).toContain('nobody in it may approve yet');
    expect(await add('eve')).toContain(`${join(root, 'access.yaml')} does not name eve`);
  });

  it('give way to the list of a declared homelab as soon as it is about this machine', async () => {
    await add('bob', 'reader');
    writeFileSync(join(clone, 'inventory/topology.yaml'), 'sites: { hub: { broker: { node: vps } } }\nnodes: { attic: { site: hub } }\n');
    expect(await roles()).toEqual({ bob: 'none: not in access.yaml' });
    expect(await add('bob', 'operator')).toContain(`${join(clone, 'inventory/access.yaml')} calls bob operator now; commit it`);
  });
});
