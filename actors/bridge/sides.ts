/**
 * The bridge's own connections, and what it asks of them: the site's broker (or its standby), the hub's, and, while the
 * standby is open, the site's broker alone. Says what happens on them as events; remembers nothing but the number of its
 * connection to the hub. Whatever fails on a link drops that link; the connection comes back by itself.
 */
import { join } from 'node:path';
import type { ActorIo } from '../../bus/actor.ts';
import { withDeadline } from '../../bus/clock.ts';
import { LinkClosedError, type Transport } from '../../bus/link.ts';
import { RawConnection, type RawLink } from '../../bus/raw-connection.ts';
import { SessionCounter } from '../../bus/session-counter.ts';
import { topics } from '../../contracts/topics.ts';
import { nearFilters } from './directions.ts';
import { willOf } from './link-document.ts';
import type { BridgeCommand, BridgeEvent, Where } from './state.ts';
import { farKeepaliveS } from './uplink.ts';

/** On the local network: a broker that restarts is back within a second, and everybody waits for it. */
const nearBackoffMaxMs = 5_000;
/** A hung broker on the local network is found by the probes long before. */
const nearKeepaliveS = 30;
const nearPace = { keepaliveS: nearKeepaliveS, backoffMaxMs: nearBackoffMaxMs };
/**
 * The hub is to be right within 5 s after an uplink came back, also one that comes and goes: 3 s with the jitter, and the rest is for connecting
 * and reading. Where nothing passes it costs nothing; a hub's machine without its broker says no each time, 100 bytes: 180 kB an hour.
 */
const farBackoffMaxMs = 2_000;
/** All that the site has at the hub, read over a bad link: 20 kB a second carry 500 kB, five times what 20 services have. */
const readWithinMs = 25_000;
const farPace = { keepaliveS: farKeepaliveS, backoffMaxMs: farBackoffMaxMs };
/** The site's broker has to hold this long before the standby goes: one that starts and falls over again is not back. */
const localHoldsMs = 5_000;

export interface BridgeTransports {
  /** The site's broker, and behind it the standby where there is one, in the order in which everybody here tries them. */
  readonly near: Transport;
  /** The site's own broker alone. */
  readonly local: Transport;
  /** The hub's broker. */
  readonly far: Transport;
}

export interface SidesOptions {
  readonly io: ActorIo;
  readonly transports: BridgeTransports;
  /** Of the bridge's login, on both sides. */
  readonly password?: string;
  readonly root: string;
  readonly random: () => number;
  readonly send: (event: BridgeEvent) => void;
}

export class Sides {
  private readonly options: SidesOptions;
  private readonly sessions: SessionCounter;
  private readonly connections: Readonly<Record<Where, RawConnection>>;
  private readonly links: Record<Where, RawLink | null> = { near: null, far: null };
  /** What stays subscribed on the present link to the hub. */
  private readonly kept = new Set<string>();
  private local: RawConnection | null = null;

  constructor(options: SidesOptions) {
    this.options = options;
    const { io, transports } = options;
    this.sessions = new SessionCounter(join(io.dataDir, 'far-session'), io.clock.now(), (error) => {
      io.log.error({ err: error }, 'the number of the connection to the hub could not be written; connecting all the same');
    });
    this.connections = {
      near: this.connect('near', transports.near, nearPace),
      far: this.connect('far', transports.far, farPace),
    };
  }

  start(): void {
    this.connections.near.start();
    this.connections.far.start();
  }

  async stop(): Promise<void> {
    await Promise.all([this.connections.near.stop(), this.connections.far.stop(), this.local?.stop()]);
  }

  /** Not awaited: a link over LTE is slow, and what comes meanwhile must be taken. */
  publish({ where, ticket, topic, text, retain }: Extract<BridgeCommand, { type: 'publish' }>): void {
    const link = this.links[where];
    if (link === null) return;
    link.publish(topic, text, retain).then(
      () => {
        if (ticket !== null) this.tell({ type: 'sent', ticket });
      },
      (error: unknown) => {
        if (error instanceof LinkClosedError) return; // `down` says so for all of them
        this.options.io.log.warn({ err: error, topic, where }, 'the bridge cannot carry a message');
        if (ticket !== null) this.tell({ type: 'unsendable', ticket });
      },
    );
  }

