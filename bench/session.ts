/**
 * One run of the bench: what its figures share (a private engine with 50 containers, a mosquitto, the bundles), made when
 * first asked for, and how all of it ends: last made, first ended, whatever went wrong, also at a signal.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildBundle } from '../test/kit/homelab-process.ts';
import { type Mosquitto, startMosquitto } from '../test/kit/mosquitto.ts';
import { Engine } from './engine.ts';

/** As the issue of every figure with containers: what a busy home server runs. */
const containersCount = 50;

/** Names of the small programs beside this file that are references, or make load. */
export type Program =
  | 'bare-connections'
  | 'bare-listener'
  | 'bare-subscriber'
  | 'day'
  | 'link-writer'
  | 'page-echo'
  | 'page-publisher'
  | 'parse-only'
  | 'publisher'
  | 'simulated-nodes';

export class Session {
  private readonly endings: (() => void | Promise<void>)[] = [];
  private directory: string | null = null;
  private sharedEngine: Promise<Engine> | null = null;
  private sharedMosquitto: Promise<Mosquitto> | null = null;
  private isBuilt = false;

  /** Told to a person who waits. */
  readonly say = (text: string): void => {
    process.stderr.write(`bench: ${text}\n`);
  };

  /** `end` is called once, at the end of the run. */
  defer(end: () => void | Promise<void>): void {
    this.endings.push(end);
  }

  /** Runs with endings of its own, performed as soon as it is through. */
  async scope<T>(use: (scope: Session) => Promise<T>): Promise<T> {
    const inner = new Session();
    this.defer(() => inner.end());
    inner.engine = () => this.engine();
    inner.mosquitto = () => this.mosquitto();
    inner.program = (name) => this.program(name);
    inner.buildHomelab = () => {
      this.buildHomelab();
    };
    try {
      return await use(inner);
    } finally {
      await inner.end();
    }
  }

  async end(): Promise<void> {
    for (let end = this.endings.pop(); end !== undefined; end = this.endings.pop()) {
      try {
        await end();
      } catch (error) {
        this.say(`cleaning up: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }

  temporaryDirectory(): string {
    const directory = mkdtempSync(join(tmpdir(), 'homelab-bench-'));
    this.defer(() => {
      rmSync(directory, { recursive: true, force: true });
    });
    return directory;
  }

  /** A private engine with 50 running containers. */
  engine(): Promise<Engine> {
    this.sharedEngine ??= (async () => {
      this.say(`starting a private engine with ${containersCount} containers`);
      const engine = await Engine.start(containersCount);
      this.defer(() => engine.stop());
      return engine;
    })();
    return this.sharedEngine;
  }

  /** Configured as docs/guide.md says: no Nagle delay, and queues that hold what the bench sends at once. */
  mosquitto(): Promise<Mosquitto> {
    this.sharedMosquitto ??= (async () => {
      const mosquitto = await startMosquitto({ config: ['set_tcp_nodelay true', 'max_queued_messages 100000'] });
      this.defer(() => mosquitto.stop());
      return mosquitto;
    })();
    return this.sharedMosquitto;
  }

  /** Brings dist/ up to date, once: what is measured is the program as it is shipped. */
  buildHomelab(): void {
    if (!this.isBuilt) buildBundle();
    this.isBuilt = true;
  }

  /** The file of a program of the bench, bundled as the product is. */
  program(name: Program): string {
    if (this.directory === null) {
      this.directory = this.temporaryDirectory();
      const script = fileURLToPath(new URL('./bundle.mjs', import.meta.url));
      const bundled = spawnSync(process.execPath, [script, this.directory], { encoding: 'utf8' });
      if (bundled.status !== 0) throw new Error(`the programs of the bench cannot be bundled: ${bundled.stderr}`);
    }
    return join(this.directory, `${name}.mjs`);
  }
}
