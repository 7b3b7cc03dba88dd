/**
 * `logins.yaml`: who may use the web page and the API. Login → a scrypt hash of the password, and API tokens by name.
 *
 * Reads and writes that one file (0600: nobody else's business; write → fsync → rename). Roles are not in it: they come from
 * inventory/access.yaml. Fails with a LoginsError that names file, login and field and says what was expected; a file that is not there has nobody.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dump, load } from 'js-yaml';
import { z } from 'zod';
import { actorOfLogin } from '../../contracts/actor-names.ts';
import { Level, Login, Timestamp } from '../../contracts/common.ts';
import { writeWholeFile } from '../files/whole-file.ts';
import { mosquittoHash, mosquittoHashPattern } from './mosquitto-hash.ts';
import { hashPassword, hashPattern } from './password.ts';
import { newToken, tokenHash } from './tokens.ts';

const Token = z.strictObject({
  name: Level.describe('what uses it, such as `prometheus`'),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'expected the SHA-256 of the token, 64 hex digits'),
  expires: Timestamp.optional().describe('from then on it is refused; absent: never'),
});
export type Token = z.infer<typeof Token>;

const LoginEntry = z.strictObject({
  scrypt: z.string().regex(hashPattern, 'expected scrypt$<log2 N>$<r>$<p>$<salt>$<hash>, as `homelab creds add` writes it').optional(),
  mosquitto: z
    .string()
    .regex(mosquittoHashPattern, 'expected $7$<iterations>$<salt>$<hash>, as `homelab creds add` writes it')
    .optional()
    .describe('the same password as a mosquitto keeps it; the only one of a program, which knows nothing but brokers'),
  tokens: z.array(Token).max(100).default([]),
});
export type LoginEntry = z.infer<typeof LoginEntry>;

const isProgram = (login: string): boolean => actorOfLogin(login) !== null;
const LoginsFile = z
  .record(
    Login.refine((login) => login !== 'anonymous', 'nobody can have this name'),
    LoginEntry,
  )
  .superRefine((logins, ctx) => {
    for (const [login, { scrypt, tokens }] of Object.entries(logins))
      if (isProgram(login) && (scrypt !== undefined || tokens.length > 0))
        ctx.addIssue({
          code: 'custom',
          path: [login],
          message: 'this name is one of a program, not of a person: expected nothing but `mosquitto`, its password at brokers',
        });
  });

export type Logins = ReadonlyMap<string, LoginEntry>;

/** Something the operator can mend. */
export class LoginsError extends Error {
  override readonly name = 'LoginsError';
}

/** Nobody but its owner may read or write it. */
const fileMode = 0o600;

/** Throws a LoginsError. */
export function readLogins(file: string): Logins {
  let text: string;
  try {
    const { mode } = statSync(file);
    if ((mode & 0o077) !== 0) {
      throw new LoginsError(`${file}: others may read it (mode ${(mode & 0o777).toString(8)}); expected 600: chmod 600 ${file}`);
    }
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof LoginsError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return new Map();
    throw new LoginsError(`${file}: cannot be read: ${message}`, { cause: error });
  }
  return parseLogins(text, file);
}

/** One that names nobody is what is left when the last login was revoked: nobody gets in then. Where none is, nobody is asked. */
export const isLoginsFileThere = (file: string): boolean => existsSync(file);

function parseLogins(text: string, file: string): Logins {
  let value: unknown;
  try {
    value = load(text) ?? {};
  } catch (error) {
    // The message would quote the line, with what is secret in it.
    const line = (error as { mark?: { line?: number } }).mark?.line;
    throw new LoginsError(`${file}${line === undefined ? '' : `:${line + 1}`}: not YAML`);
  }
  const parsed = LoginsFile.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    // Of a name that cannot be one zod says only that; what is wrong with it is within.
    const message = issue?.code === 'invalid_key' ? issue.issues[0]?.message : issue?.message;
    throw new LoginsError(`${file}: ${issue?.path.join('.') || 'the file'}: ${message ?? 'not as expected'}`);
  }
  return new Map(Object.entries(parsed.data));
}

/** Durable when it returns; readers see the old file or the new one. */
export function writeLogins(file: string, logins: Logins): void {
  const text = `# Logins of the web page and the API. Written by "homelab creds"; roles are in inventory/access.yaml.\n${dump(Object.fromEntries(logins), { lineWidth: -1 })}`;
  parseLogins(text, file);
  try {
    writeWholeFile(file, text, fileMode);
  } catch (error) {
    throw new LoginsError(`${file}: cannot be written: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

const entryOf = (logins: Logins, login: string): LoginEntry => logins.get(login) ?? { tokens: [] };

/** A new login, or a new password for an old one. `isRandom`: nobody thought of it, so that no dictionary has it. */
export async function withPassword(logins: Logins, login: string, password: string, { isRandom = false } = {}): Promise<Logins> {
  const scrypt = isProgram(login) ? {} : { scrypt: await hashPassword(password) };
  return new Map(logins).set(login, { ...entryOf(logins, login), ...scrypt, mosquitto: await mosquittoHash(password, { isRandom }) });
}

/** The token is shown once: nobody can read it from the file. A token of the same name is replaced. */
export function addToken(
  logins: Logins,
  { login, name, expires }: { readonly login: string; readonly name: string; readonly expires?: string },
): { readonly logins: Logins; readonly token: string } {
  const token = newToken();
  const { tokens, ...entry } = entryOf(logins, login);
  const added = { name, sha256: tokenHash(token), ...(expires === undefined ? {} : { expires }) };
  return { token, logins: new Map(logins).set(login, { ...entry, tokens: [...tokens.filter((each) => each.name !== name), added] }) };
}

/** Without `name`: the whole login. null: there is no such login or token. */
export function revoked(logins: Logins, login: string, name?: string): Logins | null {
  const entry = logins.get(login);
  if (entry === undefined) return null;
  const next = new Map(logins);
  if (name === undefined) {
    next.delete(login);
    return next;
  }
  const tokens = entry.tokens.filter((each) => each.name !== name);
  return tokens.length === entry.tokens.length ? null : next.set(login, { ...entry, tokens });
}
