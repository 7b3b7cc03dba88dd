import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type BrokerCommandOptions, brokerListeners, givenOf } from './broker-options.ts';
import { readSettings } from './settings.ts';

const scratch = mkdtempSync(join(tmpdir(), 'broker-options-'));
afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
});
const file = (name: string, text: string): string => {
  writeFileSync(join(scratch, name), text);
  return join(scratch, name);
};
const logins = { HOMELAB_CREDENTIALS: file('logins.yaml', 'anna: secret\n') };
const listen = (env: Readonly<Record<string, string>>, options: BrokerCommandOptions = {}) => brokerListeners(readSettings(env), options);

describe('where the built-in broker listens', () => {
  it('is 127.0.0.1 and TCP when nothing is said', () => {
    expect(listen({})).toEqual({ host: '127.0.0.1', port: 1883 });
  });

  it('is what the environment says, and an option overrides it', () => {
    const [cert, key] = [file('cert.pem', 'C'), file('key.pem', 'K')];
    const env = { HOMELAB_BROKER_PORT: '2883', HOMELAB_BROKER_WS_PORT: '9001', HOMELAB_BROKER_TLS_CERT: cert, HOMELAB_BROKER_TLS_KEY: key };
    expect(listen(env)).toEqual({ host: '127.0.0.1', port: 2883, webSocketPort: 9001, tls: { port: 8883, cert: Buffer.from('C'), key: Buffer.from('K') } });
    const options = { host: '::1', port: '0', wsPort: '0', tlsPort: '9999', tlsCert: file('other.pem', 'O') };
    expect(listen(env, options)).toEqual({ host: '::1', port: 0, webSocketPort: 0, tls: { port: 9999, cert: Buffer.from('O'), key: Buffer.from('K') } });
  });

  it('is with TLS another address where that is said, and WebSocket with TLS where a port is', () => {
    const env = { ...logins, HOMELAB_BROKER_TLS_CERT: file('cert.pem', 'C'), HOMELAB_BROKER_TLS_KEY: file('key.pem', 'K'), HOMELAB_BROKER_TLS_HOST: '0.0.0.0' };
    const { host, tls } = listen({ ...env, HOMELAB_BROKER_WSS_PORT: '9443' });
    expect([host, tls?.host, tls?.port, tls?.webSocketPort]).toEqual(['127.0.0.1', '0.0.0.0', 8883, 9443]);
    expect(listen(env, { tlsHost: '192.0.2.1', wssPort: '0' }).tls).toMatchObject({ host: '192.0.2.1', webSocketPort: 0 });
    expect(() => listen({ ...env, HOMELAB_CREDENTIALS: '' })).toThrow(/listening on 0\.0\.0\.0 without passwords/);
  });

  it.each(['0.0.0.0', '::', '192.0.2.1', 'hub.example', '127.evil.example', ''])('is never the network (%s) without passwords', (host) => {
    expect(() => listen({}, { host })).toThrow(/HOMELAB_CREDENTIALS/);
    expect(listen(logins, { host }).host).toBe(host);
  });

  it.each(['localhost', '127.0.0.1', '127.1.2.3', '::1'])('may be this machine (%s) without any', (host) => {
    expect(listen({ HOMELAB_BROKER_HOST: host }).host).toBe(host);
  });

  it.each([
    [{ tlsCert: 'cert.pem' }, '--tls-key'],
    [{ tlsKey: 'key.pem' }, '--tls-cert'],
    [{ tlsCert: '/nowhere/cert.pem', tlsKey: '/nowhere/key.pem' }, '/nowhere/cert.pem'],
    [{ port: 'mqtt' }, '--port "mqtt"'],
    [{ port: '65536' }, '--port'],
    [{ wsPort: '' }, '--ws-port ""'],
    [{ wsPort: '-1' }, '--ws-port'],
    [{ wssPort: '9443' }, '--wss-port, HOMELAB_BROKER_WSS_PORT) needs a certificate'],
    [{ tlsHost: '0.0.0.0' }, 'nothing has TLS'],
  ])('cannot be %j, and the error names %s', (options, named) => {
    expect(() => listen({}, options)).toThrow(named);
  });

  it('says which options were given', () => {
    expect(givenOf({})).toEqual([]);
    expect(givenOf({ wsPort: '1', tlsCert: 'x', host: 'y' })).toEqual(['--host', '--tls-cert', '--ws-port']);
  });
});
