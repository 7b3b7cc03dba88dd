/**
 * What access costs: connections a second, and publishes a second at QoS 1, at a broker that asks for a login and holds each topic against
 * its rules, and the same with TLS, beside the same broker open to everybody. mosquitto with the generated files, and the built-in broker.
 *
 * The client is this process, so that with TLS its half of each handshake is part of the figure.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { readTree } from '../adapters/files/tree.ts';
import { withPassword, writeLogins } from '../adapters/logins/logins-file.ts';
import { siteBroker } from '../cli/broker-config/site-broker.ts';
import { siteFiles } from '../cli/broker-config/site-files.ts';
import { makeAuthority, makeServerCertificate } from '../cli/creds/certificate.ts';
import { topicRoot } from '../contracts/defaults.ts';
import { topics } from '../contracts/topics.ts';
import { matrixHomelab } from '../test/kit/access-matrix.table.ts';
import { connectPacket, publishPacket, subscribePacket } from '../test/kit/broker-fuzz-inputs.ts';
import { type Files, writeFiles } from '../test/kit/declared-files.ts';
import { HomelabProcess } from '../test/kit/homelab-process.ts';
import { freePort, startMosquitto } from '../test/kit/mosquitto.ts';
import { type BrokerKind, brokerNames } from './broker.ts';
import type { Figure, Row } from './figure.ts';
import type { Session } from './session.ts';
import { digits, median, range, ratios } from './statistics.ts';

const repetitions = 10;
/** A site of ten nodes makes 120 when its broker comes back. */
const connects = 120;
/** As many as come at once from one machine with all of its actors. */
const connectsAtOnce = 12;
const publishes = 4_000;
/** As bus/mqtt-link.ts: what may be on its way at once. */
const windowMax = 1_000;

const login = 'node-agent-vps';
/** As homelab creds makes them, with as many signs. */
const password = 'x'.repeat(24);
const topic = `${topicRoot}/${topics.events.build({ node: 'vps' })}`;
const payload = JSON.stringify({ type: 'service_unhealthy', node: 'vps', message: 'container answered its health check with exit code 1', payload: {} });

type Shape = 'open' | 'logins' | 'TLS';
interface Door {
  readonly kind: BrokerKind;
  readonly shape: Shape;
  readonly port: number;
  /** null: without TLS. */
  readonly ca: string | null;
}

export const access: Figure = {
  name: 'access',
  needs: ['mosquitto'],
  run: async (session): Promise<readonly Row[]> => {
    session.say('access');
    session.buildHomelab();
    const doors = [...(await mosquittoDoors(session)), ...(await ownDoors(session))];
    for (const door of doors) await checkHeard(door);
    const rates = doors.map(() => ({ connects: [] as number[], publishes: [] as number[] }));
    // The first is not counted: all programs are cold.
    for (let repetition = 0; repetition <= repetitions; repetition += 1) {
      const order = doors.map((door, at) => ({ door, taken: rates[at] }));
      for (const { door, taken } of repetition % 2 === 0 ? order : order.toReversed()) {
        taken?.connects.push(await connectRate(door));
        taken?.publishes.push(await publishRate(door));
      }
      if (repetition === 0) for (const taken of rates) taken.connects.length = taken.publishes.length = 0;
    }
    const of = (kind: BrokerKind, shape: Shape): { readonly connects: readonly number[]; readonly publishes: readonly number[] } =>
      rates[doors.findIndex((door) => door.kind === kind && door.shape === shape)] ?? { connects: [], publishes: [] };
    return (['mosquitto', 'own'] as const).flatMap((kind) =>
      (['connects', 'publishes'] as const).flatMap((what) =>
        (['logins', 'TLS'] as const).map((shape) => rowOf({ kind, what, shape }, of(kind, shape)[what], of(kind, 'open')[what])),
      ),
    );
  },
};

