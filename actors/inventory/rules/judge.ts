/** Asks every rule about a tree, and puts the answers in the order of files and lines. Pure. */
import type { DeclaredTree, Finding } from '../tree.ts';
import type { Program } from './rule.ts';
import { rules } from './rules.table.ts';

/**
 * What is wrong with the form of the files and with what they mean. A Compose file that several nodes share is looked at
 * for each of them; a fault at one place is named once.
 */
export function judge(tree: DeclaredTree, program: Program): readonly Finding[] {
  const findings = new Map<string, Finding>();
  for (const finding of tree.findings) findings.set(`form ${findings.size}`, finding);
  for (const rule of rules) {
    const { id, severity } = rule;
    for (const fault of rule.find(tree, program)) {
      const { file, place, detail } = fault;
      const key = place === null ? `${id} ${file} ${detail}` : `${id} ${file} ${place.line}:${place.column}`;
      if (!findings.has(key)) findings.set(key, { rule: id, severity, ...fault });
    }
  }
  return [...findings.values()].sort(byPlace);
}

/** By file, then line and column; what concerns a whole file first. */
export const byPlace = (a: Finding, b: Finding): number =>
  (a.file < b.file ? -1 : a.file > b.file ? 1 : 0) ||
  (a.place?.line ?? 0) - (b.place?.line ?? 0) ||
  (a.place?.column ?? 0) - (b.place?.column ?? 0) ||
  (a.rule < b.rule ? -1 : a.rule > b.rule ? 1 : 0);

/** Rules that say the same as docker-compose would. */
export const saidByCompose: ReadonlySet<string> = new Set([
  'unreadable',
  'not-yaml',
  'contract',
  ...rules.filter((rule) => rule.saidByCompose === true).map(({ id }) => id),
]);
