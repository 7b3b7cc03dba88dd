/**
 * What the events of one node add up to: incidents, troubles that may become incidents, deployments, and how far the
 * store has been read. Changed by apply.ts only, in place, so that a replay and the live observer cannot differ.
 *
 * Maps in memory, because services may be called anything (`constructor`, `__proto__`); sorted arrays on disk, so that
 * equal worlds are equal texts.
 */

import { z } from 'zod';
import { Severity } from '../../contracts/common.ts';
import { type Lane, lanes } from '../../contracts/event.ts';
import { IncidentKind } from '../../contracts/incident.ts';

const Iso = z.string();
const Ms = z.number();

/** Evidence without an incident yet: it must outlive its grace. */
const Trouble = z.object({
  service: z.string().nullable(),
  kind: IncidentKind,
  severity: Severity,
  trigger_type: z.string(),
  trigger_event_id: z.string(),
  message: z.string(),
  correlation_id: z.string().nullable(),
  started_at: Iso,
  occurrences: z.array(Iso),
  count: z.number(),
  since_ms: Ms.describe("when the observer received it; the grace runs on the observer's clock"),
  last_ms: Ms.describe("newest occurrence by the emitter's clock; 0 when it was the observer's own"),
});
export type Trouble = z.infer<typeof Trouble>;

const IncidentRecord = z.object({
  id: z.string(),
  service: z.string().nullable(),
  kind: IncidentKind,
  severity: Severity,
  trigger_type: z.string(),
  message: z.string(),
  correlation_id: z.string().nullable(),
  started_at: Iso,
  last_occurrence: Iso,
  occurrences: z.array(Iso),
  count: z.number(),
  flapping: z.boolean(),
  resolved_at: Iso.nullable(),
  resolved_by: z.string().nullable(),
  opened_ms: Ms.describe("observer's clock"),
  changed_ms: Ms.describe("last event about it, observer's clock"),
  last_ms: Ms.describe("newest occurrence by the emitter's clock; 0 when it was the observer's own"),
  resolved_ms: Ms.nullable(),
});
export type IncidentRecord = z.infer<typeof IncidentRecord>;

const DeploymentRecord = z.object({
  status: z.enum(['running', 'completed', 'failed']),
  service: z.string().nullable(),
  started_at: Iso.nullable(),
  ended_at: Iso.nullable(),
  message: z.string(),
  changed_ms: Ms,
});
export type DeploymentRecord = z.infer<typeof DeploymentRecord>;

const Verdict = z.object({ status: z.enum(['healthy', 'down', 'unhealthy', 'stopped', 'missing']), since: Iso });
export type Verdict = z.infer<typeof Verdict>;

export type Positions = Record<Lane, number>;

export interface NodeWorld {
  readonly node: string;
  /** Highest seq in the store, by `positionKey`. 0 = none. */
  readonly positions: Map<string, Positions>;
  /** The last node_online or node_offline. */
  reach: { readonly status: 'online' | 'offline'; readonly since: string } | null;
  /** By `openKey`. */
  readonly troubles: Map<string, Trouble>;
  /** By id. */
  readonly incidents: Map<string, IncidentRecord>;
  /** `openKey` → id of the one active incident. */
  readonly active: Map<string, string>;
  /** `openKey` → emitter's time of the last event that closed it: what is older is history, not evidence. */
  readonly closed: Map<string, number>;
  /** What events last said of a service. */
  readonly verdicts: Map<string, Verdict>;
  /** By correlation id. */
  readonly deployments: Map<string, DeploymentRecord>;
  purgedMs: number;
}

export const createWorld = (node: string): NodeWorld => ({
  node,
  positions: new Map(),
  reach: null,
  troubles: new Map(),
  incidents: new Map(),
  active: new Map(),
  closed: new Map(),
  verdicts: new Map(),
  deployments: new Map(),
  purgedMs: 0,
});

/** Keys that were made before, by kind and service: a replay asks for several per event, and a new text is a new hash each time. */
const keysMade = new Map<IncidentKind, Map<string, string>>();
/** Far more services than a node has; names may come from anybody, so they are not kept without limit. */
const keysKeptPerKind = 10_000;

/** The kind has no separator in it, so the key is unambiguous whatever the service is called. */
export function openKey(service: string | null, kind: IncidentKind): string {
  const ofKind = keysMade.get(kind) ?? new Map<string, string>();
  const name = service ?? '';
  const known = ofKind.get(name);
  if (known !== undefined) return known;
  if (ofKind.size >= keysKeptPerKind) ofKind.clear();
  const key = `${name}|${kind}`;
  keysMade.set(kind, ofKind.set(name, key));
  return key;
}

export const activeIncident = (world: NodeWorld, service: string | null, kind: IncidentKind): IncidentRecord | undefined => {
  const id = world.active.get(openKey(service, kind));
  return id === undefined ? undefined : world.incidents.get(id);
};

export function positionsOf(positions: Map<string, Positions>, key: string): Positions {
  let row = positions.get(key);
  if (row === undefined) {
    row = Object.fromEntries(lanes.map((lane) => [lane, 0])) as Positions;
    positions.set(key, row);
  }
  return row;
}

const pairs = <V extends z.ZodType>(value: V) => z.array(z.tuple([z.string(), value]));

export const WorldSlice = z.object({
  node: z.string(),
  positions: pairs(z.object({ urgent: z.number(), info: z.number() })),
  reach: z.object({ status: z.enum(['online', 'offline']), since: Iso }).nullable(),
  troubles: pairs(Trouble),
  incidents: pairs(IncidentRecord),
  active: pairs(z.string()),
  closed: pairs(Ms),
  verdicts: pairs(Verdict),
  deployments: pairs(DeploymentRecord),
  purged_ms: Ms,
});
export type WorldSlice = z.infer<typeof WorldSlice>;

const sorted = <V>(map: ReadonlyMap<string, V>): [string, V][] => [...map].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));

/** The world of a node as plain data; equal worlds give equal JSON. */
export const sliceOf = (world: NodeWorld): WorldSlice => ({
  node: world.node,
  positions: sorted(world.positions),
  reach: world.reach,
  troubles: sorted(world.troubles),
  incidents: sorted(world.incidents),
  active: sorted(world.active),
  closed: sorted(world.closed),
  verdicts: sorted(world.verdicts),
  deployments: sorted(world.deployments),
  purged_ms: world.purgedMs,
});

export const worldOf = (slice: WorldSlice): NodeWorld => ({
  node: slice.node,
  positions: new Map(slice.positions),
  reach: slice.reach,
  troubles: new Map(slice.troubles),
  incidents: new Map(slice.incidents),
  active: new Map(slice.active),
  closed: new Map(slice.closed),
  verdicts: new Map(slice.verdicts),
  deployments: new Map(slice.deployments),
  purgedMs: slice.purged_ms,
});

/** All worlds as one text, the same whatever order they were built in. */
export const serialiseWorlds = (worlds: ReadonlyMap<string, NodeWorld>): string =>
  JSON.stringify(
    sorted(worlds).map(([, world]) => sliceOf(world)),
    null,
    1,
  );
