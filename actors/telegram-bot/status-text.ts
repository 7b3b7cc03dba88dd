/** The answers to /status and /actions: is anything wrong, what waits, for a phone. Pure. Nothing is well on stale word. */
import { type Action, openStates } from '../../contracts/action.ts';
import { heartbeatIntervalMs, heartbeatIntervalsMissedMax } from '../../contracts/defaults.ts';
import { linkViewsOf } from '../../contracts/link-view.ts';
import type { SiteSummary } from '../../contracts/world.ts';
import { prefix, whatOf } from './action-message.ts';
import type { BotState } from './state.ts';
import { localTime, oneLine, targetOf } from './words.ts';
import { actionsOf, actorsOf, desiredOf, incidentsOf, isCause, linksOf, linkTo, sitesOf } from './world.ts';

/** What fits on a phone without scrolling far. */
const linesShown = 12;
/** As old as the heartbeat of a node that counts as offline. */
const staleAfterMs = heartbeatIntervalMs * heartbeatIntervalsMissedMax;

type Known = Pick<BotState, 'documents' | 'options' | 'isConnected'>;

const lamps: Readonly<Record<SiteSummary['status'], string>> = { nominal: '🟢', degraded: '🟡', critical: '🔴', unknown: '⚪', gone: '⚪' };

export function statusLines(state: Known, now: number): readonly string[] {
  const { documents, options } = state;
  const sites = sitesOf(documents);
  const causes = incidentsOf(documents).filter(isCause);
  const pending = pendingOf(state);
  const troubles = causes.map(
    (incident) =>
      `${prefix(state, incident)}${targetOf(incident)}: ${incident.kind.replaceAll('_', ' ')} (${incident.severity}) since ${localTime(incident.started_at, options.timeZone)}`,
  );
  return [
    ...(state.isConnected ? [] : ['⚪ I am not connected to the broker: what follows is what I knew before.']),
    ...(sites.length === 0 ? ['⚪ No site reports: nothing is known.'] : sites.map((site) => siteLine(state, site, now))),
    ...(troubles.length === 0 ? [] : ['', 'Wrong:', ...cutList(troubles)]),
    '',
    pending.length === 0 ? 'Nothing waits for you.' : `${pending.length} ${pending.length === 1 ? 'waits' : 'wait'} for a yes: /actions`,
  ];
}

function siteLine(state: Known, site: SiteSummary, now: number): string {
  const stale = staleness(state, site, now);
  if (stale !== null) return `⚪ ${site.site}: ${stale}; it was ${site.status}`;
  return `${lamps[site.status]} ${site.site}: ${site.status}${site.worst === null ? '' : `, ${oneLine(site.worst)}`}`;
}

/** Why what a site says may not be true any more, or null. */
function staleness({ documents, options }: Known, { site, last_update }: SiteSummary, now: number): string | null {
  const cut = linkTo(documents, options.site, site, now);
  if (cut !== null) return `link down${cut.downSince === null ? '' : ` since ${localTime(cut.downSince, options.timeZone)}`}`;
  const nodes = new Set(desiredOf(documents).flatMap((desired) => (desired.site === site ? [desired.node] : [])));
  const isObserved = actorsOf(documents).some(
    ({ actor, status, node }) => actor === 'observer' && status === 'online' && (nodes.size === 0 || nodes.has(node ?? '')),
  );
  if (!isObserved) return 'no observer is online there';
  // Figures of another site cross its link hourly; the link itself speaks every minute.
  const isCrossed = linkViewsOf({ here: options.site, sites: sitesOf(documents), links: linksOf(documents) }, now).get(site)?.isCrossed === true;
  if (isCrossed || last_update === null || now - Date.parse(last_update) <= staleAfterMs) return null;
  return `nothing heard since ${localTime(last_update, options.timeZone)}`;
}

const pendingOf = ({ documents }: Pick<BotState, 'documents'>): readonly Action[] =>
  actionsOf(documents)
    .filter(({ status }) => status === 'pending')
    .toSorted((a, b) => a.proposed_at.localeCompare(b.proposed_at));

export function actionsLines(state: Known): readonly string[] {
  const pending = pendingOf(state);
  const begun = actionsOf(state.documents).filter(({ status }) => status !== 'pending' && openStates.some((open) => open === status));
  const line = (action: Action): string =>
    `${prefix(state, action)}${whatOf(action)} (${action.risk} risk, since ${localTime(action.proposed_at, state.options.timeZone)})`;
  return [
    ...(pending.length === 0 ? ['Nothing waits for a yes.'] : ['Waiting for a yes; the buttons are at their messages above:', ...cutList(pending.map(line))]),
    ...(begun.length === 0
      ? []
      : ['', 'Agreed and under way:', ...cutList(begun.map((action) => `${prefix(state, action)}${whatOf(action)}: ${action.status}`))]),
  ];
}

const cutList = (lines: readonly string[]): readonly string[] =>
  lines.length <= linesShown
    ? lines.map((line) => `• ${line}`)
    : [...lines.slice(0, linesShown - 1).map((line) => `• ${line}`), `… and ${lines.length - linesShown + 1} more`];
