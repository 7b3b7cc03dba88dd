/**
 * Retained messages, 100,000 of them: how long a client waits from its SUBSCRIBE of one exact topic to the message, at our broker and
 * at plain aedes, beside the same with a single one; and how long one client takes to publish them all at QoS 1, to the last PUBACK.
 *
 * Ours keeps them on disk, as always; so does plain aedes where they are loaded. Where they are looked up it has them in memory,
 * its faster way.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MqttClient } from 'mqtt';
import { connectPacket, publishPacket } from '../test/kit/broker-fuzz-inputs.ts';
import { waitFor } from '../test/kit/wait.ts';
import type { Figure, Row } from './figure.ts';
import type { Session } from './session.ts';
import { digits, median, middle, percentile, range, ratios } from './statistics.ts';

/** From the issue: twice a large site. */
const messages = 100_000;
const lookUps = 300;
/** Not counted: client and brokers are cold. */
const warmUps = 50;
const loads = 10;
/** From the issue. */
const lookUpMsMax = 1;
/** As bus/mqtt-link.ts: what may be on its way at once. */
const windowMax = 1_000;

const topicOf = (at: number): string => `bench/room-${at % 100}/sensor-${Math.floor(at / 100)}/state`;
const payload = JSON.stringify({ status: 'healthy', summary: 'a sensor that says what sensors say', ts: '2026-03-01T12:00:00.000Z', session: 1, rev: 1 });
/** Packet ids are free again long before they come round. */
const packets = (count: number): readonly Buffer[] => Array.from({ length: count }, (_, at) => publishPacket(topicOf(at), payload, 3, (at % 60_000) + 1));

export const retained: Figure = {
  name: 'retained',
  needs: [],
  run: async (session): Promise<readonly Row[]> => {
    session.buildHomelab();
    return [...(await lookUpRows(session)), await loadRow(session)];
  },
};

async function lookUpRows(session: Session): Promise<readonly Row[]> {
  session.say(`retained: one of ${messages}`);
  const ports = [await ownBroker(session), await plainBroker(session, 'in memory'), await ownBroker(session), await plainBroker(session, 'in memory')];
  const kept = [messages, messages, 1, 1];
  const clients: MqttClient[] = [];
  for (const [at, port] of ports.entries()) {
    await load(port, packets(kept[at] ?? 0));
    clients.push(await clientAt(session, port));
  }
  const taken: readonly number[][] = [[], [], [], []];
  for (let round = 0; round < warmUps + lookUps; round += 1) {
    for (const [at, client] of clients.entries()) {
      const ms = await lookUp(client, topicOf((round * 7_919) % (kept[at] ?? 1)));
      if (round >= warmUps) taken[at]?.push(ms);
    }
  }
  const [ours = [], plain = [], oursOfOne = [], plainOfOne = []] = taken;
  const shown = (values: readonly number[]): string => `${digits(median(values))} ms, p99 ${digits(percentile(values, 0.99))}`;
  const row = (figure: string, mine: readonly number[], [reference, others]: readonly [string, readonly number[]]): Omit<Row, 'goal' | 'met'> => ({
    figure,
    ours: shown(mine),
    reference: `${shown(others)} (${reference})`,
    ratio: digits(median(mine) / median(others)),
    spread: `${middle(mine)}, n=${mine.length}`,
  });
  return [
    {
      ...row(`one of ${messages} retained, SUBSCRIBE to message`, ours, ['plain aedes', plain]),
      goal: `< ${lookUpMsMax} ms`,
      met: median(ours) < lookUpMsMax,
    },
    { ...row('the same beside one of 1', ours, ['ours', oursOfOne]), goal: '-', met: null },
    { ...row('one of 1', oursOfOne, ['plain aedes', plainOfOne]), goal: '-', met: null },
  ];
}

