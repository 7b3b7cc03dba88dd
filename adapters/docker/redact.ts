/**
 * Takes secrets out of what the engine tells about a container, before it leaves this process: diagnostics, probe output, logs.
 *
 * A secret is: what is known by its form (secret-forms.table.ts), what a text calls a secret in words (secrets-in-prose.ts), the value
 * of an environment variable, label, option or command-line flag whose name looks secret, and the password
 * of any URL. It is replaced where it stands, whatever its length, and everywhere else it occurs if it has at least 6 characters
 * (in commands, labels, health checks, logs), as it is, quoted, percent-encoded, JSON-escaped or line by line.
 * Pure. When in doubt it redacts: a diagnosis with a hole is better than a leak.
 */
import { redacted, withoutKnownForms } from './secret-forms.table.ts';
import { withoutSecretsInProse } from './secrets-in-prose.ts';

/** Shorter values are words like `true` and `root`: replacing them everywhere would destroy the rest. */
const secretCharsMin = 6;

const secretName =
  /pass|secret|token|key|pwd|auth(?!ors?(?![a-z]))|credential|private|dsn|cookie|bearer|salt|signature|webhook|connection_?string|(?:^|[_.-])(?:pat|pin|pw)$/i;
/** Maps of free strings in an inspect answer, by the name of the field that holds them. */
const freeMaps: ReadonlySet<string> = new Set(['Labels', 'Config', 'DriverOpts', 'Options', 'Annotations']);
const argumentLists: ReadonlySet<string> = new Set(['Cmd', 'Args', 'Entrypoint', 'Test']);

