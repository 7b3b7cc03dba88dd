/**
 * Knows the requests that the hub's ledger passes on to another site: when each was asked there, by an honest clock, and which of
 * them still waits for an answer; and checks that none is granted that is older than an approval may be. Both sites' overseers share one.
 */
import { approvalValidMs } from '../../contracts/defaults.ts';
import type { RelayedRequest, Verdict } from '../../contracts/link.ts';
import type { Breach } from './rules.ts';

/** The hub's ledger asks again every 10 s while the link is up, and stops once it has the verdict. */
const stillAskedMs = 15_000;
/** Two clocks that were each set by up to three minutes since they were compared. */
const clockErrorMs = 360_000;

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
  private readonly judged = new Set<string>();
  private readonly breach: Breach;

  constructor(now: () => number, breach: Breach) {
    this.now = now;
    this.breach = breach;
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

  /** A request that comes to the site without the hub's ledger that runs now. */
  onHeldBack({ relay_id, state }: RelayedRequest, askedMs: number): void {
    this.relays.set(relay_id, { what: `${state}, held back`, askedMs, sentMs: askedMs });
  }

  /** The ledger of the site has judged. What it says again is no news. */
  onVerdict({ relay_id, ok, summary }: Verdict): void {
    const ageMs = this.now() - this.askedMs(relay_id);
    if (ok && !this.judged.has(relay_id) && ageMs > approvalValidMs + clockErrorMs)
      this.breach('no-stale-yes', `what was asked at the hub ${Math.round(ageMs / 60_000)} min ago is granted: ${summary}`);
    this.judged.add(relay_id);
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
