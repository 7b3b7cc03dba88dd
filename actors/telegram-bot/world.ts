/** What the documents say, by what they are about. Pure. */
import type { Action, Maintenance } from '../../contracts/action.ts';
import type { ActorStatus } from '../../contracts/actor-status.ts';
import type { DesiredNode } from '../../contracts/desired.ts';
import type { Incident } from '../../contracts/incident.ts';
import type { LinkStatus } from '../../contracts/link.ts';
import { isCutOff, type LinkView, linkViewsOf } from '../../contracts/link-view.ts';
import type { PayloadOf } from '../../contracts/topic.ts';
import type { TopicName, topics } from '../../contracts/topics.ts';
import type { SiteSummary, WorldNode } from '../../contracts/world.ts';
import type { Documents } from './ports.ts';

/** Each was checked by its row's schema when it came. */
function of<N extends TopicName>(documents: Documents, name: N): readonly PayloadOf<(typeof topics)[N]>[] {
  return [...(documents.get(name)?.values() ?? [])] as unknown as readonly PayloadOf<(typeof topics)[N]>[];
}

export const actionsOf = (documents: Documents): readonly Action[] => of(documents, 'action');
export const incidentsOf = (documents: Documents): readonly Incident[] => of(documents, 'incident');
export const sitesOf = (documents: Documents): readonly SiteSummary[] => of(documents, 'site');
export const nodesOf = (documents: Documents): readonly WorldNode[] => of(documents, 'worldNode');
export const linksOf = (documents: Documents): readonly LinkStatus[] => of(documents, 'link');
export const actorsOf = (documents: Documents): readonly ActorStatus[] => of(documents, 'actorStatus');
const maintenanceOf = (documents: Documents): readonly Maintenance[] => of(documents, 'maintenance');
export const desiredOf = (documents: Documents): readonly DesiredNode[] => of(documents, 'desired');

export const actionCalled = (documents: Documents, id: string): Action | undefined => actionsOf(documents).find((each) => each.id === id);
export const incidentCalled = (documents: Documents, id: string | null): Incident | undefined =>
  id === null ? undefined : incidentsOf(documents).find((each) => each.id === id);

/** A trouble with a cause of its own. */
export const isCause = ({ status, suppressed_by }: Incident): boolean => status === 'active' && suppressed_by === null;

/** `location` of the inventory, else the site where it is not ours; null: here, and nobody says where that is. */
export function placeOf(documents: Documents, here: string, { node, site }: { readonly node: string; readonly site: string }): string | null {
  const desired = desiredOf(documents).find((each) => each.node === node);
  return desired?.location ?? (site === here ? null : site);
}

export const linkTo = (documents: Documents, here: string, site: string, nowMs: number): LinkView | null => {
  const view = linkViewsOf({ here, sites: sitesOf(documents), links: linksOf(documents) }, nowMs).get(site);
  return view !== undefined && isCutOff(view) ? view : null;
};

export function isInMaintenance(documents: Documents, { node, service }: { readonly node: string; readonly service: string | null }, nowMs: number): boolean {
  const doc = maintenanceOf(documents).find((each) => each.node === node);
  return doc?.windows.some((window) => Date.parse(window.until) > nowMs && (window.service === null || window.service === service)) ?? false;
}
