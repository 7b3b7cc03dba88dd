/**
 * The screen of `homelab status`, from what the documents say: is anything wrong and since when, what is not well, what waits
 * for a yes. Pure. Never more than 24 lines, however much is wrong: a terminal shows that many.
 */
import type { Action } from '../contracts/action.ts';
import { nodeDoubts } from '../contracts/actor-view.ts';
import type { Incident } from '../contracts/incident.ts';
import { faultyInventoriesOf } from '../contracts/inventory-fault.ts';
import { awaitedSitesOf } from '../contracts/link-view.ts';
import { type Evidence, isNominal, type SiteView, siteViewsOf } from '../contracts/site-view.ts';
import { isNodeTrouble, isServiceTrouble, isWanted } from '../contracts/trouble.ts';
import type { SiteSummary, WorldService } from '../contracts/world.ts';
import { ageBehind, awaitedWords, linkWords } from './link-view.ts';
import { age, coloured, simulatedLine, table } from './output.ts';

export interface StatusWorld extends Evidence {
  readonly services: readonly WorldService[];
  /** Active ones. */
  readonly incidents: readonly Incident[];
  /** Pending, approved and running ones. */
  readonly actions: readonly Action[];
}

/** Lines of the smallest terminal anybody uses. */
const linesMax = 24;
/** What waits for a person is shown first of what does not fit: at least this many. */
const actionsShown = 5;
const sitesShown = 3;
const textMax = 90;
/** Of the last column. */
const whyMax = 50;

interface Trouble {
  readonly status: string;
  readonly what: string;
  readonly since: string;
  readonly why: string;
}

/** A site of which something stands here. */
type KnownSite = SiteView & { readonly said: SiteSummary };
const isKnown = (view: SiteView): view is KnownSite => view.said !== null;

/** Why what a site says may not be true any more, or null. */
function doubtWords({ doubt, link }: SiteView, nowMs: number): string | null {
  switch (doubt?.kind) {
    case undefined:
      return null;
    case 'link':
      return link === null ? 'link down' : linkWords(link, nowMs);
    case 'observer':
      return doubt.observer === null ? 'no observer is known' : `the observer on ${doubt.observer.node ?? 'its node'} is ${doubt.observer.status}`;
    case 'silent':
      return `the last word is ${doubt.since === null ? 'some time' : age(doubt.since, nowMs)} old`;
    case 'clock':
      return 'its clock is ahead of the one here, so that its silence would not be noticed';
    default:
      return 'nothing is heard of it';
  }
}

/** Nothing is wrong, anywhere: for the exit code. */
export const isAllNominal = (world: StatusWorld, nowMs: number): boolean => world.sites.length > 0 && isNominal(siteViewsOf(world, nowMs));

export function statusLines(world: StatusWorld, nowMs: number): readonly string[] {
  if (world.sites.length === 0) return ['No site reports: no observer has run on this broker. Start one: homelab up', 'What else may be wrong: homelab doctor'];
  const troubles = troublesOf(world, nowMs);
  const head = [...(world.sites.some((site) => site.simulated === true) ? [simulatedLine] : []), ...sitesHead(world, nowMs)];
  const waiting = waitingPart(world.actions, nowMs);
  const counts = countsLine(world, siteViewsOf(world, nowMs));
  // Empty lines before each part, the heading of the table, and the line that says how many more there are.
  const room = linesMax - head.length - waiting.length - 1 - 5;
  return [...head, ...troublePart(troubles, Math.max(1, room), nowMs), '', ...waiting, '', counts];
}

/** A line or two for each site: those that cannot be believed first, then the worst. */
function sitesHead(world: StatusWorld, nowMs: number): readonly string[] {
  const rank = ({ doubt, status }: SiteView): number => (doubt === null ? ['nominal', 'unknown', 'degraded', 'critical'].indexOf(status) : 4);
  const sites = siteViewsOf(world, nowMs)
    .filter(isKnown)
    .sort((a, b) => rank(b) - rank(a));
  const heads = [
    ...awaitedSitesOf(world).map((site) => [`${coloured('unknown')} ${site.site}: ${awaitedWords(site, nowMs).toUpperCase()}`]),
    ...sites.map((site) => siteHead(site, world, nowMs)),
  ];
  const shown = heads.slice(0, sitesShown).flat();
  return heads.length > sitesShown ? [...shown, `and ${heads.length - sitesShown} more sites: homelab status --json`] : shown;
}

