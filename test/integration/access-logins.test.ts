/** Logins while a broker runs: who is revoked goes, who is added comes in, a role that changes counts at once; a real mosquitto takes the same logins; TLS by our own authority. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readLogins, withPassword, writeLogins } from '../../adapters/logins/logins-file.ts';
import type { Broker } from '../../bus/broker.ts';
import type { Transport } from '../../bus/link.ts';
import { silentLog } from '../../bus/log.ts';
import { brokerListeners } from '../../cli/broker-options.ts';
import { transportTo as transportBySettings } from '../../cli/broker-transport.ts';
import { credsAdd, credsRevoke } from '../../cli/commands/creds.ts';
import { credsActors, credsCa, credsCertificate, credsMosquitto } from '../../cli/commands/creds-files.ts';
import { status } from '../../cli/commands/status.ts';
import { startWithLogins } from '../../cli/creds/open-logins.ts';
import { UnavailableError } from '../../cli/session.ts';
import { readSettings, type Settings } from '../../cli/settings.ts';
import type { DesiredNode } from '../../contracts/desired.ts';
import { perKnownMax } from '../../contracts/login-attempts.ts';
import { matrixHomelab } from '../kit/access-matrix.table.ts';
import { connectPacket } from '../kit/broker-fuzz-inputs.ts';
import { capturedOutput } from '../kit/captured-output.ts';
import { TestClient, transportTo } from '../kit/conformance-brokers.ts';
import { writeFiles } from '../kit/declared-files.ts';
import { freePort, haveMosquitto, startMosquitto } from '../kit/mosquitto.ts';
import { waitFor } from '../kit/wait.ts';

const closers: (() => unknown)[] = [];
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'access-logins-'));
  closers.push(() => {
    rmSync(root, { recursive: true, force: true });
  });
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const settingsOf = (env: Readonly<Record<string, string>> = {}): Settings =>
  readSettings({ HOMELAB_ROOT: root, HOMELAB_INVENTORY: root, NODE_NAME: 'lab', ...env });
const out = capturedOutput();
const nothing = (): Promise<string> => Promise.resolve('');
const password = 'a password for tests';

/** Logins of programs are hashed in a moment; those of people only where the test is about them. */
async function know(...logins: readonly string[]): Promise<void> {
  const file = join(root, 'logins.yaml');
  let known = readLogins(file);
  for (const login of logins) known = await withPassword(known, login, password, { isRandom: true });
  writeLogins(file, known);
}
async function start(settings = settingsOf(), dataDir: string | null = null): Promise<{ readonly broker: Broker; readonly transport: Transport }> {
  const broker = await startWithLogins(settings, { ...brokerListeners(settings, { port: '0', tlsPort: '0' }), dataDir, log: silentLog });
  closers.push(() => broker.close());
  return { broker, transport: transportTo(`mqtt://127.0.0.1:${broker.port}`) };
}
async function enter(
  transport: Transport,
  username: string,
  more: { readonly clientId?: string; readonly password?: string; readonly clean?: boolean } = {},
): Promise<TestClient> {
  const client = await TestClient.connect(transport, { clientId: username, username, password, ...more });
  closers.push(() => client.link.close());
  return client;
}
/** The return code. */
async function connackFrom(
  localAddress: string,
  port: number,
  { login, password: said }: { readonly login: string; readonly password: string },
): Promise<number> {
  const socket = connect({ host: '127.0.0.1', port, localAddress });
  closers.push(() => {
    socket.destroy();
  });
  socket.write(connectPacket('thief', 2 | 0xc0, [string(login), string(said)]));
  const [answer] = (await once(socket, 'data')) as [Buffer];
  socket.destroy();
  return answer[3] ?? -1;
}
/** As a packet has it; shorter than 256 bytes. */
const string = (value: string): Buffer => Buffer.from([0, value.length, ...Buffer.from(value)]);
const refused = /bad username or password/i;

