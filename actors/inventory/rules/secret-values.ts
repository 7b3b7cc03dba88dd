/** Whether a value may be a secret: what people write where one belongs, and strings that no person would make up. Pure. */

/** Words of placeholders; `example` also covers example.org. */
const placeholderWord =
  /change[-_ ]?me|replace|example|placeholder|dummy|fake|sample|your[-_ ]|to[-_ ]?do|not[-_ ]?(a[-_ ])?(real|secret)|insert|redacted|fill[-_ ]?in|set[-_ ]?me/i;
/** A switch, a path, or nothing at all. A number of two digits and more is a PIN. */
const noSecret = /^(|null|none|~|true|false|yes|no|on|off|\d|<.*>|\[.*\]|\{.*\}|\.{2,}|[x*•-]+|\/[\w./-]*|\.{1,2}\/[\w./-]*|file:.*)$/i;
/** The name of another variable; in lower case it may be a password of several words. */
const variableName = /^[A-Z][A-Z0-9]*(_[A-Z0-9]+)+$/;
/** The public half of a key, as in authorized_keys: its type, and a length of four bytes that begins with zeros. */
const publicKey = /^(ssh|ecdsa|sk)-[\w@.-]+ AAAA/;

export const looksLikePlaceholder = (value: string): boolean => [noSecret, variableName, publicKey, placeholderWord].some((form) => form.test(value));

/** Words joined by - or _ stay below that. Of random Base64 of 32 bytes 96 % are found, of 24 bytes 88 %, of hexadecimal all (measured). */
const mixedBitsMin = 3.8;
/** Random hexadecimal of 32 digits has about 3.6 bits per character; counters and dates stay below 3. */
const hexBitsMin = 3.2;
const hexCharsMin = 32;
/** SHA-1: a commit, or the fingerprint of a public key, where people write about them. */
const sha1Chars = 40;
const digestBefore = /(sha(1|256|384|512)[-:=]|integrity|digest|checksum|md5|commit|@)["':= \t]*$/i;
/** The path of a URL is as public as the page; what stands behind a `?` may be a key. */
const urlBefore = /:\/\/[^\s"'?]*$/;

const publicKeyBefore = /(?:^|[\s"'=])(ssh|ecdsa|sk)-[\w@.-]+[ \t]+$/;

/** `before` is what stands to the left of it on its line: a digest is as random as a key, and no secret. */
export function isRandom(text: string, before: string, isProse: boolean): boolean {
  if (digestBefore.test(before) || urlBefore.test(before) || /^sha\d+-/.test(text) || placeholderWord.test(text)) return false;
  if (publicKeyBefore.test(before) && text.startsWith('AAAA')) return false;
  if (/^(?:[0-9a-f]+|[0-9A-F]+)$/.test(text)) return isRandomHex(text) && !(isProse && text.length === sha1Chars);
  // Paths and kebab-case are words; a key mixes all three kinds within one word.
  return text.split(/[/=_-]|\+/).some((part) => part.length >= partCharsMin && isMixed(part)) && bitsPerCharacter(text) >= mixedBitsMin && isMixed(text);
}
const partCharsMin = 10;

const isRandomHex = (text: string): boolean => text.length >= hexCharsMin && /\d/.test(text) && /[a-f]/i.test(text) && bitsPerCharacter(text) >= hexBitsMin;

/** Changes between lower case, upper case and digits: names in camelCase have fewer, and hardly ever numbers at two places. */
function isMixed(text: string): boolean {
  if (!/[a-z]/.test(text) || !/[A-Z]/.test(text)) return false;
  const kinds = Array.from(text, (each) => (/[a-z]/.test(each) ? 'a' : /[A-Z]/.test(each) ? 'A' : /\d/.test(each) ? '1' : '-'));
  const changes = kinds.filter((kind, index) => index > 0 && kind !== kinds[index - 1]).length;
  return changes >= text.length * changesMin && (text.match(/\d+/g)?.length ?? 0) >= 2;
}
/** Random letters and digits change kind at six of ten places. */
const changesMin = 0.4;

/** Shannon's entropy of its characters. */
function bitsPerCharacter(text: string): number {
  const counts = new Map<string, number>();
  for (const each of text) counts.set(each, (counts.get(each) ?? 0) + 1);
  return [...counts.values()].reduce((sum, count) => sum - (count / text.length) * Math.log2(count / text.length), 0);
}
