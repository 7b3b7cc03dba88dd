/** The real program as a process of its own: started, watched, killed by its own process id. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { waitFor } from './wait.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const bundle = join(repository, 'dist', 'homelab.mjs');

/** Builds the bundle if it is older than the sources; call once per file. */
export function buildBundle(): void {
  const built = spawnSync(process.execPath, [join(repository, 'scripts', 'build.mjs')], { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(`build failed: ${built.stdout}${built.stderr}`);
}

export type Environment = Readonly<Record<string, string>>;

/** The variables of this test only: nothing of the machine's own settings leaks in. The web page of each takes a port of its own. */
const environment = (extra: Environment): NodeJS.ProcessEnv => ({
  PATH: process.env.PATH,
  HOME: process.env.HOME,
  HOMELAB_LOG_LEVEL: 'info',
  HOMELAB_HTTP_PORT: '0',
  ...extra,
});

export class HomelabProcess {
  readonly child: ChildProcess;
  readonly name: string;
  log = '';
  out = '';

  /** `launcher`: a command that runs the one behind it in its own place, such as that of a network namespace. */
  constructor(args: readonly string[], env: Environment, launcher: readonly string[] = []) {
    this.name = args.join(' ');
    const [program = process.execPath, ...rest] = [...launcher, process.execPath, bundle, ...args];
    this.child = spawn(program, rest, { env: environment(env), stdio: ['ignore', 'pipe', 'pipe'] });
    this.child.stdout?.on('data', (data: Buffer) => {
      this.out += data.toString('utf8');
    });
    this.child.stderr?.on('data', (data: Buffer) => {
      this.log += data.toString('utf8');
    });
  }

  get hasExited(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Waits for a line of the log (pino JSON on stderr) or of the output. */
  async says(text: string, deadlineMs = 20_000): Promise<void> {
    await waitFor(`"${this.name}" to say ${text}`, () => this.log.includes(text) || this.out.includes(text), {
      deadlineMs,
      state: () => `${this.out.slice(-500)}\n${this.log.slice(-1500)}`,
    });
  }

  async exited(deadlineMs = 20_000): Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }> {
    await waitFor(`"${this.name}" to exit`, () => this.hasExited, { deadlineMs, state: () => this.log.slice(-1500) });
    return { code: this.child.exitCode, signal: this.child.signalCode };
  }

  async stop(): Promise<void> {
    await this.end('SIGTERM');
  }

  async kill9(): Promise<void> {
    await this.end('SIGKILL');
  }

  private async end(signal: NodeJS.Signals): Promise<void> {
    if (this.hasExited) return;
    const gone = once(this.child, 'exit');
    this.child.kill(signal);
    await gone;
  }
}

export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** One command to its end. */
export async function homelab(args: readonly string[], env: Environment, launcher: readonly string[] = []): Promise<CommandResult> {
  const run = new HomelabProcess(args, env, launcher);
  await run.exited(30_000);
  return { code: run.child.exitCode, stdout: run.out, stderr: run.log };
}

/** Actors of one machine, each in a process of its own or all in one, on one data directory. */
export class Machine {
  readonly dataRoot = mkdtempSync(join(tmpdir(), 'homelab-data-'));
  readonly env: Environment;
  private readonly launcher: readonly string[];
  private readonly processes = new Map<string, HomelabProcess>();

  /** `launcher`: as for HomelabProcess; `rig.site.launcher` puts the machine into that namespace. */
  constructor(env: Environment, launcher: readonly string[] = []) {
    this.launcher = launcher;
    this.env = { HOMELAB_ROOT: this.dataRoot, HOMELAB_INVENTORY: this.dataRoot, ...env };
  }

  start(...args: readonly string[]): HomelabProcess {
    const started = new HomelabProcess(args, this.env, this.launcher);
    this.processes.set(args.join(' '), started);
    return started;
  }

  /** Starts `homelab run <actor>` and waits until it is connected. */
  async run(actor: string, extra: Environment = {}): Promise<HomelabProcess> {
    const started = new HomelabProcess(['run', actor], { ...this.env, ...extra }, this.launcher);
    this.processes.set(actor, started);
    await started.says('"connected"');
    return started;
  }

  process(name: string): HomelabProcess {
    const found = this.processes.get(name);
    if (found === undefined) throw new Error(`no process was started as ${name}`);
    return found;
  }

  command(...args: readonly string[]): Promise<CommandResult> {
    return homelab(args, this.env, this.launcher);
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.processes.values()].map((each) => each.stop()));
    this.processes.clear();
  }

  async dispose(): Promise<void> {
    await this.stopAll();
    rmSync(this.dataRoot, { recursive: true, force: true });
  }
}
