/**
 * `homelab creds add|revoke|list`: the logins of brokers and web page, in `logins.yaml` of this machine. Passwords and tokens are shown
 * once, when they are made. A broker and a page that run take the file as it is within a second; a mosquitto needs its file made anew.
 */
import { randomBytes } from 'node:crypto';
import { addToken, type LoginEntry, type Logins, readLogins, revoked, withPassword, writeLogins } from '../../adapters/logins/logins-file.ts';
import { actorOfLogin } from '../../contracts/actor-names.ts';
import { Login } from '../../contracts/common.ts';
import { firstLoginLines, lastLoginLine } from '../creds/first-login.ts';
import { asUsage } from '../creds/needs-login.ts';
import { giveRole, type ListInForce, listInForce, roleNamed } from '../creds/roles.ts';
import { exitCodes, type Output, table } from '../output.ts';
import { makeDataRoot } from '../runtime.ts';
import { type Settings, UsageError } from '../settings.ts';

export interface CredsAddOptions {
  readonly role?: string;
  readonly passwordStdin?: boolean;
  readonly token?: string;
  readonly expires?: string;
}

/** 144 bits: nobody guesses them, whatever it is hashed with; 24 letters, digits, - and _. */
export const randomPassword = (): string => randomBytes(18).toString('base64url');

/** `typed`: what came on standard input, read only when asked for. */
export async function credsAdd(settings: Settings, out: Output, login: string, options: CredsAddOptions, typed: () => Promise<string>): Promise<number> {
  checkLogin(login);
  const { loginsFile } = settings;
  const role = options.role === undefined ? null : roleNamed(options.role);
  const expires = expiryOf(options, Date.now());
  if (options.token !== undefined && actorOfLogin(login) !== null)
    throw new UsageError(`${login} is the login of a program: tokens are for people, who use the web page`);
  const before = asUsage(() => readLogins(loginsFile));
  const isKnown = before.has(login);
  // A token for somebody who is there already leaves the password alone.
  const wantsPassword = options.passwordStdin === true || options.token === undefined;
  const given = options.passwordStdin === true ? firstLine(await typed()) : null;
  const password = wantsPassword ? (given ?? randomPassword()) : null;
  let logins: Logins = password === null ? before : await hashed(before, login, password, given === null);
  let token: string | null = null;
  if (options.token !== undefined) {
    const added = addToken(logins, { login, name: options.token, ...(expires === null ? {} : { expires }) });
    logins = added.logins;
    token = added.token;
  }
  // The role first: a login without one would be nobody, or an operator.
  const said = role === null ? null : await giveRole(settings, login, role);
  makeDataRoot(settings);
  asUsage(() => {
    writeLogins(loginsFile, logins);
  });
  if (out.json)
    out.value({ login, new: !isKnown, ...(password !== null && given === null ? { password } : {}), ...(token === null ? {} : { token, expires }) });
  else {
    out.line(`${login}  ${isKnown ? 'changed' : 'added'} in ${loginsFile}`);
    if (said !== null) for (const line of said) out.line(line);
    else {
      const list = await listInForce(settings);
      if (isWithoutRole(list, login)) out.line(`${list.file} does not name ${login}: it is let in nowhere until it has a line there (--role)`);
    }
    for (const line of firstLoginLines(before, logins)) out.line(line);
    if (password !== null && given === null)
      out.line(`password  ${password}\n          shown once; for the command line: a line "${login}: <password>" in the file that HOMELAB_CREDENTIALS names`);
    if (token !== null)
      out.line(`token  ${token}\n       shown once; as a header: Authorization: Bearer <token>${expires === null ? '' : ` (until ${expires})`}`);
  }
  return exitCodes.ok;
}

export function credsRevoke(settings: Settings, out: Output, login: string, { token }: { readonly token?: string }): number {
  const { loginsFile, passwords } = settings;
  const next = revoked(
    asUsage(() => readLogins(loginsFile)),
    login,
    token,
  );
  if (next === null)
    throw new UsageError(`${loginsFile} has no ${token === undefined ? 'login' : `token ${JSON.stringify(token)} of`} ${login}; there are: homelab creds list`);
  asUsage(() => {
    writeLogins(loginsFile, next);
  });
  const stillClear = token === undefined && Object.hasOwn(passwords, login);
  if (out.json) out.value({ revoked: login, ...(token === undefined ? {} : { token }), still_in_clear: stillClear });
  else {
    out.line(`${token === undefined ? login : `token ${token} of ${login}`}  revoked; what runs here ends its connections within a second`);
    if (token === undefined) out.line('a mosquitto learns of it by: homelab creds mosquitto <site>, and a restart');
    if (next.size === 0) out.line(lastLoginLine(loginsFile));
    if (stillClear) out.line(`HOMELAB_CREDENTIALS still has a line for ${login}: take it out and restart, or it still gets in`);
  }
  return stillClear ? exitCodes.trouble : exitCodes.ok;
}

