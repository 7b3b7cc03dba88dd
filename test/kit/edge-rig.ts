/**
 * This repository's hub and its edge site, as real processes on either side of a link that can be cut: a broker on each side, and
 * whatever actors a test starts. mosquitto has the files that `homelab broker config` makes for the two sites, logins and access list included.
 *
 * Reads what both brokers hold by a client of its own each time, and the stores of the observers from their files.
 */
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { copyOf } from '../../actors/bridge/copy.ts';
import { goesUp, isMachine, placeOf } from '../../actors/bridge/directions.ts';
import { readTree } from '../../adapters/files/tree.ts';
import { siteBroker } from '../../cli/broker-config/site-broker.ts';
import { siteFiles } from '../../cli/broker-config/site-files.ts';
import { topicRoot } from '../../contracts/defaults.ts';
import type { Event } from '../../contracts/event.ts';
import { topics } from '../../contracts/topics.ts';
import { TestClient, transportTo } from './conformance-brokers.ts';
import { type Environment, HomelabProcess, type Machine } from './homelab-process.ts';
import type { LinkProfile } from './link-shape.ts';
import { passwordFile, sitePassword } from './mosquitto-site.ts';
import type { BrokerMake, NetBroker, NetBrokerOptions } from './net-broker.ts';
import { addresses, NetRig } from './net-rig.ts';
import { waitFor } from './wait.ts';

export type Side = 'hub' | 'site';
const sides = ['hub', 'site'] as const;

/** As inventory/ of this repository has them. */
export const places = { hub: { site: 'hub', node: 'vps' }, site: { site: 'chelsty', node: 'chelsty-infra' } } as const;
const siteNodes: readonly string[] = [places.site.node, 'chelsty-ha'];
/** Holds inventory/, hosts/ and services/. */
export const repository = fileURLToPath(new URL('../..', import.meta.url));
/** Reads everything and writes nothing but its probe. */
const reader = 'mqtt-explorer';

export interface EdgeRigOptions {
  readonly make: BrokerMake;
  readonly profile?: LinkProfile;
  readonly seed?: number;
  /** Of the actors at the site. */
  readonly env?: Environment;
  /** mosquitto writes all it holds once a second, not at each change, which would leave it 500 messages a second: for tests that send thousands. */
  readonly savesBySecond?: boolean;
  /** mosquitto only: what somebody changes in the lines that were generated for it. */
  readonly amend?: Partial<Record<Side, (lines: readonly string[]) => readonly string[]>>;
  /** Another declared homelab than this repository's, of the same two sites and nodes: a directory. */
  readonly declared?: string;
}

export interface StoredLine extends Event {
  readonly stored_at: string;
}

export class EdgeRig {
  readonly net: NetRig;
  readonly brokers: Readonly<Record<Side, NetBroker>>;
  readonly machines: Readonly<Record<Side, Machine>>;
  readonly urls: Readonly<Record<Side, string>>;
  private clients = 0;

  private constructor(parts: Pick<EdgeRig, 'net' | 'brokers' | 'machines' | 'urls'>) {
    this.net = parts.net;
    this.brokers = parts.brokers;
    this.machines = parts.machines;
    this.urls = parts.urls;
  }

  static async open({ make, env = {}, savesBySecond = false, amend = {}, declared = repository, ...options }: EdgeRigOptions): Promise<EdgeRig> {
    const net = await NetRig.open(options);
    try {
      const tree = await readTree(declared);
      const start = async (side: Side): Promise<NetBroker> =>
        net.broker(
          side,
          make,
          make === 'mosquitto' ? { configuration: generated(tree, side, { savesBySecond, amend: amend[side] ?? ((lines) => lines) }) } : {},
        );
      const [hub, site] = await Promise.all(sides.map(start));
      const credentials = join(net.directory, 'credentials.yaml');
      const logins = sides.flatMap((side) => siteBroker(tree, places[side].site, topicRoot).logins.map(({ login }) => login));
      writeFileSync(credentials, [...new Set(logins)].map((login) => `${login}: ${sitePassword}\n`).join(''));
      const machine = (side: Side, more: Environment): Machine =>
        net.machine(side, {
          ...{ NODE_NAME: places[side].node, HOMELAB_SITE: places[side].site, HOMELAB_CREDENTIALS: credentials },
          ...{ HOMELAB_BROKER_URL: 'mqtt://127.0.0.1:1883', HOMELAB_TAILSCALE_SOCKET: 'none', ...more },
        });
      const doors = await Promise.all(sides.map((side) => net[side].forward('127.0.0.1', 1883)));
      return new EdgeRig({
        net,
        brokers: { hub: hub!, site: site! },
        machines: { hub: machine('hub', {}), site: machine('site', { HOMELAB_UPSTREAM_URL: `mqtt://${addresses.hub}:1883`, ...env }) },
        urls: { hub: doors[0]!.url, site: doors[1]!.url },
      });
    } catch (error) {
      await net.close();
      throw error;
    }
  }

  get uplink(): NetRig['uplink'] {
    return this.net.uplink;
  }

  /** Starts actors in one process, without waiting for anything. It ends with the rig. */
  start(side: Side, actors: string, extra: Environment = {}): HomelabProcess {
    return new HomelabProcess(['run', ...actors.split(' ')], { ...this.machines[side].env, ...extra }, this.net[side].launcher);
  }

