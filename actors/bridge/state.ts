/** What the bridge knows, what it is told, and what it wants done. Times are epoch milliseconds of this machine. */
import type { CursorPositions, Event, EventDraft, Lane } from '../../contracts/event.ts';
import type { LinkStatus } from '../../contracts/link.ts';
import { topics } from '../../contracts/topics.ts';
import type { OffsetSample } from './clock-offset.ts';
import { DocumentsDown, type DownCache } from './documents-down.ts';
import { type DocumentMessage, DocumentsUp } from './documents-up.ts';
import { EventQueue } from './event-queue.ts';
import { type JournalLine, weightOf } from './journal-line.ts';
import { type Refusal, Refusals } from './refusals.ts';
import { sendableEvent } from './taken-event.ts';

/** near: the site's own broker. far: the hub's. */
export type Where = 'near' | 'far';

export type BridgeEvent =
  | { readonly type: 'start'; readonly now: number }
  /** A connection is there. `session`: of what this bridge writes at the hub. */
  | { readonly type: 'up'; readonly where: Where; readonly session: number; readonly now: number }
  /** Everything retained that was asked for there has been delivered. */
  | { readonly type: 'read'; readonly where: Where; readonly now: number }
  | { readonly type: 'down'; readonly where: Where; readonly now: number }
  | { readonly type: 'message'; readonly where: Where; readonly topic: string; readonly text: string; readonly retained: boolean; readonly now: number }
  /** A broker has acknowledged it. */
  | { readonly type: 'sent'; readonly ticket: number; readonly now: number }
  /** No connection will ever take it. */
  | { readonly type: 'unsendable'; readonly ticket: number; readonly now: number }
  | { readonly type: 'journalled'; readonly now: number }
  /** A round trip to the site's broker, or to the standby in its place. */
  | { readonly type: 'alive'; readonly now: number }
  /** The site's own broker answers again, while the standby is open. */
  | { readonly type: 'local_back'; readonly now: number }
  | { readonly type: 'wake'; readonly now: number };

export type LinkBody = Pick<LinkStatus, 'status' | 'summary'> & Partial<LinkStatus>;

export type BridgeCommand =
  | { readonly type: 'publish'; readonly where: Where; readonly ticket: number | null; readonly topic: string; readonly text: string; readonly retain: boolean }
  /** Subscribe at the hub to `keep`, read what is retained under `once`, then say `read`. */
  | { readonly type: 'ask'; readonly keep: readonly string[]; readonly once: readonly string[] }
  | { readonly type: 'journal'; readonly lines: readonly JournalLine[] }
  | { readonly type: 'rewrite'; readonly lines: readonly JournalLine[] }
  | { readonly type: 'cursor'; readonly node: string; readonly positions: CursorPositions }
  | { readonly type: 'link'; readonly body: LinkBody }
  | { readonly type: 'save'; readonly cache: DownCache }
  | { readonly type: 'emit'; readonly draft: EventDraft }
  | { readonly type: 'drop'; readonly where: Where }
  /** The hub holds documents of a later life of this bridge: go on above it. */
  | { readonly type: 'raise'; readonly session: number }
  | { readonly type: 'probe' }
  | { readonly type: 'standby'; readonly open: boolean }
  /** To be told once. */
  | Refusal
  | { readonly type: 'complete' };

export interface BridgeOptions {
  readonly site: string;
  readonly hubSite: string;
  /** How long the site's broker may be silent before the standby opens; null: there is no standby. */
  readonly standbyAfterMs: number | null;
}

interface Connected {
  status: 'down' | 'reading' | 'up';
  sinceMs: number;
}

/** What is under way to the hub. */
export interface Ticket {
  sentMs: number;
  readonly bytes: number;
  readonly document: DocumentMessage | null;
}

/** The one event by whose cursor the clocks are compared. */
export interface ClockProbe {
  readonly node: string;
  readonly source: string;
  readonly lane: Lane;
  readonly seq: number;
  readonly sentMs: number;
}

export interface BridgeState {
  readonly options: BridgeOptions;
  readonly up: DocumentsUp;
  readonly down: DocumentsDown;
  readonly queue: EventQueue;
  readonly near: Connected & { aliveMs: number; probedMs: number };
  readonly far: Connected & { session: number; rev: number };
  /** The nodes that were asked for at the hub on this link. */
  readonly asked: Set<string>;
  readonly tickets: Map<number, Ticket>;
  nextTicket: number;
  bytesInFlight: number;
  /** Taken, and not in the journal yet. */
  readonly toJournal: Event[];
  journalling: readonly JournalLine[] | null;
  journalLines: number;
  journalBytes: number;
  /** How many events were given up, as the journal says. */
  droppedKept: number;
  readonly refusals: Refusals;
  /** What is wrong with an event that the journal held; told at the start. */
  journalProblem: { readonly topic: string; readonly problem: string } | null;
  /** The last time that was told. */
  nowMs: number;
  /** When the hub's store last moved, or was first waited for. */
  confirmedMs: number;
  confirmTimeoutMs: number;
  samples: readonly OffsetSample[];
  clockProbe: ClockProbe | null;
  /** What `links/<site>` says here, as said last; since when its status holds. */
  linkSaid: string;
  linkStatus: LinkStatus['status'];
  linkSinceMs: number;
  heartbeatMs: number;
  isStandbyOpen: boolean;
  /** When the link was lost; null: it holds, or never was. */
  lostMs: number | null;
  tickMs: number | null;
}

export function openBridge(
  options: BridgeOptions,
  remembered: { readonly cache: DownCache; readonly lines: readonly JournalLine[] },
  now: number,
): BridgeState {
  const queue = new EventQueue();
  let journalProblem: BridgeState['journalProblem'] = null;
  for (const line of remembered.lines) {
    if ('reached' in line) queue.restorePositions(line.node, line.reached);
    else if ('dropped' in line) queue.restoreDropped(line.dropped);
    else {
      const { event, problem } = sendableEvent(line);
      queue.restore(event);
      if (problem !== null) journalProblem ??= { topic: topics.events.build({ node: event.node }), problem };
    }
  }
  return {
    options,
    up: new DocumentsUp(options.site),
    down: new DocumentsDown(options.site, remembered.cache),
    queue,
    near: { status: 'down', sinceMs: now, aliveMs: now, probedMs: now },
    far: { status: 'down', sinceMs: now, session: 0, rev: 0 },
    asked: new Set(),
    tickets: new Map(),
    nextTicket: 1,
    bytesInFlight: 0,
    toJournal: [],
    journalling: null,
    journalLines: remembered.lines.length,
    journalBytes: weightOf(remembered.lines),
    droppedKept: queue.dropped,
    refusals: new Refusals(),
    journalProblem,
    nowMs: now,
    confirmedMs: now,
    confirmTimeoutMs: 0,
    samples: [],
    clockProbe: null,
    linkSaid: '',
    linkStatus: 'down',
    linkSinceMs: now,
    heartbeatMs: now,
    isStandbyOpen: false,
    lostMs: null,
    tickMs: null,
  };
}
