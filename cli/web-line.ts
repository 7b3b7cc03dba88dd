/** Where the web page will be, for the banner of `up`. What the operator-ui says of itself, once it listens, is in its ActorStatus. */
import { hostOf } from '../adapters/http/listening.ts';
import { createLoginBook } from '../adapters/logins/login-book.ts';
import { urlHost } from './broker-options.ts';
import type { Settings } from './settings.ts';

export function webLine({ http, loginsFile }: Pick<Settings, 'http' | 'loginsFile'>): string {
  // A file that cannot be read locks everybody out, also those of this machine; the operator-ui says what is wrong with it.
  const isNeeded = createLoginBook(loginsFile, () => undefined).isNeeded();
  const host = hostOf(http.host, isNeeded);
  const url = http.port === 0 ? 'on any free port' : `http://${urlHost(host)}:${http.port}`;
  const wider = host === http.host ? '' : `, and on ${http.host} from the first login on`;
  return `  web      ${url}${isNeeded ? '' : ` (this machine only${wider}: no login is configured; homelab creds add <login>)`}`;
}