function siteHead(view: KnownSite, world: StatusWorld, nowMs: number): readonly string[] {
  const { said, link, doubt, heardAt, faults, status } = view;
  const own = heardAt === null ? 'nothing heard yet' : doubt?.kind === 'clock' ? `last word dated ${heardAt}` : `last word ${age(heardAt, nowMs)} ago`;
  const word = link === null ? own : link.isCrossed ? linkWords(link, nowMs) : `${own}, ${linkWords(link, nowMs)}`;
  const where = world.sites.length === 1 ? '' : ` ${view.site}`;
  const stale = doubtWords(view, nowMs);
  if (doubt?.kind === 'link' && link !== null)
    // It works on by itself; what it does now nobody here knows.
    return [
      `${coloured('unknown')}${where}: ${linkWords(link, nowMs).toUpperCase()}; what follows is ${ageBehind(link, said.ts, nowMs)} old, it was ${said.status}`,
    ];
  if (stale !== null) {
    // What a dead observer said last is never shown as what is true.
    return [
      `${coloured('unknown')}${where}: ${stale.toUpperCase()} (${word}); what follows is from then, when it was ${said.status}`,
      'Mend it: homelab doctor   # says what does not run, and the command that starts it',
    ];
  }
  if (status === 'nominal' && faults.length > 0) {
    // What runs is well; what should run is not known as somebody wrote it.
    return [`${coloured('warning')}${where}: what runs is nominal, but a file of the inventory has a fault (${word})`, 'See all of it: homelab validate'];
  }
  if (status === 'nominal') return [`${coloured('nominal')}${where}: nothing is wrong (${word})`];
  const since = sinceOf(said, world);
  return [`${coloured(status)}${where}${since === null ? ', since when is not known' : ` for ${age(since, nowMs)}`}: ${said.worst ?? said.summary} (${word})`];
}

/** When the trouble that lasts longest began; the site's document does not say. */
function sinceOf({ site }: SiteSummary, world: StatusWorld): string | null {
  const incidents = world.incidents.filter((incident) => incident.site === site && incident.suppressed_by === null).map((incident) => incident.started_at);
  const parts = [...world.nodes.filter(isNodeTrouble), ...world.services.filter(isServiceTrouble)]
    .filter((part) => part.site === site)
    .map((part) => part.since);
  return (incidents.length > 0 ? incidents : parts).reduce<string | null>((oldest, each) => (oldest === null || each < oldest ? each : oldest), null);
}

/** Nodes first, then services, then incidents that are about something else, then the inventory; one outage is one line: what another trouble explains is counted with it. */
function troublesOf(world: StatusWorld, nowMs: number): readonly Trouble[] {
  const doubtOf = nodeDoubts(world, nowMs);
  const nodes = world.nodes.filter(isNodeTrouble);
  const away = new Set(nodes.map((node) => node.node));
  const incidents = new Map(world.incidents.map((incident) => [incident.id, incident]));
  const isConsequence = (service: WorldService): boolean => {
    const cause = incidents.get(service.incident_id ?? '');
    return cause !== undefined && (cause.node !== service.node || cause.service !== service.service);
  };
  const services = world.services.filter(
    (service) => isServiceTrouble(service) && !isConsequence(service) && !(service.status === 'unknown' && away.has(service.node)),
  );
  const shown = new Set([...nodes, ...services].flatMap(({ incident_id }) => (incident_id === null ? [] : [incident_id])));
  const others = world.incidents.filter((incident) => incident.suppressed_by === null && !shown.has(incident.id));
  const andMore = (id: string | null): string => {
    const count = incidents.get(id ?? '')?.consequences_count ?? 0;
    return count === 0 ? '' : `and ${count} ${count === 1 ? 'consequence' : 'consequences'}`;
  };
  const withIt = (node: string): string => {
    const count = world.services.filter((service) => service.node === node && service.status === 'unknown').length;
    return count === 0 ? '' : `; with it ${count} services are unknown`;
  };
  return [
    ...nodes.map((node) => {
      const more = andMore(node.incident_id);
      // What the engine of a node that is not heard does, nobody knows.
      const why =
        doubtOf(node.node) === null ? `engine ${node.engine}` : node.last_seen === null ? 'never heard' : `last heard ${age(node.last_seen, nowMs)} ago`;
      return { status: node.status, what: node.node, since: node.since, why: `${why}${more === '' ? withIt(node.node) : `; ${more}`}` };
    }),
    ...services.map((service) => ({
      status: service.status,
      what: `${service.service} on ${service.node}`,
      since: service.since,
      why: joined(service.reason ?? '', andMore(service.incident_id)),
    })),
    ...others.map((incident) => {
      const more = andMore(incident.id);
      const said = calmWords(incident) ?? (incident.message === '' ? incident.kind : incident.message);
      return {
        status: incident.severity,
        what: incident.service === null ? incident.node : `${incident.service} on ${incident.node}`,
        since: incident.started_at,
        why: more === '' ? said : joined(cut(said, whyMax - more.length - 2), more),
      };
    }),
    ...faultyInventoriesOf(world.actors).map(({ node, mode_since, ts, detail, summary }) => ({
      status: 'warning',
      what: `inventory of ${node ?? 'some node'}`,
      since: mode_since ?? ts,
      why: detail ?? summary,
    })),
  ];
}

