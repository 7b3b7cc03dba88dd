/** The real command on a machine for which nobody said where the inventory is: the one that comes with the program counts only for its own machines. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Broker, startBroker } from '../../bus/broker.ts';
import { silentLog } from '../../bus/log.ts';
import { TestClient, transportTo } from '../kit/conformance-brokers.ts';
import { waitFor } from '../kit/wait.ts';

const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
let root: string;
let broker: Broker;
let person: TestClient;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'inventory-default-'));
  broker = await startBroker({ host: '127.0.0.1', port: 0, dataDir: null, log: silentLog });
  person = await TestClient.connect(transportTo(`mqtt://127.0.0.1:${broker.port}`), { clientId: 'anna' });
  await person.link.subscribe(['homelab/desired/+']);
});
afterEach(async () => {
  await person.link.close();
  await broker.close();
  rmSync(root, { recursive: true, force: true });
});

/** Runs the inventory until `isDone`; gives its log. */
async function inventoryOf(node: string, what: string, isDone: () => boolean): Promise<string> {
  const env = { PATH: process.env['PATH'], HOMELAB_ROOT: root, HOMELAB_BROKER_URL: `mqtt://127.0.0.1:${broker.port}`, NODE_NAME: node };
  const child = spawn(process.execPath, ['--import', 'tsx', main, 'run', 'inventory'], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'close');
  let log = '';
  child.stderr.on('data', (data: Buffer) => {
    log += data.toString();
  });
  try {
    await waitFor(what, isDone, { emitter: person, deadlineMs: 20_000, state: () => log.slice(-1_000) });
  } finally {
    child.kill('SIGTERM');
    await ended;
  }
  return log;
}

const statusOf = (node: string): string | undefined => {
  const text = person.seen.findLast(({ topic }) => topic === `homelab/desired/${node}`)?.text;
  return text === undefined || text === '' ? undefined : (JSON.parse(text) as { status: string }).status;
};

describe('where nobody says where the inventory is', () => {
  it('a machine that the one of the program does not name is adopted, and told so once', async () => {
    const log = await inventoryOf('newcomer', 'the newcomer to be adopted', () => statusOf('newcomer') === 'adopted');
    expect(person.seen.map(({ topic }) => topic).filter((topic) => topic !== 'homelab/desired/newcomer')).toEqual([]);
    expect(log.split('\n').filter((line) => line.includes('`homelab init`'))).toHaveLength(1);
  });

  it('a machine that it names is declared, with all the others', async () => {
    const log = await inventoryOf('vps', 'the homelab to be declared', () => statusOf('vps') === 'declared' && statusOf('piha') === 'declared');
    expect(log).not.toContain('`homelab init`');
  });
});
