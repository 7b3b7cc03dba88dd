/** What the agent holds, what it is told, and what it wants done. */
import type { DesiredNode } from '../../contracts/desired.ts';
import type { EventDraft } from '../../contracts/event.ts';
import type { NodeHealth, ServiceHealth } from '../../contracts/health.ts';
import type { WorldNode } from '../../contracts/world.ts';
import type { Alarm, AlarmLevel } from './alarm.ts';
import type { Heartbeat } from './clock-samples.ts';
import type { Memory } from './memory.ts';
import type { HostReading, RoundTrip, TailnetReading } from './ports.ts';
import type { Seen } from './seen.ts';

export interface StandingAlarm extends Alarm {
  readonly check: string;
  readonly subject: string;
  readonly service: string | null;
  readonly message: string;
  readonly payload: Readonly<Record<string, unknown>>;
  /** When that was; 0: not known. */
  readonly saidMs: number;
  /** It may not be told by an event while it lasts; the log has it. */
  readonly isLogged: boolean;
  /** An event about it is on its way to the disk. */
  readonly isSaying: boolean;
}

export interface State {
  readonly intervalMs: number;
  readonly hasTailnet: boolean;
  readonly seen: Seen;
  /** By check and subject. */
  readonly alarms: ReadonlyMap<string, StandingAlarm>;
  /** Names of checks that looked, and whether they could see. */
  readonly sighted: ReadonlyMap<string, boolean>;
  readonly nextRoundMs: number;
  readonly nextUpstreamMs: number;
  /** A message on its way to the broker and back. */
  readonly probe: { readonly nonce: string; readonly sentMs: number } | null;
  readonly probesSent: number;
  readonly heartbeat: Heartbeat | null;
  readonly worldNode: WorldNode | null;
  /** The newest time that an event was given; 0: none was. */
  readonly stampedMs: number;
  /** What is on disk, as text. */
  readonly remembered: string;
}

type Told =
  | { readonly type: 'wake' | 'synced' | 'disconnected' }
  | { readonly type: 'probe_returned'; readonly nonce: string }
  | { readonly type: 'host_read'; readonly reading: HostReading }
  | { readonly type: 'tailnet_read'; readonly reading: TailnetReading }
  | { readonly type: 'own_broker_tried' | 'upstream_tried'; readonly trip: RoundTrip }
  | { readonly type: 'desired'; readonly doc: DesiredNode | null }
  | { readonly type: 'node_health'; readonly doc: NodeHealth | null; readonly isWill: boolean; readonly isLive: boolean }
  | { readonly type: 'service_health'; readonly service: string; readonly doc: ServiceHealth | null }
  | { readonly type: 'world_node'; readonly doc: WorldNode | null; readonly isLive: boolean }
  | { readonly type: 'zigbee_bridge'; readonly state: 'online' | 'offline' }
  /** The event about these alarms is on disk; `level` null: that they are over. */
  | { readonly type: 'said'; readonly keys: readonly string[]; readonly level: AlarmLevel | null }
  | { readonly type: 'not_said'; readonly keys: readonly string[] };

/** `now`: epoch milliseconds. */
export type Fact = Told & { readonly now: number };

export type Command =
  | { readonly type: 'read_host' | 'read_tailnet' | 'try_own_broker' | 'try_upstream' }
  | { readonly type: 'send_probe'; readonly nonce: string }
  | { readonly type: 'say'; readonly keys: readonly string[]; readonly level: AlarmLevel | null; readonly draft: EventDraft }
  /** What no event can carry now is at least in the log of the machine. */
  | { readonly type: 'log'; readonly check: string; readonly message: string }
  | { readonly type: 'remember'; readonly memory: Memory };