/** Why something stands here that everything else calls well; null: it is bad. Less than a quarter of an hour away, so its time needs no day. */
const calmWords = ({ well_since, quiet_at }: Incident): string | null =>
  well_since === null || quiet_at === null ? null : `flapping: well now, over if quiet until ${quiet_at.slice(11, 16)} UTC`;

function troublePart(troubles: readonly Trouble[], room: number, nowMs: number): readonly string[] {
  if (troubles.length === 0) return [];
  const shown = troubles.slice(0, room);
  const rows = shown.map(({ status, what, since, why }) => [status, what.slice(0, 50), age(since, nowMs), cut(why, whyMax)]);
  const more = troubles.length - shown.length;
  return ['', ...table(['not well', 'what', 'since', 'why'], rows).split('\n'), ...(more > 0 ? [`and ${more} more: homelab status --json`] : [])];
}

/** Each with the exact command to say yes, oldest first. */
function waitingPart(actions: readonly Action[], nowMs: number): readonly string[] {
  const pending = actions.filter((action) => action.status === 'pending').sort((a, b) => a.proposed_at.localeCompare(b.proposed_at));
  const begun = actions.length - pending.length;
  const underWay =
    begun === 0
      ? []
      : [
          `Agreed and under way: ${actions
            .filter((each) => each.status !== 'pending')
            .map((each) => `${each.id} (${each.status})`)
            .slice(0, 2)
            .join(', ')}${begun > 2 ? ` and ${begun - 2} more` : ''}`,
        ];
  if (pending.length === 0) return ['Nothing waits for you.', ...underWay];
  const shown = pending.slice(0, actionsShown);
  const more = pending.length - shown.length;
  return [
    `${pending.length === 1 ? 'One action waits' : `${pending.length} actions wait`} for your yes (no: homelab reject <action>):`,
    ...shown.map((each) => {
      const command = `  homelab approve ${each.id}`;
      return `${command}   # ${cut(`${each.risk} risk, for ${age(each.proposed_at, nowMs)}: ${each.evidence.message}`, Math.max(30, textMax - command.length))}`;
    }),
    ...(more > 0 ? [`  and ${more} more: homelab actions`] : []),
    ...underWay,
  ];
}

/** What may not be believed any more is not counted as well. */
function countsLine({ services, nodes }: StatusWorld, sites: readonly SiteView[]): string {
  const doubted = new Set(sites.filter(({ doubt }) => doubt !== null).map(({ site }) => site));
  const wanted = services.filter(isWanted);
  const healthy = wanted.filter(({ site, status }) => status === 'healthy' && !doubted.has(site)).length;
  const quiet = wanted.filter((service) => service.status !== 'healthy' && !isServiceTrouble(service));
  const online = nodes.filter(({ site, status }) => status === 'online' && !doubted.has(site)).length;
  const others = services.length - wanted.length;
  return [
    `${healthy} of ${wanted.length} services healthy`,
    ...['starting', 'stopped'].flatMap((status) => {
      const count = quiet.filter((service) => service.status === status).length;
      return count === 0 ? [] : [`${count} ${status}`];
    }),
    ...(others === 0 ? [] : [`${others} not watched`]),
    `${online} of ${nodes.filter((node) => node.status !== 'unmonitored').length} nodes online`,
  ].join(', ');
}

const joined = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join('; ');

const cut = (text: string, max: number): string => (text.length <= max ? text : `${text.slice(0, max - 1)}…`);
