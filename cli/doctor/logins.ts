/** Who can log in at the broker and the page of this machine, and what follows from it where nobody can, or somebody has no role. Reads `logins.yaml` and the list of people. */
import { peopleOf } from '../../adapters/logins/login-book.ts';
import { isLoginsFileThere, readLogins } from '../../adapters/logins/logins-file.ts';
import { actorOfLogin } from '../../contracts/actor-names.ts';
import type { AccessList } from '../../contracts/desired.ts';
import { inventoryFiles } from '../../contracts/inventory/files.table.ts';
import { isLoopback } from '../../contracts/loopback.ts';
import { listInForce } from '../creds/roles.ts';
import type { Settings } from '../settings.ts';
import { counted, type Finding, findingsOf, listed, messageOf, quoted } from './finding.ts';

export interface LoginsSeen {
  readonly file: string;
  readonly isFileThere: boolean;
  /** Of the file; null: it can be read. */
  readonly problem: string | null;
  /** Who can log in at the page. */
  readonly people: readonly string[];
  /** All that a broker takes: those of people, of programs, and those in clear. */
  readonly atBrokers: readonly string[];
  /** null: there is no list of people here, and everybody with a login is an operator. */
  readonly roles: AccessList | null;
  /** Where the page is to listen. */
  readonly httpHost: string;
}

type Where = Pick<Settings, 'loginsFile' | 'passwords' | 'http' | 'inventoryDir' | 'isInventoryNamed' | 'node' | 'ownAccessFile'>;

export async function readLoginsSeen(settings: Where): Promise<LoginsSeen> {
  const { loginsFile: file, passwords, http } = settings;
  const seen = { file, isFileThere: isLoginsFileThere(file), httpHost: http.host, problem: null };
  // A list that cannot be read is for another check to report.
  const roles = await listInForce(settings).then(
    (list) => list?.roles ?? null,
    () => null,
  );
  try {
    const logins = readLogins(file);
    return { ...seen, people: [...peopleOf(logins).keys()], atBrokers: [...new Set([...logins.keys(), ...Object.keys(passwords)])], roles };
  } catch (error) {
    return { ...seen, problem: messageOf(error), people: [], atBrokers: [], roles };
  }
}

const say = findingsOf('logins');

export function checkLogins(seen: LoginsSeen): Finding {
  const { file, isFileThere, problem, people, atBrokers, roles, httpHost } = seen;
  if (problem !== null)
    return say.error(
      problem,
      'nobody can log in, and a broker of ours does not start with it',
      `ls -l ${quoted(file)}   # what is wrong with it is said above`,
    );
  const named = Object.keys(roles ?? {});
  const add = `homelab creds add ${quoted(named[0] ?? '<login>')}`;
  if (atBrokers.length === 0) {
    if (isFileThere) return say.warning(`${file} names nobody any more`, 'the broker and the page of this machine go on asking, and let nobody in', add);
    if (named.length > 0)
      return say.warning(
        `nobody has a login, and ${inventoryFiles.access.path} names ${listed(named)}`,
        'a broker of this machine believes whoever is on it and says to be one of them',
        add,
      );
  }
  if (people.length === 0 && !isLoopback(httpHost))
    return say.warning(
      `no person has a login, and HOMELAB_HTTP_HOST is ${httpHost}`,
      'the page listens for nobody but this machine until somebody has one; then it listens there, without a restart',
      add,
    );
  if (atBrokers.length === 0) return say.ok('nobody has a login', 'a broker and a page of this machine ask nobody, and listen to nobody else');
  const strangers = people.filter((login) => roles !== null && !Object.hasOwn(roles, login));
  if (strangers.length > 0)
    return say.warning(
      `${listed(strangers)} can log in and have no role: ${inventoryFiles.access.path} does not name them`,
      'page and broker let them in nowhere',
      `homelab creds revoke ${quoted(strangers[0] ?? '')}   # or a line for them in ${inventoryFiles.access.path}`,
    );
  const programs = atBrokers.filter((login) => actorOfLogin(login) !== null).length;
  return say.ok(
    `${counted(atBrokers.length - programs, 'login')} of people and ${programs} of programs`,
    'a broker and a page of this machine ask everybody for one',
  );
}
