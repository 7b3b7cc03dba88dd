/**
 * What the events of one node add up to: incidents, troubles that may become incidents, deployments, and how far the
 * store has been read. Changed by apply.ts only, in place, so that a replay and the live observer cannot differ.
 *
 * Maps in memory, because services may be called anything (`constructor`, `__proto__`); sorted arrays on disk, so that
 * equal worlds are equal texts.
 */

import { z } from 'zod';
import { Severity } from '../../contracts/common.ts';
import type { Lane } from '../../contracts/event.ts';
import { IncidentChange, IncidentKind } from '../../contracts/incident.ts';

const Iso = z.string();
const Ms = z.number();

/** What another trouble hangs on: by what it is about, because an incident of it may not be open yet. */
export const Cause = z.object({
  node: z.string(),
  service: z.string().nullable(),
  kind: IncidentKind,
  id: z.string().nullable().describe('the incident at the root when this was decided'),
});
export type Cause = z.infer<typeof Cause>;

/** What troubles and incidents have in common. The defaults are for checkpoints written before there were such fields. */
const lifecycle = {
  cause: Cause.nullable().default(null).describe('what explains it'),
  flapping: z.boolean().default(false),
  well: z.object({ at: Iso, type: z.string() }).nullable().default(null).describe('flapping, and well since then: by the event that says so'),
  timeline: z.array(IncidentChange).default([]),
  bad_ms: Ms.default(0).describe("since when it is bad without a break, observer's clock; 0: not said"),
  onset_ms: Ms.default(0).describe("since when it is in trouble, off and on, observer's clock: pauses that were too short to be an end do not count"),
};

/** Evidence without an incident yet: it must outlive its grace, or its cause. */
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
  ...lifecycle,
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
  resolved_at: Iso.nullable(),
  resolved_by: z.string().nullable(),
  opened_ms: Ms.describe("observer's clock"),
  changed_ms: Ms.describe("last event about it, observer's clock"),
  last_ms: Ms.describe("newest occurrence by the emitter's clock; 0 when it was the observer's own"),
  resolved_ms: Ms.nullable(),
  standing_ms: Ms.default(0).describe("since when it stands by itself, observer's clock: opened, or its cause ended"),
  reopened_at: Iso.nullable().default(null).describe('when it was back last after it had ended'),
  related: Cause.nullable().default(null).describe('trouble of what it needs that stood before it, and does not explain it'),
  ...lifecycle,
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

/** The last changes of a verdict. */
const Changes = z.object({
  times: z.array(Ms).describe("newest, by the emitter's clock: how close they are to each other must not depend on the way they took"),
  last_ms: Ms.describe("the newest, by the observer's clock"),
  onset_ms: Ms.default(0).describe('of the trouble that changes; see there'),
});
export type Changes = z.infer<typeof Changes>;

export type Entry = Trouble | IncidentRecord;

export const isIncident = (entry: Entry): entry is IncidentRecord => 'opened_ms' in entry;

/** Checkpoints of earlier versions do not say it. */
export const badSinceMs = (entry: Entry): number => (entry.bad_ms !== 0 ? entry.bad_ms : isIncident(entry) ? entry.opened_ms : entry.since_ms);

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
  /** By `openKey`: from good to bad or back. */
  readonly changes: Map<string, Changes>;
  /** What events last said of a service. */
  readonly verdicts: Map<string, Verdict>;
  /** By correlation id. */
  readonly deployments: Map<string, DeploymentRecord>;
  /** Of the node of a site: when its last word came before its link was last down, observer's clock. */
  linkHeardMs: number | null;
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
  changes: new Map(),
  verdicts: new Map(),
  deployments: new Map(),
  linkHeardMs: null,
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

export const incidentAt = (world: NodeWorld, key: string): IncidentRecord | undefined => {
  const id = world.active.get(key);
  return id === undefined ? undefined : world.incidents.get(id);
};

/** The active incident of a key, or the trouble that may become one; never both. */
export const entryAt = (world: NodeWorld, key: string): Entry | undefined => incidentAt(world, key) ?? world.troubles.get(key);

/** The same, as long as it is bad: what flaps and is well at the moment is no trouble at the moment. */
export function badEntry(world: NodeWorld, service: string | null, kind: IncidentKind): Entry | undefined {
  const entry = entryAt(world, openKey(service, kind));
  return entry?.well === null ? entry : undefined;
}

export const activeIncidents = (world: NodeWorld): IncidentRecord[] =>
  [...world.active.values()].map((id) => world.incidents.get(id)).filter((each) => each !== undefined);

export const entries = (world: NodeWorld): Entry[] => [...world.troubles.values(), ...activeIncidents(world)];

const pairs = <V extends z.ZodType>(value: V) => z.array(z.tuple([z.string(), value]));

export const WorldSlice = z.object({
  node: z.string(),
  positions: pairs(z.object({ urgent: z.number(), info: z.number() })),
  reach: z.object({ status: z.enum(['online', 'offline']), since: Iso }).nullable(),
  troubles: pairs(Trouble),
  incidents: pairs(IncidentRecord),
  active: pairs(z.string()),
  closed: pairs(Ms),
  changes: pairs(Changes).default([]),
  verdicts: pairs(Verdict),
  deployments: pairs(DeploymentRecord),
  link_heard_ms: Ms.optional().describe('absent: not known, or not of a site'),
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
  changes: sorted(world.changes),
  verdicts: sorted(world.verdicts),
  deployments: sorted(world.deployments),
  ...(world.linkHeardMs === null ? {} : { link_heard_ms: world.linkHeardMs }),
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
  changes: new Map(slice.changes),
  verdicts: new Map(slice.verdicts),
  deployments: new Map(slice.deployments),
  linkHeardMs: slice.link_heard_ms ?? null,
  purgedMs: slice.purged_ms,
});

/** All worlds as one text, the same whatever order they were built in. */
export const serialiseWorlds = (worlds: ReadonlyMap<string, NodeWorld>): string =>
  JSON.stringify(
    sorted(worlds).map(([, world]) => sliceOf(world)),
    null,
    1,
  );
