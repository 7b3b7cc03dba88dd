/**
 * `homelab doctor`: everything homelab stands on, one line per check with what it means and the command that mends it.
 * Works with nothing running at all, changes nothing, and ends in seconds whatever hangs. Exit code 1 only with an error.
 */
import { systemClock } from '../../bus/clock.ts';
import { silentLog } from '../../bus/log.ts';
import { parseBrokerUrl } from '../../bus/mqtt-socket.ts';
import manifest from '../../package.json' with { type: 'json' };
import { transportTo } from '../broker-transport.ts';
import { demoProcess } from '../demo/demo-root.ts';
import { believed, checkActors, checkInventory } from '../doctor/actors.ts';
import { type BrokerAsked, type BrokerPorts, brokerDeadlineMs, checkBroker } from '../doctor/broker.ts';
import { type BrokerPortAsked, checkBrokerPort } from '../doctor/broker-port.ts';
import { type BusDocuments, readBusDocuments } from '../doctor/bus-documents.ts';
import { certificateFiles, checkCertificates, readCertificate } from '../doctor/certificates.ts';
import { checkClock } from '../doctor/clock.ts';
import { type DataFiles, readDataFiles } from '../doctor/data-files.ts';
import { checkDemo } from '../doctor/demo.ts';
import { checkSpace } from '../doctor/disk.ts';
import { checkEngine } from '../doctor/engine.ts';
import { counted, type Finding, findingsOf } from '../doctor/finding.ts';
import { checkLinks } from '../doctor/links.ts';
import { checkLogins, readLoginsSeen } from '../doctor/logins.ts';
import { checkMqtt5, readMqtt5 } from '../doctor/mqtt5.ts';
import { checkOutboxes } from '../doctor/outbox.ts';
import { checkPermissions } from '../doctor/permissions.ts';
import { brokerPorts, composeVersion, enginePorts, permissionPorts, portPorts, spaceOf } from '../doctor/ports.ts';
import { type Check, runChecks } from '../doctor/run-checks.ts';
import { checkStaleFiles } from '../doctor/stale-files.ts';
import { checkStandby } from '../doctor/standby.ts';
import { checkCompose, checkNode, checkOtherVersions } from '../doctor/versions.ts';
import { coloured, exitCodes, type Output } from '../output.ts';
import { brokerUrlsOf } from '../session.ts';
import type { Settings } from '../settings.ts';
import { version } from '../version.ts';

/** Nothing on this machine takes longer unless it hangs. */
const localDeadlineMs = 5_000;

export async function doctor(settings: Settings, out: Output): Promise<number> {
  const files = once(() => readDataFiles(settings.dataRoot, Date.now()));
  const [machine, brokers] = await Promise.all([
    runChecks(machineChecks(settings, files), systemClock),
    Promise.all(brokerUrlsOf(settings).map((url) => checkOneBroker(settings, url))),
  ]);
  const usable = brokers.find((broker) => broker.usable !== null)?.usable ?? null;
  const documents = once(() => readBusDocuments({ ...settings, brokerUrls: usable === null ? [] : [usable.url] }));
  const [demo, onBus] = await Promise.all([
    runChecks([demoCheck(settings, usable, documents)], systemClock),
    runChecks(busChecks({ settings, broker: usable, documents, files }), systemClock),
  ]);
  // First: it changes what the other lines are about.
  const findings = [...demo, ...machine, ...brokers.flatMap((broker) => broker.findings), ...onBus];
  if (out.json) for (const finding of findings) out.value(finding);
  else for (const line of doctorLines(findings)) out.line(line);
  return findings.some(({ level }) => level === 'error') ? exitCodes.trouble : exitCodes.ok;
}

function brokerOf(settings: Settings, url: string): BrokerAsked {
  const { host, port, description, username, password } = parseBrokerUrl(url);
  const login = username ?? settings.login;
  return {
    url,
    host,
    port,
    shown: description,
    login,
    password: password ?? settings.passwords[login],
    topicRoot: settings.topicRoot,
    isDefault: settings.brokerUrls === null,
  };
}

