/** All traps over the files of one broker; the findings by file and line. Pure. */
import { type ConfigurationFile, readConfiguration } from './configuration.ts';
import { connectionTraps } from './connection-traps.ts';
import { storeTraps } from './store-traps.ts';
import { topicTraps } from './topic-traps.ts';
import type { Trap } from './trap.ts';

export interface LintFinding {
  readonly file: string;
  readonly line: number;
  readonly severity: Trap['severity'];
  readonly trap: string;
  readonly what: string;
  readonly why: string;
  readonly instead: string;
}

export interface LintResult {
  readonly bridges: number;
  readonly findings: readonly LintFinding[];
}

export const traps: readonly Trap[] = [...topicTraps, ...connectionTraps, ...storeTraps];

/** `root` is the first level of our topics. */
export function lint(files: readonly ConfigurationFile[], root: string): LintResult {
  const configuration = readConfiguration(files);
  const order = files.map(({ file }) => file);
  const findings = traps.flatMap((trap) =>
    [...trap.find(configuration, root)].map(({ at, what }) => ({
      file: at.file,
      line: at.line,
      severity: trap.severity,
      trap: trap.id,
      what,
      why: trap.why,
      instead: trap.instead,
    })),
  );
  return { bridges: configuration.bridges.length, findings: findings.sort((a, b) => order.indexOf(a.file) - order.indexOf(b.file) || a.line - b.line) };
}
