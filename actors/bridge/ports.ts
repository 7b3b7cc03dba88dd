/** What the bridge needs beside brokers; made in cli/standby-broker.ts. */

/** A broker that this process itself can open, for as long as the site's own is away. */
export interface StandbyPort {
  /** Resolves when it listens, or when that failed and is tried again after a while. */
  open(): Promise<void>;
  /** Everybody on it is disconnected. Opened or not. */
  close(): Promise<void>;
}

export interface BridgePorts {
  /** null: there is none. */
  readonly standby: StandbyPort | null;
}
