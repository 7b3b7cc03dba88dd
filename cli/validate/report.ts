/** What `homelab validate` prints: findings grouped by file and a closing line, or one JSON object each. Pure. */
import type { Finding } from '../../actors/inventory/tree.ts';
import { coloured } from '../output.ts';
import type { Validation } from './validation.ts';

/** `file:line:column`, as editors and terminals make links of it. */
const shownPlace = ({ file, place }: Finding): string => (place === null ? file : `${file}:${place.line}:${place.column}`);

/** A blank line between files. */
export function reportLines(result: Validation): readonly string[] {
  const lines = result.findings.flatMap((finding, index) => {
    const isNewFile = index > 0 && result.findings[index - 1]?.file !== finding.file;
    return [...(isNewFile ? [''] : []), `${shownPlace(finding)}  ${coloured(finding.severity)}  ${finding.detail}  (${finding.rule})`];
  });
  return [...lines, ...(lines.length === 0 ? [] : ['']), closingLine(result)];
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
const counted = (count: number, noun: string): string => `${count === 0 ? 'no' : count} ${noun}${count === 1 ? '' : 's'}`;

function closingLine({ errors, warnings, nodes, services, tookMs, compose }: Validation): string {
  const asked =
    compose === null
      ? 'docker-compose was not asked'
      : `${counted(compose.pairsAsked, 'Compose file')} asked of ${compose.programs.join(' and ') || 'no docker-compose'} in ${seconds(compose.tookMs)}`;
  return `${counted(errors, 'error')}, ${counted(warnings, 'warning')}; ${counted(nodes, 'node')}, ${counted(services, 'service')} in ${seconds(tookMs)}; ${asked}`;
}

/** Flat, so that a script needs no path into it; null where there is no place. */
export const findingValue = ({ rule, severity, file, place, detail }: Finding): Readonly<Record<string, unknown>> => ({
  rule,
  severity,
  file,
  line: place?.line ?? null,
  column: place?.column ?? null,
  detail,
});

export const summaryValue = ({ errors, warnings, nodes, services, tookMs, compose }: Validation): Readonly<Record<string, unknown>> => ({
  status: errors === 0 ? 'valid' : 'invalid',
  errors,
  warnings,
  nodes,
  services,
  took_ms: Math.round(tookMs),
  compose: compose === null ? null : { files: compose.pairsAsked, programs: compose.programs, took_ms: Math.round(compose.tookMs) },
});
