import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLoginBook } from './login-book.ts';
import { addToken, LoginsError, readLogins, revoked, withPassword, writeLogins } from './logins-file.ts';
import { hashPassword, verifyPassword } from './password.ts';
import { ownerOf, tokenHash } from './tokens.ts';

let directory: string;
let file: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'logins-'));
  file = join(directory, 'logins.yaml');
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

const nowMs = Date.parse('2026-03-01T12:00:00.000Z');
/** Of adapters/logins/password.ts, with next to no work. */
const hash = `scrypt$4$1$1$${'A'.repeat(22)}$${'A'.repeat(43)}`;

describe('a password', () => {
  it('is known again by its hash, in whatever way its letters are put together, and nothing else is', async () => {
    const kept = await hashPassword('Schlüsselbund 7');
    expect(kept).toMatch(/^scrypt\$14\$8\$5\$/);
    expect(kept).not.toContain('Schlüssel');
    expect(await verifyPassword('Schlu\u0308sselbund 7', kept)).toBe(true);
    expect(await verifyPassword('schlüsselbund 7', kept)).toBe(false);
    expect(await verifyPassword('Schlüsselbund 7', null)).toBe(false);
  }, 30_000);

  it.each(['short', 'x'.repeat(257)])('that is too short or too long is refused', async (password) => {
    await expect(hashPassword(password)).rejects.toThrow(/10 to 256 characters/);
  });

  it.each(['scrypt$30$8$1', 'scrypt$14$200$1', 'scrypt$4$1$99'])('a hash that would take the memory of the machine is not computed: %s', async (parameters) => {
    expect(await verifyPassword('x', `${parameters}$${'A'.repeat(22)}$${'A'.repeat(43)}`)).toBe(false);
  });
});

describe('the file of logins', () => {
  it('is what was written, for nobody else’s eyes, and never half of it', async () => {
    const { logins, token } = addToken(new Map([['anna', { scrypt: hash, tokens: [] }]]), {
      login: 'anna',
      name: 'phone',
      expires: '2026-04-01T00:00:00.000Z',
    });
    writeLogins(file, logins);
    expect(readLogins(file)).toEqual(logins);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).not.toContain(token);
    expect(readdirSync(directory)).toEqual(['logins.yaml']);
    writeLogins(file, await withPassword(logins, 'bert', 'a long password'));
    expect([...readLogins(file).keys()]).toEqual(['anna', 'bert']);
  }, 30_000);

  it('that is not there has nobody', () => {
    expect(readLogins(file)).toEqual(new Map());
  });

  it('that others may read is refused, with the command that mends it', () => {
    writeLogins(file, new Map());
    chmodSync(file, 0o640);
    expect(() => readLogins(file)).toThrow(new LoginsError(`${file}: others may read it (mode 640); expected 600: chmod 600 ${file}`));
  });

  it.each([
    ['anna: [', /logins\.yaml:\d+: not YAML$/],
    ['anna: {scrypt: hunter2}', /anna\.scrypt: expected scrypt\$/],
    ['anna: {password: hunter2}', /anna: Unrecognized key/],
    ['"an na": {}', /an na: /],
    ['executor-vps: {tokens: [{name: a, sha256: x}]}', /executor-vps/],
    ['anonymous: {}', /anonymous: nobody can have this name/],
    ['anna: {tokens: [{name: a, sha256: abc}]}', /anna\.tokens\.0\.sha256: expected the SHA-256/],
  ])('with %s in it is refused, with the place, and without what stands there', (text, message) => {
    writeFileSync(file, text, { mode: 0o600 });
    expect(() => readLogins(file)).toThrow(message);
    expect(() => readLogins(file)).not.toThrow(/hunter2/);
  });

  it('a token has an owner until it expires or is revoked', () => {
    const { logins, token } = addToken(new Map(), { login: 'anna', name: 'phone', expires: '2026-03-01T12:00:01.000Z' });
    expect(ownerOf(logins, token, nowMs)).toEqual({ kind: 'known', login: 'anna', name: 'phone' });
    expect(ownerOf(logins, token, nowMs + 1_000).kind).toBe('expired');
    expect(ownerOf(logins, `${token}x`, nowMs).kind).toBe('unknown');
    expect(ownerOf(logins, tokenHash(token), nowMs).kind).toBe('unknown');
    expect(ownerOf(revoked(logins, 'anna', 'phone') ?? new Map(), token, nowMs).kind).toBe('unknown');
    expect(revoked(logins, 'anna', 'other')).toBeNull();
    expect(revoked(logins, 'anna')).toEqual(new Map());
    expect(revoked(logins, 'bert')).toBeNull();
  });
});

describe('the book of logins', () => {
  it('follows the file, and locks everybody out while it cannot be read', () => {
    const troubles: unknown[] = [];
    const book = createLoginBook(file, (error) => troubles.push(error));
    expect([book.isNeeded(), book.logins().size]).toEqual([false, 0]);
    writeLogins(file, new Map([['anna', { scrypt: hash, tokens: [] }]]));
    expect([book.isNeeded(), [...book.logins().keys()]]).toEqual([true, ['anna']]);
    writeFileSync(file, 'anna: [');
    expect([book.isNeeded(), book.logins().size]).toEqual([true, 0]);
    expect([book.logins().size, troubles.length]).toEqual([0, 1]);
    rmSync(file);
    // Deleting the file does not open the door.
    expect([book.isNeeded(), book.logins().size]).toEqual([true, 0]);
  });
});