/** As actors and commands connect. */
const brokerPortsOf = (settings: Settings): BrokerPorts => ({ ...brokerPorts, transport: (url) => transportTo(settings, [url], silentLog) });

interface BrokerChecked {
  readonly findings: readonly Finding[];
  /** null: it cannot be used. */
  readonly usable: BrokerAsked | null;
}

async function checkOneBroker(settings: Settings, url: string): Promise<BrokerChecked> {
  const asked = brokerOf(settings, url);
  const findings = await runChecks([{ name: 'broker', deadlineMs: brokerDeadlineMs, run: () => checkBroker(brokerPortsOf(settings), asked) }], systemClock);
  return { findings, usable: findings.every(({ level }) => level === 'ok') ? asked : null };
}

function machineChecks(settings: Settings, files: () => Promise<DataFiles>): readonly Check[] {
  const check = (name: string, run: () => Promise<readonly Finding[]>): Check => ({ name, deadlineMs: localDeadlineMs, run });
  const needsEngine = settings.agents.length === 0 || settings.agents.some((name) => name === 'node-agent' || name === 'executor');
  const ownPids = async (): Promise<readonly number[]> => (await files()).locks.flatMap(({ holder }) => (holder === null ? [] : [holder]));
  return [
    check('node version', async () => [checkNode(process.version, manifest.engines.node)]),
    check('container engine', async () => {
      const need = { isExpected: needsEngine, isDemoRunning: demoProcess(settings) !== null };
      return [await checkEngine(enginePorts(settings.dockerSocket, process.env['XDG_RUNTIME_DIR']), need)];
    }),
    check('docker compose', async () => [checkCompose(await composeVersion())]),
    check('permissions', async () => [await checkPermissions(permissionPorts, settings.dataRoot)]),
    check('disk', async () => checkSpace(settings.dataRoot, await spaceOf(settings.dataRoot))),
    check('logins', async () => [checkLogins(await readLoginsSeen(settings))]),
    check('certificates', async () => checkCertificates(await Promise.all((await certificateFiles(settings)).map(readCertificate)), Date.now())),
    check('standby', () => Promise.resolve(checkStandby(settings, brokerUrlsOf(settings)[0] ?? ''))),
    check('data files', async () => checkStaleFiles(await files())),
    check('broker port', async () => {
      const asked = { hasOtherBroker: settings.brokerUrls !== null, ownPids: await ownPids(), demoPid: demoProcess(settings) };
      return Promise.all(brokerDoors(settings).map((door) => checkBrokerPort(portPorts, { ...asked, ...door })));
    }),
  ];
}

/** Where the built-in broker would listen. */
function brokerDoors({ brokerPort, brokerListen }: Settings): readonly Pick<BrokerPortAsked, 'port' | 'variable'>[] {
  const { tlsCert, tlsPort, webSocketPort, tlsWebSocketPort } = brokerListen;
  return [
    { port: brokerPort, variable: 'HOMELAB_BROKER_PORT' },
    ...(tlsCert === undefined ? [] : [{ port: tlsPort, variable: 'HOMELAB_BROKER_TLS_PORT' } as const]),
    ...(webSocketPort === null ? [] : [{ port: webSocketPort, variable: 'HOMELAB_BROKER_WS_PORT' } as const]),
    ...(tlsWebSocketPort === null ? [] : [{ port: tlsWebSocketPort, variable: 'HOMELAB_BROKER_WSS_PORT' } as const]),
  ];
}

function demoCheck(settings: Settings, broker: BrokerAsked | null, documents: () => Promise<BusDocuments>): Check {
  return {
    name: 'demo',
    deadlineMs: localDeadlineMs,
    run: async () => {
      const seen = { pid: demoProcess(settings), node: settings.node };
      if (broker === null) return checkDemo({ ...seen, broker: null, nodes: [] });
      return checkDemo({ ...seen, broker: broker.shown, nodes: (await documents()).simulated });
    },
  };
}

