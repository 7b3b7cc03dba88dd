/**
 * TLS as the topology declares it, in real mosquittos that start from the generated files: certificate, password file and access list by
 * `homelab creds`; a command, actors and the bridge connect by name, a web client over WebSocket; who has another authority, or another name, is told what to do.
 */
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTree } from '../../adapters/files/tree.ts';
import { siteBroker } from '../../cli/broker-config/site-broker.ts';
import { siteFiles } from '../../cli/broker-config/site-files.ts';
import { credsAdd } from '../../cli/commands/creds.ts';
import { credsActors, credsCa, credsCertificate, credsMosquitto } from '../../cli/commands/creds-files.ts';
import { doctor } from '../../cli/commands/doctor.ts';
import { status } from '../../cli/commands/status.ts';
import { makeAuthority } from '../../cli/creds/certificate.ts';
import type { Finding } from '../../cli/doctor/finding.ts';
import { readSettings, type Settings } from '../../cli/settings.ts';
import { topicRoot } from '../../contracts/defaults.ts';
import { matrixHomelab } from '../kit/access-matrix.table.ts';
import { capturedOutput } from '../kit/captured-output.ts';
import { type Files, writeFiles } from '../kit/declared-files.ts';
import { buildBundle, type Environment, Machine } from '../kit/homelab-process.ts';
import { freePort, haveMosquitto, type Mosquitto, startMosquitto } from '../kit/mosquitto.ts';
import { waitFor } from '../kit/wait.ts';

type Site = 'hub' | 'cabin';
interface Ports {
  readonly clear: number;
  readonly tls: number;
  readonly ws: number;
  readonly wss: number;
}

/** Of what `homelab status --json` says. */
interface Seen {
  readonly links: readonly { readonly site: string; readonly status: string }[];
  readonly actors: readonly { readonly actor: string; readonly node: string }[];
}

const directories: string[] = [];
const brokers: Mosquitto[] = [];
let root = '';
let credentials = '';
let ports: Readonly<Record<Site, Ports>>;

/** The hub has TLS and nothing else; the cabin listens in clear to its own machine too. */
function declared(): Files {
  const { hub, cabin } = ports;
  const files = matrixHomelab({
    ports: { hub: hub.clear, cabin: cabin.clear },
    hubBroker: `, listen: [], tls: { port: ${hub.tls}, websocket_port: ${hub.wss}, listen: [loopback], names: [localhost] }`,
  });
  const plain = `port: ${cabin.clear} }`;
  const secured = `port: ${cabin.clear}, websocket_port: ${cabin.ws}, tls: { port: ${cabin.tls}, listen: [loopback] } }`;
  return { ...files, 'inventory/topology.yaml': (files['inventory/topology.yaml'] ?? '').replace(plain, secured) };
}

const settingsOf = (env: Environment = {}): Settings => readSettings({ HOMELAB_ROOT: root, HOMELAB_INVENTORY: root, NODE_NAME: 'lab', ...env });
/** As a person at the hub. */
const anna = (env: Environment = {}): Settings =>
  settingsOf({
    HOMELAB_BROKER_URL: urlOf('hub'),
    HOMELAB_BROKER_CA: join(root, 'tls/ca.pem'),
    HOMELAB_CREDENTIALS: credentials,
    HOMELAB_LOGIN: 'anna',
    ...env,
  });
const urlOf = (site: Site, host = 'localhost'): string => `mqtts://${host}:${ports[site].tls}`;

async function startSite(site: Site, inventory: string): Promise<void> {
  const directory = join(root, site);
  mkdirSync(directory);
  const paths = { acl: join(directory, 'acl.conf'), passwords: join(directory, 'passwd'), tls: `${directory}/`, data: `${directory}/` };
  const generated = siteFiles(siteBroker(await readTree(inventory), site, topicRoot), paths);
  writeFileSync(paths.acl, generated.get('acl.conf') ?? '');
  await credsMosquitto(settingsOf({ HOMELAB_INVENTORY: inventory }), capturedOutput(), site, { write: paths.passwords });
  for (const [made, wanted] of [
    ['server-localhost.pem', 'server.pem'],
    ['server-localhost-key.pem', 'server-key.pem'],
  ] as const)
    copyFileSync(join(root, 'tls', made), join(directory, wanted));
  brokers.push(await startMosquitto({ complete: generated.get('mosquitto.conf') ?? '', port: ports[site].tls, dataDir: directory }));
}