  /** A last word, before a clean end. */
  async say(topic: string, text: string): Promise<void> {
    await this.links.far?.publish(topic, text, true);
  }

  ask({ keep, once }: Extract<BridgeCommand, { type: 'ask' }>): void {
    for (const filter of keep) this.kept.add(filter);
    this.onLink('far', async (link) => {
      await link.subscribe([...keep, ...once]);
      await link.fence();
      // Questions overlap: what one of them looks at once, another may have asked to keep.
      await link.unsubscribe(once.filter((filter) => !this.kept.has(filter)));
      this.tell({ type: 'read', where: 'far' });
    });
  }

  probe(): void {
    this.onLink('near', async (link) => {
      await link.fence();
      this.tell({ type: 'alive' });
    });
  }

  drop(where: Where): void {
    this.links[where]?.drop().catch(() => undefined);
  }

  raise(session: number): void {
    this.sessions.raiseAbove(session);
    this.drop('far');
  }

  /** Until the site's own broker has held for a while. */
  watchLocal(isWatched: boolean): void {
    this.local?.stop().catch(() => undefined);
    this.local = isWatched ? this.connect('local', this.options.transports.local, nearPace) : null;
    this.local?.start();
  }

  private connect(where: Where | 'local', transport: Transport, pace: { readonly keepaliveS: number; readonly backoffMaxMs: number }): RawConnection {
    const { io, root, random, password } = this.options;
    const { clock, log, login, site } = io;
    return new RawConnection({
      ...{ transport, clock, log, random, root, ...pace },
      identity: { clientId: `${root}-${login}-${where}`, username: login, ...(password === undefined ? {} : { password }) },
      ...(where === 'far'
        ? { will: async () => ({ topic: topics.link.build({ site }), payload: willOf(site, await this.sessions.next(), clock.now()) }) }
        : {}),
      handlers: {
        onUp: (link) => {
          if (where === 'local') this.onLocal(link);
          else this.onUp(where, link);
        },
        onDown: () => {
          if (where === 'local') return;
          this.links[where] = null;
          this.tell({ type: 'down', where });
        },
        onMessage: ({ relative, payload, retained }) => {
          if (where !== 'local') this.tell({ type: 'message', where, topic: relative, text: payload.toString('utf8'), retained });
        },
      },
    });
  }

  private onUp(where: Where, link: RawLink): void {
    this.links[where] = link;
    if (where === 'far') this.kept.clear();
    this.tell({ type: 'up', where, session: this.sessions.current });
    if (where === 'far') return; // what to ask for depends on what is known
    this.onLink('near', async () => {
      await link.subscribe(nearFilters);
      await link.fence();
      this.tell({ type: 'read', where: 'near' });
    });
  }

  private onLocal(link: RawLink): void {
    const { clock, log } = this.options.io;
    const held = async (): Promise<void> => {
      await link.fence();
      await new Promise<void>((resolve) => {
        clock.setTimeout(() => {
          resolve();
        }, localHoldsMs);
      });
      await link.fence();
      this.tell({ type: 'local_back' });
    };
    held().catch((error: unknown) => {
      log.debug({ err: error }, "the site's broker does not hold yet");
      link.drop().catch(() => undefined);
    });
  }

  /** What fails on a link, or gets no answer to its very subscription, ends it, and it comes back. */
  private onLink(where: Where, work: (link: RawLink) => Promise<void>): void {
    const link = this.links[where];
    if (link === null) return;
    withDeadline(this.options.io.clock, readWithinMs, `an answer on the ${where} side`, work(link)).catch((error: unknown) => {
      if (this.links[where] !== link) return;
      this.options.io.log.warn({ err: error, where }, 'a link of the bridge does not answer; it is given up');
      link.drop().catch(() => undefined);
    });
  }

  private tell(event: DistributiveOmit<BridgeEvent, 'now'>): void {
    this.options.send({ ...event, now: this.options.io.clock.now() });
  }
}

type DistributiveOmit<T, K extends keyof never> = T extends unknown ? Omit<T, K> : never;
