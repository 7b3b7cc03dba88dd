/** `homelab doctor` as a process: with nothing there, with everything hung, with a real broker, and beside actors that die. */
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Link } from '../../bus/link.ts';
import { type BrokerAsked, checkBroker } from '../../cli/doctor/broker.ts';
import type { Finding } from '../../cli/doctor/finding.ts';
import { brokerPorts, enginePorts, permissionPorts, portPorts, spaceOf } from '../../cli/doctor/ports.ts';
import { TestClient, transportTo } from '../kit/conformance-brokers.ts';
import { buildBundle, type Environment, homelab, Machine } from '../kit/homelab-process.ts';
import { freePort, haveMosquitto, type Mosquitto, startMosquitto } from '../kit/mosquitto.ts';
import { waitFor } from '../kit/wait.ts';

let scratch = '';
const servers: Server[] = [];
const sockets = new Set<Socket>();

beforeAll(() => {
  buildBundle();
});
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'homelab-doctor-'));
});
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  for (const server of servers.splice(0)) server.close();
  rmSync(scratch, { recursive: true, force: true });
});

async function listening(server: Server, where: string | number): Promise<number> {
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  if (typeof where === 'string') server.listen(where);
  else server.listen(where, '127.0.0.1');
  await once(server, 'listening');
  servers.push(server);
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

interface Diagnosis {
  readonly code: number | null;
  readonly findings: readonly Finding[];
  readonly text: string;
  of(name: string): Finding | undefined;
}
async function doctor(env: Environment): Promise<Diagnosis> {
  const { code, stdout, stderr } = await homelab(['doctor', '--json'], { HOMELAB_LOGIN: 'anna', NODE_NAME: 'lab', ...env });
  expect(stderr).toBe('');
  const findings = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Finding);
  for (const { level, mend, name } of findings) expect(mend === null, `${name}: ${level}, mend ${mend}`).toBe(level === 'ok');
  expect(code).toBe(findings.some(({ level }) => level === 'error') ? 1 : 0);
  return { code, findings, text: stdout, of: (name) => findings.find((each) => each.name === name) };
}

/** Every path with size, time and content: what must not change. */
function everything(directory: string): readonly string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .map((entry) => {
      const file = join(entry.parentPath, entry.name);
      const { mtimeMs } = statSync(file);
      return `${file} ${mtimeMs} ${entry.isFile() ? readFileSync(file, 'base64') : ''}`;
    })
    .sort();
}

it('works with nothing running at all, and makes nothing', async () => {
  const port = await freePort();
  const root = join(scratch, 'state', 'homelab');
  const env = { HOMELAB_ROOT: root, DOCKER_HOST: `unix://${scratch}/no.sock`, HOMELAB_BROKER_URL: `mqtt://127.0.0.1:${port}` };
  const found = await doctor(env);
  expect(found.code).toBe(1);
  expect(found.of('container engine')).toMatchObject({ level: 'error', found: expect.stringContaining(`no socket at ${scratch}/no.sock`) });
  expect(found.of('broker connection')).toMatchObject({ level: 'error', found: expect.stringContaining('ECONNREFUSED') });
  expect(found.of('actors')).toMatchObject({ level: 'warning', found: expect.stringContaining('unknown') });
  expect(found.of('permissions')).toMatchObject({ level: 'ok' });
  expect(existsSync(join(scratch, 'state'))).toBe(false);
  const forPeople = await homelab(['doctor'], env);
  expect(forPeople.stdout).toMatch(/^error {4}container engine .*\n {9}→ /m);
  expect(forPeople.stdout).toMatch(/\n2 errors, \d+ warnings?, \d+ ok\. Nothing was changed\.\n$/);
});

it('is not held up by an engine, a broker and a status that hang, and leaves every file as it was', async () => {
  const silent = (): Server => createServer(() => undefined);
  await listening(silent(), join(scratch, 'engine.sock'));
  const port = await listening(silent(), 0);
  const root = join(scratch, 'data');
  mkdirSync(join(root, 'ledger'), { recursive: true });
  mkdirSync(join(root, 'broker.corrupt-1'));
  writeFileSync(join(root, 'ledger', 'journal.jsonl'), '{"a":1}\nnonsense\n{"half');
  writeFileSync(join(root, 'ledger', 'lock'), JSON.stringify({ pid: 2 ** 22 + 1, start: '1' }));
  const before = everything(root);
  const found = await doctor({ HOMELAB_ROOT: root, DOCKER_HOST: `unix://${scratch}/engine.sock`, HOMELAB_BROKER_URL: `mqtt://127.0.0.1:${port}` });
  expect(found.of('container engine')).toMatchObject({ level: 'error', means: expect.stringContaining('hangs') });
  expect(found.of('broker connection')).toMatchObject({ level: 'error', found: expect.stringContaining('no answer within') });
  expect(found.of('locks')).toMatchObject({ level: 'warning' });
  expect(found.of('journals')).toMatchObject({ level: 'error', found: expect.stringContaining('line 2') });
  expect(found.of('broker store')).toMatchObject({ level: 'warning' });
  expect(everything(root)).toEqual(before);
});

