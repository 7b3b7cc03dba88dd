/**
 * Brings an actor to life and keeps it alive: its bus, its logic, its commands in order, its one timer, its ActorStatus.
 *
 * An actor that dies (an assertion, a command that fails) is torn down and started again from what it remembers, after 1 s
 * doubling to 60 s. A life that held for 5 minutes clears the count; after 8 deaths in a row it stays `failed` and
 * `onGaveUp` tells the process, which exits non-zero. A second writer on its topics ends it at once.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Actor, type AnyActorLogic, createActor, type SnapshotFrom } from 'xstate';
import { topics } from '../contracts/topics.ts';
import type { ActorIo, ActorModule, AnyBlueprint } from './actor.ts';
import { Bus } from './bus.ts';
import { type Clock, withDeadline } from './clock.ts';
import { CommandQueue } from './command-queue.ts';
import type { Transport } from './link.ts';
import { takeLock } from './lock-file.ts';
import type { Log } from './log.ts';
import { Outbox } from './outbox.ts';
import { StatusBoard } from './status-board.ts';

const restartFirstMs = 1_000;
const restartMaxMs = 60_000;
const heldAfterMs = 300_000;
const deathsMax = 8;
/** A clean stop may wait this long for the broker to take the last documents. */
const farewellMs = 2_000;

export interface RunActorOptions {
  readonly module: ActorModule;
  readonly node: string;
  readonly site: string;
  readonly root: string;
  readonly transport: Transport;
  readonly password?: string;
  /** The actor's own directory is made below it. */
  readonly dataRoot: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  readonly version: string;
  readonly onGaveUp: (error: Error) => void;
}

interface Life {
  readonly bus: Bus;
  readonly actor: Actor<AnyActorLogic>;
  readonly blueprint: AnyBlueprint;
  readonly commands: CommandQueue;
  readonly ended: Promise<Error>;
  readonly die: (error: Error) => void;
  detach: (() => void | Promise<void>) | undefined;
}

export class RunningActor {
  private readonly options: RunActorOptions;
  private readonly log: Log;
  private readonly dataDir: string;
  private readonly status: StatusBoard;
  private life: Life | null = null;
  private stopping = false;
  private stopWait: () => void = () => undefined;
  private running: Promise<void> = Promise.resolve();
  private timer: { readonly atMs: number; readonly handle: unknown } | null = null;

  constructor(options: RunActorOptions) {
    this.options = options;
    this.log = options.log.child({ actor: options.module.name, node: options.node });
    this.dataDir = join(options.dataRoot, options.module.name);
    this.status = new StatusBoard({ node: options.node, actor: options.module.name, version: options.version, clock: options.clock });
  }

  get name(): string {
    return this.options.module.name;
  }

  /** Throws when another process runs the same actor on this data directory. */
  start(): void {
    mkdirSync(this.dataDir, { recursive: true });
    const unlock = takeLock(join(this.dataDir, 'lock'), `actor ${this.name}`);
    this.running = this.run().finally(unlock);
  }

  /** Says goodbye, disconnects cleanly, and releases the data directory. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.stopWait();
    const life = this.life;
    if (life !== null) {
      await life.detach?.();
      life.actor.stop();
      await life.commands.idle();
      await life.blueprint.farewell?.();
      this.status.publish(life.bus, 'stopped');
      await this.end(life, false);
      life.die(new Error('stopped'));
    }
    await this.running;
  }

  private async run(): Promise<void> {
    let deaths = 0;
    while (!this.stopping) {
      const bornAtMs = this.options.clock.now();
      const error = await this.liveOnce();
      if (this.stopping) return;
      if (this.options.clock.now() - bornAtMs >= heldAfterMs) deaths = 0;
      deaths += 1;
      const gaveUp = error instanceof DuplicateWriterError || deaths >= deathsMax;
      this.log.error({ err: error, deaths, gaveUp }, 'actor died');
      if (gaveUp) {
        this.options.onGaveUp(error);
        return;
      }
      const waitMs = Math.min(restartFirstMs * 2 ** (deaths - 1), restartMaxMs);
      await new Promise<void>((resolve) => {
        this.stopWait = resolve;
        this.options.clock.setTimeout(() => {
          resolve();
        }, waitMs);
      });
    }
  }

  /** One life, from what it remembers to its death. */
  private async liveOnce(): Promise<Error> {
    let life: Life;
    try {
      life = await this.create();
    } catch (error) {
      const reason = error instanceof Error ? error : new Error(String(error));
      this.status.died(reason);
      return reason;
    }
    if (this.stopping) {
      // stop() came while this life was being made, and could not see it
      await life.detach?.();
      await this.end(life, false);
      return new Error('stopped');
    }
    const error = await life.ended;
    if (this.stopping) return error;
    this.status.died(error);
    await life.detach?.();
    if (!(error instanceof DuplicateWriterError)) this.status.publish(life.bus, 'restarting');
    await this.end(life, life.blueprint.will !== undefined);
    return error;
  }

