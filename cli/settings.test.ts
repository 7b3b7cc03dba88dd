import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readSettings, variables } from './settings.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'homelab-settings-'));
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

describe('the environment', () => {
  it('may be empty: everything has a default', () => {
    const settings = readSettings({});
    expect(settings).toMatchObject({
      site: 'hub',
      topicRoot: 'homelab',
      brokerUrls: null,
      brokerPort: 1883,
      incidentGraceMs: 20_000,
      flapWindowMs: 300_000,
      history: { days: 30, bytesMax: 268_435_456 },
      verifyWindowMs: 120_000,
      settledAfterMs: 10_000,
      dockerSocket: '/var/run/docker.sock',
    });
    expect(settings.node).toMatch(/^[^A-Z.]+$/);
  });

  it('puts data below XDG_STATE_HOME, unless HOMELAB_ROOT says otherwise', () => {
    expect(readSettings({ XDG_STATE_HOME: '/state' }).dataRoot).toBe('/state/homelab');
    expect(readSettings({ XDG_STATE_HOME: '/state', HOMELAB_ROOT: '/opt/homelab' }).dataRoot).toBe('/opt/homelab');
  });

  it('knows which chats may decide, and when it is quiet', () => {
    const { telegram } = readSettings({ TELEGRAM_ALLOWED_CHATS: '5678=Anna K, -1001234', TELEGRAM_QUIET_HOURS: '22:00-07:30', TELEGRAM_BOT_TOKEN: 'x' });
    expect([...telegram.chats]).toEqual([
      [5678, 'Anna K'],
      [-1001234, null],
    ]);
    expect(telegram).toMatchObject({ quiet: { from: 1_320, until: 450 }, token: { text: 'x' }, apiRoot: 'https://api.telegram.org' });
    expect(readSettings({}).telegram).toMatchObject({ quiet: null, token: null });
  });

  it('is read when it is asked for, not when the program is loaded', () => {
    expect(readSettings({ NODE_NAME: 'piha' }).node).toBe('piha');
    expect(readSettings({ NODE_NAME: 'vps' }).node).toBe('vps');
  });

  it.each([
    [{ HOMELAB_HISTORY_DAYS: '7' }, /HOMELAB_HISTORY_DAYS="7": expected a whole number, 8 to 3650/],
    [{ HOMELAB_BROKER_URL: 'localhost:1883' }, /HOMELAB_BROKER_URL="localhost:1883": expected mqtt:/],
    [{ HOMELAB_BROKER_URL: 'mqtt://127.0.0.1:1,http://x' }, /HOMELAB_BROKER_URL=".*": expected mqtt:.* not http:/],
    [{ HOMELAB_BROKER_URL: 'mqtt://ho, st:' }, /HOMELAB_BROKER_URL="mqtt:\/\/ho, st:": expected mqtt:/],
    [{ HOMELAB_BROKER_URL: 'mqtt://ho,' }, /HOMELAB_BROKER_URL="mqtt:\/\/ho,": expected mqtt:/],
    [{ HOMELAB_BROKER_URL: 'mqtt://ho:99999' }, /HOMELAB_BROKER_URL="mqtt:\/\/ho:99999": expected mqtt:/],
    [{ HOMELAB_BROKER_URL: 'mqtt://anna:s3cret@ho:99999' }, /^(?!.*s3cret).*\*\*\*@ho/],
    [{ HOMELAB_UPSTREAM_URL: 'mqtt://a,mqtt://b' }, /HOMELAB_UPSTREAM_URL=".*": expected mqtt:/],
    [{ HOMELAB_BROKER_PORT: 'abc' }, /HOMELAB_BROKER_PORT="abc": expected a port/],
    [{ TELEGRAM_ALLOWED_CHATS: '@anna' }, /TELEGRAM_ALLOWED_CHATS=.*expected numbers of chats such as 5678=anna/],
    [{ TELEGRAM_QUIET_HOURS: '22-7' }, /TELEGRAM_QUIET_HOURS="22-7": expected two different times of day/],
    [{ TELEGRAM_QUIET_HOURS: '07:00-07:00' }, /expected two different times of day/],
    [{ TELEGRAM_API_ROOT: 'http://192.0.2.7:8081/' }, /TELEGRAM_API_ROOT=.*no slash at its end/],
    [{ NODE_NAME: 'VPS' }, /NODE_NAME="VPS": expected lower case/],
    [{ NODE_NAME: 'a/b' }, /NODE_NAME="a\/b": one topic level/],
    [{ HOMELAB_INCIDENT_GRACE_S: '-1' }, /HOMELAB_INCIDENT_GRACE_S="-1": expected seconds/],
    [{ NODE_ALIAS_MAP: '{' }, /NODE_ALIAS_MAP="{": expected JSON such as/],
    [{ DOCKER_HOST: 'tcp://192.0.2.1:2375' }, /DOCKER_HOST="tcp:.*": expected unix/],
    [{ HOMELAB_BROKERURL: 'x' }, /HOMELAB_BROKERURL: there is no such variable; there are HOMELAB_BROKER_URL/],
    [{ HOMELAB_AGENTS: 'foo' }, /HOMELAB_AGENTS="foo": Invalid option/],
    [{ HOMELAB_INVENTORY: '/nowhere' }, /HOMELAB_INVENTORY="\/nowhere": there is no such directory/],
    [{ HA_DIAG_SHADOW_MODE: 'no' }, /HA_DIAG_SHADOW_MODE="no": expected true or false/],
    [{ HOMELAB_LOG_LEVEL: 'loud' }, /HOMELAB_LOG_LEVEL="loud"/],
    [{ HOMELAB_CREDENTIALS: '/nowhere.yaml' }, /HOMELAB_CREDENTIALS="\/nowhere.yaml": there is no such file/],
  ])('names the variable and what was expected: %o', (env, message) => {
    expect(() => readSettings(env)).toThrow(message);
  });

  it('takes several brokers, with or without spaces between them', () => {
    const urls = ['mqtt://127.0.0.1:1883', 'mqtts://[2001:db8::1]'];
    expect(readSettings({ HOMELAB_BROKER_URL: urls.join(',') }).brokerUrls).toEqual(urls);
    expect(readSettings({ HOMELAB_BROKER_URL: urls.join(' , ') }).brokerUrls).toEqual(urls);
  });

  it('proposes restarts of Home Assistant only when shadow mode is turned off', () => {
    const usual = { shadowMode: true, alertCooldownMs: 3_600_000, transitionWindowMs: 300_000 };
    expect(readSettings({}).homeAssistant).toEqual(usual);
    const env = { HA_DIAG_SHADOW_MODE: 'false', HA_ALERT_COOLDOWN: '60', HA_TRANSITION_WINDOW: '0' };
    expect(readSettings(env).homeAssistant).toEqual({ shadowMode: false, alertCooldownMs: 60_000, transitionWindowMs: 0 });
  });

  it('reads passwords from a file, and says which file does not fit', () => {
    const file = join(dir, 'credentials.yaml');
    writeFileSync(file, 'executor-vps: s3cret\nanna: other\n');
    expect(readSettings({ HOMELAB_CREDENTIALS: file }).passwords).toEqual({ 'executor-vps': 's3cret', anna: 'other' });
    writeFileSync(file, '- a list\n');
    expect(() => readSettings({ HOMELAB_CREDENTIALS: file })).toThrow(file);
  });

  it('is described variable by variable', () => {
    for (const [name, [means, fallback]] of Object.entries(variables)) expect(`${name}: ${means} (${fallback})`).toMatch(/^[A-Z_]+: \S.* \(\S.*\)$/);
  });
});
