/** What is generated for the broker of a site, what is said where the files do not say enough, and what is never written over. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readTree } from '../../adapters/files/tree.ts';
import { matrixHomelab } from '../../test/kit/access-matrix.table.ts';
import { capturedOutput } from '../../test/kit/captured-output.ts';
import { type Files, writeFiles } from '../../test/kit/declared-files.ts';
import { type BrokerConfigOptions, brokerConfig } from '../commands/broker-config.ts';
import { readSettings } from '../settings.ts';
import { generatedMark } from './header.ts';
import { layouts } from './mosquitto-conf.ts';
import { siteBroker } from './site-broker.ts';
import { siteFiles } from './site-files.ts';

const directories: string[] = [];
afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});
const kept = (directory: string): string => {
  directories.push(directory);
  return directory;
};
const homelab = matrixHomelab({ ports: { hub: 1883, cabin: 1884 } });
const without = (files: Files, path: string): Files => Object.fromEntries(Object.entries(files).filter(([each]) => each !== path));
const changed = (files: Files, path: string, from: string, to: string): Files => {
  expect(files[path]).toContain(from);
  return { ...files, [path]: (files[path] ?? '').replace(from, to) };
};
const topology = 'inventory/topology.yaml';

async function generated(files: Files, site = 'hub', root = 'homelab'): Promise<ReadonlyMap<string, string>> {
  return siteFiles(siteBroker(await readTree(kept(writeFiles(files))), site, root), layouts.container);
}

describe('the files of a broker', () => {
  it('say at the top what they are made from and how, and are the same each time', async () => {
    const [once, again] = [await generated(homelab), await generated(homelab)];
    expect([...once]).toEqual([...again]);
    for (const [name, text] of once) expect([name, text.startsWith(`${generatedMark} hub`), text.endsWith('\n')]).toEqual([name, true, true]);
  });

  it('follow the root of the topics', async () => {
    const acl = (await generated(homelab, 'hub', 'lab')).get('acl.conf') ?? '';
    expect(acl).toContain('\ntopic write lab/health/vps/+\n');
    expect(acl).not.toContain('homelab/');
  });

  it.each([
    ['[loopback]', ['listener 1883 127.0.0.1']],
    ['[everywhere]', ['listener 1883']],
    ['[loopback, tailscale0]', ['listener 1883 127.0.0.1', 'listener 1883', 'bind_interface tailscale0']],
    ['[192.0.2.7]', ['listener 1883 192.0.2.7']],
  ])('listen where the topology says: %s', async (listen, lines) => {
    const conf = (await generated(changed(homelab, topology, 'port: 1883', `port: 1883, listen: ${listen}`))).get('mosquitto.conf') ?? '';
    expect(conf.split('\n').filter((line) => /^(listener|bind_interface)/.test(line))).toEqual(lines);
    expect(conf.match(/^allow_anonymous .*$/gm)).toEqual(['allow_anonymous false']);
  });

  it('let nobody in without a login but at the loopback listener, and only when told to', async () => {
    const conf =
      (await generated(changed(homelab, topology, 'port: 1883', 'port: 1883, listen: [loopback, eth0], anonymous_on_loopback: true'))).get('mosquitto.conf') ??
      '';
    const lines = conf.split('\n').filter((line) => /^(per_listener|listener|bind_interface|allow_anonymous|acl_file|password_file)/.test(line));
    const files = ['password_file /mosquitto/secret/passwd', 'acl_file /mosquitto/config/acl.conf'];
    expect(lines).toEqual([
      'per_listener_settings true',
      ...['listener 1883 127.0.0.1', 'allow_anonymous true', ...files],
      ...['listener 1883', 'bind_interface eth0', 'allow_anonymous false', ...files],
    ]);
  });

  it('have TLS and WebSocket where the topology says, with the certificate beside the password file, and nobody in without a login', async () => {
    const said =
      'port: 1883, listen: [], tls: { listen: [loopback, tailscale0, 192.0.2.7, everywhere], websocket_port: 9443, names: [vps.example.org] }, anonymous_on_loopback: true';
    const conf = (await generated(changed(homelab, topology, 'port: 1883', said))).get('mosquitto.conf') ?? '';
    const kept = /^(listener|bind_interface|socket_domain|protocol|certfile|max_connections|allow_anonymous)/;
    const secured = 'certfile /mosquitto/secret/server.pem';
    const shared = 'max_connections 100';
    const [shut, open] = ['allow_anonymous false', 'allow_anonymous true'];
    expect(conf.split('\n').filter((line) => kept.test(line))).toEqual([
      ...['listener 8883 127.0.0.1', secured, shared, open],
      ...['listener 8883', 'bind_interface tailscale0', secured, shared, shut],
      ...['listener 8883 192.0.2.7', secured, shared, shut],
      ...['listener 8883', secured, shared, shut],
      // Not over WebSocket, from this machine either; bind_interface would be passed over there.
      ...['listener 9443 127.0.0.1', 'socket_domain ipv4', 'protocol websockets', secured, shared, shut],
      ...['listener 9443 tailscale0', 'socket_domain ipv4', 'protocol websockets', secured, shared, shut],
      ...['listener 9443 192.0.2.7', 'socket_domain ipv4', 'protocol websockets', secured, shared, shut],
      ...['listener 9443', 'protocol websockets', secured, shared, shut],
    ]);
    expect(conf).toContain('HOMELAB_BROKER_URL=mqtts://vps.example.org:8883');
    expect(conf).toContain('\nkeyfile /mosquitto/secret/server-key.pem\n');
  });

  it('name the certificate that the topology names', async () => {
    const said = 'port: 1883, tls: { certificate: /etc/ssl/vps.pem, key: vps-key.pem }';
    const conf = (await generated(changed(homelab, topology, 'port: 1883', said))).get('mosquitto.conf') ?? '';
    expect(conf.match(/^(certfile|keyfile) .*$/gm)).toEqual(['certfile /etc/ssl/vps.pem', 'keyfile /mosquitto/secret/vps-key.pem']);
  });

  it('hold the logins of the site, each once, and no password', async () => {
    const logins = [...((await generated(homelab, 'cabin')).get('passwd.template') ?? '').matchAll(/^([^#].*)$/gm)].map(([line]) => line);
    expect(logins).toEqual(
      [
        ...['observer', 'ledger', 'supervisor', 'bridge', 'node-agent', 'executor', 'ha-diag-agent', 'ha-discovery'].map((actor) => `${actor}-cabin-1`),
        ...['anna', 'homeassistant', 'kiosk'],
      ].map((login) => `${login}:`),
    );
  });
});

describe('what does not say enough is an error that names the file', () => {
  it.each<[string, () => Files, RegExp]>([
    ['no topology', () => without(homelab, topology), /^inventory\/topology\.yaml is missing/],
    ['a topology that cannot be read', () => ({ ...homelab, [topology]: 'sites: [' }), /^inventory\/topology\.yaml cannot be used as it is/],
    ['another site', () => changed(homelab, topology, '  hub:\n', '  heart:\n'), /there is no site "hub"; there are: heart, cabin$/],
    [
      'an open port without an access list',
      () => changed(without(homelab, 'inventory/access.yaml'), topology, 'port: 1883', 'port: 1883, listen: [everywhere]'),
      /^inventory\/access\.yaml is missing, so that every login may approve/,
    ],
    [
      'a port with TLS for everybody without an access list',
      () => changed(without(homelab, 'inventory/access.yaml'), topology, 'port: 1883', 'port: 1883, tls: {}'),
      /^inventory\/access\.yaml is missing.*for mqtts:\/\/ at the broker of hub/,
    ],
    [
      'a node that does not say its actors',
      () => ({ ...homelab, 'hosts/piha/services.yaml': 'services: {}\n' }),
      /^hosts\/piha\/services\.yaml does not say `agents`/,
    ],
    [
      'a program that claims our topics',
      () => changed(homelab, 'services/zigbee2mqtt/service.yaml', 'writes: [zigbee2mqtt/#]', 'writes: [homelab/events/vps]'),
      /^services\/zigbee2mqtt\/service\.yaml: mqtt names homelab\/events\/vps/,
    ],
    [
      'a login with a colon',
      () => ({ ...homelab, 'inventory/access.yaml': 'logins: { "anna:x": operator }\n' }),
      /the login "anna:x" cannot stand in a password file/,
    ],
  ])('%s', async (_what, files, words) => {
    await expect(generated(files())).rejects.toThrow(words);
  });
});

describe('homelab broker config', () => {
  const run = async (site: string, options: BrokerConfigOptions = {}): Promise<string> => {
    const out = capturedOutput();
    await brokerConfig(readSettings({ HOMELAB_INVENTORY: kept(writeFiles(homelab)), NODE_NAME: 'lab' }), out, site, options);
    return out.text;
  };

  it('prints all files under their names, or one as it is', async () => {
    expect((await run('cabin')).match(/^==> .* <==$/gm)).toEqual(['==> mosquitto.conf <==', '==> acl.conf <==', '==> passwd.template <==']);
    expect(await run('cabin', { file: 'acl.conf' })).toMatch(/^# Generated by [\s\S]*\nuser anna\n/);
    await expect(run('cabin', { file: 'passwd' })).rejects.toThrow('expected one of mosquitto.conf, acl.conf, passwd.template');
  });

  it('writes them with the paths of the layout, again over its own, never over what a person wrote', async () => {
    const directory = kept(mkdtempSync(join(tmpdir(), 'broker-config-')));
    for (const layout of ['container', 'debian']) await run('cabin', { write: directory, layout });
    expect(readFileSync(join(directory, 'mosquitto.conf'), 'utf8')).toContain('\npassword_file /etc/mosquitto/passwd\n');
    writeFileSync(join(directory, 'acl.conf'), '# mine\n');
    rmSync(join(directory, 'mosquitto.conf'));
    await expect(run('cabin', { write: directory })).rejects.toThrow(/acl\.conf was written by hand; move it away first/);
    expect(() => readFileSync(join(directory, 'mosquitto.conf'))).toThrow(/ENOENT/);
    await expect(run('cabin', { layout: 'snap' })).rejects.toThrow('expected one of container, debian');
  });
});
