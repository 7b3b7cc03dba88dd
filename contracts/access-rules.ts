/**
 * Who may read and write which topic at which broker: the one matrix behind mosquitto's access lists, those of an embedded
 * broker, and the tests of both.
 *
 * Derived from the rows of topics.ts (writer, kind, direction of the bridge), from the sites and their nodes, and from the roles
 * of inventory/access.yaml. Pure. What is not granted is refused. Access comes as subscription filters with the root; a
 * login may do what at least one of its filters matches.
 */
import type { RequestState } from './action.ts';
import { type ActorName, actorOfLogin, frontEnds } from './actor-names.ts';
import type { AccessList, PersonRole } from './desired.ts';
import { homeAssistantLogin } from './home-assistant.ts';
import type { Topic } from './topic.ts';
import { allTopics, topics } from './topics.ts';

export interface SiteNodes {
  readonly nodes: readonly string[];
  /** The site whose broker this one's is bridged to; null: this is the hub. */
  readonly upstream: string | null;
}

/** A broker, and as much of the homelab as access to it depends on. */
export interface BrokerScope {
  readonly site: string;
  readonly root: string;
  readonly sites: ReadonlyMap<string, SiteNodes>;
  /** null: there is no access list, and every login that is not an actor's is an operator's. */
  readonly access: AccessList | null;
  /** Whoever comes without a login, where the broker lets such in: may read; or ask too, which is for a broker that only its own machine can reach. */
  readonly anonymous: 'refused' | 'reads' | 'asks';
}

/** Whom a broker has before it. */
export type Role =
  | { readonly kind: 'actor'; readonly login: string; readonly actor: ActorName; readonly node: string }
  /** The bridge of a site further out, which brings what that site's actors write. */
  | { readonly kind: 'bridge-from-below'; readonly login: string; readonly node: string; readonly site: string }
  | { readonly kind: 'person'; readonly login: string; readonly role: PersonRole }
  | { readonly kind: 'anonymous'; readonly asks: boolean }
  | { readonly kind: 'stranger' };

export interface Access {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
}

/** The broker's figures about itself. MQTT leaves everything below `$` to brokers, so it is in no table of ours. */
const brokerFigures = '$SYS/#';

/** null: without a login. An actor's login is its actor's whatever the access list says, and nobody's at the broker of another site. */
export function roleOf(login: string | null, { site, sites, access, anonymous }: BrokerScope): Role {
  if (login === null) return anonymous === 'refused' ? { kind: 'stranger' } : { kind: 'anonymous', asks: anonymous === 'asks' && access === null };
  const owner = actorOfLogin(login);
  if (owner !== null && owner.node !== null) {
    const { actor, node } = owner;
    const home = [...sites].find(([, { nodes }]) => nodes.includes(node));
    if (home?.[0] === site) return { kind: 'actor', login, actor, node };
    if (home !== undefined && actor === 'bridge' && home[1].upstream === site) return { kind: 'bridge-from-below', login, node, site: home[0] };
    return { kind: 'stranger' };
  }
  if (owner !== null) return frontEnds.includes(owner.actor) ? { kind: 'person', login, role: 'delegate' } : { kind: 'stranger' };
  if (access === null) return { kind: 'person', login, role: 'operator' };
  const role = Object.hasOwn(access, login) ? access[login] : undefined;
  return role === undefined ? { kind: 'stranger' } : { kind: 'person', login, role };
}

/** Everybody who is somebody reads everything: nothing on the bus is secret, and what people see of it is what they decide by. */
export function accessOf(login: string | null, scope: BrokerScope): Access {
  const role = roleOf(login, scope);
  if (role.kind === 'stranger') return { reads: [], writes: [] };
  const foreign = allTopics.filter(([, row]) => row.foreign === true).map(([, row]) => row.filter());
  const reads = [`${scope.root}/#`, ...foreign, ...(role.kind === 'person' || role.kind === 'anonymous' ? [brokerFigures] : [])];
  const writes = allTopics.flatMap(([, row]) => {
    if (row.foreign === true) return foreignWritesOf(row, role);
    return writesOf(row, role, scope).map((filter) => `${scope.root}/${filter}`);
  });
  return { reads, writes: [...new Set(writes)] };
}

