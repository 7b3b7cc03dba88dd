/** Secrets in free text: those known by their form, and those that are named in words. What is none stays readable. */
import { describe, expect, it } from 'vitest';
import { containerFacts } from './facts.ts';
import { createRedactor, redactProse } from './redact.ts';

const long = 'Ab3dEf6hIj9kLm2nOp5q';
const telegram = `123456789:AAH${long}${long.slice(0, 12)}`;
const base64Line = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj';

describe('a secret of a known form', () => {
  it.each([
    ['Tailscale', `tskey-auth-k${long}CNTRL-${long}`],
    ['Telegram', telegram],
    ['Home Assistant, which is a JWT', `eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJhYmMifQ.${long}-_x`],
    ['a Cloudflare tunnel', `eyJhIjoi${long}${long}==`],
    ['a JWT without its end', `eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOi`],
    ['GitHub', `ghp_${long}`],
    ['GitLab', `glpat-${long}`],
    ['Stripe', `sk_live_${long}`],
    ['npm', `npm_${long}${long.slice(0, 16)}`],
    ['AWS', 'ASIAQWERTYUIOPASDFGH'],
    ['Google', `AIza${long}${long.slice(0, 15)}`],
    ['SendGrid', `SG.${long}.${long}`],
    ['Vault', `hvs.${long}${long}`],
    ['a hash of Mosquitto', `$7$101$${long}$${long}==`],
    ['a hash of bcrypt', `$2b$12$${long}${long}`],
    ['a hash of Argon2', `$argon2id$v=19$m=65536,t=3,p=4$${long}$${long}`],
    ['a private key on one line', `-----BEGIN RSA PRIVATE KEY----- ${base64Line} ${base64Line.slice(0, 20)} -----END RSA PRIVATE KEY-----`],
    ['a private key in many lines', `-----BEGIN PRIVATE KEY-----\n${base64Line}\n${base64Line.slice(0, 20)}==\n-----END PRIVATE KEY-----`],
    ['a private key without its beginning', `${base64Line} ${base64Line} ${base64Line.slice(0, 30)}= -----END PRIVATE KEY-----`],
    ['one line of a private key', base64Line],
  ])('goes, wherever it stands, in prose and in what the engine says: %s', (_, secret) => {
    for (const redact of [redactProse, createRedactor({}).text, (text: string) => String(createRedactor({}).value(text))]) {
      expect(redact(`at first ${secret} at last`)).toBe('at first *** at last');
    }
  });

  it.each([
    ['a private key that is cut off', `says -----BEGIN PRIVATE KEY-----\n${base64Line}\nMIIE`, 'says ***'],
    ['a bot in an address', `https://api.telegram.org/bot${telegram}/getMe timed out`, 'https://api.telegram.org/bot***/getMe timed out'],
    ['Slack', `POST https://hooks.slack.com/services/T0AB/B0CD/${long}: 404`, 'POST https://hooks.slack.com/services/***: 404'],
    ['Discord', `https://discord.com/api/webhooks/1234/${long} says 429`, 'https://discord.com/api/webhooks/*** says 429'],
    ['Home Assistant', `http://192.0.2.7:8123/api/webhook/${long} says 404`, 'http://192.0.2.7:8123/api/webhook/*** says 404'],
  ])('goes, and the rest stays: %s', (_, text, left) => {
    expect(redactProse(text)).toBe(left);
  });
});