export async function credsList(settings: Settings, out: Output): Promise<number> {
  const logins = asUsage(() => readLogins(settings.loginsFile));
  const list = await listInForce(settings);
  const rows = [...logins]
    .sort(([one], [other]) => one.localeCompare(other))
    .map(([login, entry]) => ({ login, role: roleShown(login, list?.roles ?? null), ...shown(entry) }));
  if (out.json) for (const row of rows) out.value(row);
  else if (rows.length === 0) out.line(`nobody has a login in ${settings.loginsFile}: homelab creds add <login>`);
  else
    out.line(
      table(
        ['login', 'role', 'password', 'tokens'],
        rows.map(({ login, role, password, tokens }) => [login, role, password, tokens.map(tokenShown).join(', ') || '-']),
      ),
    );
  return exitCodes.ok;
}

function shown({ scrypt, mosquitto, tokens }: LoginEntry): {
  readonly password: string;
  readonly tokens: readonly { readonly name: string; readonly expires?: string }[];
} {
  const where = [...(scrypt === undefined ? [] : ['page']), ...(scrypt === undefined && mosquitto === undefined ? [] : ['brokers'])];
  return { password: where.join(' and ') || 'none', tokens: tokens.map(({ name, expires }) => ({ name, ...(expires === undefined ? {} : { expires }) })) };
}

function tokenShown({ name, expires }: { readonly name: string; readonly expires?: string }): string {
  if (expires === undefined) return name;
  return Date.parse(expires) <= Date.now() ? `${name} (expired)` : `${name} (until ${expires.slice(0, 10)})`;
}

function roleShown(login: string, roles: Readonly<Record<string, string>> | null): string {
  const owner = actorOfLogin(login);
  if (owner !== null && owner.node !== null) return owner.actor;
  if (roles === null) return 'operator';
  return Object.hasOwn(roles, login) ? (roles[login] ?? '') : 'none: not in access.yaml';
}

/** There is a list of people, and this one is not in it. */
const isWithoutRole = (list: ListInForce | null, login: string): list is ListInForce =>
  list !== null && actorOfLogin(login) === null && !Object.hasOwn(list.roles, login);

function checkLogin(login: string): void {
  if (!Login.safeParse(login).success || login.includes(':'))
    throw new UsageError(`${JSON.stringify(login)}: a login is one level of a topic, without / + # : or spaces`);
  if (login === 'anonymous') throw new UsageError('anonymous is what people without a login are called; choose another name');
}

async function hashed(logins: Logins, login: string, password: string, isRandom: boolean): Promise<Logins> {
  try {
    return await withPassword(logins, login, password, { isRandom });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function firstLine(text: string): string {
  const [line = ''] = text.split(/\r?\n/);
  if (line === '') throw new UsageError('--password-stdin: expected the password as the first line of standard input');
  return line;
}

/** `90d`, or a day, or a time: ISO 8601 in UTC. */
function expiryOf({ expires, token }: CredsAddOptions, nowMs: number): string | null {
  if (expires === undefined) return null;
  if (token === undefined) throw new UsageError('--expires is for tokens: name one with --token');
  const days = /^(\d{1,4})d$/.exec(expires)?.[1];
  const atMs = days === undefined ? Date.parse(expires) : nowMs + Number(days) * 86_400_000;
  if (!/^(\d{1,4}d|\d{4}-\d\d-\d\d.*)$/.test(expires) || Number.isNaN(atMs))
    throw new UsageError(`--expires ${JSON.stringify(expires)}: expected days such as 90d, or a day such as 2027-01-31`);
  if (atMs <= nowMs) throw new UsageError(`--expires ${expires}: that has passed`);
  return new Date(atMs).toISOString();
}
