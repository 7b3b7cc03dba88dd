/**
 * Runs a program to its end with a deadline. Reads and writes nothing itself; remembers nothing.
 * Fails: never by rejecting; a program that is missing, hangs or is killed is a result of its own.
 */
import { spawn } from 'node:child_process';

export type Ran =
  | { readonly kind: 'ended'; readonly code: number; readonly stdout: string; readonly stderr: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'too-late' };

export interface RunOptions {
  readonly deadlineMs: number;
  readonly cwd?: string;
  /** All of its environment; absent: that of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A complaint is a few lines; more is kept out of memory. */
const outputCharsMax = 256 * 1024;

export function runProgram(command: string, args: readonly string[], { deadlineMs, cwd, env }: RunOptions): Promise<Ran> {
  return new Promise((resolve) => {
    // In a group of its own: docker-compose may have children, and Ctrl-C on the terminal is for us to handle.
    const child = spawn(command, [...args], { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    const texts = { stdout: '', stderr: '' };
    const take = (name: keyof typeof texts) => (chunk: string) => {
      texts[name] = (texts[name] + chunk).slice(0, outputCharsMax);
    };
    child.stdout.setEncoding('utf8').on('data', take('stdout'));
    child.stderr.setEncoding('utf8').on('data', take('stderr'));
    const timer = setTimeout(() => {
      end({ kind: 'too-late' });
      // Its whole group; and nobody waits for what a grandchild keeps open.
      if (child.pid !== undefined) killGroup(child.pid);
      child.stdout.destroy();
      child.stderr.destroy();
    }, deadlineMs);
    const end = (ran: Ran): void => {
      clearTimeout(timer);
      resolve(ran);
    };
    child.on('error', () => {
      end({ kind: 'missing' });
    });
    child.on('close', (code, signal) => {
      end({ kind: 'ended', code: code ?? 1, stdout: texts.stdout, stderr: signal === null ? texts.stderr : `${texts.stderr}\nended by ${signal}` });
    });
  });
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended by itself meanwhile.
  }
}
