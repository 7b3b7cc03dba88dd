/** `homelab broker`, and the broker that `homelab up` brings, as processes: where they listen, who gets in, what they refuse to do, and how they end. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import mqtt from 'mqtt';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Transport } from '../../bus/link.ts';
import { silentLog } from '../../bus/log.ts';
import { createMqttTransport } from '../../bus/mqtt-link.ts';
import { type Certificate, haveOpenssl, makeCertificate } from '../kit/certificate.ts';
import { TestClient, transportTo } from '../kit/conformance-brokers.ts';
import { waitFor } from '../kit/wait.ts';

const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
let root: string;
const running: Run[] = [];
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'broker-command-'));
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((run) => run.stop()));
  rmSync(root, { recursive: true, force: true });
});

interface Run {
  readonly said: () => string;
  stop(): Promise<number | null>;
  readonly ended: Promise<number | null>;
}
function homelab(args: readonly string[], env: Readonly<Record<string, string>> = {}): Run {
  const child = spawn(process.execPath, ['--import', 'tsx', main, ...args], {
    env: {
      PATH: process.env['PATH'],
      HOMELAB_ROOT: root,
      HOMELAB_INVENTORY: root,
      HOMELAB_LOG_LEVEL: 'error',
      NODE_NAME: 'lab',
      DOCKER_HOST: `unix://${root}/none.sock`,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const ended = once(child, 'close').then(() => child.exitCode);
  const run: Run = {
    said: () => output,
    ended,
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
  running.push(run);
  return run;
}
/** The ports that a process says it listens on, in the order of the pattern's groups. */
async function portsOf(run: Run, pattern: RegExp): Promise<readonly number[]> {
  await waitFor('the broker to say where it listens', () => pattern.test(run.said()), { deadlineMs: 30_000, state: run.said });
  return (pattern.exec(run.said()) ?? []).slice(1).map(Number);
}

it('listens on TCP and WebSocket, says where, keeps what is retained, and ends cleanly on SIGTERM', async () => {
  for (const expected of [[], ['kept']]) {
    const run = homelab(['broker', '--port', '0', '--ws-port', '0']);
    const [port] = await portsOf(run, /mqtt:\/\/127\.0\.0\.1:(\d+), ws:\/\/127\.0\.0\.1:\d+/);
    const client = await TestClient.connect(transportTo(`mqtt://127.0.0.1:${port}`), { clientId: 'one' });
    await client.link.subscribe(['#']);
    await client.link.publish('fence', 'fence', { retain: false });
    await client.until('fence');
    expect(client.texts.slice(0, -1)).toEqual(expected);
    await client.link.publish('document', 'kept', { retain: true });
    await client.link.publish('homelab/actions/approved/bob', 'next', { retain: true });
    expect(await run.stop()).toBe(0);
  }
});

describe.skipIf(!haveOpenssl())('on every address, with passwords, TLS and WebSocket', () => {
  let certificate: Certificate;
  let logins: string;
  beforeEach(() => {
    certificate = makeCertificate(root);
    logins = join(root, 'credentials.yaml');
    writeFileSync(logins, 'anna: secret\n');
  });
  const addresses = /mqtt:\/\/0\.0\.0\.0:\d+, mqtts:\/\/0\.0\.0\.0:(\d+), ws:\/\/0\.0\.0\.0:(\d+)/;
  const anna = { clientId: 'anna', username: 'anna', password: 'secret' };
  const overTls = (port: number | undefined): Transport =>
    createMqttTransport({ urls: [`mqtts://127.0.0.1:${port}`], tls: { ca: certificate.cert }, log: silentLog });

  async function usableByAnnaOnly(run: Run): Promise<TestClient> {
    const [tlsPort, webSocketPort] = await portsOf(run, addresses);
    for (const stranger of [{ clientId: 'x' }, { ...anna, password: 'wrong' }, { ...anna, username: 'observer-lab' }])
      await expect(TestClient.connect(overTls(tlsPort), stranger)).rejects.toThrow(/bad username or password/i);
    const client = await TestClient.connect(overTls(tlsPort), anna);
    await client.link.subscribe(['from/browser', 'homelab/actors/#', 'homelab/actions/#']);
    const url = `ws://127.0.0.1:${webSocketPort}`;
    await expect(mqtt.connectAsync(url, { protocolVersion: 4, reconnectPeriod: 0 })).rejects.toThrow(/bad username or password/i);
    const browser = await mqtt.connectAsync(url, { ...anna, clientId: 'browser', protocolVersion: 4, reconnectPeriod: 0 });
    await browser.publishAsync('homelab/actions/approved/bob', 'forged', { qos: 1 });
    await browser.publishAsync('from/browser', 'hello', { qos: 1 });
    await client.until('hello');
    await browser.endAsync();
    expect(client.texts).not.toContain('forged');
    return client;
  }

  it('homelab broker lets in who knows a password', async () => {
    const { certFile, keyFile } = certificate;
    const options = ['--host', '0.0.0.0', '--port', '0', '--tls-port', '0', '--tls-cert', certFile, '--tls-key', keyFile, '--ws-port', '0'];
    const run = homelab(['broker', ...options], { HOMELAB_CREDENTIALS: logins });
    await (await usableByAnnaOnly(run)).link.close();
    expect(await run.stop()).toBe(0);
  });

  it('homelab up does the same, by variables and options, and its own actors need no line in the file of logins', async () => {
    const variables = { HOMELAB_BROKER_HOST: '0.0.0.0', HOMELAB_BROKER_TLS_CERT: certificate.certFile, HOMELAB_BROKER_TLS_KEY: certificate.keyFile };
    const run = homelab(['up', '--port', '0', '--tls-port', '0', '--ws-port', '0'], {
      ...variables,
      // The option wins: nobody may listen there without being root.
      HOMELAB_BROKER_WS_PORT: '1',
      HOMELAB_CREDENTIALS: logins,
    });
    const client = await usableByAnnaOnly(run);
    for (const actor of ['observer', 'ledger', 'node-agent'])
      await waitFor(
        `the ${actor} to be online`,
        () => client.seen.some(({ topic, text }) => topic === `homelab/actors/lab/${actor}` && text.includes('"online"')),
        {
          emitter: client,
        },
      );
    await client.link.close();
    expect(run.said()).toMatch(/export HOMELAB_BROKER_URL=mqtt:\/\/127\.0\.0\.1:\d+/);
    expect(await run.stop()).toBe(0);
  });
});

it('refuses to listen to the network without passwords, and options that mean nothing', async () => {
  const cases: readonly (readonly [string, readonly string[], Readonly<Record<string, string>>])[] = [
    ['HOMELAB_CREDENTIALS', ['broker', '--host', '0.0.0.0', '--port', '0'], {}],
    ['HOMELAB_CREDENTIALS', ['up', '--port', '0'], { HOMELAB_BROKER_HOST: '::' }],
    ['--tls-cert, --ws-port: HOMELAB_BROKER_URL', ['up', '--ws-port', '0', '--tls-cert', 'x'], { HOMELAB_BROKER_URL: 'mqtt://127.0.0.1:1' }],
  ];
  const runs = cases.map(([, args, env]) => homelab(args, env));
  expect(await Promise.all(runs.map((run) => run.ended))).toEqual([2, 2, 2]);
  for (const [at, [expected]] of cases.entries()) expect(runs[at]?.said()).toContain(expected);
});
