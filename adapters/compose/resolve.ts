/**
 * Asks docker-compose what it makes of the files of a project now (`config`), and whether the service may be made again from that. The
 * engine is not asked, nothing is changed.
 *
 * Fails with ControlError: compose_refused, compose_env_missing. What it prints holds secrets: nothing of it leaves but names.
 */
import { load } from 'js-yaml';
import { z } from 'zod';
import { ControlError } from '../../actors/executor/ports.ts';
import { runProgram } from '../shell/run-program.ts';
import { complaintsOf } from './complaints.ts';
import type { ComposeProgram } from './programs.ts';
import { type ComposeProject, projectArguments } from './project.ts';
import { unsaidVariables } from './said-variables.ts';

/** An answer takes 0.5 s; on a machine that is busy with everything else, 20 times that. As in config.ts. */
const configDeadlineMs = 20_000;
/** Names in an error, which has 400 characters. */
const namesMax = 5;

const Service = z.object({
  container_name: z.string().optional(),
  environment: z.union([z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])), z.array(z.string())]).nullish(),
});
export type ResolvedService = z.infer<typeof Service>;
const Resolved = z.object({ services: z.record(z.string(), Service) });

/** What it is declared as. `present`: `NAME=value` of the container as it is; null: there is none, so that every value must be said somewhere. */
export async function checkProject(
  program: ComposeProgram,
  project: ComposeProject,
  { env, present }: { readonly env: Readonly<Record<string, string>>; readonly present: readonly string[] | null },
): Promise<ResolvedService> {
  const ran = await runProgram(program.command, [...projectArguments(program, project), 'config'], {
    deadlineMs: configDeadlineMs,
    cwd: project.directory,
    env,
  });
  if (ran.kind === 'missing') throw refused('the program is gone');
  if (ran.kind === 'too-late') throw refused(`no answer about its files within ${configDeadlineMs / 1000} s`);
  if (ran.code !== 0)
    throw refused(
      complaintsOf(ran.stderr, project.directory)
        .map(({ detail }) => detail)
        .join('; '),
    );
  const service = serviceIn(ran.stdout, project.service);
  if (service === undefined) throw refused(`${project.files.join(', ')} do not declare ${project.service}${present === null ? '' : ' any more'}`);
  const emptied = present === null ? await unsaidVariables(project, withoutValue(service)) : emptiedBy(service, present);
  const unset = [...ran.stderr.matchAll(/\bThe \\?"?(\w+)\\?"? variable is not set/g)].map(([, name]) => name ?? '');
  const names = [...new Set([...emptied, ...unset])];
  if (names.length === 0) return service;
  const shown = `${names.slice(0, namesMax).join(', ')}${names.length > namesMax ? ` and ${names.length - namesMax} more` : ''}`;
  throw new ControlError(
    'compose_env_missing',
    `${shown} would be empty: its values are not where this executor looks (${project.envFiles[0] ?? `the .env of ${project.service}`}); nothing was done`,
  );
}

const refused = (why: string): ControlError => new ControlError('compose_refused', `${why}; nothing was done`);

function serviceIn(printed: string, name: string): ResolvedService | undefined {
  try {
    return Resolved.parse(load(printed)).services[name];
  } catch (error) {
    throw new ControlError('compose_refused', 'what Compose says of its files is not understood; nothing was done', { cause: error });
  }
}

/** `${PASSWORD:-}` without its value is no mistake to Compose; for a container that has one now it is the loss of a secret. */
function emptiedBy(service: ResolvedService, present: readonly string[]): readonly string[] {
  const has = new Set(present.filter((each) => /^[^=]+=./s.test(each)).map((each) => each.slice(0, each.indexOf('='))));
  return entriesOf(service)
    .filter(([name, value]) => (value === null || value === '') && has.has(name))
    .map(([name]) => name);
}

/** Handed on from the environment of Compose, which has none of them. */
const withoutValue = (service: ResolvedService): readonly string[] =>
  entriesOf(service)
    .filter(([, value]) => value === null)
    .map(([name]) => name);

const entriesOf = ({ environment }: ResolvedService): readonly (readonly [string, unknown])[] =>
  Array.isArray(environment)
    ? environment.map((each): [string, unknown] => [each.split('=')[0] ?? '', each.includes('=') ? each.slice(each.indexOf('=') + 1) : null])
    : Object.entries(environment ?? {});
