/** `broker-main.ts` as a process of its own, killed by its own process id. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { waitFor } from './wait.ts';

const script = fileURLToPath(new URL('broker-main.ts', import.meta.url));

export interface BrokerProcess {
  readonly child: ChildProcess;
  /** With SIGKILL; resolves when it is gone, at once if it is already. */
  kill(): Promise<void>;
}

/** Resolves when it listens. */
export async function brokerProcess(port: number, dataDir: string): Promise<BrokerProcess> {
  const child = spawn(process.execPath, ['--import', 'tsx', script, String(port), dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    const exited = once(child, 'exit');
    process.kill(child.pid, 'SIGKILL');
    await exited;
  };
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    child.emit('output');
  });
  try {
    await waitFor('the broker process to listen', () => output.includes('ready'), { emitter: child, event: 'output', deadlineMs: 30_000 });
  } catch (error) {
    await kill();
    throw error;
  }
  return { child, kill };
}
