/**
 * Rules about secrets in Git: tokens of a known form, values of variables whose name says secret, and random strings.
 * One finding for each line; the value itself is never shown, because findings end up in logs.
 */
import type { DeclaredTree } from '../tree.ts';
import { type Fault, placeInText, type Rule } from './rule.ts';
import { passedSecrets, secretForms } from './secret-forms.table.ts';
import { isRandom, looksLikePlaceholder } from './secret-values.ts';

interface Text {
  readonly path: string;
  readonly text: string;
}

/** Every text of the tree: YAML files that were read, and all others. */
function textsOf(tree: DeclaredTree): readonly Text[] {
  const hosts = [...tree.hosts.values()].flatMap(({ services, capabilities, nodeFile, networking, paths, overrides, others }) => [
    services,
    capabilities,
    nodeFile,
    networking,
    paths,
    ...overrides.values(),
    ...others,
  ]);
  const services = [...tree.services.values()].flatMap(({ service, compose, readme, envExample, healthcheck, others }) => [
    service,
    compose,
    readme,
    envExample,
    healthcheck,
    ...others,
  ]);
  return [tree.topology, tree.access, tree.maintenance, ...hosts, ...services].filter((file) => file !== null && typeof file !== 'string');
}

/** What each line of a text is accused of by the three rules, the surest first. */
interface Accused {
  readonly known: readonly Fault[];
  readonly named: readonly Fault[];
  readonly random: readonly Fault[];
}

const accusations = new WeakMap<DeclaredTree, Accused>();

function accusedIn(tree: DeclaredTree): Accused {
  let accused = accusations.get(tree);
  if (accused === undefined) {
    const found = { known: [] as Fault[], named: [] as Fault[], random: [] as Fault[] };
    for (const text of textsOf(tree)) accuse(text, found);
    accused = found;
    accusations.set(tree, accused);
  }
  return accused;
}

function accuse(file: Text, found: { known: Fault[]; named: Fault[]; random: Fault[] }): void {
  const accusedLines = new Set<number>();
  const add = (to: Fault[], offset: number, detail: string): void => {
    const place = placeInText(file.text, offset);
    if (accusedLines.has(place.line)) return;
    accusedLines.add(place.line);
    to.push({ file: file.path, place, detail });
  };
  for (const { what, pattern } of secretForms) {
    for (const match of file.text.matchAll(pattern)) add(found.known, match.index, `looks like ${what}; revoke it, and keep its successor out of Git`);
  }
  for (const { name, offset } of namedSecrets(file)) {
    add(found.named, offset, `${name} has a value; leave it empty in Git, or refer to a variable such as \${${name.toUpperCase().replaceAll(/\W/g, '_')}}`);
  }
  for (const match of file.text.matchAll(candidate)) {
    if (isRandom(match[0], file.text.slice(file.text.lastIndexOf('\n', match.index) + 1, match.index), isProse(file))) {
      add(found.random, match.index, `a random string of ${match[0].length} characters; if it is a secret, keep it out of Git`);
    }
  }
}

/** Shorter ones are names more often than secrets. */
const candidate = /[A-Za-z0-9+/_-]{24,}={0,2}/g;

/** `NAME=value`, `NAME: value`, `- NAME=value`, `"NAME": "value"`. */
const assignment = /^[ \t]*(?:-[ \t]+)?(?:export[ \t]+)?["']?([A-Za-z_][\w.-]*)["']?[ \t]*[:=][ \t]*(.*?)[ \t]*,?[ \t]*$/gm;
const secretName =
  /(^|[_.-])(pass(word|wd|phrase)?|pw|secret|token|api[_-]?key|private[_-]?key|access[_-]?key|secret[_-]?key|encryption[_-]?key|network[_-]?key|client[_-]?secret|credentials?|auth[_-]?key)$/i;
const camelSecretName = /(password|secret|token|apiKey|privateKey|accessKey|PASSWORD|PASSWD)$/;
/** `{"name": "value", name: value}`: JSON, and YAML in one line. */
const inBraces = /[{,]\s*\\?["']?([A-Za-z_][\w.-]*)\\?["']?\s*:\s*("[^"\n]*"|'[^'\n]*'|\\"[^"\\\n]*|<[^>\n]*>|[^\s,}"'\\]+)/g;
/** `NAME=value` further right on a line: before a command, or in a list. */
const inLine = /(?<=[^\s-][ \t]*)[ \t"'[]([A-Z][A-Z0-9_]*)=("[^"\n]*"|'[^'\n]*'|<[^>\n]*>|[^\s,"'\]]+)/g;
/** `user:password@` of a URL. */
const urlPassword = /\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@"'$]+:([^\s/@"']+)@/g;

/** Which says "password: in the safe". */
const isProse = ({ path }: Text): boolean => /\.(md|txt)$/i.test(path);

const isSecretName = (name: string): boolean => secretName.test(name) || camelSecretName.test(name);

/** On a line that begins with `#`. */
const isCommented = (text: string, offset: number): boolean => /^\s*#/.test(text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset));

function* namedSecrets({ path, text }: Text): Iterable<{ readonly name: string; readonly offset: number }> {
  for (const match of isProse({ path, text }) ? [] : text.matchAll(assignment)) {
    const [whole, name = '', value = ''] = match;
    if (!isSecretName(name) || looksLikePlaceholder(literalOf(value))) continue;
    yield { name, offset: match.index + whole.length - whole.trimStart().length };
  }
  for (const match of [inBraces, inLine].flatMap((form) => [...text.matchAll(form)])) {
    const [, name = '', value = ''] = match;
    const offset = match.index + match[0].indexOf(name);
    if (!isSecretName(name) || isCommented(text, offset) || looksLikePlaceholder(literalOf(value.replace(/^\\/, '')))) continue;
    yield { name, offset };
  }
  for (const match of [urlPassword, ...passedSecrets].flatMap((form) => [...text.matchAll(form)])) {
    const offset = match.index + match[0].length - match[0].trimStart().length;
    if (!looksLikePlaceholder(literalOf(match[1] ?? ''))) yield { name: 'password', offset };
  }
}

/** The value without quotes, comment, and anchors; of `${NAME:-literal}` the literal, of any other reference nothing. */
function literalOf(given: string): string {
  const unquoted = /^(["'])(.*?)\1/.exec(given)?.[2] ?? given.replace(/(^|\s)#.*$/, '').trim();
  const fallback = /^\$\{\w+:?-([^}]*)\}$/.exec(unquoted)?.[1];
  if (fallback !== undefined) return fallback;
  return /\$[\w{(]|^[&*!|>]|\$$/.test(unquoted) ? '' : unquoted;
}

const why = 'what was pushed once stays in every clone; the operator keeps values in .env on the machine';

const knownForm: Rule = {
  id: 'secret-token',
  severity: 'error',
  finds: 'a private key, or a token of a known form (AWS, GitHub, Slack, Telegram, JWT, …), in any text file',
  why,
  find: (tree) => accusedIn(tree).known,
};
const namedValue: Rule = {
  id: 'secret-value',
  severity: 'error',
  finds: 'a literal value for a password, secret, token or key that is no placeholder, also in a URL',
  why,
  find: (tree) => accusedIn(tree).named,
};
const randomString: Rule = {
  id: 'secret-random',
  severity: 'error',
  finds: 'a long random string that is no digest',
  why,
  find: (tree) => accusedIn(tree).random,
};

export const secretRules: readonly Rule[] = [knownForm, namedValue, randomString];