describe('a broker that runs', () => {
  it('ends the connections of whoever is revoked, and lets in whoever is added, within seconds', async () => {
    await know('node-agent-lab', 'executor-lab');
    const { transport } = await start();
    const [leaving, staying] = [await enter(transport, 'node-agent-lab'), await enter(transport, 'executor-lab')];
    await expect(enter(transport, 'observer-lab')).rejects.toThrow(refused);
    credsRevoke(settingsOf(), out, 'node-agent-lab', {});
    await leaving.closed();
    await expect(enter(transport, 'node-agent-lab')).rejects.toThrow(refused);
    await know('observer-lab');
    await waitFor('the new login to be known', async () => {
      try {
        await enter(transport, 'observer-lab');
        return true;
      } catch {
        return false;
      }
    });
    expect(staying.closings).toEqual([]);
  });

  it('ends a connection whose password was changed, and takes the new one', async () => {
    await know('node-agent-lab');
    const { transport } = await start();
    const client = await enter(transport, 'node-agent-lab');
    const made = capturedOutput({ json: true });
    await credsAdd(settingsOf(), made, 'node-agent-lab', {}, nothing);
    await client.closed();
    await expect(enter(transport, 'node-agent-lab')).rejects.toThrow(refused);
    await enter(transport, 'node-agent-lab', { password: (made.values[0] as { readonly password: string }).password });
  });

  it('takes logins in clear beside hashed ones', async () => {
    await know('node-agent-lab');
    const credentials = join(root, 'credentials.yaml');
    writeFileSync(credentials, 'executor-lab: in clear\n');
    const { transport } = await start(settingsOf({ HOMELAB_CREDENTIALS: credentials }));
    await enter(transport, 'node-agent-lab');
    await enter(transport, 'executor-lab', { password: 'in clear' });
    await expect(enter(transport, 'executor-lab', { clientId: 'thief' })).rejects.toThrow(refused);
  });

  it('keeps nobody out for the wrong passwords of others, also right after a restart, and tells whoever guesses to wait', async () => {
    await know('node-agent-lab');
    const file = join(root, 'logins.yaml');
    // Not a random one.
    writeLogins(file, await withPassword(readLogins(file), 'executor-lab', password));
    for (const logins of [1, 2]) {
      const { broker, transport } = await start();
      for (const login of ['node-agent-lab', 'executor-lab']) {
        const guess = (at: number): Promise<number> => connackFrom('127.0.0.2', broker.port, { login, password: `guess ${at}` });
        const answers: number[] = [];
        for (let at = 0; at < perKnownMax + 2; at += 1) answers.push(await guess(at));
        expect(answers).toEqual([...Array.from({ length: perKnownMax }, () => 4), 3, 3]);
        await enter(transport, login, { clientId: `${login} ${logins}` });
      }
      await broker.close();
    }
  });
});

const desired = (node: string, site: string, access: DesiredNode['access']): string =>
  JSON.stringify({ status: 'declared', summary: 'x', ts: '2026-03-01T12:00:00Z', session: 1, rev: 1, node, site, agents: [], services: [], access });

