/**
 * The uplink of a site that is away. Level-triggered, like all of judge.ts.
 *
 * That it is away is evidence at once, in the store and for whatever it explains; its incident waits until it has been away for its quiet
 * time without a break, and ends when it is back. A site that is declared and never spoke is judged likewise, as a warning that stays one.
 */
import type { Docket } from './docket.ts';
import { isNeverHeard, lastHeardMs, linkStateOf, linkStateUntilMs, uplinkOf } from './links.ts';
import { siteOfNode } from './site-node.ts';
import type { NodeLive, ObserverState } from './state.ts';
import { badEntry, type Entry } from './world.ts';

export function judgeLink(state: ObserverState, node: NodeLive, docket: Docket): void {
  const site = siteOfNode(node.name);
  if (site === null) return;
  const link = state.links.get(site);
  const entry = badEntry(node.world, null, 'link_down');
  const isDeclared = link !== undefined && link.declaredAtMs !== null;
  if (!isDeclared && (link?.doc ?? null) === null) {
    judgeLeft(state, { site, isTakenBack: link?.doc === null }, entry, docket);
    return;
  }
  const status = linkStateOf(state, site, docket.now);
  const untilMs = linkStateUntilMs(state, site, docket.now);
  if (untilMs !== null) docket.isDue(untilMs);
  const isNew = isNeverHeard(state, site);
  // Of a site that never spoke nobody knows that it is down: it may not be built yet.
  const shown = isNew ? 'unknown' : status;
  if (link !== undefined && link.shown !== shown) {
    link.shown = shown;
    state.isSummaryDirty = true;
  }
  if (status === 'down' && entry === undefined) tellDown(state, site, isNew, docket);
  if ((status === 'up' || status === 'degraded') && entry !== undefined) docket.add('link_up', `the link of ${site} is ${status}`);
}

function tellDown(state: ObserverState, site: string, isNew: boolean, docket: Docket): void {
  if (isNew) {
    // An inventory that is ahead of the site wakes nobody.
    docket.add('link_down', `never heard from ${site}: is its bridge running?`.slice(0, 400), { severity: 'warning' });
    return;
  }
  const doc = state.links.get(site)?.doc;
  const why = doc?.status === 'down' ? doc.summary : 'it has been silent for too long';
  const severity = uplinkOf(state, site).kind === 'lte' ? 'warning' : 'error';
  // In the event, so that the next life of the observer knows it too.
  const heardMs = lastHeardMs(state, site);
  docket.add('link_down', `the link of ${site} is down: ${why}`.slice(0, 400), { severity, payload: heardMs === null ? {} : { heard_ms: heardMs } });
}

/** Neither declared nor linked. What stands of it from an earlier life waits for its node or its link to be named again, unless it never spoke. */
function judgeLeft(
  state: ObserverState,
  { site, isTakenBack }: { readonly site: string; readonly isTakenBack: boolean },
  entry: Entry | undefined,
  docket: Docket,
): void {
  if (entry === undefined) return;
  if (isTakenBack) docket.resolve(entry, `${site} has no link any more`, true);
  else if (isNeverHeard(state, site) && docket.isDue(state.syncedAtMs + state.options.orphanMs))
    docket.resolve(entry, `${site} is not declared any more`, true);
}