  /** The same, and waits until they are connected. */
  async run(side: Side, actors: string, extra: Environment = {}): Promise<HomelabProcess> {
    const started = this.start(side, actors, extra);
    const count = actors.split(' ').length;
    await waitFor(`${actors} to connect`, () => started.log.split('"msg":"connected"').length > count, {
      deadlineMs: 60_000,
      state: () => started.log.slice(-1_500),
    });
    return started;
  }

  /** Connects as one of the declared logins; to be closed by whoever asked. */
  client(side: Side, login: string = reader): Promise<TestClient> {
    return this.clientAt(this.urls[side], login);
  }

  /** The same on another broker that knows these logins. */
  clientAt(url: string, login: string = reader): Promise<TestClient> {
    this.clients += 1;
    return TestClient.connect(transportTo(url), { clientId: `test-${this.clients}`, username: login, password: sitePassword });
  }

  /** What a broker holds now: topic without the root → text. */
  async documents(side: Side): Promise<ReadonlyMap<string, string>> {
    const client = await this.client(side);
    try {
      await client.link.subscribe([`${topicRoot}/#`]);
      await client.link.publish(`${topicRoot}/${topics.probe.build({ login: reader })}`, JSON.stringify({ nonce: 'read' }), { retain: false });
      await waitFor('everything retained', () => client.seen.some(({ topic }) => topic.endsWith(`probes/${reader}`)), { emitter: client });
      const held = new Map<string, string>();
      for (const { topic, text } of client.seen) {
        const relative = topic.slice(topicRoot.length + 1);
        if (placeOf(relative)?.row.kind !== 'document') continue;
        if (text === '') held.delete(relative);
        else held.set(relative, text);
      }
      return held;
    } finally {
      await client.link.close();
    }
  }

  /** Somebody's hand on a broker, with the rights of a login that may write there. An empty text clears the topic. */
  async byHand(side: Side, login: string, topic: string, text: string): Promise<void> {
    const client = await this.client(side, login);
    await client.link.publish(`${topicRoot}/${topic}`, text, { retain: true });
    await client.link.close();
  }

  /** In what the two brokers differ: of the site's documents that go up, and of those that come down to it. Figures that tick are left out. */
  async differences(): Promise<readonly string[]> {
    const [atHub, atSite] = await Promise.all([this.documents('hub'), this.documents('site')]);
    const found: string[] = [];
    for (const topic of new Set([...atHub.keys(), ...atSite.keys()])) {
      if (!isShared(topic)) continue;
      const [there, here] = [lastingOf(topic, atHub.get(topic)), lastingOf(topic, atSite.get(topic))];
      if (there !== here) found.push(`${topic}: hub ${atHub.get(topic) ?? 'nothing'}, site ${atSite.get(topic) ?? 'nothing'}`);
    }
    return found;
  }

  async converged(deadlineMs: number): Promise<void> {
    let last: readonly string[] = ['not read yet'];
    const isEqual = async (): Promise<boolean> => {
      last = await this.differences();
      return last.length === 0;
    };
    await waitFor('both brokers to hold the same', isEqual, { deadlineMs, state: () => last });
  }

  /** What an observer has of the site's node, in the order in which it took it. */
  stored(side: Side): readonly StoredLine[] {
    const root = join(this.machines[side].dataRoot, 'observer', 'events');
    const text = days(root).map((day) => textOf(join(root, day, places.site.node, 'events.jsonl')));
    const lines = text.flatMap((each) => each.slice(0, each.lastIndexOf('\n') + 1).split('\n'));
    return lines.filter(Boolean).map((line) => JSON.parse(line) as StoredLine);
  }

  close(): Promise<void> {
    return this.net.close();
  }
}

function isShared(topic: string): boolean {
  const place = placeOf(topic);
  if (place === null) return false;
  const { node, site } = place.levels;
  if (node !== undefined && (!isMachine(node) || !siteNodes.includes(node))) return false;
  if (place.name === 'desired') return true;
  return place.row.bridge === 'up' && goesUp(place, places.site.site) && (site === undefined || site === places.site.site);
}

function lastingOf(topic: string, text: string | undefined): string | undefined {
  const place = placeOf(topic);
  return text === undefined || place === null ? undefined : (copyOf(place.name, text)?.lasting ?? text);
}

function days(root: string): readonly string[] {
  try {
    return readdirSync(root).sort();
  } catch {
    return [];
  }
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

type Configuration = NonNullable<NetBrokerOptions['configuration']>;

/** The site's generated files, at the one address that the rig asks for. */
function generated(
  tree: Awaited<ReturnType<typeof readTree>>,
  side: Side,
  { savesBySecond, amend }: { readonly savesBySecond: boolean; readonly amend: (lines: readonly string[]) => readonly string[] },
): Configuration {
  const broker = siteBroker(tree, places[side].site, topicRoot);
  return ({ host, port, directory }) => {
    const paths = { acl: join(directory, 'acl.conf'), passwords: join(directory, 'passwd'), tls: `${directory}/`, data: `${directory}/` };
    const files = siteFiles(broker, paths);
    writeFileSync(paths.acl, files.get('acl.conf') ?? '');
    const scratch = mkdtempSync(join(directory, 'passwords-'));
    writeFileSync(paths.passwords, passwordFile(scratch, files.get('passwd.template') ?? '', []));
    const lines = (files.get('mosquitto.conf') ?? '').split('\n').filter((line) => !/^(listener|bind_interface|max_connections|log_dest) /.test(line));
    const saving = lines.map((line) => (savesBySecond && line.startsWith('autosave_on_changes ') ? 'autosave_on_changes false' : line));
    return amend([`listener ${port} ${host}`, ...saving, 'log_dest stderr', 'user root']);
  };
}
