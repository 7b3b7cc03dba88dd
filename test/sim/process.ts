/**
 * One actor in a process of its own that can be killed at any moment: `RunningActor`, unchanged, inside a membrane of clock,
 * network, disk and engine. A kill shuts the membrane: its timers are gone, its connections break (wills are published), what
 * it waits for never comes, and the next life finds what the disk holds.
 */
import type { ActorModule } from '../../bus/actor.ts';
import type { Clock } from '../../bus/clock.ts';
import type { Ids } from '../../bus/ids.ts';
import type { Link, LinkHandlers, LinkOptions, Transport } from '../../bus/link.ts';
import { createLog, type Log } from '../../bus/log.ts';
import { RunningActor } from '../../bus/run-actor.ts';
import type { EventDraft } from '../../contracts/event.ts';
import type { Random } from '../kit/random.ts';
import { Disk } from './disk.ts';
import { mount } from './mount-disk.ts';
import { Truth } from './truth.ts';

/** What the membrane tells about what passes through it. */
export interface Witness {
  connecting(login: string, options: LinkOptions): void;
  publishing(login: string, topic: string, text: string, retain: boolean): void;
  /** The broker has taken what was published, or the connection is over. */
  published(login: string): void;
  /** Before the actor hears it. */
  hearing(login: string, topic: string, payload: Buffer, retained: boolean): void;
  /** A connection of this actor is over. */
  closed(login: string): void;
  /** The actor has dealt with a message or a timer. */
  stepped(): void;
  logged(login: string, level: number, text: string): void;
  /** An actor is about to emit an event. */
  emitting(login: string, draft: EventDraft): void;
  gaveUp(login: string, error: Error): void;
}

/** One life: while `isAlive`, things pass. */
export interface Life {
  readonly clock: Clock;
  isAlive: boolean;
  readonly ends: (() => void)[];
}

export interface ProcessOptions {
  readonly name: string;
  readonly node: string;
  readonly site: string;
  readonly root: string;
  /** The clock of its machine. */
  readonly clock: Clock;
  readonly transport: Transport;
  readonly random: Random;
  readonly witness: Witness;
  readonly logLevel: string;
  /** Cut off from the network now? */
  readonly isCutOff: () => boolean;
  readonly module: (life: Life, parts: ModuleParts) => ActorModule;
}

export interface ModuleParts {
  readonly random: Random;
  /** For connections of the actor's own: the same membrane around another way to a broker, and who is told. */
  readonly membrane: (transport: Transport, witness: Witness) => Transport;
}

const never = (): Promise<never> => new Promise(() => undefined);

/** What MQTT.js does with a broker that does not answer. */
const connectTimeoutMs = 10_000;

export class SimProcess {
  readonly login: string;
  readonly node: string;
  readonly name: string;
  private readonly options: ProcessOptions;
  private readonly log: Log;
  private disk: Disk;
  private life: Life | null = null;
  private readonly links = new Set<Link>();
  /** What its actor says is true now. */
  readonly truth = new Truth();
  /** Set by a fault: called before the next write or publish of this process. */
  trap: ((what: string) => void) | null = null;

  constructor(options: ProcessOptions) {
    this.options = options;
    this.login = `${options.name}-${options.node}`;
    this.node = options.node;
    this.name = options.name;
    this.disk = new Disk(options.clock, options.random.fork('disk'));
    this.log = createLog({ level: options.logLevel, destination: { write: (line) => this.onLog(line) } });
  }

  get isRunning(): boolean {
    return this.life !== null;
  }

  /** Its files whose names end so, as text. */
  files(suffix: string): readonly string[] {
    return this.disk.paths.filter((path) => path.endsWith(suffix)).map((path) => this.disk.get(path).content.toString('utf8'));
  }

  setSlowness(share: number): void {
    this.disk.slowness = share;
  }

