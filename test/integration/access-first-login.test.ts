/** The first login of a machine that runs: nothing is started again, and everything asks for it. `homelab up` as a process of its own, and the broker alone. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Transport } from '../../bus/link.ts';
import { createLog } from '../../bus/log.ts';
import { brokerListeners } from '../../cli/broker-options.ts';
import { type CredsAddOptions, credsAdd, credsRevoke } from '../../cli/commands/creds.ts';
import { credsActors } from '../../cli/commands/creds-files.ts';
import { type BrokerWithLogins, startWithLogins } from '../../cli/creds/open-logins.ts';
import { Visit } from '../../cli/session.ts';
import { readSettings, type Settings } from '../../cli/settings.ts';
import { matrixHomelab } from '../kit/access-matrix.table.ts';
import { type CapturedOutput, capturedOutput } from '../kit/captured-output.ts';
import { TestClient, transportTo } from '../kit/conformance-brokers.ts';
import { writeFiles } from '../kit/declared-files.ts';
import { freePort } from '../kit/mosquitto.ts';
import { waitFor } from '../kit/wait.ts';

const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
const password = 'a password for tests';
const refused = /bad username or password/i;

const closers: (() => unknown)[] = [];
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'first-login-'));
  closers.push(() => {
    rmSync(root, { recursive: true, force: true });
  });
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const settingsOf = (env: Readonly<Record<string, string>> = {}): Settings =>
  readSettings({ HOMELAB_ROOT: root, HOMELAB_INVENTORY: root, NODE_NAME: 'lab', ...env });
async function add(login: string, settings = settingsOf(), options: CredsAddOptions = {}): Promise<CapturedOutput> {
  const out = capturedOutput();
  await credsAdd(settings, out, login, { passwordStdin: true, ...options }, () => Promise.resolve(password));
  return out;
}
async function enter(transport: Transport, clientId: string, more: Partial<Parameters<typeof TestClient.connect>[1]> = {}): Promise<TestClient> {
  const client = await TestClient.connect(transport, { clientId, ...more });
  closers.push(() => client.link.close());
  return client;
}
const asAnna = { username: 'anna', password };
/** The newest word on a topic, as an object. */
const newest = (client: TestClient, topic: string): Record<string, unknown> | null => {
  const text = client.seen.findLast((each) => each.topic === topic)?.text ?? '';
  return text === '' ? null : (JSON.parse(text) as Record<string, unknown>);
};

