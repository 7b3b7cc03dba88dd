/** What the `homelab creds` commands write and say, each on a directory of its own. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readLogins } from '../../adapters/logins/logins-file.ts';
import { verifyMosquittoHash } from '../../adapters/logins/mosquitto-hash.ts';
import { verifyPassword } from '../../adapters/logins/password.ts';
import { ownerOf } from '../../adapters/logins/tokens.ts';
import { matrixHomelab } from '../../test/kit/access-matrix.table.ts';
import { type CapturedOutput, capturedOutput } from '../../test/kit/captured-output.ts';
import { writeFiles } from '../../test/kit/declared-files.ts';
import { type CredsAddOptions, credsAdd, credsList, credsRevoke } from '../commands/creds.ts';
import { credsActors, credsCa, credsCertificate, credsMosquitto } from '../commands/creds-files.ts';
import { readSettings, type Settings } from '../settings.ts';

let root: string;
let inventory: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'creds-'));
  inventory = writeFiles(matrixHomelab({ ports: { hub: 1883, cabin: 1884 } }));
});
afterEach(() => {
  for (const directory of [root, inventory]) rmSync(directory, { recursive: true, force: true });
});
const settings = (env: Readonly<Record<string, string>> = {}): Settings =>
  readSettings({ HOMELAB_ROOT: root, HOMELAB_INVENTORY: inventory, NODE_NAME: 'vps', ...env });
const file = (): string => join(root, 'logins.yaml');
async function add(login: string, options: CredsAddOptions = {}, typed = ''): Promise<CapturedOutput> {
  const out = capturedOutput({ json: true });
  await credsAdd(settings(), out, login, options, () => Promise.resolve(typed));
  return out;
}
const said = (out: CapturedOutput): Readonly<Record<string, string>> => out.values[0] as Readonly<Record<string, string>>;
const modeOf = (path: string): number => statSync(path).mode & 0o777;

describe('homelab creds add', () => {
  it('makes a password that page and brokers know, and keeps only hashes of it, in a file for its owner alone', async () => {
    const { password = '' } = said(await add('anna'));
    const entry = readLogins(file()).get('anna');
    expect(password).toMatch(/^[\w-]{24}$/);
    expect([await verifyPassword(password, entry?.scrypt ?? null), await verifyMosquittoHash(password, entry?.mosquitto ?? '')]).toEqual([true, true]);
    expect(readFileSync(file(), 'utf8')).not.toContain(password);
    expect(modeOf(file())).toBe(0o600);
  });

  it('takes a password from standard input and does not show it', async () => {
    const out = await add('anna', { passwordStdin: true }, 'correct horse battery\nsecond line');
    expect(out.values).toEqual([{ login: 'anna', new: true }]);
    expect(await verifyPassword('correct horse battery', readLogins(file()).get('anna')?.scrypt ?? null)).toBe(true);
  });

  it('gives a token and leaves the password alone', async () => {
    const { password = '' } = said(await add('anna'));
    const { token = '', expires = '' } = said(await add('anna', { token: 'prometheus', expires: '30d' }));
    const logins = readLogins(file());
    expect(await verifyPassword(password, logins.get('anna')?.scrypt ?? null)).toBe(true);
    expect(ownerOf(logins, token, Date.now())).toEqual({ kind: 'known', login: 'anna', name: 'prometheus' });
    expect(ownerOf(logins, token, Date.parse(expires))).toMatchObject({ kind: 'expired' });
  });

  it('gives a program a password that is of no use at the page', async () => {
    await add('executor-piha');
    expect(Object.keys(readLogins(file()).get('executor-piha') ?? {}).sort()).toEqual(['mosquitto', 'tokens']);
  });

  it('says what asks for a login from now on: brokers for any, the page for one of a person', async () => {
    const text = async (login: string): Promise<string> => {
      const out = capturedOutput();
      await credsAdd(settings(), out, login, {}, () => Promise.resolve(''));
      return out.text;
    };
    const program = await text('executor-piha');
    expect(program).toContain('the broker of ours that runs here asks everybody for one');
    expect(program).toContain('the page asks nobody, and answers this machine only, until a person has a login');
    const person = await text('anna');
    expect(person).toContain('the page of ours that runs here asks everybody for one, too');
    expect(person).not.toContain('the broker of ours');
    expect(await text('bert')).not.toContain('first login');
    rmSync(file());
    expect(await text('anna')).toContain('the broker and the page of ours that run here ask everybody for one');
    rmSync(file());
    const out = capturedOutput();
    await credsActors(settings(), out, 'piha', {});
    expect(out.text).toContain('# the page asks nobody');
  });

  it('puts a role into access.yaml as one line, and changes one that is there', async () => {
    const access = join(inventory, 'inventory/access.yaml');
    writeFileSync(access, '# who may what\nlogins:\n  # the cook\n  anna: operator # since always\n');
    await add('bob', { role: 'reader', token: 'x' });
    await add('anna', { role: 'reader', token: 'x' });
    expect(readFileSync(access, 'utf8')).toBe('# who may what\nlogins:\n  bob: reader\n  # the cook\n  anna: reader # since always\n');
  });

  it.each<[string, string, CredsAddOptions, string, RegExp]>([
    ['a login that is no level of a topic', 'a/b', {}, '', /a login is one level of a topic/],
    ['nobody', 'anonymous', {}, '', /choose another name/],
    ['a role that there is not', 'bob', { role: 'root' }, '', /expected one of operator, delegate, reader/],
    ['a role in a list that cannot be edited by line', 'bob', { role: 'reader' }, '', /by hand/],
    ['another role for a program', 'executor-piha', { role: 'operator' }, '', /the login of a program/],
    ['a token for a program', 'executor-piha', { token: 'x' }, '', /tokens are for people/],
    ['a short password', 'bob', { passwordStdin: true }, 'short\n', /10 to 256 characters/],
    ['no password', 'bob', { passwordStdin: true }, '\n', /first line of standard input/],
    ['a time without a token', 'bob', { expires: '3d' }, '', /name one with --token/],
    ['a time that is none', 'bob', { token: 'x', expires: 'soon' }, '', /expected days such as 90d/],
    ['a time that has passed', 'bob', { token: 'x', expires: '2020-01-01' }, '', /has passed/],
  ])('refuses %s and writes nothing', async (_what, login, options, typed, words) => {
    // The matrix has its list in one line.
    await expect(add(login, options, typed)).rejects.toThrow(words);
    expect(readLogins(file()).size).toBe(0);
  });
});

describe('homelab creds revoke and list', () => {
  it('take away a token, then the login, and say where it still is', async () => {
    await add('anna', { token: 'phone' });
    const credentials = join(root, 'credentials.yaml');
    writeFileSync(credentials, 'anna: secret\n');
    const out = capturedOutput();
    expect(credsRevoke(settings(), out, 'anna', { token: 'phone' })).toBe(0);
    expect(readLogins(file()).get('anna')?.tokens).toEqual([]);
    expect(credsRevoke(settings({ HOMELAB_CREDENTIALS: credentials }), out, 'anna', {})).toBe(1);
    expect(out.text).toContain('HOMELAB_CREDENTIALS still has a line for anna');
    expect(readLogins(file()).size).toBe(0);
    expect(() => credsRevoke(settings(), out, 'anna', {})).toThrow('has no login anna');
  });

  it('say who has what, and no secret', async () => {
    await add('anna', { token: 'phone', expires: '2099-01-01' });
    await add('mallory');
    await add('executor-piha');
    const out = capturedOutput({ json: true });
    await credsList(settings(), out);
    expect(out.values).toEqual([
      { login: 'anna', role: 'operator', password: 'none', tokens: [{ name: 'phone', expires: '2099-01-01T00:00:00.000Z' }] },
      { login: 'executor-piha', role: 'executor', password: 'brokers', tokens: [] },
      { login: 'mallory', role: 'none: not in access.yaml', password: 'page and brokers', tokens: [] },
    ]);
  });
});

describe('homelab creds actors', () => {
  it("makes the file of a node's actors, keeps what is in it, and gives new passwords only when asked", async () => {
    const out = capturedOutput();
    const write = join(root, 'credentials-piha.yaml');
    await credsActors(settings(), out, 'piha', { write });
    const read = (): Readonly<Record<string, string>> => load(readFileSync(write, 'utf8')) as Readonly<Record<string, string>>;
    const first = read();
    expect(Object.keys(first).sort()).toEqual(['executor-piha', 'materializer-piha', 'node-agent-piha', 'operator-ui-piha', 'planner-piha']);
    expect(modeOf(write)).toBe(0o600);
    for (const [login, password] of Object.entries(first))
      expect(await verifyMosquittoHash(password, readLogins(file()).get(login)?.mosquitto ?? '')).toBe(true);
    await credsActors(settings(), out, 'piha', { write });
    expect(read()).toEqual(first);
    await credsActors(settings(), out, 'piha', {});
    expect(out.text).toContain('left alone');
    await credsActors(settings(), out, 'piha', { write, renew: true });
    expect(Object.values(read()).filter((password) => Object.values(first).includes(password))).toEqual([]);
  });
});

describe('homelab creds mosquitto', () => {
  it('writes those of the site that have a password, and names the others', async () => {
    await add('anna');
    await add('observer-cabin-1');
    await add('observer-vps');
    const write = join(root, 'passwd');
    const out = capturedOutput();
    await credsMosquitto(settings(), out, 'cabin', { write });
    expect([...readFileSync(write, 'utf8').matchAll(/^([^:]+):\$7\$101\$/gm)].map(([, login]) => login)).toEqual(['observer-cabin-1', 'anna']);
    expect(out.text).toMatch(/without a password, and not in it: .*kiosk/);
  });
});

describe('homelab creds ca and certificate', () => {
  it('make an authority once, and certificates whose keys are for their owner alone', () => {
    const out = capturedOutput();
    expect(() => credsCertificate(settings(), out, ['localhost'])).toThrow('homelab creds ca');
    credsCa(settings(), out);
    const ca = readFileSync(join(root, 'tls/ca.pem'), 'utf8');
    credsCa(settings(), out);
    expect(readFileSync(join(root, 'tls/ca.pem'), 'utf8')).toBe(ca);
    credsCertificate(settings(), out, ['broker.example.org', '192.0.2.1']);
    expect(
      ['ca.pem', 'ca-key.pem', 'server-broker.example.org.pem', 'server-broker.example.org-key.pem'].map((name) => modeOf(join(root, 'tls', name))),
    ).toEqual([0o644, 0o600, 0o644, 0o600]);
    expect(() => credsCertificate(settings(), out, ['no host'])).toThrow('expected a host name');
  });

  it('refuse what is no authority and leave it', () => {
    mkdirSync(join(root, 'tls'));
    writeFileSync(join(root, 'tls/ca.pem'), 'mine');
    expect(() => credsCa(settings(), capturedOutput())).toThrow('cannot be used');
    expect(readFileSync(join(root, 'tls/ca.pem'), 'utf8')).toBe('mine');
  });
});
