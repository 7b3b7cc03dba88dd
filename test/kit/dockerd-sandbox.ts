/**
 * Namespaces of processes, mounts and network that end with this process, whatever way it ends: the first process inside waits for
 * the end of a pipe that only we hold, and with it the kernel ends all others and drops their mounts.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { waitFor } from './wait.ts';

// Debian keeps engines in directories that are not on everybody's PATH.
export const searchPath = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/local/sbin'].join(delimiter);

/** Making namespaces takes milliseconds; a loaded machine gets 60 s. */
const readyDeadlineMs = 60_000;

/** Its first process ends when our end of its input closes; while it waits it reaps what the engine's shims leave. */
const sandboxScript = `
mount -t tmpfs tmpfs /run || exit 1
mkdir -p /etc/docker && mount -t tmpfs tmpfs /etc/docker || exit 1
busybox ip link set lo up
echo ready
exec 3<&0
cat <&3 >/dev/null &
wait $!`;

export class Sandbox {
  readonly initPid: number;
  private readonly child: ChildProcess;

  private constructor(child: ChildProcess, initPid: number) {
    this.child = child;
    this.initPid = initPid;
  }

  /** `launcher`: puts it into a network that there is already (NetNamespace.launcher), instead of one of its own. */
  static async open(launcher: readonly string[] = []): Promise<Sandbox> {
    const network = launcher.length === 0 ? ['--net'] : [];
    const namespaces = ['--pid', '--fork', ...network, '--mount', '--mount-proc', '--kill-child', '--propagation', 'private'];
    const [program, ...args] = [...launcher, 'unshare', ...namespaces, 'sh', '-c', sandboxScript];
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { PATH: searchPath } });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    await waitFor('a namespace for the engine', () => output.includes('ready') || child.exitCode !== null, {
      deadlineMs: readyDeadlineMs,
      state: () => output,
    });
    if (child.exitCode !== null || child.pid === undefined) throw new Error(`no namespace for the engine: ${output}`);
    const [initPid] = childrenOf(child.pid);
    if (initPid === undefined) throw new Error('the namespace for the engine ended at once');
    return new Sandbox(child, initPid);
  }

  /** Arguments of nsenter that run something inside. */
  enter(...command: readonly string[]): string[] {
    return ['--target', String(this.initPid), '--pid', '--mount', '--net', ...command];
  }

  /**
   * Starts a program inside, as a child of the first process there (a waiting nsenter would stop itself whenever its child is stopped,
   * and then never reap it). Resolves with its pid as we see it; null: it ended at once.
   */
  async start(command: readonly string[], options: { readonly logFile: string; readonly env: NodeJS.ProcessEnv }): Promise<number | null> {
    const before = new Set(childrenOf(this.initPid));
    const script = 'log=$1; shift; "$@" </dev/null >>"$log" 2>&1 &';
    const starter = spawn('nsenter', this.enter('sh', '-c', script, 'sh', options.logFile, ...command), { stdio: 'ignore', env: options.env });
    await once(starter, 'exit');
    // Leftovers of an engine that was killed may become children here at any time: the program is known by its name too.
    const isIt = (pid: number): boolean => !before.has(pid) && argumentsOf(pid)[0] === command[0];
    // In the middle of its exec a living process shows no arguments at all.
    const stillStarting = (pid: number): boolean => !before.has(pid) && isAlive(pid) && ['sh', '', undefined].includes(argumentsOf(pid)[0]);
    await waitFor('the program to run', () => !childrenOf(this.initPid).some(stillStarting), { deadlineMs: readyDeadlineMs });
    return childrenOf(this.initPid).find(isIt) ?? null;
  }

  async close(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    process.kill(this.initPid, 'SIGKILL');
    await ended;
  }
}

function argumentsOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

/** A process that nobody has reaped yet is as dead as one that is gone. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

const childrenOf = (pid: number): number[] => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
