/** Last wills as a way to say yes: of clients without a login, over the first login of a machine that runs, and over the death of its broker. Real processes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Transport } from '../../bus/link.ts';
import { createLog } from '../../bus/log.ts';
import { brokerListeners, brokerTopics } from '../../cli/broker-options.ts';
import { credsAdd } from '../../cli/commands/creds.ts';
import { startWithLogins } from '../../cli/creds/open-logins.ts';
import { readSettings } from '../../cli/settings.ts';
import { matrixHomelab } from '../kit/access-matrix.table.ts';
import { brokerProcess } from '../kit/broker-process.ts';
import { capturedOutput } from '../kit/captured-output.ts';
import { TestClient, transportTo } from '../kit/conformance-brokers.ts';
import { buildBundle, HomelabProcess } from '../kit/homelab-process.ts';
import { freePort, haveMosquitto } from '../kit/mosquitto.ts';
import { sitePassword, startSiteMosquitto } from '../kit/mosquitto-site.ts';
import { waitFor } from '../kit/wait.ts';

const password = 'a password for tests';
const asAnna = { username: 'anna', password };

const closers: (() => unknown)[] = [];
let root: string;
beforeAll(buildBundle, 60_000);
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'wills-'));
  closers.push(() => {
    rmSync(root, { recursive: true, force: true });
  });
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const environment = (): Readonly<Record<string, string>> => ({
  HOMELAB_ROOT: root,
  HOMELAB_INVENTORY: root,
  NODE_NAME: 'lab',
  DOCKER_HOST: `unix://${join(root, 'no-engine.sock')}`,
});
const addAnna = () => credsAdd(readSettings(environment()), capturedOutput(), 'anna', { passwordStdin: true }, () => Promise.resolve(password));
async function enter(transport: Transport, clientId: string, more: Partial<Parameters<typeof TestClient.connect>[1]> = {}): Promise<TestClient> {
  const client = await TestClient.connect(transport, { clientId, ...more });
  closers.push(() => client.link.close());
  return client;
}
const willOn = (topic: string, payload: string) => ({ will: { topic: `homelab/${topic}`, payload } });
function start(...args: readonly string[]): HomelabProcess {
  const started = new HomelabProcess(args, environment());
  closers.push(() => started.stop());
  return started;
}

interface Shown {
  readonly status: string;
  readonly transition_history: readonly { readonly to: string; readonly by: string }[];
}
const document = 'homelab/world/actions/lab/disk-cleanup-lab';
const shown = (client: TestClient): Shown | null => {
  const text = client.seen.findLast(({ topic }) => topic === document)?.text ?? '';
  return text === '' ? null : (JSON.parse(text) as Shown);
};
/** Topics of the publishes that the broker said it dropped, without the root. */
const droppedIn = (log: string): readonly string[] =>
  log
    .split('\n')
    .filter((line) => line.includes('dropping a publish'))
    .map((line) => (JSON.parse(line) as { readonly topic: string }).topic.replace('homelab/', ''))
    .sort();

