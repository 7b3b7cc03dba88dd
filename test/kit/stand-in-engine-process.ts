/** Starts stand-in engines as processes of their own, scripts them, and reads back what they were made to do. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { SimulatedContainer } from '../../adapters/simulated/container.ts';
import type { Effect, Script } from './stand-in-engine.ts';
import { waitFor } from './wait.ts';

export interface StandIn {
  readonly socketPath: string;
  /** DOCKER_HOST, for programs that should use it. */
  readonly env: Readonly<Record<string, string>>;
  readonly pid: number;
  script(script: Script): Promise<void>;
  /** Everything that clients made it do, oldest first; survives its death. */
  effects(): readonly Effect[];
  /** Resolves when it is dead, by `die` or otherwise. */
  dead(): Promise<void>;
  kill9(): Promise<void>;
  /** Starts it again, ending it first if it runs; its containers are as they were given, its effects go on. */
  restart(): Promise<void>;
  /** Ends it and removes its directory. Safe to call twice. */
  stop(): Promise<void>;
}

const main = fileURLToPath(new URL('./stand-in-engine-main.ts', import.meta.url));
/** tsx takes half a second to start; a loaded machine gets 60 s. */
const readyDeadlineMs = 60_000;

export async function startStandIn(options: { readonly containers?: readonly SimulatedContainer[] } = {}): Promise<StandIn> {
  const directory = mkdtempSync(join(tmpdir(), 'stand-in-engine-'));
  const socketPath = join(directory, 'engine.sock');
  const effectsFile = join(directory, 'effects.jsonl');
  let child: ChildProcess | null = null;

  const start = async (): Promise<void> => {
    rmSync(socketPath, { force: true });
    const started = spawn(process.execPath, ['--import', 'tsx', main, JSON.stringify({ socketPath, effectsFile, containers: options.containers ?? [] })], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    child = started;
    let output = '';
    for (const stream of [started.stdout, started.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    await waitFor('the stand-in engine', () => output.includes('ready') || started.exitCode !== null, { deadlineMs: readyDeadlineMs, state: () => output });
    if (started.exitCode !== null) throw new Error(`the stand-in engine did not start: ${output}`);
  };
  const dead = async (): Promise<void> => {
    if (child !== null && child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  };
  const kill9 = async (): Promise<void> => {
    if (child !== null && child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await dead();
  };

  await start();
  return {
    socketPath,
    env: { DOCKER_HOST: `unix://${socketPath}` },
    get pid(): number {
      if (child?.pid === undefined) throw new Error('the stand-in engine does not run');
      return child.pid;
    },
    script: (script) => post(socketPath, script),
    effects: () => {
      if (!existsSync(effectsFile)) return [];
      const lines = readFileSync(effectsFile, 'utf8').split('\n').filter(Boolean);
      return lines.map((line) => JSON.parse(line) as Effect);
    },
    dead,
    kill9,
    restart: async () => {
      await kill9();
      await start();
    },
    stop: async () => {
      await kill9();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function post(socketPath: string, script: Script): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, path: '/_script', method: 'POST', agent: false }, (answer) => {
      answer.resume().once('end', resolve);
      if (answer.statusCode !== 200) reject(new Error(`the stand-in engine refused ${JSON.stringify(script)}`));
    });
    asked.once('error', reject).end(JSON.stringify(script));
  });
}
