/** One validation of a directory: reads it, asks the rules, the shell and docker-compose, and counts. Changes nothing. */
import { byPlace, judge } from '../../actors/inventory/rules/judge.ts';
import type { Program } from '../../actors/inventory/rules/rule.ts';
import { programRules } from '../../actors/inventory/rules/rules.table.ts';
import type { Finding } from '../../actors/inventory/tree.ts';
import { readTree } from '../../adapters/files/tree.ts';
import type { ComposeCheck, ComposeResult } from './compose-check.ts';
import { scriptFindings } from './script-check.ts';

export interface ValidationOptions {
  readonly directory: string;
  readonly program: Program;
  /** null: docker-compose is not asked. */
  readonly compose: ComposeCheck | null;
  /** A check that had to be skipped is an error. */
  readonly strict: boolean;
}

export interface Validation {
  /** In the order of files and lines. */
  readonly findings: readonly Finding[];
  readonly errors: number;
  readonly warnings: number;
  readonly nodes: number;
  readonly services: number;
  /** Without docker-compose. */
  readonly tookMs: number;
  readonly compose: ComposeResult | null;
}

export async function validation({ directory, program, compose, strict }: ValidationOptions): Promise<Validation> {
  const startedMs = performance.now();
  const tree = await readTree(directory);
  const own = [...judge(tree, program), ...(await scriptFindings(directory, tree))];
  const tookMs = performance.now() - startedMs;
  const composed = compose === null ? null : await compose.check(tree, own);
  const findings = [...own, ...(composed?.findings ?? [])]
    .sort(byPlace)
    .map((finding): Finding => (strict && isSkip(finding) ? { ...finding, severity: 'error' } : finding));
  const count = (severity: Finding['severity']): number => findings.filter((finding) => finding.severity === severity).length;
  return {
    findings,
    errors: count('error'),
    warnings: count('warning'),
    nodes: tree.hosts.size,
    services: tree.services.size,
    tookMs,
    compose: composed,
  };
}

const isSkip = ({ rule }: Finding): boolean => rule === programRules['check-skipped'].id;
