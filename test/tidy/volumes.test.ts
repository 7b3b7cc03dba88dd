/** Volumes hold what nobody can make again: no part of the program can touch them, because none calls that part of the engine's API. */
import { expect, it } from 'vitest';
import { type SourceFile, sourceFiles } from './source-files.ts';

/** dockerode's names, the API's paths, the option that takes volumes along with a container, and prunes that mean more than they say. */
const forbidden =
  /\b(getVolume|listVolumes|createVolume|pruneVolumes|pruneContainers|pruneNetworks)\b|['"`]\/(volumes|system\/prune)\b|\bv: true\b|\bforce: true[^}]*abortSignal/;

const violations = (files: readonly SourceFile[]): readonly string[] =>
  files.flatMap(({ path, lines }) => lines.flatMap((line, at) => (forbidden.test(line) ? [`${path}:${at + 1}: ${line.trim()}`] : [])));

const calls = sourceFiles().filter(({ isProduction }) => isProduction);

it('no file calls the volume API of the engine, or a prune that means more than it says', () => {
  expect(calls.some(({ path }) => path === 'adapters/docker/cleanup.ts')).toBe(true);
  expect(violations(calls)).toEqual([]);
});

it.each(['docker.pruneVolumes()', "path: '/volumes/prune'", 'remove({ v: true, abortSignal })', 'docker.pruneContainers()'])('%s would be seen', (line) => {
  const [file] = calls as [SourceFile];
  expect(violations([{ ...file, lines: [line] }])).toHaveLength(1);
});
