/** The course of what is open: flapping and quiet again, and worse with time. Level-triggered, like all of judge.ts. */
import type { Severity } from '../../contracts/common.ts';
import type { IncidentKind } from '../../contracts/incident.ts';
import { flapChangesMax, slowFlapChangesMax } from './changes.ts';
import type { Docket } from './docket.ts';
import { isLouder } from './incidents.ts';
import { isNeverHeard } from './links.ts';
import { siteOfNode } from './site-node.ts';
import type { NodeLive, ObserverState } from './state.ts';
import { activeIncidents, type Changes, entries, type IncidentRecord, openKey } from './world.ts';

/** Three changes close to each other; or five with never a quiet time between them, for then one that flaps would not have been over. */
function isFlapping({ times }: Changes, { flapWindowMs, flapQuietMs }: ObserverState['options']): boolean {
  const gap = (from: number): number => Math.abs((times.at(-1) as number) - (times.at(from) as number));
  if (times.length >= flapChangesMax && gap(-flapChangesMax) <= flapWindowMs) return true;
  return times.length >= slowFlapChangesMax && times.every((ms, at) => at === 0 || Math.abs(ms - (times[at - 1] as number)) < flapQuietMs);
}

/** When what flaps will have been quiet for long enough, unless its verdict changes until then. */
export const quietAtMs = ({ options }: ObserverState, { world }: NodeLive, { service, kind }: Pick<IncidentRecord, 'service' | 'kind'>): number =>
  (world.changes.get(openKey(service, kind))?.last_ms ?? 0) + options.flapQuietMs;

/** A consequence does not flap: it follows its cause. */
export function judgeFlapping(state: ObserverState, node: NodeLive, docket: Docket): void {
  const { flapWindowMs, flapQuietMs } = state.options;
  for (const entry of entries(node.world)) {
    const { service, kind, flapping } = entry;
    const key = openKey(service, kind);
    const changes = node.world.changes.get(key);
    if (flapping) {
      if (docket.isDue(quietAtMs(state, node, entry))) docket.add('incident_quiet', entry.message, { service, payload: { kind } });
      continue;
    }
    // What a quiet time is for: its incident is at most one in such a time, and comes back under its id.
    if (kind === 'link_down') continue;
    if (flapWindowMs === 0 || changes === undefined || entry.cause !== null || node.unexplainedSinceMs.get(key) === null) continue;
    if (!isFlapping(changes, state.options) || docket.now - changes.last_ms >= flapQuietMs) continue;
    docket.add('incident_flapping', entry.message, { service, payload: { kind } });
  }
}

/** Causes get worse with time; consequences do not. Louder evidence is heard at once, by apply.ts. */
export function judgeSeverity(state: ObserverState, node: NodeLive, docket: Docket): void {
  for (const incident of activeIncidents(node.world)) {
    if (incident.cause !== null) continue;
    const next = nextSeverity(state, node, incident);
    if (next === null || !isLouder(next.severity, incident.severity) || !docket.isDue(Math.max(incident.standing_ms, incident.opened_ms) + next.afterMs))
      continue;
    const { service, kind, message } = incident;
    docket.add('incident_escalated', message, { service, payload: { kind, severity: next.severity } });
  }
}

/** Where time itself is the harm: somebody goes without something. The others are gauges and notices, as bad as their figures, and louder evidence tells of those. */
const worsens: Readonly<Record<IncidentKind, boolean>> = {
  ...{ down: true, unhealthy: true, missing: true, node_offline: true, engine: true, broker: true, upstream: true, zigbee: true, link_down: true },
  ...{ disk: false, memory: false, cpu: false, io: false, clock: false, mesh: false, other: false },
};

function nextSeverity(state: ObserverState, node: NodeLive, incident: IncidentRecord): { readonly severity: Severity; readonly afterMs: number } | null {
  const { options } = state;
  if (!worsens[incident.kind]) return null;
  // Nobody goes without a site that has never been there.
  const site = incident.kind === 'link_down' ? siteOfNode(node.name) : null;
  if (site !== null && isNeverHeard(state, site)) return null;
  switch (incident.severity) {
    case 'warning':
      return { severity: 'error', afterMs: options.warningEscalatesMs };
    case 'error':
      return isVital(node, incident) ? { severity: 'critical', afterMs: options.errorEscalatesMs } : null;
    default:
      return null;
  }
}

/** Does it keep something from working that must work while the site has no uplink? */
function isVital(node: NodeLive, { service, kind }: IncidentRecord): boolean {
  if (service !== null) return node.wanted.get(service)?.offline_required === true;
  return kind === 'node_offline' && [...node.wanted.values()].some(({ offline_required }) => offline_required === true);
}
