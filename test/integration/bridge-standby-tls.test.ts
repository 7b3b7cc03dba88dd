/** The standby of a site whose broker is TLS only: real certificates of `homelab creds`, both brokers as the program opens them, and a client that moves from one to the other. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createLog } from '../../bus/log.ts';
import { bridgeOptions } from '../../cli/bridge-options.ts';
import { brokerListeners } from '../../cli/broker-options.ts';
import { transportTo } from '../../cli/broker-transport.ts';
import { credsCa, credsCertificate } from '../../cli/commands/creds-files.ts';
import { embeddedBroker } from '../../cli/embedded-broker.ts';
import { readSettings, type Settings } from '../../cli/settings.ts';
import { capturedOutput } from '../kit/captured-output.ts';
import { transportTo as plainTo, TestClient } from '../kit/conformance-brokers.ts';
import { freePort } from '../kit/mosquitto.ts';

const closers: (() => unknown)[] = [];
let root: string;
const lines: string[] = [];
const log = createLog({ level: 'info', destination: { write: (line) => lines.push(line) } });
const password = 'a password for tests';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'standby-tls-'));
  lines.length = 0;
  closers.push(() => {
    rmSync(root, { recursive: true, force: true });
  });
  writeFileSync(join(root, 'credentials.yaml'), `bridge-edge: ${password}\nnode-agent-edge-2: ${password}\n`);
  const settings = readSettings({ HOMELAB_ROOT: root });
  credsCa(settings, capturedOutput());
  credsCertificate(settings, capturedOutput(), ['localhost']);
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function settingsOf({ isCertified = true } = {}): Promise<Settings> {
  const certificate = { HOMELAB_BROKER_TLS_CERT: join(root, 'tls/server-localhost.pem'), HOMELAB_BROKER_TLS_KEY: join(root, 'tls/server-localhost-key.pem') };
  return readSettings({
    ...{ HOMELAB_ROOT: root, NODE_NAME: 'edge', HOMELAB_SITE: 'cabin', HOMELAB_UPSTREAM_URL: 'mqtts://hub.example.org' },
    ...{ HOMELAB_CREDENTIALS: join(root, 'credentials.yaml'), HOMELAB_BROKER_CA: join(root, 'tls/ca.pem'), HOMELAB_BROKER_HOST: '0.0.0.0' },
    ...{ HOMELAB_STANDBY_PORT: String(await freePort()), HOMELAB_STANDBY_TLS_PORT: String(await freePort()) },
    ...(isCertified ? certificate : {}),
  });
}
async function enter(transport: Parameters<typeof TestClient.connect>[0], clientId: string): Promise<TestClient> {
  const client = await TestClient.connect(transport, { clientId, username: 'node-agent-edge-2', password });
  closers.push(() => client.link.close());
  return client;
}

it('has its certificate: clients move there by TLS and check its name, and in clear it is reached on this machine only', async () => {
  const settings = await settingsOf();
  const site = await embeddedBroker(settings, log, { advice: '', listeners: brokerListeners(settings, { host: '127.0.0.1', port: '0', tlsPort: '0' }) });
  closers.push(() => site.close());
  const urls = [`mqtts://localhost:${site.tlsPort}`, `mqtts://localhost:${settings.standbyTlsPort}`];
  const { transports, ports } = bridgeOptions({ settings, brokerUrls: urls, log });
  const { standby } = ports;
  if (standby === null) throw new Error('expected a standby');
  closers.push(() => standby.close());
  const client = await enter(transportTo(settings, urls, log), 'client');
  await site.close();
  await client.closed();
  await expect(enter(transportTo(settings, urls, log), 'early')).rejects.toThrow();
  await standby.open();
  const moved = await enter(transportTo(settings, urls, log), 'client');
  await moved.link.subscribe(['homelab/#']);
  const bridge = await TestClient.connect(transports.near, { clientId: 'bridge', username: 'bridge-edge', password });
  closers.push(() => bridge.link.close());
  await bridge.link.publish('homelab/desired/edge-2', 'from the bridge', { retain: true });
  await moved.until('from the bridge');
  await expect(enter(transportTo(settings, [`mqtts://127.0.0.1:${settings.standbyTlsPort}`], log), 'other name')).rejects.toThrow(/certificate/);
  await enter(plainTo(`mqtt://127.0.0.1:${settings.standbyPort}`), 'in clear');
  await expect(enter(plainTo(`mqtt://127.0.0.2:${settings.standbyPort}`), 'from elsewhere')).rejects.toThrow(/ECONNREFUSED/);
  expect(lines.join('')).not.toContain('has no certificate');
});

it('has none: the bridge says so once, and it opens for this machine only', async () => {
  const settings = await settingsOf({ isCertified: false });
  const { ports } = bridgeOptions({ settings, brokerUrls: ['mqtts://localhost:8883'], log });
  closers.push(() => ports.standby?.close());
  expect(lines.filter((line) => line.includes('its standby'))).toHaveLength(1);
  await ports.standby?.open();
  await enter(plainTo(`mqtt://127.0.0.1:${settings.standbyPort}`), 'in clear');
  await expect(enter(plainTo(`mqtt://127.0.0.2:${settings.standbyPort}`), 'from elsewhere')).rejects.toThrow(/ECONNREFUSED/);
});
