/**
 * The stores that an outbox answers to: that of its own site, and every other one that has said by a cursor document that it
 * keeps what this emitter says (decision 16). Remembers what they said last, through reconnects: that a document is missing says
 * nothing, because a broker may come back empty.
 */
import { type Lane, lanes } from '../contracts/event.ts';
import type { Clock } from './clock.ts';
import { Flow } from './outbox-flow.ts';

type Flows = Readonly<Record<Lane, Flow>>;

export interface OutboxStoresOptions {
  /** The site whose store counts in any case. */
  readonly site: string;
  readonly clock: Clock;
  /** A store that lacks something has not moved for long; `isOwn`: it is that of the own site. */
  onSilence(lane: Lane, isOwn: boolean): void;
}

export class OutboxStores {
  private readonly options: OutboxStoresOptions;
  private readonly own: Flows;
  private isOwnHeard = false;
  private readonly others = new Map<string, Flows>();

  constructor(options: OutboxStoresOptions) {
    this.options = options;
    this.own = this.newFlows(true);
  }

  /** How far a store is; null: it has none of this emitter's events, or is no more. */
  hear(store: string, reached: Readonly<Record<Lane, number>> | null): void {
    const isOwn = store === this.options.site;
    if (isOwn) this.isOwnHeard = reached !== null;
    if (reached === null && !isOwn) {
      this.stopTimers(this.others.get(store));
      this.others.delete(store);
      return;
    }
    const flows = isOwn ? this.own : (this.others.get(store) ?? this.newFlows(false));
    if (!isOwn) this.others.set(store, flows);
    const still = lanes.filter((lane) => !flows[lane].move(reached?.[lane] ?? 0));
    if (still.length < lanes.length) for (const lane of still) flows[lane].revive();
  }

  /** The own site's first: whatever becomes of the others, it is served. */
  flows(lane: Lane): readonly Flow[] {
    return [this.own[lane], ...[...this.others.values()].map((flows) => flows[lane])];
  }

  ownFlow(lane: Lane): Flow {
    return this.own[lane];
  }

  /** Up to which number every store has everything; 0 while the own site's has not spoken. */
  passed(lane: Lane): number {
    return this.isOwnHeard ? Math.min(...this.flows(lane).map(({ reached }) => reached)) : 0;
  }

  /**
   * A new link, or the end of one. The own site's store is most likely there and gets a window at once; another one may have been
   * away for days, and what it lacks the own site's has: it is asked first.
   */
  begin(): void {
    for (const lane of lanes) {
      for (const flow of this.flows(lane)) flow.begin(flow === this.own[lane]);
    }
  }

  private newFlows(isOwn: boolean): Flows {
    const flow = (lane: Lane): Flow => new Flow(this.options.clock, () => this.options.onSilence(lane, isOwn));
    return { urgent: flow('urgent'), info: flow('info') };
  }

  private stopTimers(flows: Flows | undefined): void {
    for (const lane of lanes) flows?.[lane].stopTimer();
  }
}