describe('without files, what a login may do', () => {
  it('follows the desired documents: a person whose role is taken down cannot approve any more', async () => {
    const credentials = join(root, 'credentials.yaml');
    writeFileSync(credentials, ['anna', 'inventory-lab', 'observer-lab', 'zigbee2mqtt'].map((login) => `${login}: ${password}\n`).join(''));
    const settings = settingsOf({ HOMELAB_CREDENTIALS: credentials });
    const { transport } = await start(settings);
    const [anna, inventory, observer, program] = [
      await enter(transport, 'anna'),
      await enter(transport, 'inventory-lab'),
      await enter(transport, 'observer-lab'),
      await enter(transport, 'zigbee2mqtt'),
    ];
    await observer.link.subscribe(['#']);
    await program.link.subscribe(['#']);
    const say = async (word: string): Promise<void> => {
      await anna.link.publish('homelab/actions/approved/anna', word, { retain: false });
      await anna.link.publish('homelab/actions/approved/bob', `forged ${word}`, { retain: false });
      await program.link.publish('homelab/desired/lab', `forged ${word}`, { retain: true });
      await program.link.publish('zigbee2mqtt/bulb', `fence ${word}`, { retain: false });
    };
    await say('as an operator');
    await observer.until('fence as an operator');
    await inventory.link.publish('homelab/desired/lab', desired('lab', 'hub', { anna: 'reader' }), { retain: true });
    await waitFor('the role to count', async () => {
      const before = observer.texts.filter((text) => text === 'again').length;
      await say('again');
      await program.until('fence again');
      const fences = program.texts.filter((text) => text === 'fence again').length;
      await waitFor('the fence', () => observer.texts.filter((text) => text === 'fence again').length >= fences);
      return observer.texts.filter((text) => text === 'again').length === before;
    });
    expect(observer.texts.filter((text) => text.startsWith('forged'))).toEqual([]);
    expect(observer.texts).toContain('as an operator');
  });

  it('lets the observer say something of a new node at once, and take it back when the node is declared no more', async () => {
    await know('inventory-lab', 'observer-lab');
    const { transport } = await start();
    const [inventory, observer] = [await enter(transport, 'inventory-lab'), await enter(transport, 'observer-lab')];
    await observer.link.subscribe(['homelab/desired/+', 'homelab/world/nodes/+']);
    const cabin = desired('shed', 'cabin', null);
    await inventory.link.publish('homelab/desired/shed', cabin, { retain: true });
    await inventory.link.publish('homelab/desired/lustro', desired('lustro', 'hub', null), { retain: true });
    await observer.link.publish('homelab/world/nodes/lustro', 'offline', { retain: true });
    await observer.until('offline');
    await inventory.link.publish('homelab/desired/lustro', '', { retain: true });
    await inventory.link.publish('homelab/desired/shed', cabin.replace('"x"', '"later"'), { retain: true });
    await observer.link.publish('homelab/world/nodes/lustro', 'taken back', { retain: true });
    await observer.until('taken back');
  });

  it('who has no role is told so by every command, in one line', async () => {
    await know('mallory', 'inventory-lab');
    const { broker, transport } = await start();
    const inventory = await enter(transport, 'inventory-lab');
    await inventory.link.publish('homelab/desired/lab', desired('lab', 'hub', { anna: 'operator' }), { retain: true });
    const credentials = join(root, 'mallory.yaml');
    writeFileSync(credentials, `mallory: ${password}\n`);
    const settings = settingsOf({ HOMELAB_BROKER_URL: `mqtt://127.0.0.1:${broker.port}`, HOMELAB_CREDENTIALS: credentials, HOMELAB_LOGIN: 'mallory' });
    await waitFor('mallory to be told', async () => {
      const said = await status(settings, capturedOutput()).catch((error: unknown) => error);
      return said instanceof UnavailableError && /mallory .* has no role: inventory\/access\.yaml/.test(said.message);
    });
  });

  it('on an edge site lets the bridge bring the nodes of the site, and only then their actors in', async () => {
    await know('bridge-cabin-1', 'node-agent-cabin-2', 'node-agent-far');
    const { transport } = await start(settingsOf({ NODE_NAME: 'cabin-1', HOMELAB_SITE: 'cabin' }));
    const bridge = await enter(transport, 'bridge-cabin-1');
    const far = await enter(transport, 'node-agent-far');
    await bridge.link.publish('homelab/desired/far', desired('far', 'hub', null), { retain: true });
    await far.closed();
    await enter(transport, 'node-agent-cabin-2');
  });
});

describe('what a client brings with it', () => {
  it('a will on a topic of others is not published, a connection is not taken over under another login', async () => {
    await know('observer-lab', 'node-agent-lab', 'executor-lab');
    const { transport } = await start();
    const observer = await enter(transport, 'observer-lab');
    await observer.link.subscribe(['homelab/#']);
    const will = (topic: string): { readonly topic: string; readonly payload: string } => ({ topic, payload: `will on ${topic}` });
    for (const topic of ['homelab/health/lab', 'homelab/world/sites/hub']) {
      const client = await TestClient.connect(transport, { clientId: `${topic} dies`, username: 'node-agent-lab', password, will: will(topic) });
      await client.link.close({ abrupt: true });
    }
    await observer.until('will on homelab/health/lab');
    await expect(enter(transport, 'executor-lab', { clientId: 'observer-lab' })).rejects.toThrow(/identifier rejected/i);
    expect(observer.closings).toEqual([]);
    expect(observer.texts).toEqual(['will on homelab/health/lab']);
  });

  it('its session is queued and told nothing that its login may not read', async () => {
    await know('executor-lab', 'inventory-lab', 'zigbee2mqtt');
    for (const dataDir of [null, join(root, 'broker')]) {
      const { transport } = await start(settingsOf(), dataDir);
      // With an access list that does not name it, it is a program of others.
      await (await enter(transport, 'inventory-lab')).link.publish('homelab/desired/lab', desired('lab', 'hub', {}), { retain: true });
      const absent = await enter(transport, 'zigbee2mqtt', { clean: false });
      await waitFor('the access list to count', () =>
        absent.link.subscribe(['homelab/#']).then(
          () => absent.link.unsubscribe(['homelab/#']).then(() => false),
          () => true,
        ),
      );
      await absent.link.subscribe(['#']);
      await absent.link.close();
      const executor = await enter(transport, 'executor-lab');
      await executor.link.publish('homelab/events/lab', 'secret', { retain: false });
      await executor.link.publish('homelab/actors/lab/executor', 'secret', { retain: true });
      await executor.link.publish('zigbee2mqtt/bulb', 'on', { retain: false });
      const back = await enter(transport, 'zigbee2mqtt', { clean: false });
      await back.until('on');
      await back.link.publish('zigbee2mqtt/fence', 'fence', { retain: false });
      await back.until('fence');
      expect(back.texts).toEqual(['on', 'fence']);
      await back.link.close();
    }
  });
});

