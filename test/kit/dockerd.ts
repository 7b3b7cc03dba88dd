/**
 * A private, real container engine for tests: Debian's dockerd as root, in its own data, exec and run directories and
 * in its own process, network and mount namespaces, so that it can neither touch another engine (a second dockerd
 * deletes the first one's docker0) nor leave anything behind: when the test process ends in whatever way, a pipe
 * closes, the first process of the namespace ends, and the kernel kills the engine, its containerd, its shims and its
 * containers and drops their mounts. Directories and cgroups of a test process that was killed are swept by the next start.
 */
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { isAlive, Sandbox, searchPath } from './dockerd-sandbox.ts';
import { importBusybox } from './images.ts';
import { waitFor } from './wait.ts';

export interface Dockerd {
  readonly socketPath: string;
  /** Environment for programs that should use this engine: DOCKER_HOST, and a DOCKER_CONFIG that is not the user's. */
  readonly env: Readonly<Record<string, string>>;
  /** As this process sees it; changes with each start. */
  readonly pid: number;
  /** Runs the docker command line against this engine; resolves with its output, rejects with its errors. */
  docker(...args: readonly string[]): Promise<string>;
  /** The tag of a 2 MB image. */
  importBusybox(): Promise<string>;
  /** SIGSTOP: the socket accepts, nobody answers. */
  pause(): void;
  resume(): void;
  /** The engine dies; its containers go on until it is started again. */
  kill9(): Promise<void>;
  /** SIGTERM, as `systemctl stop` does: it stops its containers first. */
  terminate(): Promise<void>;
  /** Starts it again on the same data, ending it first if it runs. */
  restart(): Promise<void>;
  /** Kills the main process of a container from outside the engine, as the kernel would. */
  killFromHost(container: string): Promise<void>;
  /** Ends everything and removes everything. Safe to call twice. */
  stop(): Promise<void>;
}

export interface DockerdOptions {
  readonly args?: readonly string[];
  /** Puts it into a network that there is already (NetNamespace.launcher): its containers are reached there with `--network host`. */
  readonly launcher?: readonly string[];
}

/** Starting takes about 0.4 s; a loaded machine gets 60 s. */
const readyDeadlineMs = 60_000;
/** No docker command of a test takes longer than stopping a deaf container (10 s) and some. */
const commandDeadlineMs = 60_000;

const programs = ['dockerd', 'containerd', 'docker', 'busybox', 'unshare', 'nsenter', 'tar'];
const onPath = (name: string): boolean => searchPath.split(delimiter).some((directory) => directory !== '' && existsSync(join(directory, name)));

/** Compose of the first generation, as Debian 12 has it. */
export const composeProgram = 'docker-compose';

/** False: skip visibly. In CI a missing compose is an error, not a skip. */
export function haveCompose(): boolean {
  const found = onPath(composeProgram);
  if (!found && process.env['CI'])
    throw new Error(`${composeProgram} is not installed, and CI must not skip its tests (Debian: apt-get install docker-compose)`);
  return found;
}

/** What is missing for a private engine here, or null. */
function missing(): string | null {
  if (process.getuid?.() !== 0) return 'root';
  const absent = programs.filter((name) => !onPath(name));
  if (absent.length > 0) return absent.join(', ');
  const tried = spawnSync('unshare', ['--pid', '--fork', '--net', '--mount', 'true'], { env: { PATH: searchPath } });
  return tried.status === 0 ? null : 'the right to make namespaces';
}

/** False: skip visibly. In CI a missing engine is an error, not a skip. */
export function haveDockerd(): boolean {
  const what = missing();
  if (what !== null && process.env['CI']) {
    throw new Error(`a private container engine needs ${what}, and CI must not skip its tests (Debian: apt-get install docker.io busybox-static)`);
  }
  return what === null;
}

class Engine implements Dockerd {
  readonly directory: string;
  readonly socketPath: string;
  readonly env: Readonly<Record<string, string>>;
  private readonly sandbox: Sandbox;
  private readonly args: readonly string[];
  private runningPid: number | null = null;
  private image: Promise<string> | null = null;
  private stopped = false;

  constructor(directory: string, sandbox: Sandbox, args: readonly string[]) {
    this.directory = directory;
    this.sandbox = sandbox;
    this.args = args;
    this.socketPath = join(directory, 'docker.sock');
    this.env = { DOCKER_HOST: `unix://${this.socketPath}`, DOCKER_CONFIG: join(directory, 'cli') };
  }

  get pid(): number {
    if (this.runningPid === null) throw new Error('dockerd is not running');
    return this.runningPid;
  }

  private get logFile(): string {
    return join(this.directory, 'dockerd.log');
  }

  private commandLine(): string[] {
    const at = (name: string): string => join(this.directory, name);
    return [
      ...['dockerd', '--config-file', at('daemon.json'), '--data-root', at('data'), '--exec-root', at('exec'), '--pidfile', at('pid')],
      ...['--host', `unix://${this.socketPath}`, '--cgroup-parent', `/${basename(this.directory)}`, '--exec-opt', 'native.cgroupdriver=cgroupfs'],
      // Machines without CAP_SYS_RESOURCE cannot lower it; nothing here needs it lower.
      ...['--oom-score-adjust', '0', '--userland-proxy=false', '--log-level', 'warn', ...this.args],
    ];
  }

