/** An outbox and two stores that follow the rule of stores, in any order of events, losses, cursors, reconnects and restarts. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type CursorPositions, type Event, type Lane, laneOf, lanes } from '../contracts/event.ts';
import { acceptEvent, type EventPositions, positionsOf } from '../contracts/event-order.ts';
import { StepClock } from '../test/kit/step-clock.ts';
import { silentLog } from './log.ts';
import { Outbox } from './outbox.ts';

type Name = 'chelsty' | 'hub';
const names = ['chelsty', 'hub'] as const;

class Store {
  stored: Event[] = [];
  isDeaf = false;
  /** What it has published of how far it is; the broker keeps it. */
  said: CursorPositions | null = null;
  private positions: EventPositions = new Map();

  hear(event: Event): void {
    if (!this.isDeaf && acceptEvent(this.positions, event.source, event) === 'accepted') this.stored.push(event);
  }

  /** Also before it has anything: from then on the emitter keeps events for it. */
  say(): void {
    this.said = { agent: { ...positionsOf(this.positions, 'agent') } };
  }

  /** It is given up, with what it has. */
  leave(): void {
    this.stored = [];
    this.said = null;
    this.positions = new Map();
  }
}

class World {
  readonly clock = new StepClock();
  readonly stores: Record<Name, Store> = { chelsty: new Store(), hub: new Store() };
  readonly emitted: Record<Lane, string[]> = { urgent: [], info: [] };
  /** Emitted since the outbox heard of the hub's store: what that must get. */
  readonly owed = new Set<string>();
  private isHubKnown = false;
  private isConnected = false;
  private count = 0;
  private readonly dir = mkdtempSync(join(tmpdir(), 'homelab-outbox-'));
  private outbox!: Outbox;

  async open(): Promise<void> {
    this.outbox = await Outbox.open({ dir: this.dir, node: 'vps', site: 'chelsty', source: 'agent', clock: this.clock, log: silentLog });
  }

  async close(): Promise<void> {
    await this.outbox.close();
    rmSync(this.dir, { recursive: true, force: true });
  }

  get backlog(): number {
    return this.outbox.backlog;
  }

  async emit(severity: 'error' | 'info'): Promise<void> {
    this.count += 1;
    const message = `${this.count}`;
    this.emitted[laneOf(severity)].push(message);
    if (this.isHubKnown) this.owed.add(message);
    await this.outbox.emit({ type: 'service_healthy', severity, message });
  }

  connect(): void {
    if (this.isConnected) return;
    this.isConnected = true;
    for (const name of names) this.deliver(name);
    this.outbox.connect((event) => {
      for (const name of names) this.stores[name].hear(event);
      return Promise.resolve();
    });
  }

  disconnect(): void {
    this.isConnected = false;
    this.outbox.connect(null);
  }

  say(name: Name): void {
    this.stores[name].say();
    if (this.isConnected) this.deliver(name);
  }

  leave(): void {
    this.stores.hub.leave();
    this.owed.clear();
    if (this.isConnected) this.deliver('hub');
  }

  /** What the broker keeps of a store; a deletion that was missed is proved by a manifest. */
  private deliver(name: Name): void {
    const { said } = this.stores[name];
    if (name === 'hub') {
      this.isHubKnown = said !== null;
      if (said === null) this.owed.clear();
    }
    this.outbox.onCursor(name, said);
  }

  async restart(): Promise<void> {
    this.disconnect();
    await this.outbox.close();
    await this.open();
    this.connect();
  }

  /** Everything works, and both stores say at once how far they are. */
  async heal(): Promise<void> {
    for (const name of names) this.stores[name].isDeaf = false;
    this.connect();
    // Once more than the longest time-out, and a second for each doubling of the window.
    for (let second = 0; second < 90; second += 1) {
      await this.clock.run(1_000);
      for (const name of names) if (name === 'chelsty' || this.isHubKnown) this.say(name);
    }
  }

  /** At least so many must still be held: one of the stores that count does not have them. */
  get lacking(): number {
    const has = (name: Name): Set<string> => new Set(this.stores[name].stored.map(({ message }) => message));
    const [own, hub] = [has('chelsty'), has('hub')];
    return [...this.emitted.urgent, ...this.emitted.info].filter((message) => !own.has(message) || (this.owed.has(message) && !hub.has(message))).length;
  }
}

const textsOf = (store: Store, lane: Lane): readonly string[] => store.stored.filter((event) => event.lane === lane).map(({ message }) => message);

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('emit' as const), severity: fc.constantFrom('error' as const, 'info' as const) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('say' as const), name: fc.constantFrom(...names) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('deafen' as const), name: fc.constantFrom(...names), isDeaf: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(1, 9_999, 30_000, 120_000) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('connect' as const, 'disconnect' as const, 'restart' as const, 'leave' as const) }) },
);

async function take(world: World, each: typeof step extends fc.Arbitrary<infer S> ? S : never): Promise<void> {
  switch (each.do) {
    case 'emit':
      return world.emit(each.severity);
    case 'say':
      return world.say(each.name);
    case 'deafen':
      world.stores[each.name].isDeaf = each.isDeaf;
      return;
    case 'wait':
      return world.clock.run(each.ms);
    default:
      return world[each.do]();
  }
}

it('loses nothing to either store, keeps the order of each lane, and lets go of everything in the end', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60, size: 'max' }), async (steps) => {
      const world = new World();
      await world.open();
      world.connect();
      try {
        for (const each of steps) {
          await take(world, each);
          expect(world.backlog, 'events left that a store lacks').toBeGreaterThanOrEqual(world.lacking);
        }
        await world.heal();
        expect(world.backlog).toBe(0);
        for (const lane of lanes) {
          expect(textsOf(world.stores.chelsty, lane)).toEqual(world.emitted[lane]);
          const hub = textsOf(world.stores.hub, lane);
          expect(hub).toEqual(world.emitted[lane].filter((message) => hub.includes(message)));
          expect(world.emitted[lane].filter((message) => world.owed.has(message) && !hub.includes(message))).toEqual([]);
        }
      } finally {
        await world.close();
      }
    }),
    { numRuns: 100 },
  );
}, 30_000);
