/**
 * The retained documents of the bus, sorted by what they are. Pure.
 *
 * Reads a map from topic (without the root) to document, as GET /documents and the stream bring it. A document whose topic is in no
 * row of the table is left out, as is one that says it is gone. Nothing is checked here: that was done at the bus.
 */
import type { Action, Decisions, Maintenance } from '../../../../../contracts/action.ts';
import type { ActorStatus } from '../../../../../contracts/actor-status.ts';
import type { DesiredNode } from '../../../../../contracts/desired.ts';
import type { NodeHealth, ServiceHealth } from '../../../../../contracts/health.ts';
import type { Incident } from '../../../../../contracts/incident.ts';
import type { LinkStatus } from '../../../../../contracts/link.ts';
import { topics } from '../../../../../contracts/topics.ts';
import type { Deployment, SiteSummary, WorldNode, WorldService } from '../../../../../contracts/world.ts';

/** As it came: an object with at least a status. */
export type Doc = Readonly<Record<string, unknown>>;
export type Documents = ReadonlyMap<string, Doc>;

export interface World {
  /** The site of the server of this page. */
  readonly here: string;
  readonly sites: readonly SiteSummary[];
  readonly nodes: readonly WorldNode[];
  readonly services: readonly WorldService[];
  readonly incidents: readonly Incident[];
  readonly actions: readonly Action[];
  readonly deployments: readonly Deployment[];
  readonly actors: readonly ActorStatus[];
  readonly links: readonly LinkStatus[];
  /** By node. */
  readonly health: ReadonlyMap<string, NodeHealth>;
  readonly desired: ReadonlyMap<string, DesiredNode>;
  readonly decisions: ReadonlyMap<string, Decisions>;
  readonly maintenance: ReadonlyMap<string, Maintenance>;
  /** By `<node>/<service>`. */
  readonly serviceHealth: ReadonlyMap<string, ServiceHealth>;
}

const shown = [
  'site',
  'worldNode',
  'worldService',
  'incident',
  'action',
  'deployment',
  'actorStatus',
  'link',
  'nodeHealth',
  'desired',
  'decisions',
  'maintenance',
  'serviceHealth',
] as const;
type Shown = (typeof shown)[number];

/** Only the patterns: the page is built without the schemas. */
const rows = shown.map((name) => ({ name, parts: topics[name].pattern.split('/') }));

/** Which row a topic belongs to, with the levels that its pattern names. */
export function rowOf(topic: string): { readonly name: Shown; readonly levels: readonly string[] } | null {
  const got = topic.split('/');
  for (const { name, parts } of rows) {
    if (parts.length !== got.length) continue;
    if (parts.every((part, at) => part.startsWith('{') || part === got[at])) return { name, levels: got.filter((_, at) => parts[at]?.startsWith('{')) };
  }
  return null;
}

const keyOf = (levels: readonly string[]): string => levels.join('/');

export function worldOf(here: string, documents: Documents): World {
  const found: Record<Shown, Map<string, Doc>> = Object.fromEntries(shown.map((name) => [name, new Map()])) as unknown as Record<Shown, Map<string, Doc>>;
  for (const [topic, doc] of documents) {
    if (doc['status'] === 'gone') continue;
    const row = rowOf(topic);
    if (row !== null) found[row.name].set(keyOf(row.levels), doc);
  }
  // The bus has checked every document against the schema of its row; a will lacks what its writer cannot say, so the topic says who.
  const listed = <T>(name: Shown): readonly T[] => [...found[name]].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, doc]) => doc as T);
  const byKey = <T>(name: Shown): ReadonlyMap<string, T> => found[name] as unknown as ReadonlyMap<string, T>;
  return {
    here,
    sites: listed('site'),
    nodes: listed('worldNode'),
    services: listed('worldService'),
    incidents: listed('incident'),
    actions: listed('action'),
    deployments: listed('deployment'),
    actors: [...found.actorStatus].sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, doc]) => ({ ...doc, ...named(key, ['node', 'actor']) }) as ActorStatus),
    links: [...found.link].map(([site, doc]) => ({ ...doc, site }) as LinkStatus),
    health: byKey('nodeHealth'),
    desired: byKey('desired'),
    decisions: byKey('decisions'),
    maintenance: byKey('maintenance'),
    serviceHealth: byKey('serviceHealth'),
  };
}

function named(key: string, names: readonly string[]): Readonly<Record<string, string>> {
  const levels = key.split('/');
  return Object.fromEntries(names.map((name, at) => [name, levels[at] ?? '']));
}

/** What a `change` of the stream makes of the documents. */
export function changed(documents: Documents, change: { readonly set?: Readonly<Record<string, Doc>>; readonly gone?: readonly string[] }): Documents {
  const next = new Map(documents);
  for (const [topic, doc] of Object.entries(change.set ?? {})) next.set(topic, doc);
  for (const topic of change.gone ?? []) next.delete(topic);
  return next;
}