  private async create(): Promise<Life> {
    const { clock } = this.options;
    const outbox = await Outbox.open({ dir: this.dataDir, node: this.options.node, source: this.name, clock, log: this.log });
    let die: (error: Error) => void = () => undefined;
    const ended = new Promise<Error>((resolve) => (die = resolve));
    const bus = new Bus({
      ...this.options,
      actor: this.name,
      dataDir: this.dataDir,
      log: this.log,
      outbox,
      onDuplicate: (topic, session) => {
        die(new DuplicateWriterError(`duplicate_writer: somebody else writes ${topic} with session ${session}; this one stops`));
      },
      onQuarantine: ({ topic, detail, count }) => {
        this.status.publish(bus, 'online');
        void bus
          .emit({
            type: 'message_quarantined',
            severity: 'warning',
            message: `${this.name} ignored a message on ${topic}: ${detail}`.slice(0, 2000),
            payload: { topic, detail, count },
          })
          .catch(die);
      },
    });
    const blueprint = await this.options.module.create(this.ioOf(bus)).catch(async (error: unknown) => {
      await outbox.close();
      throw error;
    });
    const actor = createActor(blueprint.logic as AnyActorLogic, { input: blueprint.input, clock });
    const commands = new CommandQueue(blueprint.commands, die);
    const life: Life = { bus, actor, blueprint, commands, ended, die, detach: undefined };
    this.life = life;
    this.follow(life, die);
    return life;
  }

  private follow(life: Life, die: (error: Error) => void): void {
    const { bus, actor, blueprint, commands } = life;
    actor.subscribe({
      next: (snapshot) => {
        const drained = (snapshot as { context?: { commands?: readonly { type: string }[] } }).context?.commands;
        if (Array.isArray(drained)) for (const command of drained) commands.add(command);
        this.onSnapshot(life, snapshot as SnapshotFrom<AnyActorLogic>);
      },
      error: (error) => {
        die(error instanceof Error ? error : new Error(String(error)));
      },
    });
    actor.on('*', (command) => {
      commands.add(command as { type: string });
    });
    actor.start();
    this.onSnapshot(life, actor.getSnapshot() as SnapshotFrom<AnyActorLogic>);
    const send = (event: { readonly type: string } | null): void => {
      if (event !== null && actor.getSnapshot().status === 'active') actor.send(event);
    };
    bus.start({
      reads: blueprint.reads,
      queued: blueprint.queued ?? [],
      owns: [
        ...blueprint.owns,
        { topic: topics.actorStatus, levels: { node: this.options.node, actor: this.name } },
        { topic: topics.manifest, levels: { node: this.options.node, actor: this.name } },
      ],
      will: (session) => blueprint.will?.(session) ?? this.status.will(session),
      deliver: (delivery) => {
        send(blueprint.deliver(delivery));
      },
    });
    this.status.publish(bus, 'online');
    life.detach = blueprint.attach?.(send);
  }

  private onSnapshot(life: Life, snapshot: SnapshotFrom<AnyActorLogic>): void {
    if (this.life !== life || snapshot.status !== 'active') return;
    const mode = life.blueprint.mode(snapshot);
    const from = this.status.changeMode(mode);
    if (from !== null) {
      this.log.info({ from, to: mode }, 'mode');
      this.status.publish(life.bus, 'online');
    }
    this.armTimer(life, life.blueprint.wakeAt?.(snapshot) ?? null);
  }

  private armTimer(life: Life, atMs: number | null): void {
    const { clock } = this.options;
    if (this.timer?.atMs === atMs) return;
    if (this.timer !== null) clock.clearTimeout(this.timer.handle);
    this.timer = null;
    if (atMs === null) return;
    const handle = clock.setTimeout(
      () => {
        this.timer = null;
        if (this.life === life && life.actor.getSnapshot().status === 'active') life.actor.send({ type: 'wake', now: clock.now() });
      },
      Math.min(Math.max(0, atMs - clock.now()), 2 ** 31 - 1),
    );
    this.timer = { atMs, handle };
  }

  private async end(life: Life, abrupt: boolean): Promise<void> {
    this.life = null;
    if (this.timer !== null) this.options.clock.clearTimeout(this.timer.handle);
    this.timer = null;
    life.actor.stop();
    life.commands.stop();
    await withDeadline(this.options.clock, farewellMs, 'last documents', life.bus.documents.settled()).catch(() => undefined);
    await life.bus.stop({ abrupt });
  }

  private ioOf(bus: Bus): ActorIo {
    const { node, site, clock } = this.options;
    return {
      node,
      site,
      login: bus.login,
      dataDir: this.dataDir,
      clock,
      log: this.log,
      documents: bus.documents,
      emit: (draft) => bus.emit(draft),
      send: (topic, levels, payload) => bus.send(topic, levels, payload),
      clear: (topic) => bus.clear(topic),
    };
  }
}

class DuplicateWriterError extends Error {
  override readonly name = 'DuplicateWriterError';
}
