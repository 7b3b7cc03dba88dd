/** The two processes whose memory and idle cost are compared: actors from the bundle, and bare connections. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Program, Session } from './session.ts';

export interface Started {
  readonly pid: number;
  /** From spawning it until it said that it is ready. */
  readonly readyMs: number;
  stop(): Promise<void>;
}

/** Starting takes half a second; a loaded machine gets 60 s. */
const readyDeadlineMs = 60_000;

/** Resolves with the time at which the program has said `word` so many times. */
async function ready(child: ChildProcess, stream: NodeJS.ReadableStream, word: string, times: number): Promise<number> {
  let output = '';
  const said = new Promise<number>((resolve) => {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
      if (output.split(word).length > times) resolve(performance.now());
    });
  });
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => {
      reject(new Error(`a process was not ready within ${readyDeadlineMs} ms: ${output.slice(-1000)}`));
    }, readyDeadlineMs).unref();
  });
  const ended = once(child, 'exit').then(() => {
    throw new Error(`a process ended instead of getting ready: ${output.slice(-1000)}`);
  });
  ended.catch(() => undefined);
  return Promise.race([said, late, ended]);
}

const repository = fileURLToPath(new URL('..', import.meta.url));

/** How the image starts Node: what is compared is what is shipped, and both sides get the same. */
function nodeFlags(): readonly string[] {
  const file = join(repository, 'Dockerfile');
  const entry = /^ENTRYPOINT (\[.*\])$/m.exec(readFileSync(file, 'utf8'))?.[1];
  if (entry === undefined) throw new Error(`${file}: expected a line ENTRYPOINT ["node", …]`);
  return (JSON.parse(entry) as readonly string[]).filter((word) => word.startsWith('--'));
}

interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What it says when it is ready, on which stream, and how often. */
  readonly word: string;
  readonly stream: 'stdout' | 'stderr';
  readonly times: number;
}

async function start(session: Session, { file, args, env, word, stream, times }: Command): Promise<Started> {
  const beganMs = performance.now();
  // Nothing of the machine's own settings leaks in.
  const child = spawn(process.execPath, [...nodeFlags(), file, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
  });
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  };
  session.defer(stop);
  if (child.pid === undefined) throw new Error(`${file} could not be started`);
  child[stream === 'stdout' ? 'stderr' : 'stdout'].resume();
  const readyMs = (await ready(child, child[stream], word, times)) - beganMs;
  return { pid: child.pid, readyMs, stop };
}

export interface ActorsOptions {
  readonly names: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** `homelab run <actor…>` from dist/; ready when each actor has read everything and is connected. */
export const startActors = (session: Session, { names, env }: ActorsOptions): Promise<Started> =>
  start(session, {
    file: join(repository, 'dist', 'homelab.mjs'),
    args: ['run', ...names],
    env: { HOMELAB_HTTP_PORT: '0', ...env, HOMELAB_LOG_LEVEL: 'info' },
    word: '"msg":"connected"',
    stream: 'stderr',
    times: names.length,
  });

export interface BareOptions {
  readonly url: string;
  readonly socketPath: string;
  readonly connections: number;
}

/** Ready when all its connections stand. */
export const startBare = (session: Session, { url, socketPath, connections }: BareOptions): Promise<Started> =>
  startProgram(session, 'bare-connections', [url, socketPath, String(connections)]);

/** The built-in broker from dist/; ready when it listens. */
export const startBroker = (session: Session, { port, directory }: { readonly port: number; readonly directory: string }): Promise<Started> =>
  start(session, {
    file: join(repository, 'dist', 'homelab.mjs'),
    args: ['broker', '--port', String(port)],
    env: { HOMELAB_ROOT: directory },
    word: 'broker at',
    stream: 'stdout',
    times: 1,
  });

/** A program of the bench that says `ready` when it is. */
export const startProgram = (session: Session, name: Program, args: readonly string[]): Promise<Started> =>
  start(session, { file: session.program(name), args, env: {}, word: 'ready', stream: 'stdout', times: 1 });

/** MiB in memory now. */
export function residentMiB({ pid }: Started): number {
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kib === undefined) throw new Error(`process ${pid} has ended`);
  return Number(kib) / 1024;
}

/** Seconds of processor time so far, of all its threads, to the nanosecond. */
export function processorSeconds({ pid }: Started): number {
  let nanos = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) nanos += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]);
  return nanos / 1e9;
}
