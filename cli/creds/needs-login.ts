/** Whether everybody needs a login at this machine's broker. Reads `logins.yaml`. */
import { isLoginsFileThere, LoginsError, readLogins } from '../../adapters/logins/logins-file.ts';
import { type Settings, UsageError } from '../settings.ts';

/**
 * Somebody has one, or had one: a file that names nobody is what the last `homelab creds revoke` leaves, and opens nothing. Throws a UsageError
 * that says what is wrong with the file.
 */
export function needsLogin({ passwords, mintedLogins, loginsFile }: Pick<Settings, 'passwords' | 'mintedLogins' | 'loginsFile'>): boolean {
  if (Object.keys(passwords).some((login) => !mintedLogins.includes(login))) return true;
  return asUsage(() => readLogins(loginsFile).size > 0 || isLoginsFileThere(loginsFile));
}

/** What is wrong with the file of logins is for whoever started us to mend. */
export function asUsage<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof LoginsError) throw new UsageError(error.message);
    throw error;
  }
}
