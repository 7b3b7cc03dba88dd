/**
 * What docker-compose prints when it refuses a file, as single complaints with the part of the file they are about. Pure.
 * Source: what docker-compose 1.29.2 and 2.26.1 printed for two dozen wrong files (complaints.test.ts has them).
 */

export interface Complaint {
  /** One line, in its own words, with paths relative to the directory. */
  readonly detail: string;
  /** The key in question, from the top of the file, as far as it says; empty: it does not. */
  readonly path: readonly string[];
  /** Where it names a file and line itself. */
  readonly location: { readonly file: string; readonly line: number; readonly column: number } | null;
}

/** Warnings, and advice that is the same for every mistake. */
const noise =
  /^(time="[^"]*" level=warning|WARNING:|For more information on the Compose file|You might be seeing this error|Either specify a supported version|the `services` key,|see https?:)/;
const heading = /^(The Compose file .*is invalid because:|validating [^:]*:|ERROR:)\s*/;

export function complaintsOf(printed: string, directory: string): readonly Complaint[] {
  const lines = printed
    .replaceAll(`${directory}/`, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !noise.test(line));
  const parserError = location(lines);
  if (parserError !== null) return [{ detail: parserWords(lines), path: [], location: parserError }];
  const told = joined(lines)
    .map((line) => line.replace(heading, '').trim())
    .filter((line) => line !== '' && !line.startsWith('Traceback'));
  if (told.length === 0) return [{ detail: 'refused without a word', path: [], location: null }];
  return told.map((detail) => ({ detail, path: pathIn(detail), location: null }));
}

/** Version 2 announces its decoding errors on a line of their own. */
const joined = (lines: readonly string[]): readonly string[] => (lines[0]?.startsWith('decoding failed due to') === true ? [lines.join(' ')] : lines);

/** `in "./f.yml", line 4, column 12` of version 1, `yaml: line 3: …` of version 2 (which does not say the file). */
function location(lines: readonly string[]): Complaint['location'] {
  const match = /in "(?:\.\/)?([^"]+)", line (\d+), column (\d+)/.exec(lines.findLast((line) => line.includes('", line ')) ?? '');
  return match === null ? null : { file: match[1] ?? '', line: Number(match[2]), column: Number(match[3]) };
}

const parserWords = (lines: readonly string[]): string =>
  lines
    .filter((line) => !/^in ".*", line/.test(line))
    .join(' ')
    .replace(/^yaml\.\w+\.\w+: /, '');

/** `services.web.healthcheck`, as far as it goes. */
const dotted = /\b(?:services|networks|volumes|configs|secrets)\.[\w.-]*\w/;
/** A key below that: `value 'x' does not match`, `contains unsupported option: 'x'`, `for services.web: 'x'`, `Additional property x`. */
const below = /^(?: value|: | contains unsupported option:)? ?'([\w.-]+)'|^ Additional property ([\w.-]+)/;
/** `error decoding 'services[web].mem_limit'` */
const bracketed = /'(services)\[([\w.-]+)\]\.(\w+)/;
/** `Service 'web' depends on`, `in service "web"`, `service web declares` */
const named = /\bservice ["']?([\w.-]+)["']?/i;
/** `'name' does not match any of the regexes` at the top of the file. */
const top = /^'([\w-]+)' does not match any of the regexes|^Additional property ([\w-]+) is not allowed|^\(root\) Additional property ([\w-]+)/;

function pathIn(detail: string): readonly string[] {
  const found = dotted.exec(detail);
  if (found !== null) {
    const key = below.exec(detail.slice(found.index + found[0].length));
    return [...found[0].split('.'), ...(key === null ? [] : [key[1] ?? key[2] ?? ''])];
  }
  const inBrackets = bracketed.exec(detail);
  if (inBrackets !== null) return inBrackets.slice(1);
  const service = named.exec(detail)?.[1];
  if (service !== undefined) return ['services', service];
  const key = top.exec(detail);
  return key === null ? [] : [key[1] ?? key[2] ?? key[3] ?? ''];
}