  start(): void {
    if (this.life !== null) return;
    const { node, site, root, random, witness } = this.options;
    const life = this.newLife();
    this.life = life;
    this.disk.onWrite = (what) => this.trap?.(what);
    const ids: Ids = { eventId: () => random.uuid(Math.floor(life.clock.now())), nonce: () => random.uuid(Math.floor(life.clock.now())) };
    new RunningActor({
      module: this.truth.overhear(this.options.module(life, { random, membrane: (...by) => this.membrane(life, ...by) }), (draft) => {
        if (life.isAlive) witness.emitting(this.login, draft);
      }),
      ...{ node, site, root, ids, version: 'simulated' },
      transport: this.membrane(life, this.options.transport, witness),
      dataRoot: mount(this.disk),
      clock: life.clock,
      log: this.log,
      random: random.next,
      onGaveUp: (error) => {
        if (life.isAlive) witness.gaveUp(this.login, error);
      },
    }).start();
  }

  /** As by kill -9, or by a power cut: then what was not synced may be gone. */
  kill(options: { readonly powerCut: boolean }): void {
    const { life } = this;
    if (life === null) return;
    this.life = null;
    this.trap = null;
    life.isAlive = false;
    for (const end of life.ends) end();
    this.disk = this.disk.handOver(options);
    for (const link of [...this.links]) void link.close({ abrupt: true });
    this.links.clear();
  }

  private newLife(): Life {
    const { clock, witness } = this.options;
    const timers = new Set<unknown>();
    const life: Life = {
      isAlive: true,
      ends: [],
      clock: {
        now: () => clock.now(),
        setTimeout: (fn, ms) => {
          if (!life.isAlive) return null;
          const id = clock.setTimeout(() => {
            timers.delete(id);
            fn();
            witness.stepped();
          }, ms);
          timers.add(id);
          return id;
        },
        clearTimeout: (id) => {
          timers.delete(id);
          clock.clearTimeout(id);
        },
      },
    };
    life.ends.push(() => {
      for (const id of timers) clock.clearTimeout(id);
    });
    return life;
  }

  private membrane(life: Life, transport: Transport, witness: Witness): Transport {
    return {
      description: transport.description,
      connect: async (options, handlers) => {
        if (!life.isAlive) return never();
        if (this.options.isCutOff()) {
          await new Promise<void>((resolve) => {
            life.clock.setTimeout(() => resolve(), connectTimeoutMs);
          });
          throw new Error('simulated: no way to the broker');
        }
        witness.connecting(this.login, options);
        const link = await transport.connect(options, this.guarded(life, handlers, witness));
        if (!life.isAlive) {
          void link.close({ abrupt: true });
          return never();
        }
        this.links.add(link);
        return this.watched(life, link, witness);
      },
    };
  }

  private guarded(life: Life, handlers: LinkHandlers, witness: Witness): LinkHandlers {
    const { root } = this.options;
    return {
      onMessage: (message) => {
        if (!life.isAlive) return;
        witness.hearing(this.login, message.topic.slice(root.length + 1), message.payload, message.retained);
        handlers.onMessage(message);
        witness.stepped();
      },
      onClose: (reason) => {
        if (!life.isAlive) return;
        witness.closed(this.login);
        handlers.onClose(reason);
      },
    };
  }

  private watched(life: Life, link: Link, witness: Witness): Link {
    const { root } = this.options;
    const mortal = <T>(promise: Promise<T>): Promise<T> =>
      promise.then(
        (value) => (life.isAlive ? value : never()),
        (error: unknown) => (life.isAlive ? Promise.reject(error as Error) : never()),
      );
    return {
      publish: (topic, payload, options) => {
        this.trap?.(`publish ${topic}`);
        if (!life.isAlive) return never();
        witness.publishing(this.login, topic.slice(root.length + 1), payload.toString(), options.retain);
        const sent = mortal(link.publish(topic, payload, options));
        const over = (): void => witness.published(this.login);
        sent.then(over, over);
        return sent;
      },
      subscribe: (filters) => (life.isAlive ? mortal(link.subscribe(filters)) : never()),
      unsubscribe: (filters) => (life.isAlive ? mortal(link.unsubscribe(filters)) : never()),
      close: (options) => {
        this.links.delete(link);
        return link.close(options);
      },
    };
  }

  private onLog(line: string): void {
    if (this.life === null) return;
    const said = JSON.parse(line) as { readonly level: number; readonly msg: string; readonly err?: { readonly message: string } | null };
    this.options.witness.logged(this.login, said.level, said.err == null ? said.msg : `${said.msg}: ${said.err.message.split('\n')[0]}`);
  }
}
