/** What the stability-agent needs from the world outside MQTT; implemented in adapters/host, adapters/tailscale and bus/round-trip.ts. */

/** A disk; null where the file system does not say, or does not answer. */
export interface DiskReading {
  /** For people and as its name in events: `root`, `data`, or both names where one disk is both. */
  readonly name: string;
  readonly path: string;
  /** As `df` counts. */
  readonly usedPct: number | null;
  readonly freeBytes: number | null;
  /** null also where the file system has no fixed number of inodes. */
  readonly inodesUsedPct: number | null;
}

/** Share of time in which some, or all, programs with something to do waited for a resource: percent (kernel: PSI). */
export interface Pressure {
  readonly someAvg60: number;
  readonly someAvg300: number;
  readonly fullAvg60: number;
  readonly fullAvg300: number;
}

export interface HostReading {
  readonly disks: readonly DiskReading[];
  /** null: this kernel does not measure it. */
  readonly memoryPressure: Pressure | null;
  readonly cpuPressure: Pressure | null;
  readonly ioPressure: Pressure | null;
  /** 1 - MemAvailable / MemTotal. */
  readonly memoryPct: number | null;
  /** Busy share of all cores since the reading before; null on the first. */
  readonly cpuPct: number | null;
}

/** What tailscaled says of itself. */
export type TailnetReading =
  /** There is no socket of it. */
  | { readonly state: 'absent' }
  /** It may be there, and we may not ask, or do not understand the answer. */
  | { readonly state: 'unknown'; readonly detail: string }
  /** Its socket is there, and nobody answers. */
  | { readonly state: 'silent'; readonly detail: string }
  | {
      readonly state: 'answered';
      /** NoState, NeedsLogin, NeedsMachineAuth, Stopped, Starting or Running. */
      readonly backend: string;
      readonly keyExpired: boolean;
      /** Epoch milliseconds; null: it never expires. */
      readonly keyExpiresAtMs: number | null;
      /** Host names and first labels of DNS names, in lower case, also of this machine → online. */
      readonly peers: Readonly<Record<string, boolean>>;
    };

/** A message to a broker and back on a connection of its own. */
export type RoundTrip = { readonly ok: true; readonly ms: number } | { readonly ok: false; readonly detail: string };

/** None of these rejects, and each answers within 15 s. */
export interface StabilityPorts {
  readHost(): Promise<HostReading>;
  /** null: not to be asked. */
  readonly readTailnet: (() => Promise<TailnetReading>) | null;
  /** The broker of another site that this node should reach; null: there is none. */
  readonly tryUpstream: (() => Promise<RoundTrip>) | null;
  /** The first broker of the list, where there are others to fall back to; null: the connection of the actor itself is the test. */
  readonly tryOwnBroker: (() => Promise<RoundTrip>) | null;
}
