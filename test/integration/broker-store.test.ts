/** The disk of the embedded broker: what it has acknowledged survives kill -9, and no damage keeps it from starting. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startBroker } from '../../bus/broker.ts';
import { createLog, silentLog } from '../../bus/log.ts';
import { randomFrom } from '../kit/broker-fuzz-inputs.ts';
import { TestClient, transportTo } from '../kit/conformance-brokers.ts';
import { freePort } from '../kit/mosquitto.ts';
import { StepClock } from '../kit/step-clock.ts';
import { waitFor } from '../kit/wait.ts';

let directory: string;
const closers: (() => Promise<void>)[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'broker-store-'));
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  rmSync(directory, { recursive: true, force: true });
});

async function brokerProcess(port: number, dataDir: string): Promise<ChildProcess> {
  const script = new URL('../kit/broker-main.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--import', 'tsx', script, String(port), dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
  closers.push(() => kill(child));
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
    child.emit('output');
  });
  await waitFor('the broker process to listen', () => output.includes('ready'), { emitter: child, event: 'output', deadlineMs: 30_000 });
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exited = once(child, 'exit');
  process.kill(child.pid, 'SIGKILL');
  await exited;
}

describe('retained messages and their clears', () => {
  it('survive kill -9 at full speed, each as last acknowledged or later', async () => {
    const dataDir = join(directory, 'broker');
    const port = await freePort();
    const transport = transportTo(`mqtt://127.0.0.1:${port}`);
    const random = randomFrom(7);
    /** By topic: what was acknowledged last, and everything sent after it; '' is a clear. */
    const known = new Map<string, { acknowledged: string; sentSince: string[] }>();
    for (let life = 0; life < 3; life += 1) {
      const child = await brokerProcess(port, dataDir);
      const writer = await TestClient.connect(transport, { clientId: 'writer' });
      const sending: Promise<unknown>[] = [];
      for (let count = 0; count < 1_500; count += 1) {
        const topic = `d/${Math.floor(random() * 200)}`;
        const text = random() < 0.4 ? '' : `${life}-${count}`;
        const state = known.get(topic) ?? { acknowledged: '', sentSince: [] };
        known.set(topic, state);
        state.sentSince.push(text);
        const sent = writer.link.publish(topic, text, { retain: true }).then(() => {
          // Acknowledgements come in order: everything sent before this one is overtaken.
          state.sentSince.splice(0, state.sentSince.indexOf(text) + 1);
          state.acknowledged = text;
        });
        sending.push(sent.catch(() => undefined));
        if (count === 1_000) await sent;
      }
      await kill(child);
      await Promise.all(sending);
    }
    const child = await brokerProcess(port, dataDir);
    const reader = await TestClient.connect(transport, { clientId: 'reader' });
    await reader.link.subscribe(['d/#', 'fence']);
    await reader.link.publish('fence', 'fence', { retain: false });
    await reader.until('fence');
    const found = new Map(reader.seen.map(({ topic, text }) => [topic, text]));
    const wrong = [...known].filter(([topic, { acknowledged, sentSince }]) => ![acknowledged, ...sentSince].includes(found.get(topic) ?? ''));
    expect(wrong).toEqual([]);
    expect(found.size).toBeGreaterThan(50);
    await kill(child);
  });
});

describe('a damaged store', () => {
  it('never keeps the broker from starting: what cannot be read is set aside, with a message', async () => {
    const healthy = join(directory, 'healthy');
    for (let life = 0; life < 2; life += 1) {
      const broker = await startBroker({ host: '127.0.0.1', port: 0, dataDir: healthy, log: silentLog });
      const writer = await TestClient.connect(transportTo(`mqtt://127.0.0.1:${broker.port}`), { clientId: 'writer', clean: false });
      await writer.link.subscribe(['q']);
      await Promise.all(Array.from({ length: 200 }, (_, at) => writer.link.publish(`d/${at}`, `text ${at}`, { retain: true })));
      await broker.close();
    }
    const random = randomFrom(3);
    const files = readdirSync(healthy).filter((name) => name !== 'LOCK' && !name.startsWith('LOG'));
    const damages: readonly ((file: string) => void)[] = [
      (file) => truncateSync(file, Math.floor(readFileSync(file).length / 2)),
      (file) => writeFileSync(file, Buffer.alloc(readFileSync(file).length, 0xff)),
      (file) => rmSync(file),
      (file) => {
        const bytes = readFileSync(file);
        for (let times = 0; times < 20; times += 1) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
        writeFileSync(file, bytes);
      },
    ];
    let setAside = 0;
    for (const name of files) {
      for (const [at, damage] of damages.entries()) {
        const dataDir = join(directory, `${name}-${at}`);
        cpSync(healthy, dataDir, { recursive: true });
        damage(join(dataDir, name));
        const lines: string[] = [];
        const log = createLog({ level: 'error', destination: { write: (line) => lines.push(line) } });
        const broker = await startBroker({ host: '127.0.0.1', port: 0, dataDir, log });
        const one = await TestClient.connect(transportTo(`mqtt://127.0.0.1:${broker.port}`), { clientId: 'one' });
        await one.link.publish('d/new', 'works', { retain: true });
        await broker.close();
        const aside = readdirSync(directory).filter((each) => each.startsWith(`${name}-${at}.corrupt-`));
        setAside += aside.length;
        expect(lines.join('').includes('was set aside')).toBe(aside.length > 0);
      }
    }
    expect(setAside).toBeGreaterThan(2);
  });
});

describe('the time for which a session was without its client', () => {
  it('goes on through a restart of the broker', async () => {
    const dataDir = join(directory, 'broker');
    const hour = 3_600_000;
    const clock = new StepClock();
    const options = { host: '127.0.0.1', port: 0, dataDir, limits: { sessionExpiryMs: 10 * hour }, clock, log: silentLog };
    const first = await startBroker(options);
    const session = await TestClient.connect(transportTo(`mqtt://127.0.0.1:${first.port}`), { clientId: 'session', clean: false });
    await session.link.subscribe(['t']);
    await session.link.close();
    await waitFor('the session to be absent', () => first.figures()['clients/disconnected'] === 1);
    await first.close();
    clock.advance(9 * hour);
    const second = await startBroker(options);
    closers.push(() => second.close());
    expect(second.figures()['clients/disconnected']).toBe(1);
    await clock.run(hour + 120_000);
    await waitFor('the session to end', () => second.figures()['limits/sessions/ended'] === 1);
    expect(second.figures()['clients/disconnected']).toBe(0);
  });
});
