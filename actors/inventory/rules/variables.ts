/** Variables of Compose files: where `${NAME}` stands in a text, what env.example says of it, and a value with both put together. Pure. */
import type { Place, TextFile } from '../tree.ts';
import { placeInText } from './rule.ts';

export interface VariableUse {
  readonly name: string;
  readonly place: Place;
  /** `${NAME:?message}`: docker-compose ends with an error where it has no value. */
  readonly isRequired: boolean;
}

/** `$$` is a plain dollar sign. Source: the interpolation of Compose, `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME:?message}`. */
const use = /\$\$|\$\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-?])([^}]*))?\}|\$([A-Za-z_][A-Za-z0-9_]*)/g;

/** Every use outside of comments; a variable that is used twice comes twice. */
export function variablesIn(text: string): readonly VariableUse[] {
  const uses: VariableUse[] = [];
  for (const match of text.matchAll(use)) {
    const name = match[1] ?? match[4];
    if (name !== undefined && !isInComment(text, match.index)) {
      uses.push({ name, place: placeInText(text, match.index), isRequired: match[2]?.endsWith('?') === true });
    }
  }
  return uses;
}

/** A `#` at the beginning of a line or after a space, outside of quotes as far as one line tells. */
function isInComment(text: string, offset: number): boolean {
  const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset);
  const unquoted = line.replaceAll(/"[^"]*"|'[^']*'/g, '').replace(/(^|[\s[{,:=])["'].*$/, '');
  return /(^|\s)#/.test(unquoted);
}

export interface EnvLine {
  readonly name: string;
  readonly value: string;
  /** From 1. */
  readonly line: number;
}

/** The `NAME=value` lines of an env file, with quotes taken off. Source: docker-compose, "env-file syntax". */
export function envLines(file: TextFile | null): readonly EnvLine[] {
  return (file?.text ?? '').split('\n').flatMap((text, index) => {
    const match = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=(.*)$/.exec(text);
    if (match === null) return [];
    const value = (match[2] ?? '').trim().replace(/^(["'])(.*)\1$/, '$2');
    return [{ name: match[1] ?? '', value, line: index + 1 }];
  });
}

/** The value as docker-compose would see it with env.example for its environment; null: a variable in it has no value. */
export function withVariables(value: string, env: readonly EnvLine[]): string | null {
  const values = new Map(env.map(({ name, value: text }) => [name, text]));
  let isWhole = true;
  const text = value.replace(use, (whole, braced: string | undefined, operator: string | undefined, fallback: string | undefined, bare: string | undefined) => {
    if (whole === '$$') return '$';
    const found = values.get(braced ?? bare ?? '');
    if (found !== undefined && found !== '') return found;
    if (operator?.endsWith('-') === true) return fallback ?? '';
    isWhole = false;
    return '';
  });
  return isWhole ? text : null;
}
