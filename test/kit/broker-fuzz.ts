/** Runs broker-fuzz-main.ts as a process of its own, because a broker may take its process down. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface FuzzResult {
  readonly inputs: number;
  readonly visits: number;
  /** Of the healthy client, one per batch of visits. */
  readonly roundTrips: number;
  readonly failedRoundTrips: number;
  /** Connections that the broker still held 3 s after their client had ended. */
  readonly heldOpen: number;
  readonly uncaught: readonly string[];
  /** MB after a garbage collection. */
  readonly heapAtHalf: number;
  readonly heapAtEnd: number;
  /** Publishes that got as far as the broker. */
  readonly published: number;
  /** -1: not known. */
  readonly retained: number;
  readonly seconds: number;
}

/** null: the process died; what it said is in the second place. */
export async function fuzzBroker(kind: 'ours' | 'plain', seed: number, inputs: number): Promise<readonly [FuzzResult | null, string]> {
  const script = new URL('./broker-fuzz-main.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--expose-gc', '--import', 'tsx', script, kind, String(seed), String(inputs)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  await once(child, 'close');
  try {
    return [JSON.parse(output) as FuzzResult, errors];
  } catch {
    return [null, `${output}\n${errors}`.slice(-2_000)];
  }
}
