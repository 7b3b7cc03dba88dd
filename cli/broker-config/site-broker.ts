/**
 * The broker of a site as the declared homelab has it: where it listens, which logins it knows, and what each of them may do. Pure.
 *
 * Fails with a UsageError that names the file and what was expected of it: half an access list locks somebody out.
 */
import { contentOf, type DeclaredTree, type HostFiles, type MaybeFile, type ReadFile } from '../../actors/inventory/tree.ts';
import { type Access, accessOf, type BrokerScope, roleOf, type SiteNodes } from '../../contracts/access-rules.ts';
import { type BrokerDoor, doorsOf } from '../../contracts/inventory/broker.ts';
import { inventoryFiles } from '../../contracts/inventory/files.table.ts';
import type { TopologyFile } from '../../contracts/inventory/topology.ts';
import { UsageError } from '../settings.ts';

export interface BrokerLogin {
  readonly login: string;
  /** For comments: where it is declared, or what it is. */
  readonly who: string;
  readonly access: Access;
}

export interface SiteBroker {
  readonly site: string;
  readonly root: string;
  /** What the rules of access go by, for logins that the files do not name. */
  readonly scope: BrokerScope;
  readonly node: string;
  readonly service: string;
  readonly doors: readonly BrokerDoor[];
  /** Of the doors with TLS: names of files, or paths from /. null: there are none. */
  readonly tls: { readonly certificate: string; readonly key: string; readonly names: readonly string[] } | null;
  readonly logins: readonly BrokerLogin[];
  /** `%u` stands for the login; null: there is an access.yaml, and nobody else gets in. */
  readonly anybodyElse: Access | null;
  /** null: nobody without a login. */
  readonly anonymous: Access | null;
}

type Topology = ReadFile<TopologyFile>;

/** As contracts/inventory/broker.ts describes them. */
const defaultFiles = { certificate: 'server.pem', key: 'server-key.pem' };

export function siteBroker(tree: DeclaredTree, site: string, root: string): SiteBroker {
  const topology = readable(tree.topology, inventoryFiles.topology.path);
  if (topology === null) throw new UsageError(`${inventoryFiles.topology.path} is missing; expected the sites, and their brokers and nodes, there`);
  const declared = topology.value.sites[site];
  if (declared === undefined) {
    throw new UsageError(`${topology.path}: there is no site ${JSON.stringify(site)}; there are: ${Object.keys(topology.value.sites).join(', ') || 'none'}`);
  }
  const access = readable(tree.access, inventoryFiles.access.path);
  const { node, service, tls, anonymous_on_loopback: isOpenToMachine } = declared.broker;
  const doors = doorsOf(declared.broker);
  const open = doors.find(({ listen }) => listen.some((address) => address !== 'loopback'));
  if (access === null && open !== undefined) {
    throw new UsageError(
      `${inventoryFiles.access.path} is missing, so that every login may approve: expected it, or \`listen: [loopback]\` for ${open.scheme}:// at the broker of ${site} in ${topology.path}`,
    );
  }
  const scope: BrokerScope = {
    site,
    root,
    sites: sitesOf(topology),
    access: access === null ? null : (access.value.logins ?? {}),
    anonymous: isOpenToMachine ? 'reads' : 'refused',
  };
  return {
    site,
    root,
    scope,
    node,
    service,
    doors,
    tls: tls === undefined ? null : { certificate: tls.certificate ?? defaultFiles.certificate, key: tls.key ?? defaultFiles.key, names: tls.names ?? [] },
    logins: [...loginsOf(tree, scope, access?.path ?? null)].map(([login, about]) => ({ login, ...about })),
    anybodyElse: access === null ? accessOf('%u', scope) : null,
    anonymous: isOpenToMachine ? accessOf(null, scope) : null,
  };
}

/** Sites whose broker is declared, in the order of the file. */
export const declaredSites = (tree: DeclaredTree): readonly string[] => Object.keys(contentOf(tree.topology)?.sites ?? {});

/** What is broken is no ground to write an access list on; its own findings say what is wrong with it. */
function readable<T>(file: MaybeFile<T>, path: string): ReadFile<T> | null {
  if (file === 'broken') throw new UsageError(`${path} cannot be used as it is; what is wrong with it: homelab validate`);
  return file === 'absent' ? null : file;
}

