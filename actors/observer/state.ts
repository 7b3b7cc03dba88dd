/**
 * What the live observer holds besides the worlds that events made: documents it was told, timers, what it has accepted
 * and published. One NodeLive per node; changed in place (copying maps of a thousand keys for each event is too slow).
 */

import type { z } from 'zod';
import { flapQuietMs, flapWindowMs, heartbeatIntervalMs, incidentGraceMs, resolvedKeptMs } from '../../contracts/defaults.ts';
import type { DesiredNode, DesiredService } from '../../contracts/desired.ts';
import type { Event } from '../../contracts/event.ts';
import type { NodeHealth, ServiceHealth } from '../../contracts/health.ts';
import type { LinkStatus } from '../../contracts/link.ts';
import { type NodeAliases, nodeAliases } from '../../contracts/node-alias.ts';
import type { ObserverDocument } from './documents.ts';
import { type Explained, nothingExplained } from './explained.ts';
import type { LinkLive } from './links.ts';
import { aliasOfKey, type StoredEvent } from './stored-event.ts';
import { createWorld, type NodeWorld, type Positions, type WorldSlice } from './world.ts';

export type DesiredDocument = z.infer<typeof DesiredNode>;
export type WantedService = z.infer<typeof DesiredService>;

export interface ObserverOptions {
  readonly site: string;
  /** How long trouble must last before an incident, where the service does not say otherwise. */
  readonly graceMs: number;
  /** Assumed where a node-agent does not promise an interval. */
  readonly heartbeatMs: number;
  /** How long a health document and the incidents must disagree, with no event between, before health wins. */
  readonly healMs: number;
  /** How long an incident may outlive the last word about its subject, when nobody reports or desires that any more. */
  readonly orphanMs: number;
  /** So many changes of a verdict (incidents.ts) within this are flapping. 0: nothing ever flaps. */
  readonly flapWindowMs: number;
  /** After this long without a change flapping is over. */
  readonly flapQuietMs: number;
  /** A trouble that is back sooner than this after its incident ended is that incident again. 0: each is a new one. */
  readonly returnsWithinMs: number;
  /** The trouble of a service explains those of its dependents that begin no later than this after it. */
  readonly followsWithinMs: number;
  /** A warning that nobody has dealt with for this long is an error, where time is what does harm. */
  readonly warningEscalatesMs: number;
  /** An error that keeps something from working that must work offline is critical after this long. */
  readonly errorEscalatesMs: number;
  /** An active incident that no document confirms is given up when nothing was heard of it for this long. */
  readonly unheardMs: number;
  readonly resolvedKeptMs: number;
  readonly cursorEveryMs: number;
  readonly checkpointEveryMs: number;
  /** Foreign node name in events → node name. */
  readonly aliasMap: Readonly<Record<string, string>>;
}

export const defaultOptions: Omit<ObserverOptions, 'site'> = {
  graceMs: incidentGraceMs,
  heartbeatMs: heartbeatIntervalMs,
  // One heartbeat: by then an event that was on its way has been sent again (outboxes repeat within 10 s).
  healMs: 30_000,
  // The original system gave incidents without a service the same 5 minutes.
  orphanMs: 300_000,
  flapWindowMs,
  flapQuietMs,
  // The quiet time of flapping: what comes back sooner was not over.
  returnsWithinMs: flapQuietMs,
  // The slowest usual health check, every 5 min and 3 times in a row, has noticed by then that what it needs is gone.
  followsWithinMs: 900_000,
  // Somebody looks once a day.
  warningEscalatesMs: 86_400_000,
  // What must work without the internet is heating, light and doors: a quarter of an hour is what people bear.
  errorEscalatesMs: 900_000,
  // As long as resolved ones are kept.
  unheardMs: resolvedKeptMs,
  resolvedKeptMs,
  // A cursor is an acknowledgement that outboxes wait for: rare enough for the broker, soon enough for them.
  cursorEveryMs: 200,
  // A restart replays at most what came in this long: at 300,000 events/s of replay that is nothing.
  checkpointEveryMs: 5_000,
  aliasMap: {},
};

/** Where the checkpoint of a node may start to read: everything before is in its world. */
export interface FilePosition {
  readonly date: string;
  readonly offset: number;
}

