/** Which node is on which site, and who may write what at which broker: the table of topics read for several sites. Pure. */
import { defaultSite } from '../../contracts/defaults.ts';
import type { Topic } from '../../contracts/topic.ts';
import type { TopicName } from '../../contracts/topics.ts';
import type { SiteShape } from './shape.ts';

export interface Territory {
  /** The site whose broker it is. */
  readonly site: string;
  /** Node → its site, of all sites. */
  readonly siteOf: ReadonlyMap<string, string>;
  /** The login of the bridge that stands between this site and the hub, and its site; null: there is one site. */
  readonly bridge: { readonly login: string; readonly site: string } | null;
}

export function territoryOf(site: string, shapes: readonly SiteShape[]): Territory {
  const edge = shapes.find(({ uplink }) => uplink !== null);
  return {
    site,
    siteOf: new Map(shapes.flatMap(({ name, machines }) => machines.map((machine) => [machine.name, name] as const))),
    bridge: edge === undefined ? null : { login: `bridge-${edge.machines[0]?.name ?? ''}`, site: edge.name },
  };
}

export const isOwnNode = ({ site, siteOf }: Territory, node: string): boolean => (siteOf.get(node) ?? site) === site;

interface Written {
  readonly name: TopicName;
  readonly row: Topic;
  readonly levels: Readonly<Record<string, string>>;
}

/** The bridge brings it here; it is its owner's on the other side. */
export function isBrought(territory: Territory, { name, row, levels }: Written): boolean {
  const { site, siteOf, bridge } = territory;
  if (bridge === null) return false;
  const isBridgeSite = (levels['node'] === undefined || siteOf.get(levels['node']) === bridge.site) && (levels['site'] ?? bridge.site) === bridge.site;
  if (site === bridge.site) return row.bridge === 'down' && isBridgeSite;
  return row.bridge === 'up' && isBridgeSite && (levels['node'] ?? levels['site']) !== undefined && name !== 'link';
}

/** Why this login may not write this here; null: it may. */
export function writingProblem(territory: Territory, login: string, written: Written): string | null {
  const { name, row, levels } = written;
  const { site, bridge } = territory;
  const isBridge = login === bridge?.login;
  if (isBrought(territory, written)) return isBridge ? null : 'which only the bridge brings here';
  if (isBridge) {
    if (name === 'link' && levels['site'] === bridge.site) return null;
    if (name === 'cursor' && site === bridge.site && levels['site'] === defaultSite) return null;
    if (site !== bridge.site && name !== 'probe') return 'which the bridge does not carry';
  }
  const { node } = levels;
  // The hub says what other sites' nodes should run, and how far its store is with them.
  const reachesOut = site === defaultSite && (name === 'desired' || name === 'cursor');
  if (node !== undefined && !isOwnNode(territory, node) && !reachesOut) return "which is about another site's node";
  if (levels['site'] !== undefined && levels['site'] !== site && !(name === 'relay' && site === defaultSite)) return "which is another site's";
  return speaksFor(login, row.owner, levels) ? null : `which belongs to ${row.owner}`;
}

/** Is this login the owner, as a row of the table of topics names it? */
function speaksFor(login: string, owner: string, levels: Readonly<Record<string, string>>): boolean {
  switch (owner) {
    case 'that actor':
      return login === `${levels['actor']}-${levels['node']}`;
    case 'that requester':
      return login === levels['requester'];
    case 'that login':
      return login === levels['login'];
    case 'agents of that node':
      return login.endsWith(`-${levels['node']}`);
    case 'node-agent':
      return login === `node-agent-${levels['node']}`;
    case "the hub's ledger":
    case "that site's ledger":
      return login.startsWith('ledger-');
    default:
      return login.startsWith(`${owner}-`);
  }
}
