/**
 * What a login may do at a broker: as the files have it (the same as a generated mosquitto, site-broker.ts), or as the desired
 * documents have it where no files are. Pure.
 */
import type { LoginAccess } from '../../bus/broker-access.ts';
import { accessListOf } from '../../contracts/access-list.ts';
import { accessOf, type BrokerScope, type Role, roleOf, type SiteNodes } from '../../contracts/access-rules.ts';
import { type ActorName, actorOfLogin } from '../../contracts/actor-names.ts';
import { defaultSite } from '../../contracts/defaults.ts';
import { DesiredNode } from '../../contracts/desired.ts';
import { topics } from '../../contracts/topics.ts';
import type { SiteBroker } from '../broker-config/site-broker.ts';

/** What counts of a desired document. */
export type Placed = Pick<DesiredNode, 'node' | 'site' | 'access'>;

/** null: the node is gone. */
export function placedOf(payload: Buffer): Placed | null | 'not one' {
  try {
    const { status, node, site, access } = DesiredNode.parse(JSON.parse(payload.toString('utf8')));
    return status === 'gone' ? null : { node, site, access };
  } catch {
    return 'not one';
  }
}

/** `former`: nodes that desired documents have placed at this broker's site, now or before. */
export function accessByFiles(
  login: string,
  { logins, scope, former }: Pick<SiteBroker, 'logins' | 'scope'> & { readonly former: Iterable<string> },
): LoginAccess | null {
  const named = logins.find((each) => each.login === login)?.access;
  const isStore = isSiteStore(roleOf(login, scope));
  if (named !== undefined && !isStore) return named;
  if (roleOf(login, scope).kind === 'stranger') return null;
  const { reads, writes } = accessOf(login, isStore ? withFormer(scope, former) : scope);
  return { reads: [...new Set([...(named?.reads ?? []), ...reads])], writes: [...new Set([...(named?.writes ?? []), ...writes])] };
}

/** Whoever writes documents about all nodes of a site, and takes them back. */
const siteStores: readonly ActorName[] = ['observer', 'ledger', 'supervisor'];
const isSiteStore = (role: Role): boolean => role.kind === 'actor' && siteStores.includes(role.actor);

/**
 * What is said of a node outlives its declaration: incidents end, and their documents go, only after it is gone. So the stores of the site may
 * write for the nodes that it has had; and where there is no other site, whose documents they could touch, for any: after a restart
 * of the broker nothing says any more which there were.
 */
function withFormer(scope: BrokerScope, former: Iterable<string>): BrokerScope {
  const { site, sites } = scope;
  const own = sites.get(site) ?? { nodes: [], upstream: null };
  const elsewhere = new Set([...sites].flatMap(([name, { nodes }]) => (name === site ? [] : nodes)));
  const more = sites.size <= 1 && own.upstream === null ? ['+'] : [...former].filter((node) => !elsewhere.has(node));
  return { ...scope, sites: new Map([...sites, [site, { ...own, nodes: [...new Set([...own.nodes, ...more])] }]]) };
}

export interface Documents {
  readonly node: string;
  readonly site: string;
  readonly topicRoot: string;
  readonly logins: Iterable<string>;
  readonly placed: Iterable<Placed>;
  readonly former: Iterable<string>;
}

export function accessByDocuments(login: string, { node, site, topicRoot: root, logins, placed, former }: Documents): LoginAccess | null {
  const docs = [...placed];
  const sites = sitesOf(docs, { node, site, logins });
  const scope: BrokerScope = { site, root, sites, access: accessListOf(docs.filter((doc) => doc.site === site)), anonymous: 'refused' };
  const role = roleOf(login, scope);
  // Whoever is no actor and has a password is a program of others: no file says what its topics are, but they are not below the root.
  if (role.kind === 'stranger') return actorOfLogin(login) === null ? { reads: [], writes: [], outsideOf: root } : null;
  const { reads, writes } = accessOf(login, isSiteStore(role) ? withFormer(scope, former) : scope);
  // The site's nodes are known by what its bridge brings: until then it may bring any.
  const brought = role.kind === 'actor' && role.actor === 'bridge' ? [`${root}/${topics.desired.filter()}`] : [];
  return { reads, writes: [...writes, ...brought], outsideOf: root };
}

/** Nodes by site: as the documents say, and those of actors with a password here, which no document places elsewhere. */
function sitesOf(docs: readonly Placed[], own: Pick<Documents, 'node' | 'site' | 'logins'>): ReadonlyMap<string, SiteNodes> {
  const siteOf = new Map(docs.map((doc) => [doc.node, doc.site]));
  const actorsNodes = [...own.logins].flatMap((login) => actorOfLogin(login)?.node ?? []);
  for (const node of [own.node, ...actorsNodes]) if (!siteOf.has(node)) siteOf.set(node, own.site);
  const names = new Set([own.site, ...siteOf.values()]);
  const nodesIn = (name: string): readonly string[] => [...siteOf].filter(([, site]) => site === name).map(([node]) => node);
  return new Map([...names].map((name) => [name, { nodes: nodesIn(name), upstream: name === defaultSite ? null : defaultSite }]));
}