export type NodeStatus = 'online' | 'degraded' | 'offline' | 'unmonitored' | 'unknown';

export interface NodeLive {
  readonly name: string;
  readonly world: NodeWorld;
  /** Like world.positions, and ahead of it by what is on its way to the disk. */
  readonly accepted: Map<string, Positions>;
  derivedInFlight: number;
  desired: DesiredDocument | null;
  wanted: ReadonlyMap<string, WantedService>;
  /** The site whose observer speaks of it, if that is another one: counts where nothing is desired of the node. */
  otherSite: string | null;
  /** The other site that it was last known to be of: counts until somebody says so again, on a broker that has lost its memory. */
  readonly rememberedSite: string | null;
  health: { readonly doc: NodeHealth; readonly engineSinceMs: number } | null;
  /** The last word of the node's agent, by our own clock. */
  heardAtMs: number | null;
  /** How far our clock was ahead of the node's when it last spoke; with the way there, which is milliseconds. */
  observerAheadMs: number | null;
  readonly services: Map<string, { readonly doc: ServiceHealth; readonly sinceMs: number }>;
  /** Desired services without a document: since when, by our clock. */
  readonly absentSinceMs: Map<string, number>;
  /** Does any of its services need one of another node? */
  needsOthers: boolean;
  /** By `openKey`, of troubles that were explained when last looked at: null while they are, then since when they are not, by our clock. */
  readonly unexplainedSinceMs: Map<string, number | null>;
  /** Services that just left the desired state. */
  readonly left: Set<string>;
  status: NodeStatus;
  /** Document keys that must be computed again; `all` for everything. */
  readonly dirty: Set<string>;
  /** Document keys that wait, and until when; see held.ts. */
  readonly held: { readonly keys: Set<string>; untilMs: number | null };
  /** By topic. */
  readonly published: Map<string, ObserverDocument>;
  readonly cursor: { isDirty: boolean; repeat: boolean; sentMs: number };
  position: FilePosition | null;
  isAheadOfCheckpoint: boolean;
  dueAtMs: number | null;
}

export interface ObserverState {
  readonly options: ObserverOptions;
  phase: 'syncing' | 'watching' | 'blind';
  /** Has everything retained ever been read? Before that nothing is said of the world but that it is unknown. */
  hasSynced: boolean;
  syncedAtMs: number;
  readonly nodes: Map<string, NodeLive>;
  /** Foreign node name → node; follows the desired documents. */
  aliases: NodeAliases;
  /** Topic of an open action → its status. */
  readonly actions: Map<string, string>;
  /** By site. */
  readonly links: Map<string, LinkLive>;
  /** What the published documents say of causes and consequences. */
  explained: Explained;
  isSummaryDirty: boolean;
  readonly checkpoint: { settling: ReadonlyMap<string, FilePosition> | null; writtenMs: number };
  readonly counts: { stored: number; duplicates: number; holes: number; quarantined: number; refused: number };
}

/** What the observer remembers of a node from its earlier life. */
export interface RememberedNode {
  /** Of another site; absent: of ours, as far as was known. */
  readonly site?: string;
  readonly world: NodeWorld;
  readonly position: FilePosition | null;
}

export type ObserverInput =
  | { readonly type: 'event'; readonly now: number; readonly event: Event }
  | {
      readonly type: 'nodeHealth';
      readonly now: number;
      readonly node: string;
      readonly doc: NodeHealth | null;
      readonly will: boolean;
      readonly retained: boolean;
    }
  | { readonly type: 'serviceHealth'; readonly now: number; readonly node: string; readonly service: string; readonly doc: ServiceHealth | null }
  | { readonly type: 'desired'; readonly now: number; readonly node: string; readonly doc: DesiredDocument | null }
  | { readonly type: 'action'; readonly now: number; readonly topic: string; readonly doc: { readonly status: string; readonly site: string } | null }
  /** `doc` null: taken back. `retained`: a stored copy, of unknown age. */
  | { readonly type: 'link'; readonly now: number; readonly site: string; readonly doc: LinkStatus | null; readonly retained: boolean }
  /** Which site an observer counts a node to; null: none does any more. */
  | { readonly type: 'worldNode'; readonly now: number; readonly node: string; readonly site: string | null }
  | { readonly type: 'synced'; readonly now: number }
  | { readonly type: 'disconnected'; readonly now: number }
  | { readonly type: 'wake'; readonly now: number }
  /** These records are on disk. */
  | { readonly type: 'stored'; readonly now: number; readonly records: readonly StoredEvent[]; readonly positions: ReadonlyMap<string, FilePosition> }
  /** The broker has everything that was published before `settle` was commanded. */
  | { readonly type: 'documentsSettled'; readonly now: number }
  /** Something in the background failed that the observer cannot do without. */
  | { readonly type: 'failed'; readonly now: number; readonly error: Error };