it('sees this machine through its real ports', async () => {
  const port = await listening(
    createServer(() => undefined),
    0,
  );
  expect(await portPorts.holders(port)).toEqual([{ pid: process.pid, command: expect.any(String) }]);
  expect(await portPorts.holders(await freePort())).toEqual([]);
  expect(await brokerPorts.resolve('localhost')).toMatch(/^(127\.0\.0\.1|::1)$/);
  await expect(brokerPorts.resolve('no-such-broker.invalid')).rejects.toThrow();
  expect((await spaceOf(join(scratch, 'not', 'there'))).blocks).toBeGreaterThan(0);
  await expect(permissionPorts.mayWrite(join(scratch, 'not'))).rejects.toThrow('ENOENT');
  await permissionPorts.mayWrite(scratch);
  const engine = enginePorts(join(scratch, 'engine.sock'), undefined);
  expect(await engine.kindOf(scratch)).toBe('other');
  await listening(
    createHttpServer((_request, response) =>
      response.end(JSON.stringify({ Version: '27.5.1', ApiVersion: '1.47', Platform: { Name: 'Docker Engine - Community' } })),
    ),
    join(scratch, 'engine.sock'),
  );
  expect(await engine.kindOf(join(scratch, 'engine.sock'))).toBe('socket');
  expect(await engine.version()).toMatchObject({ engine: 'Docker 27.5.1', apiVersion: '1.47' });
});

it('says plainly that what it sees is a demo, and takes nothing of it for this machine', async () => {
  const port = await freePort();
  // The name of a simulated node, and agents that are there only as simulated ones.
  const env = { HOMELAB_BROKER_PORT: String(port), NODE_NAME: 'vps', HOMELAB_AGENTS: 'observer', DOCKER_HOST: `unix://${scratch}/no.sock` };
  const machine = new Machine(env);
  try {
    const demo = machine.start('up', '--demo');
    await demo.says('Nothing is ever repaired');
    const here = { HOMELAB_ROOT: machine.dataRoot };
    const found = await waitFor('the documents of the demo', async () => {
      const seen = await doctor({ ...env, ...here });
      return seen.of('demo')?.found.includes('SIMULATED') ? seen : null;
    });
    expect(found.findings[0]).toMatchObject({ name: 'demo', level: 'warning', found: expect.stringContaining(`(process ${demo.child.pid})`) });
    expect(found.of('actors')).toMatchObject({ level: 'error', found: expect.stringContaining('observer never heard of') });
    expect(found.of('clock')).toMatchObject({ found: expect.stringContaining('unknown') });
    expect(found.of('versions on the bus')).toMatchObject({ found: expect.stringContaining('nobody else is online') });
    expect(found.of('broker port')).toMatchObject({ level: 'ok', found: expect.stringContaining('of a demo') });
    expect(found.of('locks')).toMatchObject({ found: 'none' });
    // Another data directory: only the documents tell.
    const elsewhere = await doctor({ ...env, HOMELAB_ROOT: join(scratch, 'other') });
    expect(elsewhere.of('demo')).toMatchObject({ found: expect.stringContaining('is the broker of a demo: ') });
    // Another broker: only the lock tells.
    const unseen = await doctor({ ...env, ...here, HOMELAB_BROKER_URL: `mqtt://127.0.0.1:${await freePort()}` });
    expect(unseen.of('demo')).toMatchObject({ level: 'warning', found: expect.stringContaining('not looked at') });
    for (const command of ['status', 'actions']) expect((await homelab([command], { ...env, ...here })).stdout).toMatch(/^SIMULATED homelab/);
    expect(await homelab(['alive'], { ...env, ...here })).toMatchObject({ code: 0 });
  } finally {
    await machine.dispose();
  }
});