describe.skipIf(!haveMosquitto())('a real mosquitto', () => {
  it('takes the passwords of homelab creds, random and chosen, over TLS with its certificate', async () => {
    const inventory = writeFiles(matrixHomelab({ ports: { hub: 1883, cabin: 1884 } }));
    closers.push(() => {
      rmSync(inventory, { recursive: true, force: true });
    });
    const settings = settingsOf({ HOMELAB_INVENTORY: inventory, HOMELAB_BROKER_CA: join(root, 'tls/ca.pem') });
    const [credentials, passwords] = [join(root, 'credentials.yaml'), join(root, 'passwd')];
    await credsAdd(settings, out, 'anna', { passwordStdin: true }, () => Promise.resolve('correct horse battery'));
    await credsActors(settings, out, 'piha', { write: credentials });
    await credsMosquitto(settings, out, 'hub', { write: passwords });
    credsCa(settings, out);
    credsCertificate(settings, out, ['localhost', '127.0.0.1']);
    const port = await freePort();
    const tls = ['ca.pem', 'server-localhost.pem', 'server-localhost-key.pem'].map((name) => join(root, 'tls', name));
    const complete = `listener ${port} 127.0.0.1\nallow_anonymous false\npassword_file ${passwords}\ncafile ${tls[0]}\ncertfile ${tls[1]}\nkeyfile ${tls[2]}\nlog_dest stderr`;
    const mosquitto = await startMosquitto({ port, complete });
    closers.push(() => mosquitto.stop());
    const transport = transportBySettings(settings, [`mqtts://127.0.0.1:${port}`], silentLog);
    await enter(transport, 'anna', { password: 'correct horse battery' });
    await enter(transport, 'executor-piha', {
      password: readSettings({ HOMELAB_ROOT: root, HOMELAB_CREDENTIALS: credentials }).passwords['executor-piha'] ?? '',
    });
    await expect(enter(transport, 'anna', { clientId: 'thief', password: 'correct horse' })).rejects.toThrow(/not authori[sz]ed/i);
  });
});

it('the embedded broker is trusted with a certificate of homelab creds by who knows its CA, and by nobody else', async () => {
  await know('node-agent-lab');
  credsCa(settingsOf(), out);
  credsCertificate(settingsOf(), out, ['127.0.0.1', 'localhost']);
  const [cert, key] = ['server-127.0.0.1.pem', 'server-127.0.0.1-key.pem'].map((name) => join(root, 'tls', name)) as [string, string];
  const settings = settingsOf({ HOMELAB_BROKER_TLS_CERT: cert, HOMELAB_BROKER_TLS_KEY: key, HOMELAB_BROKER_CA: join(root, 'tls/ca.pem') });
  const { broker } = await start(settings);
  const url = `mqtts://127.0.0.1:${broker.tlsPort}`;
  await enter(transportBySettings(settings, [url], silentLog), 'node-agent-lab');
  await expect(enter(transportBySettings(settingsOf(), [url], silentLog), 'node-agent-lab', { clientId: 'other' })).rejects.toThrow(/certificate/);
  expect(() => transportBySettings(settingsOf({ HOMELAB_BROKER_CA: key }), [url], silentLog)).toThrow('expected a certificate in PEM');
  expect(readFileSync(cert, 'utf8')).toContain('BEGIN CERTIFICATE');
});