/**
 * Whether a stored copy of this topic (without the root) may be kept. Requests never: a stored approval would be one again at each
 * restart. mosquitto's access lists cannot say this (its issue 87), so there the ledger clears them; an embedded broker can refuse the flag.
 */
export const mayBeRetained = (row: Topic): boolean => row.kind !== 'request';

function writesOf(row: Topic, role: Exclude<Role, { kind: 'stranger' }>, scope: BrokerScope): readonly string[] {
  switch (role.kind) {
    case 'anonymous':
      return role.asks && row === asRow(topics.anonymousRequest) ? peoplesStates('operator').map((state) => filterOf(row, { state })) : [];
    case 'person':
      return [...asRequester(row, role.login, peoplesStates(role.role)), ...asLogin(row, role.login), ...asHomeAssistant(row, role, scope)];
    case 'bridge-from-below':
      return [
        ...carried(row, 'up', role.site, scope),
        ...(row === asRow(topics.link) ? [filterOf(row, { site: role.site })] : []),
        ...asLogin(row, role.login),
      ];
    case 'actor': {
      const rule = rules[row.owner];
      if (rule === undefined) throw new Error(`topic ${row.pattern}: no rule says who ${JSON.stringify(row.owner)} is`);
      const brought = role.actor === 'bridge' ? [...carried(row, 'down', scope.site, scope), ...journalled(row, scope)] : [];
      const cleared = role.actor === 'ledger' && row.kind === 'request' ? [row.filter()] : [];
      return [...rule(row, role, scope), ...brought, ...cleared];
    }
  }
}

/** Topics outside the root: who announces devices, and Home Assistant itself, which says its birth and takes away a device that a person deleted there. */
function foreignWritesOf(row: Topic, role: Exclude<Role, { kind: 'stranger' }>): readonly string[] {
  const isHome = isHomeAssistant(role);
  if (row === asRow(topics.homeAssistantDevice)) return isHome || (role.kind === 'actor' && role.actor === row.owner) ? [row.filter()] : [];
  return row === asRow(topics.homeAssistantStatus) && isHome ? [row.filter()] : [];
}

const isHomeAssistant = (role: Role): boolean => role.kind === 'person' && role.role === 'delegate' && role.login === homeAssistantLogin;

/** The one thing below our root that is its own: the first of two presses, which asks nobody for anything. */
const asHomeAssistant = (row: Topic, role: Role, { site }: BrokerScope): readonly string[] =>
  row === asRow(topics.homeAssistantTap) && isHomeAssistant(role) ? [filterOf(row, { site })] : [];

type Actor = Extract<Role, { kind: 'actor' }>;
type Rule = (row: Topic, who: Actor, scope: BrokerScope) => readonly string[];

const onlyFor =
  (actor: ActorName, rule: Rule): Rule =>
  (row, who, scope) =>
    who.actor === actor ? rule(row, who, scope) : [];

