/**
 * Which variables of Compose files nobody gave a value: those that fall back on nothing (`${NAME:-}`), and that no env file names.
 *
 * Reads the files. An empty value in an env file was written by a person and counts. Compose itself complains of `${NAME}`; an empty default
 * it takes for an answer, and where no container shows what the value was, that would be a database with an empty password.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ComposeProject } from './project.ts';

/** Not `$${…}`, which is a dollar sign. */
const emptyDefault = /(?<!\$)\$\{(\w+):?-\}/g;
const assigned = /^\s*(?:export\s+)?(\w+)\s*=/gm;
const comments = /^\s*#.*$/gm;

/** `passedOn`: names that a service takes from the environment of Compose as they are. */
export async function unsaidVariables({ directory, files, envFiles }: ComposeProject, passedOn: readonly string[]): Promise<readonly string[]> {
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  const wanted = texts.flatMap((text) => namesIn(text.replaceAll(comments, ''), emptyDefault));
  // Without a file that is given to it, Compose reads the .env of its directory.
  const given = envFiles.length > 0 ? envFiles : [join(directory, '.env')];
  const said = new Set((await Promise.all(given.map((file) => readFile(file, 'utf8').catch(() => '')))).flatMap((text) => namesIn(text, assigned)));
  return [...new Set([...passedOn, ...wanted])].filter((name) => !said.has(name));
}

const namesIn = (text: string, pattern: RegExp): readonly string[] => [...text.matchAll(pattern)].map(([, name]) => name ?? '');
