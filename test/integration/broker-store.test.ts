/** The disk of the embedded broker: what it has acknowledged survives kill -9, and no damage keeps it from starting. */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startBroker } from '../../bus/broker.ts';
import { createLog, silentLog } from '../../bus/log.ts';
import { randomFrom } from '../kit/broker-fuzz-inputs.ts';
import { brokerProcess } from '../kit/broker-process.ts';
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

describe('retained messages and their clears', () => {
  it('survive kill -9 at full speed, each as last acknowledged or later', async () => {
    const dataDir = join(directory, 'broker');
    const port = await freePort();
    const transport = transportTo(`mqtt://127.0.0.1:${port}`);
    const random = randomFrom(7);
    /** By topic: what was acknowledged last, and everything sent after it; '' is a clear. */
    const known = new Map<string, { acknowledged: string; sentSince: string[] }>();
    for (let life = 0; life < 3; life += 1) {
      const broker = await brokerProcess(port, dataDir);
      closers.push(broker.kill);
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
      await broker.kill();
      await Promise.all(sending);
    }
    const broker = await brokerProcess(port, dataDir);
    closers.push(broker.kill);
    const reader = await TestClient.connect(transport, { clientId: 'reader' });
    await reader.link.subscribe(['d/#', 'fence']);
    await reader.link.publish('fence', 'fence', { retain: false });
    await reader.until('fence');
    const found = new Map(reader.seen.map(({ topic, text }) => [topic, text]));
    const wrong = [...known].filter(([topic, { acknowledged, sentSince }]) => ![acknowledged, ...sentSince].includes(found.get(topic) ?? ''));
    expect(wrong).toEqual([]);
    expect(found.size).toBeGreaterThan(50);
    await broker.kill();
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
