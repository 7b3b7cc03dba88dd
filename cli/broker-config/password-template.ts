/**
 * The logins of a site's broker as a password file to be filled in on its machine; no password is ever in Git. Pure.
 *
 * mosquitto_passwd (2.0.11) takes no comments and no login without a password, so that nothing is hashed by mistake; mosquitto
 * itself drops a login whose password is not hashed, so that one which was left out is refused.
 */
import { generatedBy } from './header.ts';
import type { SiteBroker } from './site-broker.ts';

export function passwordTemplate(broker: SiteBroker): string {
  const head = [
    ...generatedBy(broker),
    '# On the machine of the broker, as the user that runs it:',
    '#   umask 077 && grep -v "^#" passwd.template > passwd',
    '#   write a password behind each colon (openssl rand -hex 16), remove the lines of logins that nobody uses',
    '#   mosquitto_passwd -U passwd       (hashes them, once; a single one later: mosquitto_passwd passwd <login>)',
    '# The same password goes to where the login is used; read it there from a file that only its user can read.',
  ];
  return `${[...head, ...broker.logins.flatMap(({ login, who }) => [`# ${who}`, `${login}:`])].join('\n')}\n`;
}