  async start(): Promise<void> {
    // A killed engine leaves both; a pid in another namespace's numbers may look alive to the new one.
    for (const name of ['pid', 'docker.sock', 'exec/containerd/containerd.pid']) rmSync(join(this.directory, name), { force: true });
    const pid = await this.sandbox.start(this.commandLine(), { logFile: this.logFile, env: { PATH: searchPath, HOME: this.directory } });
    await waitFor('dockerd to answer', async () => pid === null || !isAlive(pid) || (await pings(this.socketPath)), {
      deadlineMs: readyDeadlineMs,
      state: () => this.logTail(),
    });
    if (pid === null || !isAlive(pid)) throw new Error(`dockerd did not start:\n${this.logTail()}`);
    this.runningPid = pid;
  }

  private logTail(): string {
    return existsSync(this.logFile) ? readFileSync(this.logFile, 'utf8').slice(-3000) : '(no log)';
  }

  private async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const pid = this.runningPid;
    if (pid === null) return;
    this.runningPid = null;
    if (isAlive(pid)) process.kill(pid, signal);
    await waitFor('dockerd to end', () => !isAlive(pid), { deadlineMs: readyDeadlineMs, state: () => this.logTail() });
  }

  kill9(): Promise<void> {
    return this.end('SIGKILL');
  }

  terminate(): Promise<void> {
    return this.end('SIGTERM');
  }

  async restart(): Promise<void> {
    await this.terminate();
    await this.start();
  }

  pause(): void {
    process.kill(this.pid, 'SIGSTOP');
    // On a busy machine its threads go on for a moment: until the last of them has stopped it may still answer.
    const untilMs = Date.now() + stoppedWithinMs;
    while (!hasStopped(this.pid)) if (Date.now() > untilMs) throw new Error(`dockerd (${this.pid}) did not stop`);
  }

  resume(): void {
    process.kill(this.pid, 'SIGCONT');
  }

  docker(...args: readonly string[]): Promise<string> {
    return runProgram('docker', args, this.env);
  }

  importBusybox(): Promise<string> {
    this.image ??= importBusybox((...args) => this.docker(...args));
    return this.image;
  }

  async killFromHost(container: string): Promise<void> {
    const pid = await this.docker('inspect', '--format', '{{.State.Pid}}', container);
    if (!/^[1-9]\d*$/.test(pid)) throw new Error(`${container} does not run`);
    await runProgram('nsenter', this.sandbox.enter('sh', '-c', `kill -9 ${pid}`), {});
  }

  async stop(): Promise<void> {
    if (this.stopped) return;
    this.stopped = true;
    await this.sandbox.close();
    this.runningPid = null;
    removeTraces(this.directory);
  }
}

const stoppedWithinMs = 5_000;

/** Every thread is in state T (proc(5)). */
function hasStopped(pid: number): boolean {
  const tasks = `/proc/${pid}/task`;
  return readdirSync(tasks).every((task) => / \(.*\) T /s.test(` ${readFileSync(join(tasks, task, 'stat'), 'utf8')}`));
}

function runProgram(program: string, args: readonly string[], env: Readonly<Record<string, string>>): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { env: { PATH: searchPath, ...env }, timeout: commandDeadlineMs, maxBuffer: 64 * 1024 * 1024 };
    execFile(program, [...args], options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout.trimEnd());
      else reject(new Error(`${program} ${args.join(' ')}: ${stderr.trim() || error.message}`));
    });
  });
}

function pings(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ socketPath, path: '/_ping', timeout: 1000, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    asked.once('timeout', () => asked.destroy());
    asked.once('error', () => {
      resolve(false);
    });
    asked.end();
  });
}

const directoryPrefix = 'homelab-dockerd-';

function removeTraces(directory: string): void {
  rmSync(directory, { recursive: true, force: true });
  const root = '/sys/fs/cgroup';
  if (!existsSync(root)) return;
  // cgroup v2 has one tree, v1 one for each controller.
  const trees = [root, ...readdirSync(root, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [join(root, entry.name)] : []))];
  for (const tree of trees) removeCgroup(join(tree, basename(directory)));
}

function removeCgroup(directory: string): void {
  try {
    for (const entry of readdirSync(directory, { withFileTypes: true })) if (entry.isDirectory()) removeCgroup(join(directory, entry.name));
    rmdirSync(directory);
  } catch {
    // not there, or still in use: an empty cgroup harms nobody
  }
}

/** The name of a directory says whose it is. */
function sweepLeftovers(): void {
  for (const name of readdirSync(tmpdir())) {
    const owner = new RegExp(`^${directoryPrefix}(\\d+)-`).exec(name)?.[1];
    if (owner !== undefined && !existsSync(`/proc/${owner}`)) removeTraces(join(tmpdir(), name));
  }
}

export async function startDockerd(options: DockerdOptions = {}): Promise<Dockerd> {
  const what = missing();
  if (what !== null) throw new Error(`a private container engine needs ${what}`);
  sweepLeftovers();
  const directory = mkdtempSync(join(tmpdir(), `${directoryPrefix}${process.pid}-`));
  mkdirSync(join(directory, 'cli'));
  writeFileSync(join(directory, 'daemon.json'), '{}');
  const sandbox = await Sandbox.open(options.launcher);
  const engine = new Engine(directory, sandbox, options.args ?? []);
  try {
    await engine.start();
  } catch (error) {
    await engine.stop();
    throw error;
  }
  return engine;
}