export interface Checkpoint {
  readonly node: string;
  /** Of another site; absent: of ours. */
  readonly site?: string;
  readonly position: FilePosition;
  readonly world: WorldSlice;
}

export type ObserverCommand =
  | { readonly type: 'append'; readonly records: readonly StoredEvent[] }
  | { readonly type: 'publish'; readonly set: readonly ObserverDocument[]; readonly remove: readonly ObserverDocument[]; readonly isComplete: boolean }
  | { readonly type: 'cursor'; readonly node: string; readonly positions: Readonly<Record<string, Positions>>; readonly repeat: boolean }
  | { readonly type: 'settle' }
  | { readonly type: 'checkpoint'; readonly checkpoints: readonly Checkpoint[] }
  | { readonly type: 'quarantine'; readonly record: StoredEvent; readonly reason: string }
  | { readonly type: 'fail'; readonly error: Error };

const copyPositions = (world: NodeWorld): Map<string, Positions> => new Map([...world.positions].map(([key, row]) => [key, { ...row }]));

function createNode(name: string, remembered?: RememberedNode): NodeLive {
  const world = remembered?.world ?? createWorld(name);
  return {
    name,
    world,
    accepted: copyPositions(world),
    derivedInFlight: 0,
    desired: null,
    wanted: new Map(),
    otherSite: null,
    rememberedSite: remembered?.site ?? null,
    health: null,
    heardAtMs: null,
    observerAheadMs: null,
    services: new Map(),
    absentSinceMs: new Map(),
    needsOthers: false,
    unexplainedSinceMs: new Map(),
    left: new Set(),
    status: 'unknown',
    dirty: new Set(),
    held: { keys: new Set(), untilMs: null },
    published: new Map(),
    cursor: { isDirty: world.positions.size > 0, repeat: false, sentMs: Number.NEGATIVE_INFINITY },
    position: remembered?.position ?? null,
    isAheadOfCheckpoint: remembered !== undefined,
    dueAtMs: null,
  };
}

export function createState(options: ObserverOptions, remembered: ReadonlyMap<string, RememberedNode> = new Map()): ObserverState {
  const nodes = new Map([...remembered].map(([name, node]) => [name, createNode(name, node)] as const));
  return {
    options,
    phase: 'syncing',
    hasSynced: false,
    syncedAtMs: Number.POSITIVE_INFINITY,
    nodes,
    aliases: aliasesOf({ options, nodes }),
    actions: new Map(),
    links: new Map(),
    explained: nothingExplained,
    isSummaryDirty: true,
    checkpoint: { settling: null, writtenMs: Number.NEGATIVE_INFINITY },
    counts: { stored: 0, duplicates: 0, holes: 0, quarantined: 0, refused: 0 },
  };
}

export function nodeOf(state: ObserverState, name: string): NodeLive {
  let node = state.nodes.get(name);
  if (node === undefined) {
    node = createNode(name);
    state.nodes.set(name, node);
  }
  return node;
}

/** Of a node whose desired document was not read yet, the names under which its stored events came: a queue is drained before documents are read. */
export function aliasesOf({ options, nodes }: Pick<ObserverState, 'options' | 'nodes'>): NodeAliases {
  const declared = [...nodes.values()].map(({ name, desired, world }) => ({
    node: name,
    aliases: desired === null ? [...world.positions.keys()].flatMap((key) => aliasOfKey(key) ?? []) : (desired.aliases ?? []),
  }));
  return nodeAliases(options.aliasMap, declared);
}