function rowOf(
  { kind, what, shape }: { readonly kind: BrokerKind; readonly what: 'connects' | 'publishes'; readonly shape: Shape },
  ours: readonly number[],
  open: readonly number[],
): Row {
  const each = ratios(ours, open);
  return {
    figure: `access, ${what} with ${shape === 'TLS' ? 'logins, rules and TLS' : 'logins and rules'}, ${brokerNames[kind]}`,
    ours: `${digits(median(ours))} a second`,
    reference: `${digits(median(open))} (open)`,
    ratio: digits(median(each)),
    spread: `${range(each)}, n=${each.length}`,
    goal: '-',
    met: null,
  };
}

interface Tls {
  readonly directory: string;
  readonly ca: string;
}

function makeTls(session: Session): Tls {
  const directory = session.temporaryDirectory();
  const authority = makeAuthority('bench', Date.now());
  const { cert, key } = makeServerCertificate(authority, ['127.0.0.1'], Date.now());
  writeFileSync(join(directory, 'server.pem'), cert);
  writeFileSync(join(directory, 'server-key.pem'), key);
  return { directory, ca: authority.cert };
}

function declaredIn(session: Session, files: Files): string {
  const directory = writeFiles(files);
  session.defer(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  return directory;
}

/** Two processes: one with both doors that ask, one without any login. */
async function mosquittoDoors(session: Session): Promise<readonly Door[]> {
  const [clear, tlsPort, openPort] = [await freePort(), await freePort(), await freePort()];
  const tls = makeTls(session);
  const directory = session.temporaryDirectory();
  const paths = { acl: join(directory, 'acl.conf'), passwords: join(directory, 'passwd'), tls: `${tls.directory}/`, data: `${directory}/` };
  const files = matrixHomelab({ ports: { hub: clear, cabin: 1 }, hubBroker: `, tls: { port: ${tlsPort}, listen: [loopback] }` });
  const generated = siteFiles(siteBroker(await readTree(declaredIn(session, files)), 'hub', topicRoot), paths);
  const conf = generated.get('mosquitto.conf') ?? '';
  writeFileSync(paths.acl, generated.get('acl.conf') ?? '');
  const known = (await withPassword(new Map(), login, password, { isRandom: true })).get(login);
  writeFileSync(paths.passwords, `${login}:${known?.mosquitto ?? ''}\n`);
  const open = conf
    .replace(/^(allow_anonymous|password_file|acl_file|listener|certfile|keyfile|max_connections) .*\n/gm, '')
    .replaceAll(`${directory}/`, `${directory}/open/`);
  mkdirSync(join(directory, 'open'));
  const asking = await startMosquitto({ complete: conf, port: clear, dataDir: directory });
  session.defer(() => asking.stop());
  const unasking = await startMosquitto({
    complete: `listener ${openPort} 127.0.0.1\nallow_anonymous true\n${open}`,
    port: openPort,
    dataDir: join(directory, 'open'),
  });
  session.defer(() => unasking.stop());
  return [
    { kind: 'mosquitto', shape: 'open', port: openPort, ca: null },
    { kind: 'mosquitto', shape: 'logins', port: clear, ca: null },
    { kind: 'mosquitto', shape: 'TLS', port: tlsPort, ca: tls.ca },
  ];
}

async function ownDoors(session: Session): Promise<readonly Door[]> {
  const tls = makeTls(session);
  const inventory = declaredIn(session, matrixHomelab({ ports: { hub: 1883, cabin: 1884 } }));
  const start = async (root: string, args: readonly string[]): Promise<HomelabProcess> => {
    const env = { HOMELAB_ROOT: root, HOMELAB_INVENTORY: inventory, NODE_NAME: 'vps', HOMELAB_LOG_LEVEL: 'warn' };
    const started = new HomelabProcess(['broker', '--port', '0', ...args], env);
    session.defer(() => started.stop());
    await started.says('homelab: broker at');
    return started;
  };
  const open = await start(session.temporaryDirectory(), []);
  const root = session.temporaryDirectory();
  writeLogins(join(root, 'logins.yaml'), await withPassword(new Map(), login, password, { isRandom: true }));
  const files = ['--tls-cert', join(tls.directory, 'server.pem'), '--tls-key', join(tls.directory, 'server-key.pem')];
  const asking = await start(root, [...files, '--tls-port', '0']);
  const portIn = ({ out }: HomelabProcess, scheme: string): number => Number(new RegExp(`\\b${scheme}://127\\.0\\.0\\.1:(\\d+)`).exec(out)?.[1]);
  return [
    { kind: 'own', shape: 'open', port: portIn(open, 'mqtt'), ca: null },
    { kind: 'own', shape: 'logins', port: portIn(asking, 'mqtt'), ca: null },
    { kind: 'own', shape: 'TLS', port: portIn(asking, 'mqtts'), ca: tls.ca },
  ];
}

const text = (value: string): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 255]), bytes]);
};
/** User name, password and clean session (3.1.2.3). */
const connectFlags = 0xc2;
let clients = 0;

