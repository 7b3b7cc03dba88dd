/**
 * What the node-agent knows: containers, what was seen happening to them, and what it last said of each service.
 * Nothing of it survives a restart; what matters (reasons, since, standing) is read back from its own documents.
 */

import type { EventDraft } from '../../contracts/event.ts';
import type { EngineState, NodeHealth, ServiceHealth } from '../../contracts/health.ts';
import type { Outage, SeenHint, Verdict } from './classify.ts';
import type { EngineView, NodeBody, ServiceBody, Standing } from './documents.ts';
import type { ContainerFacts, EngineHint, EngineTrouble, HostMetrics } from './ports.ts';

export interface Watched {
  facts: ContainerFacts;
  /** What was last said of it, and of which facts. */
  said: { readonly facts: ContainerFacts; readonly verdict: Verdict } | null;
  /** `finishedAt` of the death the engine's memory was asked about, and of the one it answered. */
  askedFor: string | null;
  recalledFor: string | null;
}

export interface SaidService {
  /** The document as it stands. */
  readonly body: ServiceBody;
  /** The same, as it was last said while the engine answered; null when that is not known. */
  readonly lastKnown: ServiceBody | null;
  readonly standing: Standing | null;
  /** Why it was said to be down; null when it was not, or an earlier life said it. */
  readonly downReason: string | null;
  /** false: only read back so far. What an earlier life said must be said again, or it counts as a leftover and is swept. */
  readonly isOurs: boolean;
  /** Its last container is gone since; null while there is one. */
  readonly vanishedAtMs: number | null;
}

export interface Memory {
  readonly node: string;
  now: number;
  /** null until the engine has answered, or failed to, for the first time. */
  engine: EngineView | null;
  engineLostAtMs: number | null;
  /** What an earlier life said of the engine; null when nothing was read back. */
  engineBefore: EngineState | null;
  /** Read-back is over: later copies of our own documents are echoes. */
  synced: boolean;
  /** The event stream is open: the engine may be asked. */
  connected: boolean;
  /** A list succeeded on this connection: absence means something. */
  whole: boolean;
  /** The set of documents has not been called complete since the last list. */
  completeOwed: boolean;
  readonly containers: Map<string, Watched>;
  /** Newest `hintsKeptPerContainer` causes of death, by container. */
  readonly hints: Map<string, readonly SeenHint[]>;
  /** Containers that changed while a list was under way: what the list says of them may be old. null: no list is under way. */
  hintedDuringList: Set<string> | null;
  readonly services: Map<string, SaidService>;
  outages: readonly Outage[];
  metrics: HostMetrics | null;
  reclaimableBytes: number | null;
  /** Digest of the services in the node document as last said. */
  digestSaid: string | null;
  /** When to look again without anything happening; null for never. */
  wakeAtMs: number | null;
}

export const createMemory = (node: string): Memory => ({
  node,
  now: 0,
  engine: null,
  engineLostAtMs: null,
  engineBefore: null,
  synced: false,
  connected: false,
  whole: false,
  completeOwed: false,
  containers: new Map(),
  hints: new Map(),
  hintedDuringList: null,
  services: new Map(),
  outages: [],
  metrics: null,
  reclaimableBytes: null,
  digestSaid: null,
  wakeAtMs: null,
});

/** What the agent learns. `now`: our clock, epoch milliseconds. */
export type Fact = { readonly now: number } & (
  | { readonly type: 'service_read_back'; readonly doc: ServiceHealth }
  | { readonly type: 'node_read_back'; readonly doc: NodeHealth }
  | { readonly type: 'synced' }
  | { readonly type: 'stream_opened' }
  | { readonly type: 'stream_closed'; readonly trouble: EngineTrouble }
  | { readonly type: 'list_began' }
  | { readonly type: 'listed'; readonly containers: readonly ContainerFacts[] }
  | { readonly type: 'hinted'; readonly hint: EngineHint }
  | { readonly type: 'inspected'; readonly id: string; readonly facts: ContainerFacts | null }
  | { readonly type: 'inspect_failed'; readonly id: string; readonly trouble: EngineTrouble }
  | { readonly type: 'recalled'; readonly id: string; readonly hints: readonly EngineHint[] }
  | { readonly type: 'engine_lost'; readonly trouble: EngineTrouble }
  | { readonly type: 'measured'; readonly metrics: HostMetrics | null }
  | { readonly type: 'reclaimable'; readonly bytes: number }
  | { readonly type: 'wake' }
);

/** What it wants done by run-actor, in order. */
export type NodeAgentCommand =
  | { readonly type: 'announce'; readonly draft: EventDraft }
  | { readonly type: 'publish_service'; readonly body: ServiceBody }
  | { readonly type: 'remove_service'; readonly service: string }
  | { readonly type: 'publish_node'; readonly body: NodeBody; readonly always: boolean }
  | { readonly type: 'complete' };

/** What it wants to know from the engine. */
export type EngineRequest = { readonly type: 'inspect'; readonly id: string } | { readonly type: 'recall'; readonly id: string; readonly sinceMs: number };

export interface Learned {
  readonly commands: readonly NodeAgentCommand[];
  readonly requests: readonly EngineRequest[];
}