async function loadRow(session: Session): Promise<Row> {
  session.say(`retained: loading ${messages}`);
  const all = packets(messages);
  const ours: number[] = [];
  const plain: number[] = [];
  for (let repetition = 0; repetition < loads; repetition += 1) {
    const turns = [
      () => session.scope(async (scope) => ours.push(await load(await ownBroker(scope), all))),
      () => session.scope(async (scope) => plain.push(await load(await plainBroker(scope, 'on disk'), all))),
    ];
    for (const turn of repetition % 2 === 0 ? turns : turns.toReversed()) await turn();
  }
  const each = ratios(ours, plain);
  return {
    figure: `loading ${messages} retained, to the last PUBACK`,
    ours: `${digits(median(ours) / 1000)} s`,
    reference: `${digits(median(plain) / 1000)} s (plain aedes)`,
    ratio: digits(median(each)),
    spread: `${range(each)}, n=${each.length}`,
    goal: '-',
    met: null,
  };
}

const bundle = fileURLToPath(new URL('../dist/homelab.mjs', import.meta.url));
/** From its sources: bundled, it would not find the binary of LevelDB. */
const plainAedes = fileURLToPath(new URL('../test/kit/plain-aedes-main.ts', import.meta.url));

const ownBroker = (session: Session): Promise<number> => {
  return portOf(session, [bundle, 'broker', '--port', '0'], { HOMELAB_ROOT: session.temporaryDirectory(), HOMELAB_LOG_LEVEL: 'warn' });
};

const plainBroker = (session: Session, where: 'in memory' | 'on disk'): Promise<number> =>
  portOf(session, ['--import', 'tsx', plainAedes, ...(where === 'on disk' ? [join(session.temporaryDirectory(), 'broker')] : [])], {});

/** Of a process that says where it listens; it ends with the session. */
async function portOf(session: Session, args: readonly string[], env: Readonly<Record<string, string>>): Promise<number> {
  const child: ChildProcess = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'], env: { PATH: process.env['PATH'], ...env } });
  session.defer(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  });
  let said = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const found = await waitFor('a broker to listen', () => /mqtt:\/\/127\.0\.0\.1:(\d+)/.exec(said), { deadlineMs: 60_000, state: () => said });
  return Number(found[1]);
}

/** Milliseconds until the last PUBACK. */
async function load(port: number, all: readonly Buffer[]): Promise<number> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true });
  socket.write(connectPacket('loader'));
  await once(socket, 'data');
  const beganMs = performance.now();
  await new Promise<void>((resolve, reject) => {
    let sent = 0;
    let bytesBack = 0;
    const send = (): void => {
      // A PUBACK has four bytes, and nothing else comes back.
      const end = Math.min(all.length, windowMax + Math.floor(bytesBack / 4));
      if (end > sent) socket.write(Buffer.concat(all.slice(sent, end)));
      sent = end;
    };
    socket.on('data', (chunk: Buffer) => {
      bytesBack += chunk.length;
      if (bytesBack === all.length * 4) resolve();
      else send();
    });
    socket.once('close', () => {
      reject(new Error(`the broker closed the connection after ${Math.floor(bytesBack / 4)} of ${all.length} messages`));
    });
    send();
  });
  const tookMs = performance.now() - beganMs;
  socket.destroy();
  return tookMs;
}

async function clientAt(session: Session, port: number): Promise<MqttClient> {
  const client = new MqttClient(() => connect({ host: '127.0.0.1', port, noDelay: true }), { clientId: 'reader', protocolVersion: 4, reconnectPeriod: 0 });
  session.defer(() => client.endAsync(true));
  await new Promise<void>((resolve, reject) => {
    client.once('connect', () => resolve());
    client.once('error', reject);
  });
  return client;
}

/** Milliseconds from the SUBSCRIBE to the retained message. */
async function lookUp(client: MqttClient, topic: string): Promise<number> {
  const arrived = new Promise<string>((resolve) => {
    client.once('message', (of) => resolve(of));
  });
  const beganMs = performance.now();
  client.subscribe(topic, { qos: 1 });
  const of = await arrived;
  const tookMs = performance.now() - beganMs;
  if (of !== topic) throw new Error(`${of} came for ${topic}`);
  await client.unsubscribeAsync(topic);
  return tookMs;
}
