import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRedactor, redactProse } from './redact.ts';
import { redacted } from './secret-forms.table.ts';

const secretKeys = [
  'DB_PASSWORD',
  'POSTGRES_PASS',
  'API_KEY',
  'apikey',
  'SECRET',
  'GITHUB_TOKEN',
  'MYSQL_PWD',
  'BASIC_AUTH',
  'AWS_CREDENTIALS',
  'PRIVATE_THING',
  'SENTRY_DSN',
  'GH_PAT',
];

/** Every string of a JSON value, keys included. */
function stringsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(stringsOf);
  if (typeof value === 'object' && value !== null) return Object.entries(value).flatMap(([key, item]) => [key, ...stringsOf(item)]);
  return [];
}

const anyText = fc.string({ unit: 'binary', maxLength: 30 });
const secret = fc.oneof(
  fc.string({ unit: 'binary', minLength: 6, maxLength: 40 }),
  fc.string({ unit: fc.constantFrom('a', 'b', '*', '=', '-', '"', '\\', '\n', ' ', '@', '/', '%'), minLength: 6, maxLength: 12 }),
);
const around = fc.tuple(anyText, anyText);

describe('redaction', () => {
  it('lets no secret value survive anywhere in inspect or log', () => {
    const env = fc.array(fc.tuple(fc.constantFrom(...secretKeys), secret), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(env, around, anyText, (pairs, [before, after], other) => {
        const embed = (value: string): string => `${before}${value}${after}`;
        const values = pairs.map(([, value]) => value);
        const inspect = {
          Name: '/app',
          Path: embed(values[0]!),
          Args: values.map(embed),
          Config: {
            Env: [...pairs.map(([key, value]) => `${key}=${value}`), `OTHER=${embed(values[0]!)}`, other],
            Cmd: ['serve', ...values],
            Labels: Object.fromEntries([...values.map((value, i) => [`label${i}`, embed(value)]), ...values.map((value) => [embed(value), 'x'])]),
            Healthcheck: { Test: ['CMD-SHELL', embed(values.join(' '))] },
          },
          State: { Health: { Log: [{ Output: embed(values.at(-1)!) }] } },
        };
        const redactor = createRedactor(inspect);
        const log = values.flatMap((value) => [embed(value), JSON.stringify({ msg: value }), value + value]);
        const out = [...stringsOf(redactor.value(inspect)), ...log.map(redactor.text)];
        for (const value of values) expect(out.filter((text) => text.includes(value))).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });

  it('lets no password of a URL survive anywhere', () => {
    const password = fc
      .string({ unit: fc.constantFrom(...Array.from('abcXYZ0189$!%._~-:/?#')), minLength: 6, maxLength: 20 })
      .filter((text) => !/^\d+[/?#]/.test(text));
    fc.assert(
      fc.property(password, fc.constantFrom('postgres', 'admin', ''), (value, user) => {
        const inspect = {
          Config: { Env: [`UPSTREAM=postgres://${user}:${value}@db.example:5432/app`], Cmd: ['serve', `--upstream=amqp://${user}:${value}@mq`, value] },
        };
        const redactor = createRedactor(inspect);
        const out = [...stringsOf(redactor.value(inspect)), redactor.text(`cannot log in with ${value}`)];
        expect(out.filter((text) => text.includes(value))).toEqual([]);
      }),
    );
  });

  it('redacts short values where they stand and leaves the rest readable', () => {
    const inspect = {
      Config: { Env: ['PASSWORD=abc', 'MODE=abc', 'PATH=/bin', 'PWD=/srv/app'], WorkingDir: '/srv/app', Cmd: ['abc'] },
      State: { Status: 'running' },
    };
    expect(createRedactor(inspect).value(inspect)).toEqual({
      Config: { Env: [`PASSWORD=${redacted}`, 'MODE=abc', 'PATH=/bin', 'PWD=/srv/app'], WorkingDir: '/srv/app', Cmd: ['abc'] },
      State: { Status: 'running' },
    });
  });

  it.each([
    ['--requirepass hunter22 on its own', ['redis-server', '--requirepass', 'hunter22']],
    ['--token=hunter22', ['serve', '--token=hunter22']],
    ['a shell line', ['sh', '-c', 'redis-server --requirepass hunter22 --port 1']],
    ['an assignment in a shell line', ['sh', '-c', "API_TOKEN='hunter22' serve"]],
  ])('knows a secret given on the command line: %s', (_, Cmd) => {
    const redactor = createRedactor({ Config: { Cmd } });
    expect(JSON.stringify(redactor.value({ Config: { Cmd } }))).not.toContain('hunter22');
    expect(redactor.text('login hunter22 failed')).toBe(`login ${redacted} failed`);
  });

  it('redacts labels and log options with a secret name, but not the authors of an image', () => {
    const inspect = {
      Config: { Labels: { 'traefik.http.middlewares.a.basicauth.users': 'me:$apr1$x', 'org.opencontainers.image.authors': 'Somebody' } },
      HostConfig: { LogConfig: { Config: { 'splunk-token': 'deadbeef', 'max-size': '10m' } } },
    };
    expect(createRedactor(inspect).value(inspect)).toEqual({
      Config: { Labels: { 'traefik.http.middlewares.a.basicauth.users': redacted, 'org.opencontainers.image.authors': 'Somebody' } },
      HostConfig: { LogConfig: { Config: { 'splunk-token': redacted, 'max-size': '10m' } } },
    });
  });

  it('redacts a private key that a log prints line by line', () => {
    const key = '-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n-----END KEY-----';
    const redactor = createRedactor({ Config: { Env: [`TLS_PRIVATE=${key}`] } });
    expect(['line: MIIEvQIBADANBg', 'kqhkiG9w0BAQEF'].map(redactor.text)).toEqual([`line: ${redacted}`, redacted]);
  });

  it('redacts what looks like a credential in a log although no variable holds it', () => {
    const redactor = createRedactor({});
    expect(redactor.text('GET https://me:pw@host.example/x?api_key=abc123&n=1')).toBe(`GET https://${redacted}@host.example/x?api_key=${redacted}&n=1`);
    expect(redactor.text('Authorization: Bearer abcdefgh.ijk')).toBe(`Authorization: Bearer ${redacted}`);
  });

  it('keeps a label called __proto__', () => {
    const inspect = JSON.parse('{"Config":{"Labels":{"__proto__":"x"}}}') as unknown;
    expect(JSON.stringify(createRedactor(inspect).value(inspect))).toBe('{"Config":{"Labels":{"__proto__":"x"}}}');
  });
});

describe('free text', () => {
  it.each([
    ['{"password":"hunter2secret"}', `{"password":${redacted}}`],
    ['tried --password hunter2 first', `tried --password ${redacted} first`],
    ['db_password: hunter2, then', `db_password: ${redacted}, then`],
    ['tes=password=hunter2', `tes=password=${redacted}`],
    [`with ghp_${'a'.repeat(36)} of anna`, `with ${redacted} of anna`],
    ['OPENAI sk-abcdefgh12345678', `OPENAI ${redacted}`],
    ['https://anna:pw@host.example/x', `https://${redacted}@host.example/x`],
  ])('loses its secrets: %s', (text, left) => {
    expect(redactProse(text)).toBe(left);
  });

  it.each([
    'authelia on vps is down: exit 137',
    'token-server: healthy since 12:00',
    'keycloak: unhealthy',
    'the root+data disk (/) is 93 % full; 2 stopped containers would go',
    'restart of web - approved by anna at 12:00',
  ])('keeps what is none: %s', (text) => {
    expect(redactProse(text)).toBe(text);
  });
});