describe('a will that would approve', () => {
  it('is not published: not while nobody is asked, and not when the first login ends its client; the word that somebody is gone is', async () => {
    const port = await freePort();
    const up = start('up', '--port', String(port));
    await up.says('Nothing is ever repaired without your yes');
    const transport = transportTo(`mqtt://127.0.0.1:${port}`);
    const setup = await enter(transport, 'setup');
    await setup.link.subscribe(['homelab/#']);
    await waitFor('the ledger', () => setup.seen.some(({ topic, text }) => topic === 'homelab/actors/lab/ledger' && text.includes('"online"')), {
      emitter: setup,
      state: () => up.log.slice(-1_000),
    });
    const proposal = { type: 'disk_cleanup', node: 'lab', summary: 'the disk is full', evidence: { message: 'a test' } };
    await setup.link.publish('homelab/actions/pending/anna', JSON.stringify(proposal), { retain: false });
    await waitFor('the proposal', () => shown(setup)?.status === 'pending', { emitter: setup, state: () => up.log.slice(-1_000) });

    const hasty = await enter(transport, 'hasty', willOn('actions/approved/anna', 'disk-cleanup-lab'));
    await hasty.link.close({ abrupt: true });
    await enter(transport, 'forger', willOn('actions/approved/anna', 'disk-cleanup-lab'));
    await enter(transport, 'nobody', willOn('actions/approved', 'disk-cleanup-lab'));
    await enter(transport, 'window', willOn('maintenance/anna', JSON.stringify({ node: 'lab', until: '2099-01-01T00:00:00Z' })));
    await enter(transport, 'meddler', willOn('desired/elsewhere', 'mine'));
    await enter(transport, 'program', willOn('actors/lab/program', 'gone'));

    await addAnna();
    await setup.closed();
    const anna = await enter(transport, 'anna', asAnna);
    await anna.link.subscribe(['homelab/#']);
    await anna.until('gone');
    // Judged after everything that came before it.
    await anna.link.publish('homelab/actions/rejected/anna', 'disk-cleanup-lab', { retain: false });
    await waitFor('the no of anna', () => shown(anna)?.status === 'rejected', { emitter: anna, state: () => [shown(anna), up.log.slice(-1_000)] });
    expect(shown(anna)?.transition_history.map(({ to, by }) => `${to} by ${by}`)).toEqual(['pending by anna', 'rejected by anna']);
    expect(anna.seen.filter(({ topic }) => /homelab\/(desired\/elsewhere|world\/maintenance)/.test(topic))).toEqual([]);
    expect(droppedIn(up.log)).toEqual(['actions/approved', 'actions/approved/anna', 'actions/approved/anna', 'desired/elsewhere', 'maintenance/anna']);
  });

  it('is not published by a broker that died with it either; that of a client that was let in with a login is', async () => {
    const port = await freePort();
    const transport = transportTo(`mqtt://127.0.0.1:${port}`);
    const dataDir = join(root, 'broker');
    // As a version that knew no such rule would have stored them.
    const earlier = await brokerProcess(port, dataDir);
    closers.push(earlier.kill);
    await enter(transport, 'forger', willOn('actions/approved/anna', 'disk-cleanup-lab'));
    await enter(transport, 'nobody', willOn('actions/approved', 'disk-cleanup-lab'));
    await enter(transport, 'meddler', willOn('desired/elsewhere', 'mine'));
    await enter(transport, 'program', willOn('actors/lab/program', 'gone'));
    await earlier.kill();
    await addAnna();
    const second = start('broker', '--port', String(port));
    await second.says('with passwords');
    await enter(transport, 'anna dies', { ...asAnna, ...willOn('probes/anna', 'anna is gone') });
    await second.kill9();

    const settings = readSettings(environment());
    let log = '';
    const write = (line: string): void => {
      log += line;
    };
    const broker = await startWithLogins(settings, {
      ...{ ...brokerListeners(settings, { port: String(port) }), ...brokerTopics('homelab'), dataDir },
      // Stored wills come after four of these: time enough for anna to be there, in a test's patience.
      heartbeatMs: 750,
      log: createLog({ level: 'warn', destination: { write } }),
    });
    closers.push(() => broker.close());
    const anna = await enter(transport, 'anna', asAnna);
    await anna.link.subscribe(['homelab/#']);
    await Promise.all([anna.until('gone'), anna.until('anna is gone')]);
    await waitFor('the others to be dropped', () => droppedIn(log).length === 3, { state: () => log });
    expect(droppedIn(log)).toEqual(['actions/approved', 'actions/approved/anna', 'desired/elsewhere']);
    expect(anna.texts.toSorted()).toEqual(['anna is gone', 'gone']);
  });
});

describe.skipIf(!haveMosquitto())('a will at the generated mosquitto', () => {
  it('counts for the login of its client and for no other; nobody leaves one without a login', async () => {
    const ports = { hub: await freePort(), cabin: await freePort() };
    const { mosquitto, stop } = await startSiteMosquitto(matrixHomelab({ ports }), 'hub', ports.hub);
    closers.push(stop);
    const transport = transportTo(mosquitto.url);
    const as = (username: string) => ({ username, password: sitePassword });
    const ledger = await enter(transport, 'ledger', as('ledger-vps'));
    await ledger.link.subscribe(['homelab/actions/#']);
    for (const topic of ['actions/approved/bert', 'actions/approved', 'actions/approved/anna']) {
      const client = await TestClient.connect(transport, { clientId: 'dies', ...as('anna'), ...willOn(topic, `will on ${topic}`) });
      await client.link.close({ abrupt: true });
    }
    await ledger.until('will on actions/approved/anna');
    expect(ledger.texts).toEqual(['will on actions/approved/anna']);
    await expect(enter(transport, 'nameless', willOn('actions/approved/anna', 'x'))).rejects.toThrow(/not authori[sz]ed/i);
  });
});
