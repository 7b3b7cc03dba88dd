/**
 * Which Compose project a container came from, by the labels that docker-compose leaves on it, and where its files lie here.
 *
 * Reads: whether files can be read. Remembers nothing. Fails with ControlError: not_compose, compose_files_missing.
 * A trap of docker-compose 1.29: names of files are as somebody typed them, so that a relative one is relative to wherever that person
 * stood. Version 2 notes them in full.
 */
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { ControlError } from '../../actors/executor/ports.ts';
import type { ComposeProgram } from './programs.ts';

export interface ComposeProject {
  readonly name: string;
  readonly service: string;
  /** The one that relative paths in its files start from. */
  readonly directory: string;
  /** In order; absolute, as all paths here. */
  readonly files: readonly string[];
  /** Beyond the .env of its directory, which Compose reads by itself. */
  readonly envFiles: readonly string[];
}

type Labels = Readonly<Record<string, string>>;

/** Source: docker-compose 1.29.2, compose/const.py; version 2, pkg/api/labels.go. */
const label = (labels: Labels, name: string): string => labels[`com.docker.compose.${name}`] ?? '';

/** `configDirectory`: where `<service>/.env` lies on this machine (hosts/README.md). */
export async function projectOf(labels: Labels, configDirectory: string): Promise<ComposeProject> {
  const [name, service, directory] = [label(labels, 'project'), label(labels, 'service'), label(labels, 'project.working_dir')];
  const [files, envFiles] = [listIn(labels, 'project.config_files'), listIn(labels, 'project.environment_file')];
  if (name === '' || service === '') throw new ControlError('not_compose', 'its container was not made by Compose: nobody can say how to make it again');
  if (!isAbsolute(directory) || files.length === 0)
    throw new ControlError('compose_files_missing', 'the labels of its container do not say which Compose files it was made from');
  const found = await readableIn(directory, [...files, ...envFiles]);
  const usual = envFiles.length > 0 ? [] : await usualEnvFile(join(configDirectory, basename(directory), '.env'));
  return { name, service, directory, files: found.slice(0, files.length), envFiles: [...found.slice(files.length), ...usual] };
}

const listIn = (labels: Labels, name: string): readonly string[] => label(labels, name).split(',').filter(Boolean);

/** A relative name is tried in the directory of the project, then in each above it; all of them must be in the same one. */
async function readableIn(directory: string, said: readonly string[]): Promise<readonly string[]> {
  for (const from of [directory, ...ancestors(directory)]) {
    const files = said.map((file) => (isAbsolute(file) ? file : join(from, file)));
    const troubles = await Promise.all(files.map(readTrouble));
    if (troubles.every((trouble) => trouble === null)) return files;
    const forbidden = files[troubles.indexOf('EACCES')];
    if (forbidden !== undefined) throw unreadable(forbidden, 'may not be read by this user');
  }
  const troubles = await Promise.all(said.map((file) => readTrouble(isAbsolute(file) ? file : join(directory, file))));
  const first = said.find((file, at) => isAbsolute(file) && troubles[at] !== null) ?? join(directory, said.find((file) => !isAbsolute(file)) ?? '');
  throw unreadable(first, 'is not there; in a container, mount it at the same path, read-only: -v <checkout>:<checkout>:ro');
}

const ancestors = (directory: string): readonly string[] => {
  const above = dirname(directory);
  return above === directory ? [] : [above, ...ancestors(above)];
};

/** Where no file was given to Compose: one that is there and cannot be read would leave every variable empty. */
export async function usualEnvFile(file: string): Promise<readonly string[]> {
  const trouble = await readTrouble(file);
  if (trouble === 'EACCES') throw unreadable(file, 'may not be read by this user');
  return trouble === null ? [file] : [];
}

export const unreadable = (path: string, why: string): ControlError => new ControlError('compose_files_missing', `${path} ${why}`);

/** null: it can be read. */
export async function readTrouble(file: string): Promise<string | null> {
  try {
    await access(file, constants.R_OK);
    return null;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  }
}

/** The words before the command: always this project, whatever the files and the environment say. */
export const projectArguments = (program: ComposeProgram, { name, directory, files, envFiles }: ComposeProject): readonly string[] => [
  ...program.args,
  ...['--project-name', name, '--project-directory', directory],
  ...envFiles.flatMap((file) => ['--env-file', file]),
  ...files.flatMap((file) => ['--file', file]),
];
