/** Rules about syntax that docker-compose 1.x does not know, on nodes that declare it (`runtime.compose_version`). */
import type { ComposeFile } from '../../../contracts/inventory/compose.ts';
import { contentOf, type DeclaredTree, type ReadFile } from '../tree.ts';
import { newerKeys } from './compose-v1.table.ts';
import { at, type Fault, placeInText, type Rule } from './rule.ts';
import { viewOf } from './view.ts';

/** The Compose files, each once, of services on nodes whose docker-compose is of version 1. */
function filesForV1(tree: DeclaredTree): readonly ReadFile<ComposeFile>[] {
  const files = viewOf(tree).placements.flatMap(({ host, service, files: own, declared }) => {
    const isOld = contentOf(host.capabilities)?.runtime.compose_version?.startsWith('1.') === true;
    if (!isOld || declared.deployment_model !== 'docker-compose') return [];
    return [own?.compose ?? 'absent', host.overrides.get(service) ?? 'absent'];
  });
  return [...new Set(files)].filter((file) => typeof file !== 'string');
}

const v1Syntax: Rule = {
  id: 'compose-v1-syntax',
  severity: 'error',
  finds: 'syntax that docker-compose 1.x refuses or silently leaves out, in a file of a node that declares 1.x',
  why: 'an edge machine with docker-compose 1.29.2 refused the file, or ran something else than what was written',
  saidByCompose: true,
  *find(tree) {
    for (const file of filesForV1(tree)) {
      for (const { path, detail } of newerKeys) {
        for (const found of matches(file.value, path)) yield at(file, found, `${shown(found)}: ${detail}`);
      }
      for (const { tag, place } of file.tags()) yield { file: file.path, place, detail: `${tag}: docker-compose 1.x ends with an error at this tag` };
      yield* alternatives(file);
    }
  },
};

/** `${NAME:+value}`: 1.x knows defaults and errors only. */
function* alternatives({ path, text }: ReadFile<ComposeFile>): Iterable<Fault> {
  for (const match of text.matchAll(/(?<!\$)\$\{\w+:?\+[^}]*\}/g)) {
    yield { file: path, place: placeInText(text, match.index), detail: `${match[0]}: refused by docker-compose 1.x; it knows :- and :? only` };
  }
}

const shown = (path: readonly string[]): string => path.join('.');

/** Every path in the value that fits the pattern. */
function matches(value: unknown, pattern: readonly string[], before: readonly string[] = []): readonly (readonly string[])[] {
  const [step, ...rest] = pattern;
  if (step === undefined) return [before];
  if (typeof value !== 'object' || value === null) return [];
  const keys = step === '*' ? Object.keys(value) : Object.hasOwn(value, step) ? [step] : [];
  return keys.flatMap((key) => matches((value as Readonly<Record<string, unknown>>)[key], rest, [...before, key]));
}

export const composeV1Rules: readonly Rule[] = [v1Syntax];
