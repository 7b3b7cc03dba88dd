/** Where the web page will be, for the banner of `up`. What the operator-ui says of itself, once it listens, is in its ActorStatus. */
import { hostOf } from '../adapters/http/server.ts';
import { peopleOf } from '../adapters/logins/login-book.ts';
import { readLogins } from '../adapters/logins/logins-file.ts';
import { urlHost } from './broker-options.ts';
import type { Settings } from './settings.ts';

export function webLine({ http, loginsFile }: Pick<Settings, 'http' | 'loginsFile'>): string {
  const isNeeded = isLoginNeeded(loginsFile);
  const url = http.port === 0 ? 'on any free port' : `http://${urlHost(hostOf(http.host, isNeeded))}:${http.port}`;
  return `  web      ${url}${isNeeded ? '' : ' (this machine only: no login is configured; homelab creds add <login>)'}`;
}

/** A file that cannot be read locks everybody out, also those of this machine. */
function isLoginNeeded(file: string): boolean {
  try {
    return peopleOf(readLogins(file)).size > 0;
  } catch {
    return true;
  }
}
