/**
 * Knows the requests that the hub's ledger passes on to another site: when each was asked there, by an honest clock, and which of
 * them still waits for an answer. Both sites' overseers share one.
 */
import type { RelayedRequest } from '../../contracts/link.ts';

/** The hub's ledger asks again every 10 s while the link is up, and stops once it has the verdict. */
const stillAskedMs = 15_000;

interface Relay {
  readonly what: string;
  readonly askedMs: number;
  sentMs: number;
}

export class RelayOracle {
  private readonly now: () => number;
  /** What the clock of the hub's ledger showed when it heard a request, newest last, and when that was. */
  private readonly heard: { readonly shownMs: number; readonly atMs: number }[] = [];
  private readonly relays = new Map<string, Relay>();

  constructor(now: () => number) {
    this.now = now;
  }

  /** The hub's ledger hears a request of a person. */
  onHeard(shownMs: number): void {
    this.heard.push({ shownMs, atMs: this.now() });
  }

  onRelayed({ relay_id, received_at, state, request }: RelayedRequest): void {
    const stampMs = Date.parse(received_at);
    const known = this.relays.get(relay_id);
    const askedMs = known?.askedMs ?? this.heard.findLast(({ shownMs }) => shownMs === stampMs)?.atMs ?? this.now();
    this.relays.set(relay_id, { what: `${state} ${'id' in request ? request.id : request.node}`, askedMs, sentMs: this.now() });
  }

  /** When a relayed request was asked. */
  askedMs(id: string): number {
    return this.relays.get(id)?.askedMs ?? this.now();
  }

  /** In words, one line each. */
  differences(): readonly string[] {
    return [...this.relays.values()]
      .filter(({ sentMs }) => this.now() - sentMs < stillAskedMs)
      .map(({ what }) => `the hub still asks for an answer to ${what}`);
  }
}
