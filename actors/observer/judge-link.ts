/**
 * The uplink of a site that is away. Level-triggered, like all of judge.ts.
 *
 * That it is away is evidence at once, in the store and for whatever it explains; its incident waits until it has been away for its quiet
 * time without a break, and ends when it is back.
 */
import type { Docket } from './docket.ts';
import { linkStateOf, linkStateUntilMs, uplinkOf } from './links.ts';
import { siteOfNode } from './site-node.ts';
import type { NodeLive, ObserverState } from './state.ts';
import { badEntry } from './world.ts';

export function judgeLink(state: ObserverState, node: NodeLive, docket: Docket): void {
  const site = siteOfNode(node.name);
  if (site === null) return;
  const link = state.links.get(site);
  const entry = badEntry(node.world, null, 'link_down');
  if (link === undefined && entry === undefined) return;
  if (link?.doc === null) {
    if (entry !== undefined) docket.resolve(entry, `${site} has no link any more`, true);
    return;
  }
  const status = linkStateOf(state, site, docket.now);
  const untilMs = linkStateUntilMs(state, site, docket.now);
  if (untilMs !== null) docket.isDue(untilMs);
  if (link !== undefined && link.shown !== status) {
    link.shown = status;
    state.isSummaryDirty = true;
  }
  if (status === 'down' && entry === undefined) {
    const why = link?.doc.status === 'down' ? link.doc.summary : 'it has been silent for too long';
    docket.add('link_down', `the link of ${site} is down: ${why}`.slice(0, 400), { severity: uplinkOf(state, site).kind === 'lte' ? 'warning' : 'error' });
  }
  if ((status === 'up' || status === 'degraded') && entry !== undefined) docket.add('link_up', `the link of ${site} is ${status}`);
}