// Lookbehinds and lengths keep the patterns linear on the long lines that logs have.
/** `scheme://userinfo@`: up to the last @ of the authority. */
const urlUserinfo = /((?<![a-z0-9+.-])[a-z][a-z0-9+.-]{0,31}:\/\/)([^\s/?#"'<>]+)@/gi;
/** A password with a raw slash in it; `host:80/path@x` is not one. */
const urlPasswordWithSlash = /((?<![a-z0-9+.-])[a-z][a-z0-9+.-]{0,31}:\/\/)([^\s/?#@:"'<>]{0,256}:(?!\d+[/?#])[^\s@"'<>]{1,512})@/gi;
/** `name=value` and `--flag value` inside a longer text; whether the name looks secret is decided by `secretName`. */
const assignment = /(?<![\w.-])([\w.-]+)(=)("[^"]*"|'[^']*'|[^\s&;,"']+)/g;
const flagAndWord = /(?<![\w-])(--?[\w.-]+)(\s+)("[^"]*"|'[^']*'|[^\s"'-]\S*)/g;
const authorization = /\b(bearer|basic)(\s+)([\w+/=.~-]{8,})/gi;

export interface Redactor {
  /** For what it says: output of probes, logs, errors. */
  readonly text: (text: string) => string;
  /** A copy of a JSON value without the secrets, keys included. */
  readonly value: (value: unknown) => unknown;
}

/** Learns the secrets from an inspect answer; what it makes may then be used on anything that container says. */
export function createRedactor(inspect: unknown): Redactor {
  const secrets = new Set<string>();
  walk(inspect, '', (secret) => {
    for (const variant of variantsOf(secret)) if (variant.length >= secretCharsMin) secrets.add(variant);
  });
  // Longest first, so that a secret that is part of another does not leave the rest of it.
  const needles = [...secrets].sort((a, b) => b.length - a.length);
  return {
    text: (input) => withoutNeedles(redactProse(input), needles),
    value: (value) => redactValue(value, '', (input) => withoutNeedles(withoutPatterns(input), needles)),
  };
}

const looksSecret = (name: string, value: string): boolean => secretName.test(name) && !(/^(OLD)?PWD$/.test(name) && value.startsWith('/'));

const userinfoSecrets = (userinfo: string): string[] => {
  const colon = userinfo.indexOf(':');
  // Without a colon it is a token; with one, the user's name is no secret (it may be `postgres`, which is everywhere).
  return [userinfo, ...(colon === -1 ? [] : [userinfo.slice(colon + 1)])];
};

/** Calls `found` with each secret of an inspect answer. */
function walk(value: unknown, field: string, found: (secret: string) => void): void {
  if (typeof value === 'string') {
    for (const pattern of [urlUserinfo, urlPasswordWithSlash]) for (const match of value.matchAll(pattern)) userinfoSecrets(match[2] ?? '').forEach(found);
    if (argumentLists.has(field)) secretsInCommand(value, found);
    return;
  }
  if (Array.isArray(value)) {
    value.forEach((item: unknown, index) => {
      walk(item, field, found);
      const secret = typeof item === 'string' ? secretOfItem(field, item, value[index - 1]) : null;
      if (secret !== null) found(secret);
    });
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  for (const [key, item] of Object.entries(value)) {
    walk(item, key, found);
    if (freeMaps.has(field) && typeof item === 'string' && looksSecret(key, item)) found(item);
  }
}

/** The secret in one item of a list: `NAME=value` of an environment, or the word after a flag. */
function secretOfItem(field: string, item: string, previous: unknown): string | null {
  if (field === 'Env') {
    const equals = item.indexOf('=');
    const value = item.slice(equals + 1);
    return equals !== -1 && value !== '' && looksSecret(item.slice(0, equals), value) ? value : null;
  }
  const flagged = argumentLists.has(field) && typeof previous === 'string' && /^--?[\w.-]+$/.test(previous) && secretName.test(previous);
  return flagged && !item.startsWith('-') ? item : null;
}

function secretsInCommand(command: string, found: (secret: string) => void): void {
  for (const pattern of [assignment, flagAndWord]) {
    for (const [, name = '', , value = ''] of command.matchAll(pattern)) if (looksSecret(name, value)) found(value);
  }
}

/** The forms in which a secret shows up in texts. */
function variantsOf(secret: string): string[] {
  const plain = [secret, secret.trim(), secret.replace(/^(["'])(.*)\1$/s, '$2'), ...secret.split(/\r?\n/), ...secret.split(/\r?\n/).map((line) => line.trim())];
  // A lone surrogate has no percent-encoding; decoding fails on a stray %.
  return plain.flatMap((form) => [form, JSON.stringify(form).slice(1, -1), attempt(encodeURIComponent, form), attempt(decodeURIComponent, form)]);
}

function attempt(convert: (text: string) => string, text: string): string {
  try {
    return convert(text);
  } catch {
    return text;
  }
}

const withoutPatterns = (text: string): string =>
  withoutKnownForms(text)
    .replace(urlUserinfo, `$1${redacted}@`)
    .replace(urlPasswordWithSlash, `$1${redacted}@`)
    .replace(authorization, `$1$2${redacted}`)
    .replace(assignment, (whole, name: string, equals: string, value: string) => (looksSecret(name, value) ? `${name}${equals}${redacted}` : whole));

/** Free text, in which nothing says where a secret stands: what people write as a reason, what programs say of themselves. */
export const redactProse = (text: string): string => withoutSecretsInProse(redactCommand(withoutPatterns(text)));

/** Until none is left: putting the mark in could join two halves. Ends, because each replacement makes the text shorter. */
function withoutNeedles(input: string, needles: readonly string[]): string {
  let text = input;
  while (needles.some((needle) => text.includes(needle))) for (const needle of needles) text = text.replaceAll(needle, redacted);
  return text;
}

function redactValue(value: unknown, field: string, text: (text: string) => string): unknown {
  if (typeof value === 'string') return text(argumentLists.has(field) ? redactCommand(value) : value);
  if (Array.isArray(value)) {
    return value.map((item: unknown, index) => {
      const secret = typeof item === 'string' ? secretOfItem(field, item, value[index - 1]) : null;
      if (typeof item !== 'string' || secret === null) return redactValue(item, field, text);
      return text(`${item.slice(0, item.length - secret.length)}${redacted}`);
    });
  }
  if (typeof value !== 'object' || value === null) return value;
  const copy: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    const secret = freeMaps.has(field) && typeof item === 'string' && looksSecret(key, item);
    // defineProperty: a label may be called __proto__.
    Object.defineProperty(copy, text(key), { value: secret ? redacted : redactValue(item, key, text), enumerable: true, configurable: true, writable: true });
  }
  return copy;
}

const redactCommand = (command: string): string =>
  command.replace(flagAndWord, (whole, flag: string, space: string, value: string) => (looksSecret(flag, value) ? `${flag}${space}${redacted}` : whole));
