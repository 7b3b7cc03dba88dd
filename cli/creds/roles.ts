/**
 * The role of a login in the access list that counts here: read, and put there as one line, so that what else a person wrote in that
 * file stays as it is. That list is inventory/access.yaml of the declared homelab, and where no homelab that is declared counts
 * access.yaml of the data directory, which is made here. Fails with a UsageError that says what to write by hand.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dump, load } from 'js-yaml';
import { isAbout } from '../../actors/inventory/tree.ts';
import { readTree } from '../../adapters/files/tree.ts';
import { readLogins } from '../../adapters/logins/logins-file.ts';
import { actorOfLogin } from '../../contracts/actor-names.ts';
import { type AccessList, PersonRole } from '../../contracts/desired.ts';
import { AccessFile } from '../../contracts/inventory/access.ts';
import { inventoryFiles } from '../../contracts/inventory/files.table.ts';
import { type Settings, UsageError } from '../settings.ts';
import { asUsage } from './needs-login.ts';
import { writeSecret } from './secret-file.ts';

export type WhereRoles = Pick<Settings, 'inventoryDir' | 'isInventoryNamed' | 'node' | 'ownAccessFile'>;
export type WherePeople = WhereRoles & Pick<Settings, 'loginsFile' | 'passwords'>;

export interface ListInForce {
  readonly file: string;
  readonly roles: AccessList;
}

/** null: there is no access list, and everybody is an operator. */
export async function listInForce(where: WhereRoles): Promise<ListInForce | null> {
  const { inventoryDir, ownAccessFile } = where;
  const declared = join(inventoryDir, inventoryFiles.access.path);
  const file = existsSync(declared) && (await counts(where)) ? declared : ownAccessFile;
  return existsSync(file) ? { file, roles: parse(file, readFileSync(file, 'utf8')).logins ?? {} } : null;
}

/** The same question, asked in the same way, as by the inventory. */
const counts = async ({ inventoryDir, isInventoryNamed, node }: WhereRoles): Promise<boolean> =>
  isInventoryNamed || isAbout(await readTree(inventoryDir), node);

/** What each person with a login may do now, so that a list that is made keeps it: without a list that is everything. Programs and front ends need no line. */
export async function rolesNow(where: WherePeople): Promise<AccessList> {
  const list = await listInForce(where);
  if (list !== null) return list.roles;
  const logins = new Set([...asUsage(() => readLogins(where.loginsFile)).keys(), ...Object.keys(where.passwords)]);
  const people = [...logins].filter((login) => actorOfLogin(login) === null).sort();
  return Object.fromEntries(people.map((login) => [login, 'operator']));
}

export function roleNamed(text: string): PersonRole {
  const role = PersonRole.safeParse(text);
  if (!role.success) throw new UsageError(`--role ${JSON.stringify(text)}: expected one of ${PersonRole.options.join(', ')}`);
  return role.data;
}

/** The lines that say what was done. */
export async function giveRole(where: WherePeople, login: string, role: PersonRole): Promise<readonly string[]> {
  if (actorOfLogin(login) !== null && role !== 'delegate')
    throw new UsageError(`${login} is the login of a program: it has its actor's role whatever the list says`);
  const list = await listInForce(where);
  if (list === null) return role === 'operator' ? ['there is no access list, so every login is an operator'] : makeList(where, login, role);
  const { file } = list;
  const advice = file === where.ownAccessFile ? '' : '; commit it';
  const text = readFileSync(file, 'utf8');
  const before = list.roles[login];
  if (before === role) return [`${file} calls ${login} ${role} already`];
  const written = (before === undefined ? /^(logins:)[ \t]*(?:#.*)?$/m : lineOf(login)).exec(text);
  const line = `  ${login}: ${role}`;
  const changed = written === null ? text : text.replace(written[0], () => (before === undefined ? `${written[0]}\n${line}` : line));
  if (readable(changed)?.logins?.[login] !== role)
    throw new UsageError(`${file} is written in a way that this cannot edit; write the line "${line}" below "logins:" by hand`);
  writeSecret(file, changed, { isPublic: true });
  return [`${file} calls ${login} ${role} now${advice}`];
}

/** The first list of a machine that nobody declared. A declared homelab keeps its list in Git, where a person writes it. */
async function makeList(where: WherePeople, login: string, role: PersonRole): Promise<readonly string[]> {
  const { inventoryDir, ownAccessFile: file } = where;
  if (await counts(where))
    throw new UsageError(
      `--role ${role}: there is no ${inventoryFiles.access.path} in ${inventoryDir}, so every login is an operator; write one first, with a line "logins:" and below it a line "  <login>: operator" for each of your people`,
    );
  const roles: AccessList = { ...(await rolesNow(where)), [login]: role };
  writeSecret(file, `${ownListHead}\n${dump({ logins: roles })}`, { isPublic: true });
  const others = Object.keys(roles).filter((each) => each !== login);
  const isLed = Object.values(roles).includes('operator');
  return [
    `${file} is the access list of this machine now, and calls ${login} ${role}${others.length === 0 ? '' : `; as before: ${others.map((each) => `${each} (${roles[each] ?? ''})`).join(', ')}`}`,
    ...(isLed ? [] : ['nobody in it may approve yet: homelab creds add <login> --role operator']),
  ];
}

const ownListHead = `# Who may approve, and who may only read. Counts while the declared homelab has no ${inventoryFiles.access.path}, or none is declared.`;

const lineOf = (login: string): RegExp => new RegExp(`^[ \\t]+(["']?)${login.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}\\1:[ \\t]*\\w+`, 'm');

function readable(text: string): AccessFile | null {
  try {
    return AccessFile.parse(load(text));
  } catch {
    return null;
  }
}

function parse(file: string, text: string): AccessFile {
  const read = readable(text);
  if (read === null) throw new UsageError(`${file} cannot be used as it is; what is wrong with it: homelab validate`);
  return read;
}
