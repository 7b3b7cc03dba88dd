/**
 * Takes out of free text what people and programs call a secret in words: `password: x`, `the token is x`, `with password x`, `Cookie: a=x`,
 * `curl -u user:x`, `mysql -px`. Pure. Reads a name, then what follows it; when in doubt the word goes.
 *
 * Nothing here repeats without a limit before something that may be missing, so that long lines of logs take linear time.
 */
import { redacted } from './secret-forms.table.ts';

/** The name must be a secret's whole name, or every service called auth-something would vanish. */
const name =
  '(?<![\\w-])((?:[\\w.-]{0,64}[_.-])?(?:pass(?:word|wd|phrase|code)?|pwd|pw|secret(?:[ _-]key)?|token|api[_ -]?key|access[_ -]?key|private[_ -]?key|auth[_ -]?key|session[_-]?(?:id|key)|credentials?|pin))';
const quoted = '"[^"]*"|\'[^\']*\'';
const word = '[^\\s,;<>(){}"\']+';

/** `password: x`, `"token":"x"`, `a=password=x` */
const assigned = new RegExp(`${name}(["']?\\s{0,4}[:=]\\s{0,4})(${quoted}|[^\\s,;}&"']+)`, 'gi');
/** `password is x`, `the token for vps was x`, `password for anna: x` */
const said = new RegExp(
  `${name}((?:\\s{1,4}(?:for|of|to)\\s{1,4}(?:(?:the|user|login|account)\\s{1,4})?[^\\s:=]{1,64})?\\s{0,4}(?:[:=]|\\b(?:is|was|are|were))(?:\\s{1,4}(?:now|still|set to))?\\s{1,4})(${quoted}|${word})`,
  'gi',
);
/** `with password x` */
const given = new RegExp(
  `(\\b(?:with|using|by|via|wrong|new|old)\\s{1,4}(?:(?:the|a|this|user|root|admin)\\s{1,4})?)${name}(\\s{1,4})(${quoted}|${word})`,
  'gi',
);
/** `password x` and `password to x`, where x is no word: it has a digit or a sign in it. */
const beside = new RegExp(`${name}(\\s{1,4}(?:to\\s{1,4})?)(${quoted}|(?=[^\\s]{0,64}[\\d!@#$%^&*+=~])[^\\s,;<>(){}"']{6,})`, 'gi');

/** What follows the name of a secret and is none: what is wrong with it, and words that lead on. */
const plainWords: ReadonlySet<string> = new Set(
  [
    'a an the this that it which who and or but nor as at by for from in into of on onto to via with without within until after before again against because since when while if then than so',
    'is was are were be been being has had have will would can could may must should cannot did does do not no never now still already also only too very',
    'wrong invalid incorrect bad missing empty blank unset set unknown none null nil undefined false true required needed necessary expected optional expired expiring stale old new weak short long longer',
    'rejected refused denied accepted valid correct ok fine good revoked disabled enabled unavailable available protected hidden removed redacted absent present unchanged changed different same similar equal',
    'used unused stored kept read sent shown given checked verified mismatch mismatched failed failing fails failure error errors down up healthy unhealthy unreachable reachable broken lost found created deleted rotated',
    'authentication auth authorization login logon prompt prompts file files manager managers store stores hash hashes hashing policy reset resets length field fields check checks entry entries change changes rotation refresh',
    'exchange provider endpoint service server services request requests response validation verification expiry expiration lifetime support protection attempt attempts attempted retry retries limit count id name names user users',
  ].flatMap((line) => line.split(' ')),
);
const isPlain = (value: string): boolean =>
  plainWords.has(value.toLowerCase().replace(/[.:!?]+$/, '')) || value.startsWith(redacted) || /^\d{4}-\d\d-\d\d/.test(value);

/** The whole list of a header, or only its name would be safe. */
const cookies = /\b((?:set-)?cookie2?["']?\s{0,4}[:=]\s{0,4}["']?)[^\s=;,"']{1,256}=[^\s;,"']*(?:;\s?[^\s=;,"']{1,256}=[^\s;,"']*)*/gi;
/** Scheme and value. */
const authorization = /\b((?:proxy-)?authorization["']?\s{0,4}[:=]\s{0,4}["']?(?:(?:basic|bearer|digest|token|negotiate|apikey|key)\s{1,4})?)[^\s,;"']+/gi;

/** `-u user:x` of curl and its like; `--user 1000:1000` is no secret. */
const userAndPassword =
  /(?<![\w-])(-u|--user|--proxy-user)(\s{1,4}|=)(["']?)([^\s:"'/]{0,128}):(?!\d{1,10}(?![^\s"']))("[^"]*"|'[^']*'|[^\s"']+(?: [^"'\n]{0,128}(?=["']))?)/g;
/** Options of one letter mean a password in some programs only. At most 300 characters of other options stand before. */
const shortOptions: readonly RegExp[] = [
  /(\b(?:mysql|mariadb)[\w-]{0,16}\b[^|;&\n]{0,300}?\s-p)("[^"]*"|'[^']*'|[^\s"']+)/g,
  /(\bsshpass\b[^|;&\n]{0,100}?\s-p\s{0,4})("[^"]*"|'[^']*'|[^\s"']+)/g,
  /(\bmosquitto_(?:pub|sub|rr)\b[^|;&\n]{0,300}?\s-P\s{0,4})("[^"]*"|'[^']*'|[^\s"']+)/g,
  /(\b(?:redis|valkey)-cli\b[^|;&\n]{0,300}?\s-a\s{1,4})("[^"]*"|'[^']*'|[^\s"']+)/g,
  /(\b(?:docker|podman)\s{1,4}login\b[^|;&\n]{0,300}?\s-p\s{0,4})("[^"]*"|'[^']*'|[^\s"']+)/g,
];

export function withoutSecretsInProse(text: string): string {
  let left = text.replace(cookies, `$1${redacted}`).replace(authorization, `$1${redacted}`).replace(userAndPassword, `$1$2$3$4:${redacted}`);
  for (const option of shortOptions) left = left.replace(option, `$1${redacted}`);
  return left
    .replace(assigned, `$1$2${redacted}`)
    .replace(said, (whole, named: string, between: string, value: string) => (isPlain(value) ? whole : `${named}${between}${redacted}`))
    .replace(given, (whole, before: string, named: string, between: string, value: string) =>
      isPlain(value) ? whole : `${before}${named}${between}${redacted}`,
    )
    .replace(beside, (whole, named: string, between: string, value: string) => (isPlain(value) ? whole : `${named}${between}${redacted}`));
}