describe('a secret that is named in words', () => {
  it.each([
    ['password is hunter2secret', 'password is ***'],
    ['The password for anna is swordfish.', 'The password for anna is ***'],
    ['set the db_password to "correct horse" first', 'set the db_password to *** first'],
    ['cannot log in with password swordfish', 'cannot log in with password ***'],
    ['retrying using the token deadbeef01', 'retrying using the token ***'],
    ['tried password hunter2!', 'tried password ***'],
    ['the password to the vault: swordfish', 'the password to the vault: ***'],
    ['passwd: swordfish', 'passwd: ***'],
    ['Cookie: session=abc.def; theme=dark', 'Cookie: ***'],
    ['"Set-Cookie": "sid=abc; Path=/"', '"Set-Cookie": "***"'],
    ['Authorization: Basic YW5uYTpwdw==', 'Authorization: Basic ***'],
    ['Authorization: abc', 'Authorization: ***'],
    ['curl -u anna:hunter2 https://example.org', 'curl -u anna:*** https://example.org'],
    ['curl --user "anna:two words" https://example.org', 'curl --user "anna:***" https://example.org'],
    ['mysql -h db -u root -phunter2 shop', 'mysql -h db -u root -p*** shop'],
    ["mysqldump -p'two words' shop", 'mysqldump -p*** shop'],
    ['mosquitto_pub -t a -u anna -P hunter2 -m x', 'mosquitto_pub -t a -u anna -P *** -m x'],
    ['redis-cli -h cache -a hunter2 ping', 'redis-cli -h cache -a *** ping'],
    ['sshpass -p hunter2 ssh box', 'sshpass -p *** ssh box'],
  ])('goes: %s', (text, left) => {
    expect(redactProse(text)).toBe(left);
    // What was taken out at the node is read again for the text for an AI.
    expect(redactProse(left)).toBe(left);
  });

  it.each([
    'password authentication failed for user "postgres"',
    'the password is wrong',
    'token is expired',
    'The token has expired since 12:00',
    'no password was given',
    'a password to log in is needed',
    'invalid token in request',
    'login with password from the file',
    'the secret store is unreachable',
    'glances-exporter on vps is down, gluetun-vpn-client too',
    'npm_config_registry is not set',
    'docker run --user 1000:1000 web',
    'mysql: connection refused on port 3306',
    'mkdir -p /srv/mysql',
    'authorization service is down',
    'image sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    'inc-019a0000-0000-7000-8000-000000000001 since 2026-03-01T12:00:00.000Z',
    'it costs $5 or $10',
    'pin 4 is high',
  ])('what is none stays: %s', (text) => {
    expect(redactProse(text)).toBe(text);
  });
});

it('takes the secrets out of what a health check says, before anything else learns of it', () => {
  const Output = `key tskey-auth-k${long}; https://api.telegram.org/bot${telegram}/getMe; password is hunter2secret`;
  const inspect = { Id: '0123456789ab', Name: '/blog', Config: {}, State: { Status: 'running', Health: { Status: 'unhealthy', Log: [{ Output }] } } };
  expect(containerFacts(inspect).healthLog).toBe('key ***; https://api.telegram.org/bot***/getMe; password is ***');
});

it('comes to an end on long lines that are made to hold it up', () => {
  const parts = [
    'a',
    'A',
    '1',
    ' ',
    '=',
    ':',
    '_',
    '-',
    '/',
    '"',
    'a=',
    'a ',
    'a.',
    'eyJ',
    'eyJa.',
    '-----BEGIN PRIVATE KEY-----',
    'Cookie: a=b;',
    'password ',
  ];
  const more = [
    'password for ',
    'with the ',
    'mysql ',
    'mysql a -',
    'curl -u a',
    '-u ',
    '-u a:"',
    'docker login ',
    '$2b$',
    'https://',
    'a:a@',
    'token_',
    '1:A',
  ];
  const lines = [`${base64Line} `, `${base64Line}\n`, 'MIIE', 'PRIVATE KEY-----END '].map((part) => `PRIVATE KEY ${part.repeat(2_000)}`);
  // A pattern of quadratic time needs minutes for these.
  for (const line of [...[...parts, ...more].map((part) => part.repeat(Math.ceil(50_000 / part.length))), ...lines]) {
    expect(redactProse(line).length).toBeGreaterThan(0);
  }
}, 20_000);
