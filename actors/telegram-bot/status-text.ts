/** The answers to /status and /actions: is anything wrong, what waits, for a phone. Pure. Nothing is well on stale word. */
import { type Action, openStates } from '../../contracts/action.ts';
import { type Doubt, type SiteStatus, type SiteView, siteViewsOf, verdictOfSite } from '../../contracts/site-view.ts';
import { prefix, whatOf } from './action-message.ts';
import type { BotState } from './state.ts';
import { localTime, oneLine, targetOf } from './words.ts';
import { actionsOf, actorsOf, incidentsOf, isCause, linksOf, nodesOf, sitesOf } from './world.ts';

/** What fits on a phone without scrolling far. */
const linesShown = 12;

type Known = Pick<BotState, 'documents' | 'options' | 'isConnected'>;

const lamps: Readonly<Record<SiteStatus, string>> = { nominal: '🟢', degraded: '🟡', critical: '🔴', unknown: '⚪' };

export function statusLines(state: Known, now: number): readonly string[] {
  const { documents, options } = state;
  const sites = viewsOf(state, now);
  const causes = incidentsOf(documents).filter(isCause);
  const pending = pendingOf(state);
  const troubles = causes.map(
    (incident) =>
      `${prefix(state, incident)}${targetOf(incident)}: ${incident.kind.replaceAll('_', ' ')} (${incident.severity}) since ${localTime(incident.started_at, options.timeZone)}`,
  );
  return [
    ...(state.isConnected ? [] : ['⚪ I am not connected to the broker: what follows is what I knew before.']),
    ...(sites.length === 0 ? ['⚪ No site reports: nothing is known.'] : sites.map((site) => siteLine(site, options.timeZone))),
    ...(troubles.length === 0 ? [] : ['', 'Wrong:', ...cutList(troubles)]),
    '',
    pending.length === 0 ? 'Nothing waits for you.' : `${pending.length} ${pending.length === 1 ? 'waits' : 'wait'} for a yes: /actions`,
  ];
}

const viewsOf = ({ documents, options, isConnected }: Known, now: number): readonly SiteView[] =>
  siteViewsOf(
    {
      ...{ here: options.site, sites: sitesOf(documents), links: linksOf(documents), nodes: nodesOf(documents), actors: actorsOf(documents) },
      bus: { status: isConnected ? 'up' : 'down', since: null },
    },
    now,
  );

function siteLine(view: SiteView, timeZone: string): string {
  const { site, said, doubt, faults } = view;
  if (doubt !== null) return `⚪ ${site}: ${doubtWords(doubt, timeZone)}${said === null ? '' : `; it was ${said.status}`}`;
  const status = verdictOfSite(view);
  const worst = said?.worst ?? (faults[0] === undefined ? null : `a file of the inventory has a fault: ${faults[0].detail ?? faults[0].summary}`);
  return `${lamps[status]} ${site}: ${status}${worst === null ? '' : `, ${oneLine(worst)}`}`;
}

/** Why what a site says may not be true any more. */
function doubtWords({ kind, since, asOf }: Doubt, timeZone: string): string {
  const from = since === null ? '' : ` since ${localTime(since, timeZone)}`;
  switch (kind) {
    case 'bus':
      return 'not known now';
    case 'link':
      return `link down${from}${asOf === null ? '; nothing of it is known here' : ''}`;
    case 'observer':
      return 'no observer is online there';
    case 'clock':
      return 'not known: its clock is ahead of mine';
    case 'unheard':
      return 'not heard yet';
    case 'never':
      return 'never heard: is its bridge running?';
    default:
      return `nothing heard${from}`;
  }
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
