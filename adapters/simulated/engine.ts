/**
 * A simulated container engine: a world of containers, and whether anybody gets an answer about it.
 *
 * Up: answers at once. Hung: takes requests and answers none; after `unhang` it answers those that still wait, and tells what
 * happened meanwhile. Off: nobody is there, streams end. Fails as the real one: EngineTroubleError, unreachable or timeout.
 * Remembers nothing on disk, and never touches a real engine.
 */
import { type EngineTrouble, EngineTroubleError } from '../../actors/node-agent/ports.ts';
import { type Clock, DeadlineError, withDeadline } from '../../bus/clock.ts';
import type { Container } from './container.ts';
import { SimulatedWorld } from './world.ts';

export interface SimulatedEngineOptions {
  readonly clock: Clock;
  /** How long an answer may take, unless a request says otherwise. */
  readonly deadlineMs: number;
  /** Names the machine in container ids and errors. */
  readonly machine: string;
}

interface Stream {
  onLine(line: string): void;
  onClosed(trouble: EngineTrouble): void;
}

export class SimulatedEngine {
  readonly world: SimulatedWorld;
  readonly clock: Clock;
  /** Images that no tag points to any more. */
  readonly danglingImages: { readonly bytes: number; readonly createdMs: number }[] = [];
  buildCacheBytes = 0;
  private readonly options: SimulatedEngineOptions;
  private condition: 'up' | 'hung' | 'off' = 'up';
  /** Requests and event lines that wait for the engine to go on. */
  private held: { readonly go: () => void; readonly fail: (error: Error) => void }[] = [];
  private readonly streams = new Set<Stream>();
  private ranBefore: readonly Container[] = [];

  constructor(options: SimulatedEngineOptions) {
    this.options = options;
    this.clock = options.clock;
    this.world = new SimulatedWorld(options);
    this.world.listen((line) => {
      this.whenAwake(() => {
        for (const stream of [...this.streams]) stream.onLine(line);
      });
    });
  }

  get state(): 'up' | 'hung' | 'off' {
    return this.condition;
  }

  get isOff(): boolean {
    return this.condition === 'off';
  }

  /** One request and its answer. `what` names it in errors. */
  async ask<T>(what: string, run: () => T | Promise<T>, deadlineMs: number = this.options.deadlineMs): Promise<T> {
    const answer = new Promise<void>((resolve, reject) => {
      if (this.isOff) reject(this.unreachable(what));
      else if (this.condition === 'up') resolve();
      else this.held.push({ go: resolve, fail: () => reject(this.unreachable(what)) });
    }).then(run);
    try {
      return await withDeadline(this.clock, deadlineMs, what, answer);
    } catch (error) {
      if (!(error instanceof DeadlineError)) throw error;
      throw new EngineTroubleError({ code: 'timeout', retryable: true, detail: error.message }, { cause: error });
    }
  }

  /** Lines of the event stream from now on; returns how to stop. `onClosed` comes at most once, and not after that. */
  stream(stream: Stream): () => void {
    this.streams.add(stream);
    return () => {
      this.streams.delete(stream);
    };
  }

  hang(): void {
    if (this.condition === 'up') this.condition = 'hung';
  }

  unhang(): void {
    if (this.condition !== 'hung') return;
    this.condition = 'up';
    for (const { go } of this.held.splice(0)) go();
  }

  powerOff(): void {
    if (this.isOff) return;
    this.ranBefore = this.world.powerOff();
    this.condition = 'off';
    for (const { fail } of this.held.splice(0)) fail(this.unreachable('request'));
    const closed = [...this.streams];
    this.streams.clear();
    for (const stream of closed) stream.onClosed(this.unreachable('event stream').trouble);
  }

  powerOn(): void {
    if (!this.isOff) return;
    this.condition = 'up';
    this.world.powerOn(this.ranBefore);
  }

  /** No timer outlives this. */
  close(): void {
    this.powerOff();
    this.world.close();
  }

  unreachable(what: string): EngineTroubleError {
    return new EngineTroubleError({ code: 'unreachable', retryable: true, detail: `${what}: the simulated engine of ${this.options.machine} is off` });
  }

  /** Never in the stack of what happened: a real engine's news comes through a socket. */
  private whenAwake(tell: () => void): void {
    if (this.condition === 'up') queueMicrotask(tell);
    else if (this.condition === 'hung') this.held.push({ go: () => queueMicrotask(tell), fail: () => undefined });
  }
}
