/**
 * The role of a login in inventory/access.yaml: read, and put there as one line, so that what else a person wrote in that file stays as it
 * is. Fails with a UsageError that says what to write by hand.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { contentOf } from '../../actors/inventory/tree.ts';
import { readTree } from '../../adapters/files/tree.ts';
import { actorOfLogin } from '../../contracts/actor-names.ts';
import { type AccessList, PersonRole } from '../../contracts/desired.ts';
import { AccessFile } from '../../contracts/inventory/access.ts';
import { inventoryFiles } from '../../contracts/inventory/files.table.ts';
import { type Settings, UsageError } from '../settings.ts';
import { writeSecret } from './secret-file.ts';

type Where = Pick<Settings, 'inventoryDir' | 'isInventoryNamed' | 'node'>;

/** null: there is no access list, and everybody is an operator. */
export async function rolesOf(where: Where): Promise<AccessList | null> {
  const file = await accessFile(where);
  return file === null ? null : (parse(file, readFileSync(file, 'utf8')).logins ?? {});
}

export function roleNamed(text: string): PersonRole {
  const role = PersonRole.safeParse(text);
  if (!role.success) throw new UsageError(`--role ${JSON.stringify(text)}: expected one of ${PersonRole.options.join(', ')}`);
  return role.data;
}

/** The line that says what was done. */
export async function giveRole(where: Where, login: string, role: PersonRole): Promise<string> {
  if (actorOfLogin(login) !== null && role !== 'delegate')
    throw new UsageError(`${login} is the login of a program: it has its actor's role whatever the list says`);
  const file = await accessFile(where);
  if (file === null) {
    if (role === 'operator') return `without ${inventoryFiles.access.path} every login is an operator`;
    throw new UsageError(
      `--role ${role}: there is no ${inventoryFiles.access.path} in ${where.inventoryDir}, so every login is an operator; write one first, with a line "logins:" and below it a line "  <login>: operator" for each of your people`,
    );
  }
  const text = readFileSync(file, 'utf8');
  const before = parse(file, text).logins?.[login];
  if (before === role) return `${file} calls ${login} ${role} already`;
  const written = (before === undefined ? /^(logins:)[ \t]*(?:#.*)?$/m : lineOf(login)).exec(text);
  const line = `  ${login}: ${role}`;
  const changed = written === null ? text : text.replace(written[0], () => (before === undefined ? `${written[0]}\n${line}` : line));
  if (readable(changed)?.logins?.[login] !== role)
    throw new UsageError(`${file} is written in a way that this cannot edit; write the line "${line}" below "logins:" by hand`);
  writeSecret(file, changed, { isPublic: true });
  return `${file} calls ${login} ${role} now; commit it`;
}

const lineOf = (login: string): RegExp => new RegExp(`^[ \\t]+(["']?)${login.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}\\1:[ \\t]*\\w+`, 'm');

/** null: the inventory is not about this machine, or has no such file. */
async function accessFile({ inventoryDir, isInventoryNamed, node }: Where): Promise<string | null> {
  const file = join(inventoryDir, inventoryFiles.access.path);
  if (!existsSync(file)) return null;
  if (isInventoryNamed) return file;
  return contentOf((await readTree(inventoryDir)).topology)?.nodes[node] === undefined ? null : file;
}

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