interface BusAsked {
  readonly settings: Settings;
  /** The first that passed; null: none did. */
  readonly broker: BrokerAsked | null;
  readonly documents: () => Promise<BusDocuments>;
  readonly files: () => Promise<DataFiles>;
}

/** What only the documents on a broker tell. */
function busChecks({ settings, broker, documents, files }: BusAsked): readonly Check[] {
  const check = (name: string, run: (on: BusDocuments) => Promise<Finding> | Finding): Check => ({
    name,
    deadlineMs: localDeadlineMs,
    run: async () => (broker === null ? [unknown(name)] : [await run(await documents())]),
  });
  const { node, site } = settings;
  const outboxes = async (on: BusDocuments | null): Promise<Finding> => checkOutboxes((await files()).outboxLines, on?.positions ?? null, Date.now());
  return [
    check('clock', (on) => checkClock({ nowMs: Date.now(), node, ...ofThisSite(on, site) })),
    check('actors', (on) => checkActors({ node, expected: settings.agents.length > 0 ? settings.agents : (on.desired?.agents ?? []), statuses: believed(on) })),
    check('inventory', (on) => checkInventory({ node, statuses: believed(on) })),
    check('versions on the bus', (on) => checkOtherVersions(version, believed(on))),
    {
      name: 'links',
      deadlineMs: localDeadlineMs,
      run: async () => (broker === null ? [] : checkLinks({ nowMs: Date.now(), here: site, ...(await documents()) })),
    },
    {
      name: 'mqtt 5 clients',
      deadlineMs: localDeadlineMs * 2,
      run: async () => (broker === null ? [] : checkMqtt5(await readMqtt5(brokerPortsOf(settings), broker))),
    },
    { name: 'outboxes', deadlineMs: localDeadlineMs, run: async () => [await outboxes(broker === null ? null : await documents())] },
  ];
}

/** What another site says of its clocks came over a link, an hour late perhaps. */
function ofThisSite({ health, world, actors, sites }: BusDocuments, here: string): Pick<BusDocuments, 'health' | 'world' | 'actors'> {
  const others = sites.some(({ site }) => site === here) ? world.filter(({ site }) => site !== here).map(({ node }) => node) : [];
  const isHere = (node: string | undefined): boolean => node === undefined || !others.includes(node);
  return {
    health: health.filter(({ node }) => isHere(node)),
    world: world.filter(({ node }) => isHere(node)),
    actors: actors.filter(({ node }) => isHere(node)),
  };
}

const unknown = (name: string): Finding =>
  findingsOf(name).warning(
    'unknown: no broker could be used',
    'only the documents on a broker tell',
    'homelab doctor   # again, once the broker above is mended',
  );

/** One reading for all who ask. */
function once<T>(read: () => Promise<T>): () => Promise<T> {
  let reading: Promise<T> | null = null;
  return () => (reading ??= read());
}

/** A line for each finding, the mend on the next one, and the sum at the end. */
function doctorLines(findings: readonly Finding[]): readonly string[] {
  const width = Math.max(0, ...findings.map(({ name }) => name.length));
  const lines = findings.flatMap(({ name, level, found, means, mend }) => [
    `${coloured(level)}${' '.repeat('warning'.length - level.length)}  ${name.padEnd(width)}  ${found}: ${means}`,
    ...(mend === null ? [] : [`${' '.repeat('warning'.length)}  → ${mend}`]),
  ]);
  const count = (level: Finding['level']): number => findings.filter((each) => each.level === level).length;
  return [...lines, '', `${counted(count('error'), 'error')}, ${counted(count('warning'), 'warning')}, ${count('ok')} ok. Nothing was changed.`];
}
