/** Where things stand in the declared files, and which findings and maintenance windows concern them. Pure. */
import type { Placement } from '../../actors/inventory/rules/view.ts';
import { contentOf, type DeclaredTree, type Finding, type ReadFile } from '../../actors/inventory/tree.ts';
import { overridePath } from '../../contracts/inventory/files.table.ts';

/** `hosts/vps/services.yaml:12` */
export const locationOf = (file: ReadFile<unknown>, path: readonly PropertyKey[]): string => `${file.path}:${file.placeOf(path).line}`;

export interface Window {
  /** null: the whole node. */
  readonly service: string | null;
  /** `sun 03:30, 45 min (Europe/Warsaw): weekly backup` */
  readonly text: string;
}

export function windowsOf(tree: DeclaredTree, node: string): readonly Window[] {
  const file = contentOf(tree.maintenance);
  if (file === null) return [];
  return file.windows
    .filter(({ nodes }) => nodes.includes(node))
    .map(({ service, days, from, minutes, reason }) => ({
      service: service ?? null,
      text: `${days.length === 7 ? 'daily' : days.join(' ')} ${from}, ${minutes} min (${file.time_zone}): ${reason}`,
    }));
}

/** Findings in the files of a service on a node; in services.yaml, which it shares with others, those between its line and the next. */
export function aboutFiles(findings: readonly Finding[], { node, service, file }: Placement, tree: DeclaredTree): readonly Finding[] {
  const lines = Object.keys(file.value.services ?? {}).map((name) => file.placeOf(['services', name]).line);
  const first = file.placeOf(['services', service]).line;
  const next = Math.min(...lines.filter((line) => line > first), file.placeOf(['agents']).line > first ? file.placeOf(['agents']).line : Infinity);
  return findings.filter((finding) => {
    if (finding.file === file.path) return finding.place !== null && finding.place.line >= first && finding.place.line < next;
    return finding.file.startsWith(`services/${service}/`) || (finding.file === overridePath(node, service) && tree.hosts.has(node));
  });
}

/** Findings in the files of a node. */
export const aboutNode = (findings: readonly Finding[], tree: DeclaredTree, node: string): readonly Finding[] =>
  findings.filter((finding) => finding.file.startsWith(`hosts/${node}/`) || isTopologyLine(finding, tree, node));

function isTopologyLine({ file, place }: Finding, { topology }: DeclaredTree, node: string): boolean {
  if (typeof topology === 'string' || file !== topology.path || place === null) return false;
  const lines = Object.keys(topology.value.nodes).map((name) => topology.placeOf(['nodes', name]).line);
  const first = topology.value.nodes[node] === undefined ? Infinity : topology.placeOf(['nodes', node]).line;
  return place.line >= first && place.line < Math.min(...lines.filter((line) => line > first), Infinity);
}
