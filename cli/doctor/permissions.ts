/** May this user write where the actors keep their state. Looks, and writes nothing. */
import { dirname, join } from 'node:path';
import { codeOf, counted, type Finding, findingsOf, messageOf, quoted } from './finding.ts';

export interface PermissionPorts {
  /** Rejects as access(2) does, with W_OK (and X_OK for directories). */
  mayWrite(path: string): Promise<void>;
  /** Names in a directory; rejects when it cannot be read. */
  list(path: string): Promise<readonly string[]>;
}

const say = findingsOf('permissions');

export async function checkPermissions(ports: PermissionPorts, dataRoot: string): Promise<Finding> {
  const chown = `sudo chown -R "$USER" ${quoted(dataRoot)}`;
  try {
    await ports.mayWrite(dataRoot);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return notYet(ports, dataRoot);
    return denied(dataRoot, error, chown);
  }
  const foreign = await firstsThatMayNotBeWritten(ports, dataRoot);
  if (foreign.length === 0) return say.ok(`${dataRoot} can be written`, 'actors can keep their state');
  const means = 'somebody else (root?) ran homelab here: those actors cannot start as this user';
  return say.error(
    `${counted(foreign.length, 'entry').replace(/entrys$/, 'entries')} in ${dataRoot} cannot be written, the first is ${foreign[0]}`,
    means,
    chown,
  );
}

function denied(path: string, error: unknown, mend: string): Finding {
  if (codeOf(error) === 'EROFS')
    return say.error(
      `${path} is on a read-only file system`,
      'no event and no approval can be stored',
      `sudo mount -o remount,rw "$(df --output=target ${quoted(path)} | tail -n 1)"`,
    );
  if (codeOf(error) === 'ENOTDIR') return say.error(`${path}: a part of the path is a file`, 'no actor can start', 'export HOMELAB_ROOT="$HOME/homelab-data"');
  if (codeOf(error) === 'EACCES' || codeOf(error) === 'EPERM') return say.error(`${path} cannot be written by this user`, 'no actor can start', mend);
  return say.error(messageOf(error), 'no actor can start', mend);
}

/** It is made at the first start, if the directory above it may be written. */
async function notYet(ports: PermissionPorts, dataRoot: string): Promise<Finding> {
  for (let above = dirname(dataRoot); ; above = dirname(above)) {
    try {
      await ports.mayWrite(above);
      return say.ok(`${dataRoot} is not there yet and can be made`, 'the first start makes it');
    } catch (error) {
      if (codeOf(error) === 'ENOENT' && above !== dirname(above)) continue;
      return denied(above, error, `sudo install -d -o "$USER" ${quoted(dataRoot)}   # or set HOMELAB_ROOT`);
    }
  }
}

/** Directories of actors, and what lies in them: state that another user left is found there. */
async function firstsThatMayNotBeWritten(ports: PermissionPorts, dataRoot: string): Promise<readonly string[]> {
  const refused: string[] = [];
  const look = async (path: string): Promise<boolean> => {
    try {
      await ports.mayWrite(path);
      return true;
    } catch (error) {
      // Gone meanwhile: a running actor renames files.
      if (codeOf(error) !== 'ENOENT') refused.push(path);
      return false;
    }
  };
  for (const name of await ports.list(dataRoot)) {
    const path = join(dataRoot, name);
    if (!(await look(path))) continue;
    for (const inner of await ports.list(path).catch(() => [])) await look(join(path, inner));
  }
  return refused;
}