/** An authority, a certificate for `localhost` and nothing else, and passwords of everybody in one file; they are the same for both brokers. */
async function makeCredentials(inventory: string): Promise<void> {
  const settings = settingsOf({ HOMELAB_INVENTORY: inventory });
  credsCa(settings, capturedOutput());
  credsCertificate(settings, capturedOutput(), ['localhost']);
  const said = capturedOutput({ json: true });
  await credsAdd(settings, said, 'anna', {}, () => Promise.resolve(''));
  writeFileSync(credentials, `anna: ${(said.values[0] as { readonly password: string }).password}\n`, { mode: 0o600 });
  for (const node of ['vps', 'cabin-1']) await credsActors(settings, capturedOutput(), node, { write: credentials });
}

const portsOf = async (): Promise<Ports> => ({ clear: await freePort(), tls: await freePort(), ws: await freePort(), wss: await freePort() });

describe.skipIf(!haveMosquitto())('mosquittos with TLS from the topology', () => {
  beforeAll(async () => {
    buildBundle();
    root = mkdtempSync(join(tmpdir(), 'broker-config-tls-'));
    credentials = join(root, 'credentials.yaml');
    ports = { hub: await portsOf(), cabin: await portsOf() };
    const inventory = writeFiles(declared());
    directories.push(root, inventory);
    await makeCredentials(inventory);
    for (const site of ['hub', 'cabin'] as const) await startSite(site, inventory);
  }, 60_000);
  afterAll(async () => {
    await Promise.all(brokers.map((broker) => broker.stop()));
    for (const directory of directories) rmSync(directory, { recursive: true, force: true });
  });

  it('let a command, actors and the bridge in by name, with the authority that HOMELAB_BROKER_CA names', async () => {
    const machine = new Machine({
      HOMELAB_BROKER_URL: urlOf('cabin'),
      HOMELAB_UPSTREAM_URL: urlOf('hub'),
      HOMELAB_BROKER_CA: join(root, 'tls/ca.pem'),
      HOMELAB_CREDENTIALS: credentials,
      HOMELAB_SITE: 'cabin',
      NODE_NAME: 'cabin-1',
    });
    try {
      const running = machine.start('run', 'bridge', 'observer');
      // Brought by the bridge: nobody of the cabin is at the hub but it.
      const isThere = async (): Promise<boolean> => {
        const out = capturedOutput({ json: true });
        await status(anna(), out);
        const [{ links, actors }] = out.values as readonly [Seen];
        return (
          links.some(({ site, status: is }) => site === 'cabin' && is === 'up') && actors.some(({ actor, node }) => actor === 'observer' && node === 'cabin-1')
        );
      };
      await waitFor('the link and the observer of the cabin to be up at the hub', isThere, { deadlineMs: 30_000, state: () => running.log.slice(-1_500) });
    } finally {
      await machine.dispose();
    }
  }, 60_000);

  it('are refused by who trusts another authority, or reaches them by another name, and the error says what to do', async () => {
    const other = join(root, 'other-ca.pem');
    writeFileSync(other, makeAuthority('another', Date.now()).cert);
    await expect(status(anna({ HOMELAB_BROKER_CA: other }), capturedOutput())).rejects.toThrow(
      /^cannot trust the broker at mqtts:\/\/localhost:\d+: .*HOMELAB_BROKER_CA must name the ca\.pem .* not signed by the authority in .*other-ca\.pem$/,
    );
    await expect(status(anna({ HOMELAB_BROKER_CA: '' }), capturedOutput())).rejects.toThrow(
      /HOMELAB_BROKER_CA must name .* no public authority signed its certificate$/,
    );
    await expect(status(anna({ HOMELAB_BROKER_URL: urlOf('hub', '127.0.0.1') }), capturedOutput())).rejects.toThrow(
      /altnames.*make a certificate with this name too, where its authority is: homelab creds certificate <host…>$/,
    );
    const clear = `mqtts://localhost:${ports.cabin.clear}`;
    await expect(status(anna({ HOMELAB_BROKER_URL: clear }), capturedOutput())).rejects.toThrow(/cannot (reach|trust) the broker/);
  });

  it('are looked at by the doctor: what their certificate says and until when it holds, and why it is refused', async () => {
    const look = async (env: Environment): Promise<readonly Finding[]> => {
      const out = capturedOutput({ json: true });
      await doctor(anna({ DOCKER_HOST: `unix://${root}/none.sock`, ...env }), out);
      return (out.values as readonly Finding[]).filter(({ name }) =>
        ['broker certificate', 'broker connection', 'broker round trip', 'broker retained'].includes(name),
      );
    };
    const [certificate, ...others] = await look({});
    expect(certificate).toMatchObject({
      name: 'broker certificate',
      level: 'ok',
      found: expect.stringMatching(/DNS:localhost\) ends on \d{4}-\d\d-\d\d, in 729 days/),
    });
    expect(others.map(({ level }) => level)).toEqual(['ok', 'ok', 'ok']);
    const other = join(root, 'other-ca.pem');
    writeFileSync(other, makeAuthority('another', Date.now()).cert);
    expect((await look({ HOMELAB_BROKER_CA: other })).at(-1)).toMatchObject({
      name: 'broker connection',
      level: 'error',
      mend: expect.stringMatching(/^export HOMELAB_BROKER_CA=ca\.pem /),
    });
  });

  it('speak WebSocket with TLS to who trusts them and knows a password', async () => {
    const password = anna().passwords['anna'] ?? '';
    const options = { protocolVersion: 4, reconnectPeriod: 0, username: 'anna', password, ca: readFileSync(join(root, 'tls/ca.pem')) } as const;
    const url = `wss://localhost:${ports.hub.wss}`;
    const client = await mqtt.connectAsync(url, options);
    const heard = new Promise<string>((resolve) => {
      client.once('message', (_topic, payload) => resolve(payload.toString()));
    });
    await client.subscribeAsync(`${topicRoot}/probes/anna`, { qos: 1 });
    await client.publishAsync(`${topicRoot}/probes/anna`, 'over a web socket', { qos: 1 });
    expect(await heard).toBe('over a web socket');
    await client.endAsync(true);
    await expect(mqtt.connectAsync(url, { ...options, password: 'wrong' })).rejects.toThrow(/not authori[sz]ed/i);
    await expect(mqtt.connectAsync(url, { ...options, ca: makeAuthority('another', Date.now()).cert })).rejects.toThrow(/certificate/);
    await expect(mqtt.connectAsync(`wss://127.0.0.1:${ports.hub.wss}`, options)).rejects.toThrow(/altnames/);
  });

  it('listen where the topology says and nowhere else, over WebSocket too', async () => {
    const reached = (host: string, port: number): Promise<boolean> =>
      new Promise((resolve) => {
        const socket = connect({ host, port });
        socket
          .once('connect', () => resolve(true))
          .once('error', () => resolve(false))
          .once('close', () => socket.destroy());
        socket.once('connect', () => socket.destroy());
      });
    const { hub, cabin } = ports;
    const doors = [hub.tls, hub.wss, cabin.clear, cabin.tls, cabin.ws];
    expect(await Promise.all(doors.map((port) => reached('127.0.0.1', port)))).toEqual(doors.map(() => true));
    // Another address of this machine: whoever listens everywhere answers there.
    expect(await Promise.all(doors.map((port) => reached('127.0.0.2', port)))).toEqual(doors.map(() => false));
    expect(await reached('127.0.0.1', hub.clear)).toBe(false);
  });
});