describe('homelab up that was started while nobody had a login', () => {
  it('asks everybody from the first login on, ends what is connected without one, and goes on working; and asks on when the last one is revoked', async () => {
    const port = await freePort();
    const up = await startUp({ HOMELAB_BROKER_PORT: String(port), HOMELAB_HTTP_HOST: '0.0.0.0' });
    const transport = transportTo(`mqtt://127.0.0.1:${port}`);
    const nameless = await enter(transport, 'nameless', { will: { topic: 'homelab/actors/lab/nameless', payload: 'gone' } });
    await nameless.link.subscribe(['homelab/#']);
    const names = ['ledger', 'observer', 'executor', 'supervisor', 'operator-ui', 'node-agent'];
    const statuses = (client: TestClient) => names.map((name) => newest(client, `homelab/actors/lab/${name}`));
    await waitFor('all actors to be online', () => statuses(nameless).every((doc) => doc?.['status'] === 'online'), { state: () => up.log.slice(-1_000) });
    const sessions = statuses(nameless).map((doc) => doc?.['session']);
    await waitFor('the page', () => String(newest(nameless, 'homelab/actors/lab/operator-ui')?.['detail']).startsWith('http://127'));

    expect((await add('anna')).text).toContain('it is the first login here: within a second');
    await nameless.closed();
    await expect(enter(transport, 'nameless')).rejects.toThrow(refused);
    await expect(enter(transport, 'thief', { username: 'anna', password: 'guess' })).rejects.toThrow(refused);
    await expect(enter(transport, 'thief', { username: 'ledger-lab', password: 'guess' })).rejects.toThrow(refused);

    await expect(Visit.open(settingsOf({ HOMELAB_BROKER_PORT: String(port), HOMELAB_LOGIN: 'anna' }))).rejects.toThrow(
      /asks for a password, and none is known for anna/,
    );
    const anna = await enter(transport, 'anna', asAnna);
    await anna.link.subscribe(['homelab/#']);
    const windows = (): unknown => newest(anna, 'homelab/world/maintenance/lab')?.['windows'];
    expect(windows() ?? []).toEqual([]);
    const until = new Date(Date.now() + 3_600_000).toISOString();
    await anna.link.publish('homelab/maintenance/anna', JSON.stringify({ node: 'lab', until, reason: 'a test' }), { retain: false });
    await waitFor('the ledger to keep a window', () => JSON.stringify(windows() ?? null).includes('a test'), { state: () => up.log.slice(-1_000) });
    await waitFor('the page on every address', () => /^http:\/\/0\.0\.0\.0:\d+$/.test(String(newest(anna, 'homelab/actors/lab/operator-ui')?.['detail'])));
    // Nobody had to come again, and what waited for the end of the nameless one hears of it.
    expect(statuses(anna).map((doc) => [doc?.['status'], doc?.['session']])).toEqual(sessions.map((session) => ['online', session]));
    await anna.until('gone');
    expect(up.log.match(/from now on this broker asks for a login/g)).toHaveLength(1);
    expect(up.log).not.toContain('disconnecting a client');

    const said = capturedOutput();
    credsRevoke(settingsOf(), said, 'anna', {});
    expect(said.text).toContain('the last login');
    await anna.closed();
    await waitFor('the broker to say that nobody is left', () => up.log.includes('nobody has a login any more'));
    await expect(enter(transport, 'nameless')).rejects.toThrow(refused);
    await expect(enter(transport, 'anna', asAnna)).rejects.toThrow(refused);
    await add('bert');
    await waitFor('bert to be let in', () =>
      enter(transport, 'bert', { username: 'bert', password }).then(
        () => true,
        () => false,
      ),
    );
  });
});

interface Up {
  readonly child: ChildProcess;
  log: string;
}