describe.skipIf(!haveMosquitto())('with a real broker', () => {
  let mosquitto: Mosquitto;
  let machine: Machine | null = null;
  beforeAll(async () => {
    mosquitto = await startMosquitto();
  });
  afterEach(async () => {
    await machine?.dispose();
    machine = null;
  });
  afterAll(async () => {
    await mosquitto.stop();
  });

  /** Topics that are retained at the broker. */
  async function retained(): Promise<readonly string[]> {
    const reader = await TestClient.connect(transportTo(mosquitto.url), { clientId: 'witness' });
    await reader.link.subscribe(['homelab/#', 'fence']);
    await reader.link.publish('fence', 'fence', { retain: false });
    await reader.until('fence');
    await reader.link.close();
    return reader.texts.filter((text) => text !== 'fence');
  }

  it('every step passes, brokers that cannot be found are named, and no litter stays', async () => {
    const found = await doctor({ HOMELAB_ROOT: join(scratch, 'data'), HOMELAB_BROKER_URL: `${mosquitto.url},mqtt://no-such-broker.invalid` });
    const broker = found.findings.filter(({ name }) => name.startsWith('broker '));
    expect(broker.map(({ name, level }) => `${name}: ${level}`)).toEqual([
      'broker store: ok',
      'broker port: ok',
      'broker name: ok',
      'broker connection: ok',
      'broker round trip: ok',
      'broker retained: ok',
      'broker name: error',
    ]);
    expect(await retained()).toEqual([]);
  });

  it('takes the probe away when the doctor dies in the middle', async () => {
    const { port, url } = mosquitto;
    const asked: BrokerAsked = { url, host: '127.0.0.1', port, shown: url, login: 'anna', password: undefined, topicRoot: 'homelab', isDefault: false };
    const dying = (link: Link): Link => ({
      subscribe: (filters) => link.subscribe(filters),
      unsubscribe: (filters) => link.unsubscribe(filters),
      close: (options) => link.close(options),
      publish: async (topic, payload, options) => {
        await link.publish(topic, payload, options);
        if (!options.retain) return;
        expect(await retained()).toEqual([payload]);
        await link.close({ abrupt: true });
      },
    });
    const transport = brokerPorts.transport(url);
    const spoilt = { ...transport, connect: async (...all: Parameters<typeof transport.connect>) => dying(await transport.connect(...all)) };
    const found = await checkBroker({ ...brokerPorts, transport: () => spoilt }, asked);
    expect(found.at(-1)).toMatchObject({ name: 'broker retained', level: 'error' });
    await waitFor('the will to clear the probe', async () => (await retained()).length === 0);
  });

  it('beside living actors finds nothing wrong, and after a kill -9 says who is gone and how to bring them back', async () => {
    await listening(
      createHttpServer((_request, response) => response.end(JSON.stringify({ Version: '27.5.1', ApiVersion: '1.47' }))),
      join(scratch, 'engine.sock'),
    );
    machine = new Machine({
      HOMELAB_BROKER_URL: mosquitto.url,
      HOMELAB_TOPIC_ROOT: 'doctored',
      HOMELAB_AGENTS: 'node-agent,ledger',
      DOCKER_HOST: `unix://${scratch}/engine.sock`,
      NODE_NAME: 'lab',
      HOMELAB_LOGIN: 'anna',
    });
    const { env } = machine;
    const running = machine.start('run', 'node-agent', 'ledger');
    const well = await waitFor(
      'both actors to be online',
      async () => {
        const found = await doctor(env);
        // The files are read before the broker is asked: one that began too early saw no lock yet.
        return found.of('actors')?.level === 'ok' && found.of('locks')?.found.startsWith('2') ? found : null;
      },
      { deadlineMs: 40_000, state: () => running.log.slice(-1000) },
    );
    expect(well.findings.filter(({ level }) => level === 'error')).toEqual([]);
    expect(well.code).toBe(0);
    expect(well.of('locks')).toMatchObject({ found: '2, all held by living processes' });
    expect(well.of('versions on the bus')).toMatchObject({ found: expect.stringContaining('all 2 actors run') });
    await running.kill9();
    const after = await waitFor('the wills', async () => {
      const found = await doctor(env);
      return found.of('actors')?.level === 'error' ? found : null;
    });
    expect(after.of('actors')).toMatchObject({ found: expect.stringContaining('offline'), mend: 'homelab up' });
    expect(after.of('locks')).toMatchObject({ level: 'warning', found: expect.stringContaining('2 locks without a process') });
  });
});
