/** Open troubles, each under its cause: one outage is one line. Pure. */
import type { Action } from '../../../../../contracts/action.ts';
import type { Severity } from '../../../../../contracts/common.ts';
import type { Consequence, Incident } from '../../../../../contracts/incident.ts';
import { isNodeTrouble, isServiceTrouble, isWanted } from '../../../../../contracts/trouble.ts';
import { texts } from '../texts.ts';
import type { World } from './documents.ts';

export interface Cause {
  readonly incident: Incident;
  readonly consequences: readonly Consequence[];
  /** Of its consequences that its document has no room for. */
  readonly more: number;
  /** Incidents of their own that were open before their cause came. */
  readonly explained: readonly Incident[];
  /** The open action about it, or null. */
  readonly action: Action | null;
}

const loudness: Readonly<Record<Severity, number>> = { critical: 0, error: 1, warning: 2, info: 3 };
const open: readonly string[] = ['pending', 'approved', 'running'];

/** Loudest first, then what lasts longest. One whose cause is not on the bus (any more) stands for itself, so that nothing is hidden. */
export function causesOf({ incidents, actions }: Pick<World, 'incidents' | 'actions'>): readonly Cause[] {
  const active = incidents.filter(({ status }) => status === 'active');
  const ids = new Set(active.map(({ id }) => id));
  return active
    .filter(({ suppressed_by }) => suppressed_by === null || !ids.has(suppressed_by))
    .map((incident) => ({
      incident,
      consequences: incident.consequences ?? [],
      more: Math.max(0, (incident.consequences_count ?? 0) - (incident.consequences ?? []).length),
      explained: active.filter(({ suppressed_by }) => suppressed_by === incident.id),
      action: actions.find(({ evidence, status }) => evidence.incident_id === incident.id && open.includes(status)) ?? null,
    }))
    .sort((a, b) => loudness[a.incident.severity] - loudness[b.incident.severity] || a.incident.started_at.localeCompare(b.incident.started_at));
}

export const subjectOf = ({ node, service }: { readonly node: string; readonly service: string | null }): string =>
  service === null ? node : texts.on(service, node);

export interface Loose {
  readonly status: string;
  readonly node: string;
  readonly service: string | null;
  readonly since: string;
  readonly reason: string | null;
}

/** What is not well and belongs to no open incident: within its grace, or not known. Services of a node that is away are its matter. */
export function looseTroubles({ nodes, services, incidents }: Pick<World, 'nodes' | 'services' | 'incidents'>): readonly Loose[] {
  const active = new Set(incidents.filter(({ status }) => status === 'active').map(({ id }) => id));
  const isExplained = (id: string | null): boolean => id !== null && active.has(id);
  const wrong = nodes.filter(isNodeTrouble);
  const away = new Set(wrong.map(({ node }) => node));
  return [
    ...wrong
      .filter(({ incident_id }) => !isExplained(incident_id))
      .map(({ node, status, since }) => ({ node, service: null, status, since, reason: null as string | null })),
    ...services
      .filter((each) => isServiceTrouble(each) && !isExplained(each.incident_id) && !(each.status === 'unknown' && away.has(each.node)))
      .map(({ node, service, status, since, reason }) => ({ node, service, status, since, reason })),
  ];
}

export interface Counts {
  readonly healthy: number;
  readonly wanted: number;
  readonly online: number;
  readonly expected: number;
}

/** What may not be believed any more is not counted as well. */
export function countsOf({ nodes, services }: Pick<World, 'nodes' | 'services'>, doubted: ReadonlySet<string>): Counts {
  const wanted = services.filter(isWanted);
  return {
    healthy: wanted.filter(({ site, status }) => status === 'healthy' && !doubted.has(site)).length,
    wanted: wanted.length,
    online: nodes.filter(({ site, status }) => status === 'online' && !doubted.has(site)).length,
    expected: nodes.filter(({ status }) => status !== 'unmonitored').length,
  };
}
