/**
 * An actor on no bus at all: what it says is recorded, what it hears is handed to it. For tests of one actor's wiring;
 * the bus itself is tested against real brokers.
 */
import { type Actor, type AnyActorLogic, createActor } from 'xstate';
import type { ActorIo, ActorModule, AnyBlueprint, Delivery } from '../../bus/actor.ts';
import type { Clock } from '../../bus/clock.ts';
import { CommandQueue } from '../../bus/command-queue.ts';
import { silentLog } from '../../bus/log.ts';
import type { EventDraft } from '../../contracts/event.ts';
import type { LevelsOf, Topic } from '../../contracts/topic.ts';
import { allTopics } from '../../contracts/topics.ts';

export interface FakeIo extends ActorIo {
  /** Documents held now, by topic without the root, as their contract reads them (session 1). */
  readonly held: ReadonlyMap<string, Record<string, unknown>>;
  /** Every set and remove, oldest first. */
  readonly history: readonly { readonly topic: string; readonly doc: Record<string, unknown> | null }[];
  readonly events: readonly EventDraft[];
  readonly sent: readonly { readonly topic: string; readonly payload: unknown }[];
  readonly cleared: readonly string[];
  /** Announcements put and taken away (null), oldest first. */
  readonly announced: readonly { readonly topic: string; readonly payload: unknown }[];
  readonly completed: () => boolean;
  /** false: send() and announce() answer false, as without a connection. */
  connected: boolean;
}

export function fakeIo(options: {
  readonly actor: string;
  readonly node?: string;
  readonly site?: string;
  readonly clock: Clock;
  readonly dataDir: string;
}): FakeIo {
  const held = new Map<string, Record<string, unknown>>();
  const history: { topic: string; doc: Record<string, unknown> | null }[] = [];
  const events: EventDraft[] = [];
  const sent: { topic: string; payload: unknown }[] = [];
  const cleared: string[] = [];
  const announced: { topic: string; payload: unknown }[] = [];
  const node = options.node ?? 'vps';
  let isComplete = false;
  const io: FakeIo = {
    node,
    site: options.site ?? 'hub',
    login: `${options.actor}-${node}`,
    dataDir: options.dataDir,
    clock: options.clock,
    log: silentLog,
    held,
    history,
    events,
    sent,
    cleared,
    announced,
    connected: true,
    completed: () => isComplete,
    documents: {
      set(topic: Topic, levels: never, body: object) {
        const name = topic.build(levels);
        const doc = topic.schema.parse({ ...body, ts: new Date(options.clock.now()).toISOString(), session: 1, rev: history.length + 1 }) as Record<
          string,
          unknown
        >;
        held.set(name, doc);
        history.push({ topic: name, doc });
      },
      remove(topic: Topic, levels: never) {
        const name = topic.build(levels);
        if (!held.delete(name)) return;
        history.push({ topic: name, doc: null });
      },
      complete: () => {
        isComplete = true;
      },
      settled: () => Promise.resolve(),
      get topics() {
        return new Set(held.keys());
      },
    } as ActorIo['documents'],
    emit: (draft) => {
      events.push(draft);
      return Promise.resolve();
    },
    send: (topic: Topic, levels: never, payload: unknown) => {
      topic.schema.parse(payload);
      if (io.connected) sent.push({ topic: topic.build(levels), payload });
      return Promise.resolve(io.connected);
    },
    announce: (topic: Topic, levels: never, payload: unknown) => {
      if (payload !== null) topic.schema.parse(payload);
      if (io.connected) announced.push({ topic: topic.build(levels), payload });
      return Promise.resolve(io.connected);
    },
    clear: (topic) => {
      cleared.push(topic);
      return Promise.resolve();
    },
  };
  return io;
}

/** A module brought to life over a fake io: what run-actor does, without a bus. */
export class FakeLife {
  readonly io: FakeIo;
  readonly blueprint: AnyBlueprint;
  readonly actor: Actor<AnyActorLogic>;
  readonly failures: Error[] = [];
  private readonly commands: CommandQueue;
  private readonly detach: (() => void | Promise<void>) | undefined;
  private timer: unknown = null;
  private rev = 0;

  private constructor(io: FakeIo, blueprint: AnyBlueprint) {
    this.io = io;
    this.blueprint = blueprint;
    this.commands = new CommandQueue(blueprint.commands, (error) => this.failures.push(error));
    this.actor = createActor(blueprint.logic as AnyActorLogic, { input: blueprint.input, clock: io.clock });
    this.actor.subscribe({
      next: (snapshot) => {
        const drained = (snapshot as { context?: { commands?: readonly { type: string }[] } }).context?.commands;
        if (Array.isArray(drained)) for (const command of drained) this.commands.add(command);
        this.arm();
      },
      error: (error) => this.failures.push(error as Error),
    });
    this.actor.on('*', (command) => {
      this.commands.add(command as { type: string });
    });
    this.actor.start();
    this.arm();
    this.detach = blueprint.attach?.((event) => {
      this.actor.send(event);
    });
  }

  static async start(module: ActorModule, io: FakeIo): Promise<FakeLife> {
    return new FakeLife(io, await module.create(io));
  }

  get detail(): string | null {
    return this.blueprint.detail?.(this.actor.getSnapshot()) ?? null;
  }

  get mode(): string {
    return this.blueprint.mode(this.actor.getSnapshot());
  }

  hear(delivery: Delivery): void {
    const event = this.blueprint.deliver(delivery);
    if (event !== null) this.actor.send(event);
  }

  /** A document arrives (null: deleted). Head fields that are left out are made up, newer than any before. */
  hearDocument<P extends string>(
    topic: Topic<P>,
    levels: LevelsOf<P>,
    body: object | null,
    how: { readonly will?: boolean; readonly retained?: boolean } = {},
  ): void {
    this.rev += 1;
    const name = allTopics.find(([, row]) => (row as unknown) === topic)?.[0];
    const at = this.io.clock.now();
    const doc = body === null ? null : topic.schema.parse({ summary: '', ts: new Date(at).toISOString(), session: 1, rev: this.rev, ...body });
    this.hear({
      kind: 'document',
      name,
      topic: topic.build(levels),
      levels,
      doc,
      will: how.will ?? false,
      retained: how.retained ?? false,
      at,
    } as unknown as Delivery);
  }

  synced(): void {
    this.hear({ kind: 'synced', session: 1, at: this.io.clock.now() });
  }

  /** Resolves when every command said so far is done. */
  async idle(): Promise<void> {
    for (let round = 0; round < 20; round += 1) await this.commands.idle();
  }

  async stop(): Promise<void> {
    await this.detach?.();
    this.actor.stop();
    // Stopping is a last snapshot, which armed it once more.
    if (this.timer !== null) this.io.clock.clearTimeout(this.timer);
    await this.commands.idle();
  }

  private arm(): void {
    const atMs = this.blueprint.wakeAt?.(this.actor.getSnapshot()) ?? null;
    const { clock } = this.io;
    if (this.timer !== null) clock.clearTimeout(this.timer);
    this.timer = atMs === null ? null : clock.setTimeout(() => this.actor.send({ type: 'wake', now: clock.now() }), Math.max(0, atMs - clock.now()));
  }
}
