/** The two processes whose memory and idle cost are compared: actors from the bundle, and bare connections. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { HomelabProcess } from '../test/kit/homelab-process.ts';
import type { Session } from './session.ts';

export interface Started {
  readonly pid: number;
  /** From spawning it until it said that it is ready. */
  readonly readyMs: number;
  stop(): Promise<void>;
}

/** Starting takes half a second; a loaded machine gets 60 s. */
const readyDeadlineMs = 60_000;

/** Resolves with the milliseconds until the program has said `word` so many times. */
async function ready(child: ChildProcess, stream: NodeJS.ReadableStream, word: string, times: number): Promise<number> {
  const beganMs = performance.now();
  let output = '';
  const said = new Promise<number>((resolve) => {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
      if (output.split(word).length > times) resolve(performance.now() - beganMs);
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

export interface ActorsOptions {
  readonly names: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** `homelab run <actor…>` from dist/; ready when each actor has read everything and is connected. */
export async function startActors(session: Session, { names, env }: ActorsOptions): Promise<Started> {
  const actors = new HomelabProcess(['run', ...names], env);
  session.defer(() => actors.stop());
  const { child } = actors;
  if (child.pid === undefined || child.stderr === null) throw new Error('homelab could not be started');
  const readyMs = await ready(child, child.stderr, '"msg":"connected"', names.length);
  return { pid: child.pid, readyMs, stop: () => actors.stop() };
}

export interface BareOptions {
  readonly url: string;
  readonly socketPath: string;
  readonly connections: number;
}

/** Ready when all its connections stand. */
export async function startBare(session: Session, { url, socketPath, connections }: BareOptions): Promise<Started> {
  const program = session.program('bare-connections');
  const child = spawn(process.execPath, [program, url, socketPath, String(connections)], { stdio: ['ignore', 'pipe', 'inherit'] });
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  };
  session.defer(stop);
  if (child.pid === undefined) throw new Error('the bare process could not be started');
  const readyMs = await ready(child, child.stdout, 'ready', 1);
  return { pid: child.pid, readyMs, stop };
}

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
