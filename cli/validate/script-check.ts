/** Puts every healthcheck.sh before its shell and shellcheck, and turns their words into findings. */
import { programRules } from '../../actors/inventory/rules/rules.table.ts';
import type { DeclaredTree, Finding, TextFile } from '../../actors/inventory/tree.ts';
import { checkScripts } from '../../adapters/shell/check-scripts.ts';

/** Only these are started to parse a script: its first line may name any program. */
const shells = ['sh', 'dash', 'bash', 'ash', 'ksh'];

export async function scriptFindings(directory: string, tree: DeclaredTree): Promise<readonly Finding[]> {
  const scripts = [...tree.services.values()].flatMap(({ healthcheck }) =>
    healthcheck === null ? [] : [{ path: healthcheck.path, shell: shellOf(healthcheck) }],
  );
  const { complaints, isShellcheckMissing } = await checkScripts(directory, scripts);
  const { id: rule, severity } = programRules['healthcheck-shell'];
  const findings = complaints.map(({ script, line, column, detail }): Finding => ({ rule, severity, file: script, place: { line, column }, detail }));
  if (!isShellcheckMissing) return findings;
  const skipped = programRules['check-skipped'];
  const detail = `${scripts.length} ${scripts.length === 1 ? 'script was' : 'scripts were'} parsed, but not put before shellcheck: it is not installed here`;
  return [...findings, { rule: skipped.id, severity: skipped.severity, file: 'services', place: null, detail }];
}

/** From `#!/bin/sh` or `#!/usr/bin/env bash`; `sh` for anything else. */
function shellOf({ text }: TextFile): string {
  const name = /^#!\s*(?:\S*\/env\s+)?(?:\S*\/)?(\w+)/.exec(text)?.[1] ?? 'sh';
  return shells.includes(name) ? name : 'sh';
}
