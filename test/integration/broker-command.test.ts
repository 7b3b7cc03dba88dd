/** `homelab broker` as a process: where it listens, what it refuses to do, and how it ends. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { TestClient, transportTo } from '../kit/conformance-brokers.ts';
import { waitFor } from '../kit/wait.ts';

const main = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'broker-command-'));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

interface Run {
  readonly said: () => string;
  stop(): Promise<number | null>;
  readonly ended: Promise<number | null>;
}
function homelabBroker(args: readonly string[], env: Readonly<Record<string, string>> = {}): Run {
  const child = spawn(process.execPath, ['--import', 'tsx', main, 'broker', ...args], {
    env: { PATH: process.env['PATH'], HOMELAB_ROOT: root, HOMELAB_LOG_LEVEL: 'warn', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  }
  const ended = once(child, 'close').then(() => child.exitCode);
  return {
    said: () => output,
    ended,
    stop: () => {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

it('listens on TCP and WebSocket, says where, keeps what is retained, and ends cleanly on SIGTERM', async () => {
  for (const expected of [[], ['kept']]) {
    const run = homelabBroker(['--port', '0', '--ws-port', '0']);
    const said = /mqtt:\/\/127\.0\.0\.1:(\d+), ws:\/\/127\.0\.0\.1:\d+/;
    await waitFor('the broker to say where it listens', () => said.test(run.said()), { deadlineMs: 30_000, state: run.said });
    const client = await TestClient.connect(transportTo(`mqtt://127.0.0.1:${said.exec(run.said())?.[1]}`), { clientId: 'one' });
    await client.link.subscribe(['#']);
    await client.link.publish('fence', 'fence', { retain: false });
    await client.until('fence');
    expect(client.texts.slice(0, -1)).toEqual(expected);
    await client.link.publish('document', 'kept', { retain: true });
    await client.link.publish('homelab/actions/approved/bob', 'next', { retain: true });
    expect(await run.stop()).toBe(0);
  }
});

it('refuses to listen to the network without passwords, and TLS with half of what it needs', async () => {
  const [open, half, missing] = [
    homelabBroker(['--host', '0.0.0.0', '--port', '0']),
    homelabBroker(['--port', '0', '--tls-cert', 'cert.pem']),
    homelabBroker(['--port', '0'], { HOMELAB_BROKER_TLS_CERT: join(root, 'none.pem'), HOMELAB_BROKER_TLS_KEY: join(root, 'none.pem') }),
  ];
  expect(await Promise.all([open.ended, half.ended, missing.ended])).toEqual([2, 2, 2]);
  expect(open.said()).toContain('HOMELAB_CREDENTIALS');
  expect(half.said()).toContain('--tls-key');
  expect(missing.said()).toContain('HOMELAB_BROKER_TLS_CERT');
});