function sitesOf({ value }: Topology): ReadonlyMap<string, SiteNodes> {
  const nodesIn = (site: string): readonly string[] => Object.keys(value.nodes).filter((node) => value.nodes[node]?.site === site);
  const upstreamOf = ({ kind, to }: TopologyFile['sites'][string]['uplink']): string | null => (kind === 'none' ? null : (to ?? hubName));
  return new Map(Object.entries(value.sites).map(([site, { uplink }]) => [site, { nodes: nodesIn(site), upstream: upstreamOf(uplink) }]));
}

/** What contracts/inventory/topology.ts takes for an uplink that does not say where it leads. */
const hubName = 'hub';

/** A login that is declared twice, as a front end and as a program with topics of its own, may do both. */
function loginsOf(tree: DeclaredTree, scope: BrokerScope, accessPath: string | null): ReadonlyMap<string, Omit<BrokerLogin, 'login'>> {
  const logins = new Map<string, Omit<BrokerLogin, 'login'>>();
  const add = (login: string, who: string, access: Access): void => {
    // The separator of a password file.
    if (login.includes(':')) throw new UsageError(`${who}: the login ${JSON.stringify(login)} cannot stand in a password file; expected one without a colon`);
    const before = logins.get(login);
    const both = (key: keyof Access): readonly string[] => [...new Set([...(before?.access[key] ?? []), ...access[key]])];
    logins.set(login, { who: before === undefined ? who : `${before.who}; ${who}`, access: { reads: both('reads'), writes: both('writes') } });
  };
  const ownNodes = scope.sites.get(scope.site)?.nodes ?? [];
  const actors = ownNodes.flatMap((node) => agentsOf(tree, node).map((actor) => ({ login: `${actor}-${node}`, who: `actor ${actor} of ${node}` })));
  // What is no actor of ours has no login here; the validator names it.
  for (const { login, who } of actors) if (roleOf(login, scope).kind === 'actor') add(login, who, accessOf(login, scope));
  for (const [site, { nodes, upstream }] of scope.sites) {
    if (upstream !== scope.site) continue;
    for (const node of nodes.filter((each) => agentsOf(tree, each).includes('bridge'))) {
      add(`bridge-${node}`, `brings what ${site} writes`, accessOf(`bridge-${node}`, scope));
    }
  }
  for (const [login, role] of Object.entries(scope.access ?? {})) {
    const is = roleOf(login, scope);
    if (is.kind === 'person') add(login, `${is.role}, ${accessPath ?? ''}`, accessOf(login, scope));
    else if (is.kind === 'actor' && !logins.has(login)) add(login, `${role}, ${accessPath ?? ''}`, accessOf(login, scope));
  }
  for (const { login, who, access } of programsOf(tree, ownNodes, scope.root)) add(login, who, access);
  return logins;
}

/** Actors expected on a node. Without that word the process that reads the file would fill it in, and nobody can know what it runs. */
function agentsOf(tree: DeclaredTree, node: string): readonly string[] {
  const path = inventoryFiles.services.path.replace('<node>', node);
  const file = readable(tree.hosts.get(node)?.services ?? 'absent', path);
  if (file === null) return [];
  if (file.value.agents === undefined)
    throw new UsageError(`${path} does not say \`agents\`; expected the actors of ${node}, or [], so that their logins are known`);
  return file.value.agents;
}

/** Programs of others that run on these nodes, with what their service.yaml says of their topics. */
function programsOf(tree: DeclaredTree, nodes: readonly string[], root: string): readonly BrokerLogin[] {
  const names = new Set(nodes.flatMap((node) => servicesOn(tree.hosts.get(node))));
  return [...names].sort().flatMap((name) => {
    const file = readable(tree.services.get(name)?.service ?? 'absent', inventoryFiles.service.path.replace('<service>', name));
    const own = file?.value.service.mqtt;
    if (file === null || own === undefined) return [];
    const inside = [...own.reads, ...own.writes].find((filter) => filter.split('/')[0] === root);
    if (inside !== undefined)
      throw new UsageError(`${file.path}: mqtt names ${inside}; expected topics outside of ${root}/, which access.yaml and the table of topics decide`);
    return [{ login: own.login, who: file.path, access: { reads: own.reads, writes: own.writes } }];
  });
}

const servicesOn = (host: HostFiles | undefined): readonly string[] => Object.keys(contentOf(host?.services ?? 'absent')?.services ?? {});
