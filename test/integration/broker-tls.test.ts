/** `mqtts://` and `ws://`: the certificate is checked, and everything else is as over TCP. Needs the `openssl` program to make a certificate. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import mqtt from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { type Broker, startBroker } from '../../bus/broker.ts';
import { BrokerTlsError } from '../../bus/broker-listeners.ts';
import { silentLog } from '../../bus/log.ts';
import { createMqttTransport } from '../../bus/mqtt-link.ts';
import { brokerListeners } from '../../cli/broker-options.ts';
import { credsAdd } from '../../cli/commands/creds.ts';
import { credsCa, credsCertificate } from '../../cli/commands/creds-files.ts';
import { makeAuthority } from '../../cli/creds/certificate.ts';
import { embeddedBroker } from '../../cli/embedded-broker.ts';
import { readSettings } from '../../cli/settings.ts';
import { capturedOutput } from '../kit/captured-output.ts';
import { haveOpenssl, makeCertificate } from '../kit/certificate.ts';
import { TestClient, transportTo } from '../kit/conformance-brokers.ts';
import { haveMosquitto } from '../kit/mosquitto.ts';
import { waitFor } from '../kit/wait.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** The embedded broker with TLS, on a certificate of its own for `localhost`. */
async function tlsBroker(): Promise<{ broker: Broker; url: string; ca: Buffer }> {
  const directory = mkdtempSync(join(tmpdir(), 'tls-'));
  closers.push(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  const { cert, key } = makeCertificate(directory);
  const broker = await startBroker({ host: 'localhost', port: 0, dataDir: null, tls: { port: 0, cert, key }, webSocketPort: 0, log: silentLog });
  closers.push(() => broker.close());
  return { broker, url: `mqtts://localhost:${broker.tlsPort}`, ca: cert };
}

describe.skipIf(!haveOpenssl())('a broker with TLS', () => {
  it('is spoken to when its certificate is trusted, and is the same one that listens without', async () => {
    const { broker, url, ca } = await tlsBroker();
    const one = await TestClient.connect(createMqttTransport({ urls: [url], tls: { ca }, log: silentLog }), { clientId: 'one' });
    const two = await TestClient.connect(transportTo(`mqtt://localhost:${broker.port}`), { clientId: 'two' });
    await one.link.subscribe(['t']);
    await two.link.publish('t', 'hello', { retain: false });
    await one.until('hello');
    await one.link.close();
    expect(one.closings).toEqual([null]);
    expect(Number(broker.figures()['bytes/received'])).toBeGreaterThan(50);
  });

  it('is refused when its certificate is not', async () => {
    const { url } = await tlsBroker();
    const transport = createMqttTransport({ urls: [url], log: silentLog });
    await expect(TestClient.connect(transport, { clientId: 'one' })).rejects.toThrow(/self-signed certificate/);
  });

  it('goes on after somebody spoke plain MQTT to the TLS port', async () => {
    const { broker, url, ca } = await tlsBroker();
    await expect(TestClient.connect(transportTo(`mqtt://localhost:${broker.tlsPort}`), { clientId: 'plain' })).rejects.toThrow();
    const one = await TestClient.connect(createMqttTransport({ urls: [url], tls: { ca }, log: silentLog }), { clientId: 'one' });
    await one.link.close();
  });
});

describe('the built-in broker, by its settings', () => {
  it.skipIf(!haveMosquitto())('has TLS and WebSocket for whoever trusts the authority of homelab creds, in clear for its own machine only', async () => {
    const root = mkdtempSync(join(tmpdir(), 'tls-settings-'));
    closers.push(() => {
      rmSync(root, { recursive: true, force: true });
    });
    const bare = readSettings({ HOMELAB_ROOT: root, HOMELAB_INVENTORY: root, NODE_NAME: 'lab' });
    const said = capturedOutput({ json: true });
    await credsAdd(bare, said, 'anna', {}, () => Promise.resolve(''));
    const [{ password }] = said.values as readonly [{ readonly password: string }];
    credsCa(bare, capturedOutput());
    credsCertificate(bare, capturedOutput(), ['localhost']);
    const [cert, key, caFile] = ['server-localhost.pem', 'server-localhost-key.pem', 'ca.pem'].map((name) => join(root, 'tls', name)) as [
      string,
      string,
      string,
    ];
    // Two addresses of this machine stand for loopback and the network.
    const env = { HOMELAB_BROKER_TLS_CERT: cert, HOMELAB_BROKER_TLS_KEY: key, HOMELAB_BROKER_TLS_HOST: '0.0.0.0', HOMELAB_BROKER_HOST: '127.0.0.2' };
    const settings = readSettings({ HOMELAB_ROOT: root, HOMELAB_INVENTORY: root, NODE_NAME: 'lab', ...env });
    const listeners = brokerListeners(settings, { port: '0', tlsPort: '0', wssPort: '0' });
    const broker = await embeddedBroker(settings, silentLog, { listeners, advice: '' });
    closers.push(() => broker.close());

    const topic = 'homelab/probes/anna';
    const args = ['-h', 'localhost', '-p', String(broker.tlsPort), '-u', 'anna', '-P', password, '-t', topic, '-C', '1', '-W', '10'];
    const subscriber = promisify(execFile)('mosquitto_sub', [...args, '--cafile', caFile]);
    const options = { protocolVersion: 4, reconnectPeriod: 0, username: 'anna', password, ca: readFileSync(caFile) } as const;
    const url = `wss://localhost:${broker.tlsWebSocketPort}`;
    const browser = await mqtt.connectAsync(url, options);
    closers.push(() => browser.endAsync(true));
    // Until it has subscribed; one of them is enough.
    const saying = setInterval(() => browser.publish(topic, 'over a web socket', { qos: 1 }), 50);
    closers.push(() => clearInterval(saying));
    expect((await subscriber).stdout).toBe('over a web socket\n');
    clearInterval(saying);

    const [other, otherFile] = [makeAuthority('another', Date.now()).cert, join(root, 'other.pem')];
    writeFileSync(otherFile, other);
    await expect(promisify(execFile)('mosquitto_sub', [...args, '--cafile', otherFile])).rejects.toMatchObject({ stderr: expect.stringMatching(/TLS error/) });
    await expect(mqtt.connectAsync(url, { ...options, ca: other })).rejects.toThrow(/certificate/);
    await expect(mqtt.connectAsync(url, { ...options, password: 'wrong' })).rejects.toThrow(/bad username or password/i);
    const anna = { clientId: 'anna', username: 'anna', password };
    await expect(TestClient.connect(transportTo(`mqtt://127.0.0.1:${broker.port}`), anna)).rejects.toThrow(/ECONNREFUSED/);
    const near = await TestClient.connect(transportTo(`mqtt://127.0.0.2:${broker.port}`), anna);
    await near.link.close();
  });
});

it('a certificate that is none is named in the error, and nothing listens', async () => {
  const failure = startBroker({ host: '127.0.0.1', port: 0, dataDir: null, tls: { port: 0, cert: 'nonsense', key: 'nonsense' }, log: silentLog });
  await expect(failure).rejects.toBeInstanceOf(BrokerTlsError);
});

describe('a broker with WebSocket', () => {
  async function webSocketBroker(): Promise<{ broker: Broker; url: string }> {
    const broker = await startBroker({ host: '127.0.0.1', port: 0, dataDir: null, webSocketPort: 0, limits: { packetBytesMax: 500_000 }, log: silentLog });
    closers.push(() => broker.close());
    return { broker, url: `ws://127.0.0.1:${broker.webSocketPort}` };
  }

  it('carries messages of 250 kB to and from clients of the other listeners', async () => {
    const { broker, url } = await webSocketBroker();
    const browser = await mqtt.connectAsync(url, { protocolVersion: 4, reconnectPeriod: 0 });
    closers.push(() => browser.endAsync(true));
    await browser.subscribeAsync('to/browser', { qos: 1 });
    const other = await TestClient.connect(transportTo(`mqtt://127.0.0.1:${broker.port}`), { clientId: 'other' });
    await other.link.subscribe(['from/browser']);
    const received: string[] = [];
    browser.on('message', (_topic, payload) => received.push(payload.toString()));
    const large = 'x'.repeat(250_000);
    await browser.publishAsync('from/browser', large, { qos: 1 });
    await other.until(large);
    await other.link.publish('to/browser', large, { retain: false });
    await waitFor('the message in the browser', () => received[0] === large);
  });

  it('closes what is no MQTT, answers a web browser in words, and goes on', async () => {
    const { broker, url } = await webSocketBroker();
    const nonsense = new WebSocket(url, 'mqtt');
    await once(nonsense, 'open');
    nonsense.send('GET / HTTP/1.1');
    await once(nonsense, 'close');
    const status = await new Promise<number | undefined>((resolve) => {
      get(url.replace('ws', 'http'), (response) => {
        response.resume();
        resolve(response.statusCode);
      });
    });
    expect(status).toBe(426);
    await waitFor('the connection to be forgotten', () => broker.figures()['limits/connections/open'] === 0);
    const browser = await mqtt.connectAsync(url, { protocolVersion: 4, reconnectPeriod: 0 });
    await browser.endAsync(true);
  });
});