async function startUp(env: Readonly<Record<string, string>>): Promise<Up> {
  const own = { PATH: process.env['PATH'], HOMELAB_ROOT: root, HOMELAB_INVENTORY: root, NODE_NAME: 'lab', HOMELAB_HTTP_PORT: '0' };
  const child = spawn(process.execPath, ['--import', 'tsx', main, 'up'], {
    env: { ...own, DOCKER_HOST: `unix://${join(root, 'no-engine.sock')}`, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const up: Up = { child, log: '' };
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (data: Buffer) => {
      up.log += data.toString();
    });
  const ended = once(child, 'close');
  closers.push(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  await waitFor('homelab up', () => up.log.includes('Nothing is ever repaired without your yes'), { deadlineMs: 20_000, state: () => up.log.slice(-1_000) });
  return up;
}

describe('a broker that was started while nobody had a login', () => {
  const lines: string[] = [];
  async function start(settings: Settings): Promise<{ readonly broker: BrokerWithLogins; readonly transport: Transport }> {
    lines.length = 0;
    const log = createLog({ level: 'warn', destination: { write: (line) => lines.push(line) } });
    const broker = await startWithLogins(settings, { ...brokerListeners(settings, { port: '0' }), dataDir: null, log });
    closers.push(() => broker.close());
    return { broker, transport: transportTo(`mqtt://127.0.0.1:${broker.port}`) };
  }
  const withOwn = (settings: Settings, login: string): Settings => ({
    ...settings,
    passwords: { ...settings.passwords, [login]: 'minted' },
    mintedLogins: [login],
  });

  it('with an access list: lets in whom it names, and the actors of its own process stay with what the files grant them', async () => {
    const inventory = writeFiles(matrixHomelab({ ports: { hub: 1883, cabin: 1884 } }));
    closers.push(() => {
      rmSync(inventory, { recursive: true, force: true });
    });
    const settings = settingsOf({ HOMELAB_INVENTORY: inventory, NODE_NAME: 'vps' });
    const { broker, transport } = await start(withOwn(settings, 'observer-vps'));
    const own = await enter(transport, 'own', { username: 'observer-vps', password: 'minted' });
    const false_ = await enter(transport, 'false', { username: 'observer-vps', password: 'not that' });
    const nameless = await enter(transport, 'nameless');
    expect([broker.isAsking(), lines]).toEqual([false, []]);
    // Nobody is asked, so nobody is held either.
    await own.link.publish('homelab/desired/vps', 'free', { retain: false });
    const out = await add('mallory', settings);
    expect(out.text).toContain('does not name mallory');
    await Promise.all([nameless.closed(), false_.closed()]);
    expect(own.closings).toEqual([]);
    await expect(enter(transport, 'mallory', { username: 'mallory', password })).rejects.toThrow(/not authori[sz]ed/i);
    expect((await add('anna', settings)).text).not.toContain('first login');
    await waitFor('anna to be let in', () =>
      enter(transport, 'anna', asAnna).then(
        () => true,
        () => false,
      ),
    );
    const anna = await enter(transport, 'anna again', asAnna);
    await anna.link.subscribe(['homelab/#']);
    await own.link.publish('homelab/desired/vps', 'forged', { retain: false });
    await own.link.publish('homelab/world/sites/hub', 'mine', { retain: false });
    await anna.until('mine');
    expect(anna.texts).not.toContain('forged');
    expect(lines.filter((line) => line.includes('from now on'))).toHaveLength(1);
    expect(JSON.parse(lines.find((line) => line.includes('from now on')) ?? '')).toMatchObject({ ended: 2 });
  });

  it('begins with the passwords of another machine too, and with a file that cannot be read: nobody but its own gets in then', async () => {
    const { broker, transport } = await start(withOwn(settingsOf(), 'ledger-lab'));
    const own = await enter(transport, 'own', { username: 'ledger-lab', password: 'minted' });
    const credentials = join(root, 'piha.yaml');
    const out = capturedOutput();
    await credsActors(settingsOf(), out, 'piha', { write: credentials });
    expect(out.text).toContain('the first logins here: within a second the broker');
    await waitFor('the broker to ask', () => broker.isAsking());
    const secret = readSettings({ HOMELAB_ROOT: root, HOMELAB_CREDENTIALS: credentials }).passwords['executor-piha'] ?? '';
    await enter(transport, 'executor', { username: 'executor-piha', password: secret });
    await expect(enter(transport, 'nameless')).rejects.toThrow(refused);

    const other = await start(withOwn(settingsOf({ HOMELAB_LOGINS: join(root, 'broken.yaml') }), 'ledger-lab'));
    const nameless = await enter(other.transport, 'nameless');
    writeFileSync(join(root, 'broken.yaml'), 'anna: [', { mode: 0o600 });
    await nameless.closed();
    await enter(other.transport, 'own', { username: 'ledger-lab', password: 'minted' });
    expect(own.closings).toEqual([]);
  });

  it('asks after a restart too where the last login was revoked, until the file is deleted', async () => {
    const settings = settingsOf();
    await add('anna');
    credsRevoke(settings, capturedOutput(), 'anna', {});
    expect(readFileSync(settings.loginsFile, 'utf8')).toContain('{}');
    await expect(enter((await start(settings)).transport, 'nameless')).rejects.toThrow(refused);
    rmSync(settings.loginsFile);
    const { broker, transport } = await start(settings);
    await enter(transport, 'nameless');
    expect(broker.isAsking()).toBe(false);
  });
});
