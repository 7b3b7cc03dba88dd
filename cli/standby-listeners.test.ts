/** Where the standby of a bridge listens, and what is said of it, by how the site's own broker is reached. */
import { describe, expect, it } from 'vitest';
import { checkStandby } from './doctor/standby.ts';
import { readSettings, type Settings } from './settings.ts';
import { standbyListeners, standbyUrl } from './standby-listeners.ts';

const settingsOf = (env: Readonly<Record<string, string>>): Settings => ({
  ...readSettings({ NODE_NAME: 'edge', HOMELAB_STANDBY_PORT: '1884', HOMELAB_ROOT: '/nowhere', ...env }),
  passwords: { 'bridge-edge': 'secret' },
});
const plain = 'mqtt://127.0.0.1:1883';
const secured = 'mqtts://anna:secret@edge:8883';
const network = { HOMELAB_BROKER_HOST: '192.0.2.7' };

describe('the standby of a bridge', () => {
  it.each([
    ['as the built-in broker would, where the site speaks in clear', network, plain, '192.0.2.7'],
    ['on this machine only, where the site has TLS', network, secured, '127.0.0.1'],
    ['on the address of this machine that was said', { HOMELAB_BROKER_HOST: '::1' }, secured, '::1'],
    ['on this machine where nothing was said', {}, plain, '127.0.0.1'],
  ])('listens in clear %s', (_, env, siteUrl, host) => {
    expect(standbyListeners(settingsOf(env), siteUrl)).toEqual({ host, port: 1884 });
  });

  it('is reached by the bridge on this machine', () => {
    const listeners = standbyListeners(settingsOf({ HOMELAB_BROKER_HOST: '::1' }), plain);
    expect(listeners === null ? null : standbyUrl(listeners)).toBe('mqtt://[::1]:1884');
  });

  it('is not there without a port, and not open to a network that nobody needs a password for', () => {
    expect(standbyListeners({ ...settingsOf(network), standbyPort: null }, plain)).toBeNull();
    expect(() => standbyListeners({ ...settingsOf(network), passwords: {} }, plain)).toThrow('without passwords');
  });

  it('names the file that is no certificate', () => {
    const env = { HOMELAB_BROKER_TLS_CERT: '/nowhere/server.pem', HOMELAB_BROKER_TLS_KEY: '/nowhere/server-key.pem' };
    expect(() => standbyListeners(settingsOf(env), secured)).toThrow('HOMELAB_BROKER_TLS_CERT=/nowhere/server.pem');
  });

  it('is warned of where the site has TLS and it has no certificate, without the password of the address', () => {
    const certified = { HOMELAB_BROKER_TLS_CERT: 'server.pem', HOMELAB_BROKER_TLS_KEY: 'server-key.pem' };
    const levels = [
      [settingsOf({}), secured],
      [settingsOf(certified), secured],
      [settingsOf(network), plain],
      [{ ...settingsOf({}), standbyPort: null }, secured],
    ] as const;
    expect(levels.map(([settings, siteUrl]) => checkStandby(settings, siteUrl).map(({ level }) => level))).toEqual([['warning'], ['ok'], ['ok'], []]);
    const [warned] = checkStandby(settingsOf({}), secured);
    expect(warned?.found).toContain('no certificate (HOMELAB_BROKER_TLS_CERT)');
    expect(JSON.stringify(warned)).not.toContain('secret');
  });
});
