/**
 * The screen of `homelab status`, from what the documents say: is anything wrong and since when, what is not well, what waits
 * for a yes. Pure. Never more than 24 lines, however much is wrong: a terminal shows that many.
 */
import type { Action } from '../contracts/action.ts';
import type { ActorStatus } from '../contracts/actor-status.ts';
import { heartbeatIntervalMs, heartbeatIntervalsMissedMax } from '../contracts/defaults.ts';
import type { Incident } from '../contracts/incident.ts';
import type { LinkStatus } from '../contracts/link.ts';
import { awaitedSitesOf, isCutOff, type LinkView, linkViewsOf } from '../contracts/link-view.ts';
import type { SiteSummary, WorldNode, WorldService } from '../contracts/world.ts';
import { faultyInventoriesOf } from './inventory-fault.ts';
import { ageBehind, awaitedWords, linkWords } from './link-view.ts';
import { age, coloured, simulatedLine, table } from './output.ts';

export interface StatusWorld {
  readonly sites: readonly SiteSummary[];
  readonly nodes: readonly WorldNode[];
  readonly services: readonly WorldService[];
  /** Active ones. */
  readonly incidents: readonly Incident[];
  /** Pending, approved and running ones. */
  readonly actions: readonly Action[];
  readonly actors: readonly ActorStatus[];
  /** The site of whoever looks. */
  readonly here: string;
  readonly links: readonly LinkStatus[];
}

/** Lines of the smallest terminal anybody uses. */
const linesMax = 24;
/** What waits for a person is shown first of what does not fit: at least this many. */
const actionsShown = 5;
const sitesShown = 3;
/** As old as the heartbeat of a node that counts as offline. */
const staleMs = heartbeatIntervalMs * heartbeatIntervalsMissedMax;
const textMax = 90;
/** Of the last column. */
const whyMax = 50;

interface Trouble {
  readonly status: string;
  readonly what: string;
  readonly since: string;
  readonly why: string;
}

const linkOf = ({ site }: SiteSummary, world: StatusWorld, nowMs: number): LinkView | undefined => linkViewsOf(world, nowMs).get(site);

/** Why what a site says may not be true any more, or null. */
function staleness(site: SiteSummary, world: StatusWorld, nowMs: number): string | null {
  const link = linkOf(site, world, nowMs);
  if (link !== undefined && isCutOff(link)) return linkWords(link, nowMs);
  const nodes = new Set(world.nodes.filter((node) => node.site === site.site).map((node) => node.node));
  const observers = world.actors.filter(
    (actor) => actor.actor === 'observer' && (world.sites.length === 1 || (actor.node !== undefined && nodes.has(actor.node))),
  );
  if (!observers.some((observer) => observer.status === 'online')) {
    const [observer] = observers;
    return observer === undefined ? 'no observer is known' : `the observer on ${observer.node ?? 'its node'} is ${observer.status}`;
  }
  // Its figures cross the link hourly; the link itself speaks every minute.
  if (link?.isCrossed === true) return null;
  if (site.last_update === null || nowMs - Date.parse(site.last_update) <= staleMs) return null;
  return `the last word is ${age(site.last_update, nowMs)} old`;
}

/** Nominal means: every site that is declared says so, and may be believed; nothing that is declared is left out because its file has a fault. */
export const isNominal = (world: StatusWorld, nowMs: number): boolean =>
  world.sites.length > 0 &&
  awaitedSitesOf(world).length === 0 &&
  faultyInventoriesOf(world.actors).length === 0 &&
  world.sites.every((site) => site.status === 'nominal' && staleness(site, world, nowMs) === null);

export function statusLines(world: StatusWorld, nowMs: number): readonly string[] {
  if (world.sites.length === 0) return ['No site reports: no observer has run on this broker. Start one: homelab up', 'What else may be wrong: homelab doctor'];
  const troubles = troublesOf(world);
  const head = [...(world.sites.some((site) => site.simulated === true) ? [simulatedLine] : []), ...sitesHead(world, nowMs)];
  const waiting = waitingPart(world.actions, nowMs);
  const counts = countsLine(world);
  // Empty lines before each part, the heading of the table, and the line that says how many more there are.
  const room = linesMax - head.length - waiting.length - 1 - 5;
  return [...head, ...troublePart(troubles, Math.max(1, room), nowMs), '', ...waiting, '', counts];
}