/** A socket with a CONNACK that says yes. */
function enter({ port, ca }: Door): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = ca === null ? connect({ host: '127.0.0.1', port, noDelay: true }) : connectTls({ host: '127.0.0.1', port, ca });
    socket.setNoDelay(true);
    socket.once('error', reject);
    clients += 1;
    socket.write(connectPacket(`bench-${clients}`, connectFlags, [text(login), text(password)]));
    socket.once('data', (chunk: Buffer) => {
      if (chunk[0] === 0x20 && chunk[3] === 0) resolve(socket);
      else reject(new Error(`the broker said ${chunk.toString('hex')} to a CONNECT`));
    });
  });
}

/** What is refused is acknowledged too: that these messages are delivered is seen once, before anything is measured. */
async function checkHeard(door: Door): Promise<void> {
  const socket = await enter(door);
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${door.kind}, ${door.shape}: a message of ${login} does not come back`)), 10_000);
    let heard = '';
    socket.on('data', (chunk: Buffer) => {
      heard += chunk.toString('latin1');
      if (!heard.includes(payload)) return;
      clearTimeout(timer);
      resolve();
    });
    socket.write(subscribePacket([[topic, 0]]));
    socket.write(publishPacket(topic, payload, 2, 1));
  });
  socket.destroy();
}

/** From the first SYN to the last CONNACK. */
async function connectRate(door: Door): Promise<number> {
  const sockets: Socket[] = [];
  let left = connects;
  const beganMs = performance.now();
  await Promise.all(
    Array.from({ length: connectsAtOnce }, async () => {
      while (left > 0) {
        left -= 1;
        sockets.push(await enter(door));
      }
    }),
  );
  const seconds = (performance.now() - beganMs) / 1_000;
  for (const socket of sockets) socket.destroy();
  return connects / seconds;
}

/** From the first PUBLISH to the last PUBACK, on one connection. Nobody has subscribed. */
async function publishRate(door: Door): Promise<number> {
  const packets = Array.from({ length: publishes }, (_, at) => publishPacket(topic, payload, 2, at + 1));
  const socket = await enter(door);
  const beganMs = performance.now();
  await new Promise<void>((resolve, reject) => {
    let [sent, bytesBack] = [0, 0];
    const send = (): void => {
      // A PUBACK has four bytes, and nothing else comes back.
      const end = Math.min(packets.length, windowMax + Math.floor(bytesBack / 4));
      if (end > sent) socket.write(Buffer.concat(packets.slice(sent, end)));
      sent = end;
    };
    socket.on('data', (chunk: Buffer) => {
      bytesBack += chunk.length;
      if (bytesBack === packets.length * 4) resolve();
      else send();
    });
    socket.once('close', () => reject(new Error('the broker closed the connection')));
    send();
  });
  const seconds = (performance.now() - beganMs) / 1_000;
  socket.destroy();
  return publishes / seconds;
}
