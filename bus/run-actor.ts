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
import type { ActorModule, AnyBlueprint } from './actor.ts';
import { actorIo } from './actor-io.ts';
import { Bus } from './bus.ts';
import { type Clock, withDeadline } from './clock.ts';
import { CommandQueue } from './command-queue.ts';
import { DuplicateWriterError } from './duplicate-writer.ts';
import type { Ids } from './ids.ts';
import type { Transport } from './link.ts';
import { takeLock } from './lock-file.ts';
import type { Log } from './log.ts';
import { Outbox } from './outbox.ts';
import { quietly } from './quietly.ts';
import { StatusBoard } from './status-board.ts';
import { transitionLog } from './transition-log.ts';

const restartFirstMs = 1_000;
const restartMaxMs = 60_000;
const heldAfterMs = 300_000;
const deathsMax = 8;
/** A clean stop may wait this long for the broker to take the last documents. */
const farewellMs = 2_000;
/** A command under way may take this long to end; then the actor goes without it (docker stop gives 10 s in all). */
const lastCommandMs = 5_000;

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
  readonly ids?: Ids;
  readonly version: string;
  readonly onGaveUp: (error: Error) => void;
}

interface Life {
  readonly bus: Bus;
  readonly actor: Actor<AnyActorLogic>;
  readonly blueprint: AnyBlueprint;
  readonly commands: CommandQueue;
  readonly ended: Promise<Error>;
  detach: (() => void | Promise<void>) | undefined;
}

export class RunningActor {
  private readonly options: RunActorOptions;
  private readonly log: Log;
  private readonly dataDir: string;
  private readonly status: StatusBoard;
  private life: Life | null = null;
  private stopping = false;
  private announceStop: () => void = () => undefined;
  private readonly stopAsked = new Promise<void>((resolve) => (this.announceStop = resolve));
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
    this.announceStop();
    await this.running;
  }

  private async run(): Promise<void> {
    let deaths = 0;
    while (!this.stopping) {
      const bornAtMs = this.options.clock.now();
      const life = await this.born();
      const error = life instanceof Error ? life : await Promise.race([life.ended, this.stopAsked]);
      if (this.stopping || error === undefined) {
        if (!(life instanceof Error)) await this.sayGoodbye(life);
        return;
      }
      if (this.options.clock.now() - bornAtMs >= heldAfterMs) deaths = 0;
      deaths += 1;
      const gaveUp = error instanceof DuplicateWriterError || deaths >= deathsMax;
      this.log.error({ err: error, deaths, gaveUp }, 'actor died');
      this.status.died(error);
      if (!(life instanceof Error)) await this.bury(life, error, gaveUp);
      if (gaveUp) {
        this.options.onGaveUp(error);
        return;
      }
      const waitMs = Math.min(restartFirstMs * 2 ** (deaths - 1), restartMaxMs);
      await withDeadline(this.options.clock, waitMs, 'the next life', this.stopAsked).catch(() => undefined);
    }
  }

  /** A new life, or why there is none. */
  private async born(): Promise<Life | Error> {
    let born: Life | Error | null = null;
    const creating = this.create()
      .catch((error: unknown) => (error instanceof Error ? error : new Error(String(error))))
      .then((made) => (born = made));
    await Promise.race([creating, this.stopAsked]);
    if (born === null) await this.quietly('starting', lastCommandMs, () => creating);
    if (born !== null) return born;
    // It hangs in what it waits for; should it ever come, it ends at once.
    creating
      .then((late) => (late instanceof Error ? undefined : this.end(late, false)))
      .catch((error: unknown) => {
        this.log.warn({ err: error }, 'a life that came late did not end well');
      });
    return new Error('stopped while starting');
  }

  private async sayGoodbye(life: Life): Promise<void> {
    await this.quietly('detaching', lastCommandMs, () => life.detach?.());
    life.actor.stop();
    await this.quietly('the last command', lastCommandMs, () => life.commands.idle());
    await this.quietly('farewell', lastCommandMs, () => life.blueprint.farewell?.());
    this.status.publish(life.bus, 'stopped');
    await this.end(life, false);
  }

  /** A second writer's topics are left as they are; otherwise everybody is told. */
  private async bury(life: Life, error: Error, gaveUp: boolean): Promise<void> {
    await this.quietly('detaching', lastCommandMs, () => life.detach?.());
    if (!(error instanceof DuplicateWriterError)) this.status.publish(life.bus, gaveUp ? 'failed' : 'restarting');
    await this.end(life, life.blueprint.will !== undefined);
    // What a dead life still does must be over before the next one reads what it left.
    await this.quietly('the last command', lastCommandMs, () => life.commands.idle());
  }

  private readonly quietly = (what: string, ms: number, run: () => unknown): Promise<void> =>
    quietly({ clock: this.options.clock, log: this.log }, what, ms, run);

  private async create(): Promise<Life> {
    const { clock } = this.options;
    const outbox = await Outbox.open({ ...this.options, dir: this.dataDir, source: this.name, log: this.log });
    let announceEnd: (error: Error) => void = () => undefined;
    const ended = new Promise<Error>((resolve) => (announceEnd = resolve));
    let commands: CommandQueue | null = null;
    const die = (error: Error): void => {
      commands?.stop(); // nothing more is done in the name of the dead
      announceEnd(error);
    };
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
    let life: Life | null = null;
    try {
      const blueprint = await this.options.module.create(actorIo({ ...this.options, dataDir: this.dataDir, log: this.log }, bus));
      const actor = createActor(blueprint.logic as AnyActorLogic, {
        input: blueprint.input,
        clock,
        inspect: transitionLog(this.log, (snapshot) => blueprint.mode(snapshot)),
      });
      commands = new CommandQueue(blueprint.commands, die);
      life = { bus, actor, blueprint, commands, ended, detach: undefined };
      if (this.stopping) return life;
      this.life = life;
      this.follow(life, die);
      return life;
    } catch (error) {
      if (life !== null) await this.end(life, false);
      else await outbox.close();
      throw error;
    }
  }

  private follow(life: Life, die: (error: Error) => void): void {
    const { bus, actor, blueprint, commands } = life;
    const dieOf = (error: unknown): void => {
      die(error instanceof Error ? error : new Error(String(error)));
    };
    actor.subscribe({
      next: (snapshot) => {
        const drained = (snapshot as { context?: { commands?: readonly { type: string }[] } }).context?.commands;
        if (Array.isArray(drained)) for (const command of drained) commands.add(command);
        try {
          this.onSnapshot(life, snapshot as SnapshotFrom<AnyActorLogic>);
        } catch (error) {
          dieOf(error); // thrown into xstate it would end the whole process
        }
      },
      error: dieOf,
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
        try {
          send(blueprint.deliver(delivery));
        } catch (error) {
          dieOf(error); // thrown into the connection it would only be logged, and the delivery lost
        }
      },
    });
    this.status.publish(bus, 'online');
    life.detach = blueprint.attach?.(send);
  }

  private onSnapshot(life: Life, snapshot: SnapshotFrom<AnyActorLogic>): void {
    if (this.life !== life || snapshot.status !== 'active') return;
    const isNewMode = this.status.changeMode(life.blueprint.mode(snapshot));
    const isNewDetail = this.status.changeDetail(life.blueprint.detail?.(snapshot) ?? null);
    if (isNewMode || isNewDetail) this.status.publish(life.bus, 'online');
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
    await this.quietly('last documents', farewellMs, () => life.bus.documents.settled());
    await this.quietly('disconnecting', lastCommandMs, () => life.bus.stop({ abrupt }));
  }
}