/** A line or two for each site: those that cannot be believed first, then the worst. */
function sitesHead(world: StatusWorld, nowMs: number): readonly string[] {
  const rank = (site: SiteSummary): number =>
    staleness(site, world, nowMs) === null ? ['nominal', 'unknown', 'degraded', 'critical'].indexOf(site.status) : 4;
  const sites = [...world.sites].sort((a, b) => rank(b) - rank(a));
  const heads = [
    ...awaitedSitesOf(world).map((site) => [`${coloured('unknown')} ${site.site}: ${awaitedWords(site, nowMs).toUpperCase()}`]),
    ...sites.map((site) => siteHead(site, world, nowMs)),
  ];
  const shown = heads.slice(0, sitesShown).flat();
  return heads.length > sitesShown ? [...shown, `and ${heads.length - sitesShown} more sites: homelab status --json`] : shown;
}

function siteHead(site: SiteSummary, world: StatusWorld, nowMs: number): readonly string[] {
  const link = linkOf(site, world, nowMs);
  const own = site.last_update === null ? 'nothing heard yet' : `last word ${age(site.last_update, nowMs)} ago`;
  const word = link === undefined ? own : link.isCrossed ? linkWords(link, nowMs) : `${own}, ${linkWords(link, nowMs)}`;
  const where = world.sites.length === 1 ? '' : ` ${site.site}`;
  const stale = staleness(site, world, nowMs);
  if (link !== undefined && isCutOff(link))
    // It works on by itself; what it does now nobody here knows.
    return [
      `${coloured('unknown')}${where}: ${linkWords(link, nowMs).toUpperCase()}; what follows is ${ageBehind(link, site.ts, nowMs)} old, it was ${site.status}`,
    ];
  if (stale !== null) {
    // What a dead observer said last is never shown as what is true.
    return [
      `${coloured('unknown')}${where}: ${stale.toUpperCase()} (${word}); what follows is from then, when it was ${site.status}`,
      'Mend it: homelab doctor   # says what does not run, and the command that starts it',
    ];
  }
  if (site.status === 'nominal' && hasInventoryFault(site, world)) {
    // What runs is well; what should run is not known as somebody wrote it.
    return [`${coloured('warning')}${where}: what runs is nominal, but a file of the inventory has a fault (${word})`, 'See all of it: homelab validate'];
  }
  if (site.status === 'nominal') return [`${coloured('nominal')}${where}: nothing is wrong (${word})`];
  const since = sinceOf(site, world);
  return [
    `${coloured(site.status)}${where}${since === null ? ', since when is not known' : ` for ${age(since, nowMs)}`}: ${site.worst ?? site.summary} (${word})`,
  ];
}

/** When the trouble that lasts longest began; the site's document does not say. */
function sinceOf({ site }: SiteSummary, world: StatusWorld): string | null {
  const incidents = world.incidents.filter((incident) => incident.site === site && incident.suppressed_by === null).map((incident) => incident.started_at);
  const parts = [...world.nodes.filter(isNodeTrouble), ...world.services.filter(isServiceTrouble)]
    .filter((part) => part.site === site)
    .map((part) => part.since);
  return (incidents.length > 0 ? incidents : parts).reduce<string | null>((oldest, each) => (oldest === null || each < oldest ? each : oldest), null);
}

function hasInventoryFault({ site }: SiteSummary, world: StatusWorld): boolean {
  const nodes = new Set(world.nodes.filter((node) => node.site === site).map((node) => node.node));
  return faultyInventoriesOf(world.actors).some(({ node }) => world.sites.length === 1 || (node !== undefined && nodes.has(node)));
}

const isNodeTrouble = (node: WorldNode): boolean => node.status === 'offline' || node.status === 'degraded' || node.status === 'unknown';

const isWanted = (service: WorldService): boolean => service.desired !== 'no' && service.monitor;

/** Starting is neither good nor bad; stopped is trouble only where somebody declared that it should run. */
function isServiceTrouble(service: WorldService): boolean {
  if (!isWanted(service)) return false;
  return ['down', 'unhealthy', 'missing', 'unknown'].includes(service.status) || (service.status === 'stopped' && service.desired === 'declared');
}

/** Nodes first, then services, then incidents that are about something else, then the inventory; one outage is one line: what another trouble explains is counted with it. */
function troublesOf(world: StatusWorld): readonly Trouble[] {
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
      return { status: node.status, what: node.node, since: node.since, why: `engine ${node.engine}${more === '' ? withIt(node.node) : `; ${more}`}` };
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

function countsLine({ services, nodes }: StatusWorld): string {
  const wanted = services.filter(isWanted);
  const healthy = wanted.filter((service) => service.status === 'healthy').length;
  const quiet = wanted.filter((service) => service.status !== 'healthy' && !isServiceTrouble(service));
  const online = nodes.filter((node) => node.status === 'online').length;
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
