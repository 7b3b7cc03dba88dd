/**
 * What the operator-ui needs of the world (a web server, a store of events), and what it gives to the web server: the picture it
 * has of the homelab, its changes, and a desk that carries what people ask for to the ledger.
 */
import type { RequestState } from '../../contracts/action.ts';
import type { DocumentHead } from '../../contracts/common.ts';
import type { Event } from '../../contracts/event.ts';

export interface BusStatus {
  /** down: not connected, or not everything has been read yet since it is. What was read before stands as it was. */
  readonly status: 'up' | 'down';
  /** ISO 8601. */
  readonly since: string;
}

/** An event and when it came, ISO 8601 by the clock of whoever received it. */
export interface HeardEvent {
  readonly event: Event;
  readonly at: string;
}

export interface Picture {
  /** Of the newest change. Grows with each; above that of any earlier start. */
  readonly cursor: number;
  /** Topic without the root → document. Manifests and cursors are left out: they are machinery. */
  readonly documents: ReadonlyMap<string, DocumentHead>;
  /** Newest last. */
  readonly events: readonly HeardEvent[];
  readonly bus: BusStatus;
  /** Everything retained has been read at least once. */
  readonly isWhole: boolean;
}

/** What happened after a cursor, up to and with `cursor`. Documents as they are now. */
export interface Changes {
  readonly cursor: number;
  readonly set: Readonly<Record<string, DocumentHead>>;
  readonly gone: readonly string[];
  readonly events: readonly Event[];
  readonly bus: BusStatus | null;
}

/** What a person asks for. `request` is the payload as contracts/action.ts has it for that state, with `on_behalf_of`. */
export interface Asked {
  readonly state: Extract<RequestState, 'approved' | 'rejected' | 'cancelled' | 'pending'>;
  readonly request: { readonly on_behalf_of: string; readonly [field: string]: unknown };
}

/** The ledger's words; or why there are none. `not_sent`: nothing was or will be said; `no_answer`: it was, and what became of it is not known. */
export type Answer =
  | { readonly kind: 'answered'; readonly ok: boolean; readonly code: string; readonly line: string; readonly id: string | null }
  | { readonly kind: 'not_sent' | 'no_answer'; readonly line: string };

/** What the web server may use. */
export interface OperatorDesk {
  readonly node: string;
  readonly site: string;
  /** Under which people's requests are sent. */
  readonly login: string;
  readonly version: string;
  readonly now: () => number;
  readonly picture: () => Picture;
  /** When the broker sent something last, epoch milliseconds; null: never. A broker that hangs is known by its silence first (bus/bus.ts: within 45 s). */
  readonly heardAtMs: () => number | null;
  /** null: the cursor is older than what is remembered, or none of ours. At most `max` changes at once. */
  readonly changesAfter: (cursor: number, max: number) => Changes | null;
  /** Called after each change, whatever it was; returns how to stop that. */
  readonly onChange: (listener: () => void) => () => void;
  /** Resolves within 10 s, never rejects. */
  readonly ask: (asked: Asked) => Promise<Answer>;
}

export interface EventQuery {
  readonly node: string | null;
  readonly type: string | null;
  /** Of when they happened, ISO 8601; null: no limit. */
  readonly since: string | null;
  readonly until: string | null;
  readonly limit: number;
  /** `next` of the page before. */
  readonly before: string | null;
}

export interface EventPage {
  /** Newest first, by when they were stored. */
  readonly events: readonly Event[];
  /** For the page after this one; null: there is none. */
  readonly next: string | null;
}

/** The observer's store on this machine. null: there is none here. */
export interface EventStorePort {
  readonly page: (query: EventQuery) => Promise<EventPage | null>;
}

export interface OpenWebServer {
  /** `http://127.0.0.1:18180` */
  readonly url: string;
  /** What else there is to say, such as that only this machine can reach it and why; null: nothing. */
  readonly notice: string | null;
  readonly close: () => Promise<void>;
}

/** Rejects when it cannot listen, with a line that says why. `onMoved`: it listens elsewhere now, or has something else to say. */
export interface WebServerPort {
  readonly open: (desk: OperatorDesk, onMoved: (place: Pick<OpenWebServer, 'url' | 'notice'>) => void) => Promise<OpenWebServer>;
}
