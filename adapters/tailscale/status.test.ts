/** tailscaled's local API, on a stand-in that answers on a unix socket with the shapes of ipn/ipnstate. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TailnetReading } from '../../actors/stability-agent/ports.ts';
import { createTailscale } from './status.ts';

const self = { HostName: 'piha', DNSName: 'piha.example-tailnet.ts.net.', OS: 'linux', TailscaleIPs: ['100.64.0.1'], Online: true };
const status = {
  Version: '1.80.0',
  TUN: true,
  BackendState: 'Running',
  AuthURL: '',
  Self: { ...self, KeyExpiry: '2026-09-01T10:00:00Z' },
  Health: [],
  MagicDNSSuffix: 'example-tailnet.ts.net',
  Peer: {
    'nodekey:1': { HostName: 'VPS', DNSName: 'vps.example-tailnet.ts.net.', Online: true, LastSeen: '0001-01-01T00:00:00Z' },
    'nodekey:2': { HostName: 'localhost', DNSName: 'phone-2.example-tailnet.ts.net.', Online: false },
  },
  User: {},
};

describe('tailscaled', () => {
  let directory: string;
  let socketPath: string;
  let server: Server | undefined;
  let asked: { readonly url: string | undefined; readonly host: string | undefined }[];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'ts-'));
    socketPath = join(directory, 'tailscaled.sock');
    asked = [];
  });
  afterEach(async () => {
    server?.closeAllConnections();
    await new Promise((resolve) => (server === undefined ? resolve(null) : server.close(resolve)));
    server = undefined;
    rmSync(directory, { recursive: true, force: true });
  });

  async function answering(listener: RequestListener): Promise<void> {
    server = createServer((request, response) => {
      asked.push({ url: request.url, host: request.headers.host });
      listener(request, response);
    });
    await new Promise<void>((resolve) => server?.listen(socketPath, resolve));
  }
  const says = (body: unknown): Promise<void> => answering((_, response) => response.end(typeof body === 'string' ? body : JSON.stringify(body)));
  const read = (withPeers = true): Promise<TailnetReading> => createTailscale({ socketPath, withPeers }).readTailnet();

  it('says whether it runs, when its key expires, and who is online, by both names', async () => {
    await says(status);
    expect(await read()).toEqual({
      state: 'answered',
      backend: 'Running',
      keyExpired: false,
      keyExpiresAtMs: Date.parse('2026-09-01T10:00:00Z'),
      peers: { piha: true, vps: true, localhost: false, 'phone-2': false },
    });
    expect(asked).toEqual([{ url: '/localapi/v0/status', host: 'local-tailscaled.sock' }]);
  });

  it.each([
    ['pi', true],
    ['pi-1', false],
    ['piha', true],
  ])('knows %s by its name on the tailnet, where two machines call themselves the same, and itself: online %s', async (name, online) => {
    const twins = {
      'nodekey:1': { HostName: 'pi', DNSName: 'pi.example-tailnet.ts.net.', Online: true },
      'nodekey:2': { HostName: 'pi', DNSName: 'pi-1.example-tailnet.ts.net.', Online: false },
    };
    await says({ ...status, Self: { ...self, Online: false }, Peer: twins });
    const reading = await read();
    expect(reading.state === 'answered' ? reading.peers[name] : null).toBe(online);
  });

  it('is not asked for peers that nobody wants to know of', async () => {
    await says({ ...status, Peer: undefined });
    expect(await read(false)).toMatchObject({ state: 'answered', peers: { piha: true } });
    expect(asked[0]?.url).toBe('/localapi/v0/status?peers=false');
  });

  it.each([
    ['a key that does not expire', { ...status, Self: self }, { keyExpiresAtMs: null, keyExpired: false }],
    ['the same from an older one', { ...status, Self: { ...self, KeyExpiry: null } }, { keyExpiresAtMs: null }],
    ['a key that has expired', { ...status, BackendState: 'NeedsLogin', Self: { ...self, Expired: true } }, { backend: 'NeedsLogin', keyExpired: true }],
    ['one that is not logged in', { BackendState: 'NoState', Self: null, Peer: null }, { backend: 'NoState', peers: {} }],
  ])('understands %s', async (_, body, reading) => {
    await says(body);
    expect(await read()).toMatchObject({ state: 'answered', ...reading });
  });

  it.each([
    ['no JSON', 'access denied'],
    ['another shape', { backend: 'Running' }],
    ['a list', []],
  ])('with an answer that is %s is unknown', async (_, body) => {
    await says(body);
    expect(await read()).toMatchObject({ state: 'unknown' });
  });

  it('that refuses to answer is unknown', async () => {
    await answering((_, response) => {
      response.writeHead(403).end('access denied\n');
    });
    expect(await read()).toEqual({ state: 'unknown', detail: 'HTTP 403: access denied' });
  });

  it('whose answer breaks off is silent', async () => {
    await answering((request, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{"BackendState":');
      setImmediate(() => request.socket.destroy());
    });
    expect(await read()).toMatchObject({ state: 'silent' });
  });

  it('without a socket is absent', async () => {
    expect(await read()).toEqual({ state: 'absent' });
  });

  it('behind a socket that nobody listens on is silent', async () => {
    // A file in its place refuses connections as the socket of a killed daemon does.
    writeFileSync(socketPath, '');
    expect(await read()).toMatchObject({ state: 'silent', detail: expect.stringMatching(/ECONNREFUSED|ENOTSOCK/) });
  });

  it.skipIf(process.getuid?.() === 0)('behind a socket that we may not use is unknown', async () => {
    await says(status);
    chmodSync(socketPath, 0o000);
    expect(await read()).toMatchObject({ state: 'unknown', detail: expect.stringContaining('EACCES') });
  });
});
