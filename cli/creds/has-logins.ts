/** Whether anybody has a login at this machine's broker and page. Reads `logins.yaml`. */
import { LoginsError, readLogins } from '../../adapters/logins/logins-file.ts';
import { type Settings, UsageError } from '../settings.ts';

/** Then everybody needs one. Throws a UsageError that says what is wrong with the file. */
export function hasLogins({ passwords, loginsFile }: Pick<Settings, 'passwords' | 'loginsFile'>): boolean {
  return Object.keys(passwords).length > 0 || asUsage(() => readLogins(loginsFile).size > 0);
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
