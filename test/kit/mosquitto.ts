/**
 * A real mosquitto process with Debian's default configuration, on a free loopback port and a directory of its own.
 * Debian's file is kept word for word, except that the paths only its service manager would create are replaced.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { waitFor } from './wait.ts';

export interface MosquittoOptions {
  /** Lines added to the default configuration. */
  readonly config?: readonly string[];
  /** Kept by `stop`; default: a temporary directory, removed by `stop`. */
  readonly dataDir?: string;
  readonly port?: number;
  /** The whole configuration instead of Debian's, with a listener on `port`, which must be given too. */
  readonly complete?: string;
}

export interface Mosquitto {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Dies without saving anything. */
  kill9(): Promise<void>;
  /** SIGTERM: saves and exits. Safe to call twice, and after kill9. */
  stop(): Promise<void>;
  /** Stops what still runs and starts again with the same data and port. */
  restart(): Promise<void>;
}

/** Path of the program, or null: it lives in a directory that is not on everybody's PATH. */
export function findMosquitto(): string | null {
  const directories = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  for (const directory of directories) {
    if (directory === '') continue;
    const file = join(directory, 'mosquitto');
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // not here; the next directory
    }
  }
  return null;
}

/** False: skip visibly. In CI a missing mosquitto is an error, not a skip. */
export function haveMosquitto(): boolean {
  const found = findMosquitto() !== null;
  if (!found && process.env['CI']) throw new Error('mosquitto is not installed, and CI must not skip its tests (Debian: apt-get install mosquitto)');
  return found;
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => {
        resolve(port);
      });
    });
  });
}

/** Starting takes about 20 ms; a loaded machine gets 15 s. */
const readyDeadlineMs = 15_000;
/** A free port may be taken by another test between finding and using it. */
const attemptsMax = 3;

export async function startMosquitto(options: MosquittoOptions = {}): Promise<Mosquitto> {
  const program = findMosquitto();
  if (program === null) throw new Error('mosquitto is not installed');
  const directory = options.dataDir ?? mkdtempSync(join(tmpdir(), 'mosquitto-'));
  mkdirSync(directory, { recursive: true });
  for (let attempt = 1; ; attempt += 1) {
    const port = options.port ?? (await freePort());
    const runner = new Runner(program, directory, port, options);
    try {
      await runner.start();
      return instance(runner, port, options.dataDir === undefined ? directory : null);
    } catch (error) {
      await runner.end('SIGKILL');
      if (options.port !== undefined || attempt === attemptsMax) throw error;
    }
  }
}

function instance(runner: Runner, port: number, temporary: string | null): Mosquitto {
  return {
    url: `mqtt://127.0.0.1:${port}`,
    port,
    get pid(): number {
      return runner.pid;
    },
    kill9: () => runner.end('SIGKILL'),
    stop: async () => {
      await runner.end('SIGTERM');
      if (temporary !== null) rmSync(temporary, { recursive: true, force: true });
    },
    restart: async () => {
      await runner.end('SIGTERM');
      await runner.start();
    },
  };
}

class Runner {
  private child: ChildProcess | null = null;
  private output = '';
  private readonly program: string;
  private readonly file: string;
  private readonly port: number;
  private readonly args: readonly string[];

  constructor(program: string, directory: string, port: number, { config = [], complete }: MosquittoOptions) {
    this.program = program;
    this.port = port;
    this.file = join(directory, 'mosquitto.conf');
    // /etc/mosquitto/mosquitto.conf of Debian 12; started as root it would drop to a user who cannot write here.
    const lines = [`pid_file ${directory}/mosquitto.pid`, 'persistence true', `persistence_location ${directory}/`, 'log_dest stderr', 'user root', ...config];
    writeFileSync(this.file, complete === undefined ? `${lines.join('\n')}\n` : `${complete}\nuser root\n`);
    // `-p` instead of a listener line keeps the default of a configuration without listeners: loopback only, anonymous allowed.
    this.args = ['-c', this.file, ...(complete === undefined ? ['-p', String(port)] : [])];
  }

  get pid(): number {
    if (this.child?.pid === undefined) throw new Error('mosquitto is not running');
    return this.child.pid;
  }

  async start(): Promise<void> {
    this.output = '';
    const child = spawn(this.program, [...this.args], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.child = child;
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.output = (this.output + text).slice(-4000);
    });
    let failure: string | null = null;
    child.once('error', (error) => {
      failure = error.message;
    });
    child.once('exit', (code, signal) => {
      failure = `exited with ${signal ?? code}`;
      if (this.child === child) this.child = null;
    });
    await waitFor(`mosquitto to listen on port ${this.port}`, async () => failure !== null || (await accepts(this.port)), {
      deadlineMs: readyDeadlineMs,
      state: () => this.output,
    });
    if (failure !== null) throw new Error(`mosquitto did not start: ${String(failure)}\n${this.output}`);
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const child = this.child;
    if (child === null || child.pid === undefined) return;
    const exited = new Promise<void>((resolve) => {
      child.once('exit', () => {
        resolve();
      });
    });
    process.kill(child.pid, signal);
    await exited;
    this.child = null;
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}
