import { describe, expect, it } from 'vitest';
import { type Files, findingsIn, oneMachine, service, shown } from '../../../test/kit/declared-files.ts';

/** Put together from pieces, so that nobody who looks for secrets in Git finds one here. */
const join = (...pieces: readonly string[]): string => pieces.join('');
const letters = 'aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF';

const web = (env: string): Files => ({ ...oneMachine('web:\n'), ...service('web', { env }) });
const found = async (files: Files): Promise<readonly string[]> => (await findingsIn(files)).map(shown);
const inEnv = (rule: string): readonly string[] => [`${rule} services/web/env.example:2`];

describe('tokens of a known form', () => {
  it.each([
    ['a private key', join('-----BEGIN OPENSSH', ' PRIVATE KEY-----')],
    ['AWS', `X=${join('AKIA', 'IOSFODNN7ABCDEFG')}`],
    ['GitHub', `X=${join('ghp', '_', letters, 'abcd')}`],
    ['Slack', `X=${join('xoxb', '-123456789012-abcdefghijkl')}`],
    ['Telegram', `X=${join('123456789', ':', letters, 'abc')}`],
    ['a JWT', `X=${join('eyJ', 'hbGciOiJIUzI1NiJ9.', 'eyJ', 'pc3MiOiJhIn0xyz.', 'c2lnbmF0dXJl')}`],
    ['Tailscale', `X=${join('tskey', '-auth-kabcdefCNTRL-abcdefghijklmnop')}`],
  ])('%s, once, even where its variable says secret too', async (_what, line) => {
    expect(await found(web(`${line}\n`))).toEqual(inEnv('secret-token'));
    expect(await found(web(`${line.replace('X=', 'API_TOKEN=')}\n`))).toEqual(inEnv('secret-token'));
  });

  it('are found in prose and in other files of hosts and services too', async () => {
    const key = join('-----BEGIN RSA', ' PRIVATE KEY-----\n');
    expect(await found({ ...web(''), 'services/web/README.md': `# web\n\n${key}`, 'hosts/alpha/runtime/web/id.pem': key })).toEqual([
      'secret-token hosts/alpha/runtime/web/id.pem:1',
      'secret-token services/web/README.md:3',
    ]);
  });

  it('are never shown', async () => {
    const [finding] = await findingsIn(web(`X=${join('ghp', '_', letters, 'abcd')}\n`));
    expect(JSON.stringify(finding)).not.toContain(letters);
  });
});

describe('values of variables whose name says secret', () => {
  it.each([
    'DB_PASSWORD=hunter22',
    'api_key: "s3cr3t-value"',
    'SECRET_KEY=$' + '{SECRET_KEY:-hunter22}',
    'MQTT_PASS=hunter22',
    'DB_PASSWORD=correct_horse_battery',
    'PIN_SECRET=123456',
    'CHECK="curl -fsS -u admin:Sup3rS3cretPw http://127.0.0.1/"',
    'CHECK=["curl", "-u", "admin:Sup3rS3cretPw"]',
    'mosquitto_sub -h 127.0.0.1 -P s3cr3tPassw0rd -t "#"',
    'redis-server --requirepass s3cr3tPassw0rd',
    'HEADER="Authorization: Bearer s3cr3tPassw0rd"',
    'CONFIG={"user":"anna","apiKey":"s3cr3tPassw0rd"}',
    'RUN="PGPASSWORD=hunter22 psql"',
    'X=postgres://app:hunter22@db/app',
  ])('names %s', async (line) => {
    expect(await found(web(`${line}\nSECRET_KEY=\n`))).toEqual(inEnv('secret-value'));
  });

  it.each([
    'DB_PASSWORD=',
    'DB_PASSWORD=changeme',
    'DB_PASSWORD="replace-me"',
    'DB_PASSWORD=<from the safe>',
    'DB_PASSWORD=$' + '{DB_PASSWORD}',
    'DB_PASSWORD_FILE=/run/secrets/db',
    'DB_PASSWORD=/run/secrets/db',
    'TOKEN_TTL=3600',
    'ACCESS_TOKEN=',
    'DB_PASSWORD=OTHER_VARIABLE',
    'CHECK="curl -u admin:$PASSWORD http://127.0.0.1/"',
    'CHECK="docker run -u 1000:1000 example"',
    'CHECK=mosquitto_sub -P "$(cat /run/secrets/mqtt)"',
    'HEADER="Authorization: Bearer $TOKEN"',
    'CONFIG={"apiKey":"<key>","password":""}',
    'HA_TOKEN=your-long-lived-token',
    'X=postgres://app:$' + '{DB_PASSWORD}@db/app',
    'KEYBOARD=us',
    '# DB_PASSWORD=hunter22 was the old one',
  ])('is content with %s', async (line) => {
    expect(await found(web(`${line}\nDB_PASSWORD=\n`))).toEqual([]);
  });
});

describe('random strings', () => {
  it.each([join('q7Lr2ZtV9xKc4Wb', 'N8sYp3GdH6mTf1', 'QaJ5uXe0R'), join('9f86d081884c7d65', '9a2feaa0c55ad015')])('names %s', async (text) => {
    expect(await found(web(`SALT=${text}\n`))).toEqual(inEnv('secret-random'));
  });

  it.each([
    `IMAGE=nginx@sha256:${'9f86d081884c7d659a2feaa0c55ad015'.repeat(2)}`,
    'PATHS=/opt/homelab/data/zigbee2mqtt:/opt/homelab/config/zigbee2mqtt',
    `KEY=ssh-ed25519 ${join('AAAAC3NzaC1lZDI1NTE5', 'AAAAIq7Lr2ZtV9xKc4WbN8sYp3GdH6mTf1QaJ5uXe0R9k')} anna@example.org`,
    `AUTH_KEY=ssh-ed25519 ${join('AAAAC3NzaC1lZDI1NTE5', 'AAAAIq7Lr2ZtV9xKc4WbN8sYp3GdH6mTf1QaJ5uXe0R9k')}`,
    'URL=https://github.com/home-assistant/core/blob/dev/homeassistant/components/mqtt/config_flow.py',
    'NAME=ZIGBEE2MQTT_CONFIG_ADVANCED_NETWORK_OPTIONS_DEFAULT',
    'CAMEL=thisIsJustAVeryLongNameOfSomethingInJava2Enterprise',
    'DAY=2026-11-21T14:00:00Z-2026-11-22T14:00:00Z',
    'LINE=----------------------------------------',
  ])('is content with %s', async (line) => {
    expect(await found(web(`${line}\n`))).toEqual([]);
  });
});