/** By the words of the table's column "writer". The ledger also clears requests that came with the retain flag. */
const rules: Readonly<Record<string, Rule>> = {
  // Whatever an actor is for, its own troubles are events: a message that did not fit, an outbox that was full.
  'agents of that node': (row, { node }) => [filterOf(row, { node })],
  'node-agent': onlyFor('node-agent', (row, { node }) => [filterOf(row, { node })]),
  'that actor': (row, { node, actor }) => [filterOf(row, { node, actor })],
  // Of the hub: what it takes back may be a node that no file names any more.
  inventory: onlyFor('inventory', (row, _, scope) => (isHub(scope) ? [row.filter()] : ofSite(row, scope.site, scope))),
  observer: onlyFor('observer', (row, _, scope) => ofSiteAndTroubles(row, scope)),
  ledger: onlyFor('ledger', (row, _, scope) => ofSiteAndTroubles(row, scope)),
  supervisor: onlyFor('supervisor', (row, _, scope) => ofSiteAndTroubles(row, scope)),
  bridge: onlyFor('bridge', (row, _, { site }) => [filterOf(row, { site })]),
  'ha-discovery': onlyFor('ha-discovery', (row, _, { site }) => [filterOf(row, { site })]),
  'that requester': (row, { login, actor }) => asRequester(row, login, frontEnds.includes(actor) ? peoplesStates('delegate') : (programsStates[actor] ?? [])),
  'a person without a login': () => [],
  'Home Assistant': () => [],
  'that login': (row, { login }) => asLogin(row, login),
  "the hub's ledger": onlyFor('ledger', (row, _, scope) => sitesBelow(scope).map((site) => filterOf(row, { site }))),
  "that site's ledger": onlyFor('ledger', (row, _, scope) => (isHub(scope) ? [] : [filterOf(row, { site: scope.site })])),
};

/** What each role may ask for, as the ledger judges it (actors/ledger/machine.ts). A program never approves. */
const peoplesStates = (role: PersonRole): readonly RequestState[] => (role === 'reader' ? [] : ['pending', 'approved', 'rejected', 'cancelled']);
const programsStates: Readonly<Partial<Record<ActorName, readonly RequestState[]>>> = {
  supervisor: ['pending', 'cancelled'],
  planner: ['pending', 'cancelled'],
  executor: ['running', 'completed', 'failed'],
};

/** Only people ask for maintenance; whoever may approve may. */
function asRequester(row: Topic, login: string, states: readonly RequestState[]): readonly string[] {
  if (row === asRow(topics.request)) return states.map((state) => filterOf(row, { state, requester: login }));
  return row === asRow(topics.maintenanceRequest) && states.includes('approved') ? [filterOf(row, { requester: login })] : [];
}

/** Also a reader: without an answer to its own probe a program cannot know that it has read everything retained. */
const asLogin = (row: Topic, login: string): readonly string[] => (row === asRow(topics.probe) ? [filterOf(row, { login })] : []);

/** What a bridge carries that way for a site: nothing of any other. */
const carried = (row: Topic, direction: 'up' | 'down', site: string, scope: BrokerScope): readonly string[] =>
  row.bridge === direction ? ofSite(row, site, scope) : [];

/** What a bridge has in its journal it acknowledges here, in the name of the store that is to have it. */
function journalled(row: Topic, { site, sites }: BrokerScope): readonly string[] {
  const { nodes, upstream } = sites.get(site) ?? { nodes: [], upstream: null };
  return row === asRow(topics.cursor) && upstream !== null ? nodes.map((node) => filterOf(row, { site: upstream, node })) : [];
}

/** What a site has authority over: its own name, else its own nodes. */
function ofSite(row: Topic, site: string, { sites }: BrokerScope, more: readonly string[] = []): readonly string[] {
  if (row.pattern.includes('{site}')) return [filterOf(row, { site })];
  return [...(sites.get(site)?.nodes ?? []), ...more].map((node) => filterOf(row, { node }));
}

/** The troubles of a site itself stand under a reserved node name; those of the sites below are told by the hub. */
const ofSiteAndTroubles = (row: Topic, scope: BrokerScope): readonly string[] =>
  ofSite(
    row,
    scope.site,
    scope,
    [scope.site, ...sitesBelow(scope)].map((site) => `site-${site}`),
  );

const sitesBelow = ({ site, sites }: BrokerScope): readonly string[] => [...sites].filter(([, { upstream }]) => upstream === site).map(([name]) => name);
const isHub = ({ site, sites }: BrokerScope): boolean => (sites.get(site)?.upstream ?? null) === null;

/** The table's rows know their levels by type; here they come by name. */
const filterOf = (row: Topic, levels: Readonly<Record<string, string>>): string => row.filter(levels as never);
const asRow = (row: unknown): Topic => row as Topic;
