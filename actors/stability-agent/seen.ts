/** What the agent has seen so far, as its checks get it. Facts only; times are epoch milliseconds. */
import type { DesiredNode } from '../../contracts/desired.ts';
import type { NodeHealth, ServiceHealth } from '../../contracts/health.ts';
import type { ClockSample } from './clock-samples.ts';
import type { DiskSample } from './disk-history.ts';
import type { HostReading, RoundTrip, TailnetReading } from './ports.ts';
import type { TailnetMemory } from './tailnet-memory.ts';

export interface CheckOptions {
  /** A disk is nearly full from here. */
  readonly diskThresholdPct: number;
  /** Names of peers that should be on the tailnet, in lower case. */
  readonly tailnetPeers: readonly string[];
  /** How long a service may be down where its declaration says nothing else. */
  readonly incidentGraceMs: number;
  /** The first broker of the list runs on this machine. */
  readonly isBrokerHere: boolean;
  /** For people. */
  readonly broker: string;
  readonly upstream: string;
}

export interface Seen {
  readonly now: number;
  readonly node: string;
  readonly options: CheckOptions;
  readonly host: HostReading | null;
  readonly diskHistory: Readonly<Record<string, readonly DiskSample[]>>;
  readonly tailnet: TailnetReading | null;
  /** Of this life and earlier ones. */
  readonly tailnetMemory: TailnetMemory;
  /** null: not tried yet. */
  readonly ownBroker: RoundTrip | null;
  /** The own broker is tried on a connection of its own, so that word of its death has another way. */
  readonly hasOtherBroker: boolean;
  readonly hasUpstream: boolean;
  readonly upstream: RoundTrip | null;
  readonly isConnected: boolean;
  readonly syncedMs: number | null;
  readonly desired: DesiredNode | null;
  /** `heardMs`: when it was last heard live; null: only a stored copy was. */
  readonly health: { readonly doc: NodeHealth; readonly heardMs: number | null } | null;
  readonly services: ReadonlyMap<string, ServiceHealth>;
  /** When the observer last spoke live of this node. */
  readonly observerHeardMs: number | null;
  readonly clockSamples: readonly ClockSample[];
  readonly zigbeeBridge: 'online' | 'offline' | null;
}
