/** `mqtts://`: the certificate is checked, and everything else is as over TCP. Needs the `openssl` program to make a certificate. */
import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it } from 'vitest';
import { startBroker } from '../../bus/broker.ts';
import { silentLog } from '../../bus/log.ts';
import { createMqttTransport } from '../../bus/mqtt-link.ts';
import { TestClient } from '../kit/conformance-brokers.ts';

const haveOpenssl = spawnSync('openssl', ['version']).status === 0;
if (!haveOpenssl && process.env['CI']) throw new Error('openssl is not installed, and CI must not skip its tests (Debian: apt-get install openssl)');

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** The embedded broker behind TLS with a certificate of its own for `localhost`. */
async function tlsBroker(): Promise<{ url: string; ca: Buffer }> {
  const directory = mkdtempSync(join(tmpdir(), 'tls-'));
  closers.push(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  const [keyFile, certFile] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2', '-subj', '/CN=localhost'];
  execFileSync('openssl', [...request, '-addext', 'subjectAltName=DNS:localhost', '-keyout', keyFile, '-out', certFile], { stdio: 'ignore' });
  const broker = await startBroker({ host: '127.0.0.1', port: 0, dataDir: null, log: silentLog });
  closers.push(() => broker.close());
  const server = createServer({ key: readFileSync(keyFile), cert: readFileSync(certFile) }, (socket: TLSSocket) => {
    const inner = connect({ host: '127.0.0.1', port: broker.port });
    socket.pipe(inner).pipe(socket);
    for (const each of [socket, inner]) each.on('error', () => undefined);
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, 'localhost');
  await once(server, 'listening');
  closers.push(() => {
    server.close();
  });
  const address = server.address();
  return { url: `mqtts://localhost:${typeof address === 'object' && address !== null ? address.port : 0}`, ca: readFileSync(certFile) };
}

describe.skipIf(!haveOpenssl)('a broker behind TLS', () => {
  it('is spoken to when its certificate is trusted', async () => {
    const { url, ca } = await tlsBroker();
    const one = await TestClient.connect(createMqttTransport({ urls: [url], tls: { ca }, log: silentLog }), { clientId: 'one' });
    await one.link.subscribe(['t']);
    await one.link.publish('t', 'hello', { retain: false });
    await one.until('hello');
    await one.link.close();
    expect(one.closings).toEqual([null]);
  });

  it('is refused when its certificate is not', async () => {
    const { url } = await tlsBroker();
    const transport = createMqttTransport({ urls: [url], log: silentLog });
    await expect(TestClient.connect(transport, { clientId: 'one' })).rejects.toThrow(/self-signed certificate/);
  });
});
