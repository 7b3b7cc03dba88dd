/**
 * The edge site as it stands in its house: its broker is a container of its own engine, among other services, and everything that a
 * site runs is there, on either side of a link that can be cut.
 *
 * Real are the engine (dockerd in the site's network), mosquitto on both sides with its generated files, every actor, and the link. The
 * declared homelab is a small one of its own, because a hub's mesh of machines would only be so many nodes that never report.
 */
import { rmSync } from 'node:fs';
import { topicRoot } from '../../contracts/defaults.ts';
import { topics } from '../../contracts/topics.ts';
import { importProgram } from './base-image.ts';
import { capabilities, writeFiles } from './declared-files.ts';
import { type Dockerd, startDockerd } from './dockerd.ts';
import { EdgeRig, type Side } from './edge-rig.ts';
import type { HomelabProcess } from './homelab-process.ts';
import { politeCommand } from './images.ts';
import { linkProfiles } from './link-shape.ts';
import { findMosquitto } from './mosquitto.ts';
import { sitePassword } from './mosquitto-site.ts';
import { waitFor } from './wait.ts';

export const standbyPort = 1884;
/** Services of the site beside its broker; nothing but a process each. */
const otherServices = ['zigbee2mqtt', 'heating', 'doorbell'] as const;
/** Of the site, each in a process with those that a person would keep together. */
const siteProcesses = ['bridge', 'observer ledger supervisor', 'node-agent executor stability-agent'] as const;
export const siteActors: readonly string[] = siteProcesses.flatMap((each) => each.split(' '));
/** At the hub; its ledger apart, to be stopped alone. */
const hubProcesses = ['inventory observer supervisor', 'ledger'] as const;

/** Seconds in which the hub's silence about a dead link is not a test of patience: the real ones are minutes, and tested with a clock that is told. */
const quietS = 2;

const services = ['mosquitto', ...otherServices].map((name) => `  ${name}:\n    offline_required: true\n`).join('');
const declared = {
  'inventory/topology.yaml': `sites:
  hub: { broker: { node: vps } }
  chelsty:
    broker: { node: chelsty-infra, standby_port: ${standbyPort} }
    uplink: { kind: lte, to: hub, quiet_min: ${quietS / 60} }
nodes:
  vps: { site: hub, roles: [control-plane] }
  chelsty-infra: { site: chelsty, roles: [edge] }
`,
  'inventory/access.yaml': 'logins:\n  anna: operator\n  homeassistant: delegate\n  mqtt-explorer: reader\n',
  'hosts/vps/capabilities.yaml': capabilities(),
  'hosts/vps/services.yaml': `agents: [${hubProcesses.join(' ').replaceAll(' ', ', ')}]\nservices: {}\n`,
  'hosts/chelsty-infra/capabilities.yaml': capabilities({ connectivity: 'intermittent' }),
  'hosts/chelsty-infra/services.yaml': `agents: [${siteActors.join(', ')}]\nservices:\n${services}`,
};

const mosquittoImage = 'homelab-mosquitto:local';

/** Longer than the slowest start on a loaded machine; everything here is there within 15 s otherwise. */
const readyDeadlineMs = 60_000;

export class EdgeDocker {
  readonly rig: EdgeRig;
  readonly engine: Dockerd;
  private readonly processes = new Map<string, HomelabProcess>();
  private readonly inventory: string;

  private constructor(parts: Pick<EdgeDocker, 'rig' | 'engine'> & { readonly inventory: string }) {
    this.rig = parts.rig;
    this.engine = parts.engine;
    this.inventory = parts.inventory;
  }

  /** Everything runs, and the hub has seen every service healthy. */
  static async open(): Promise<EdgeDocker> {
    const inventory = writeFiles(declared);
    let rig: EdgeRig | null = null;
    let engine: Dockerd | null = null;
    try {
      const own = 'mqtt://127.0.0.1:1883';
      const env = {
        HOMELAB_BROKER_URL: `${own},mqtt://127.0.0.1:${standbyPort}`,
        HOMELAB_STANDBY_PORT: String(standbyPort),
        HOMELAB_INCIDENT_GRACE_S: '1',
        HOMELAB_SETTLED_AFTER_S: '1',
        HOMELAB_VERIFY_WINDOW_S: '60',
        STABILITY_CHECK_INTERVAL: '5',
      };
      rig = await EdgeRig.open({ make: 'mosquitto', profile: linkProfiles.lte, declared: inventory, env });
      // Its containers use the network of the site; nothing is to be routed anywhere else.
      const noBridge = ['--bridge', 'none', '--iptables=false', '--ip-forward=false', '--ip-masq=false'];
      engine = await startDockerd({ launcher: rig.net.site.launcher, args: noBridge });
      const edge = new EdgeDocker({ rig, engine, inventory });
      await Promise.all([edge.runContainers(), ...hubProcesses.map((each) => edge.run('hub', each))]);
      await edge.runActors();
      return edge;
    } catch (error) {
      await engine?.stop();
      await rig?.close();
      rmSync(inventory, { recursive: true, force: true });
      throw error;
    }
  }

  /** The broker gives its place to a container with the same files, on the same port. */
  private async runContainers(): Promise<void> {
    const program = findMosquitto();
    if (program === null) throw new Error('mosquitto is not installed');
    const { site } = this.rig.brokers;
    const file = site.configurationFile;
    const directory = file.slice(0, file.lastIndexOf('/'));
    importProgram(mosquittoImage, program, this.engine.env);
    const busybox = await this.engine.importBusybox();
    await site.stop();
    await this.container('mosquitto', ['-v', `${directory}:${directory}`, mosquittoImage, 'mosquitto', '-c', file]);
    for (const name of otherServices) await this.container(name, [busybox, ...politeCommand]);
    await waitFor('the broker in its container to listen', () => this.rig.net.site.listens(1883), { deadlineMs: readyDeadlineMs });
  }

  private async container(name: string, rest: readonly string[]): Promise<void> {
    const labels = ['--label', `com.docker.compose.service=${name}`, '--label', `com.docker.compose.project=${name}`];
    await this.engine.docker('run', '-d', '--name', name, '--network', 'host', '--restart', 'unless-stopped', ...labels, ...rest);
  }

  /** Those of the site. */
  private async runActors(): Promise<void> {
    const { rig } = this;
    await Promise.all(siteProcesses.map((each) => this.run('site', each)));
    const isWell = async (): Promise<boolean> => {
      const held = await rig.documents('hub');
      const status = (topic: string): unknown => (JSON.parse(held.get(topic) ?? '{}') as { status?: unknown }).status;
      return (
        status('links/chelsty') === 'up' &&
        status('world/sites/chelsty') === 'nominal' &&
        ['mosquitto', ...otherServices].every((name) => status(`world/services/chelsty-infra/${name}`) === 'healthy')
      );
    };
    await waitFor('the hub to see the site well', isWell, {
      deadlineMs: readyDeadlineMs,
      state: async () => [...(await rig.documents('hub'))].filter(([topic]) => topic.startsWith('world/') || topic.startsWith('links/')),
    });
  }

  /** Starts one of the processes, also again. */
  async run(side: Side, actors: string): Promise<void> {
    const env = side === 'hub' ? { HOMELAB_INVENTORY: this.inventory, HOMELAB_INCIDENT_GRACE_S: '1' } : this.engine.env;
    this.processes.set(`${side}: ${actors}`, await this.rig.run(side, actors, env));
  }

  process(side: Side, actors: string): HomelabProcess {
    const found = this.processes.get(`${side}: ${actors}`);
    if (found === undefined) throw new Error(`nothing was started as ${actors} at the ${side}`);
    return found;
  }

  /** What a person at the site types, on a machine of the site. */
  async approveAtSite(login: string, id: string, port = 1883): Promise<void> {
    const topic = `${topicRoot}/${topics.request.build({ state: 'approved', requester: login })}`;
    const address = ['-h', '127.0.0.1', '-p', String(port), '-u', login, '-P', sitePassword];
    await this.rig.net.site.run('mosquitto_pub', ...address, '-q', '1', '-t', topic, '-m', id);
  }

  /** How often the engine was asked to restart it. */
  async restarts(container: string): Promise<number> {
    const filters = ['--filter', `container=${container}`, '--filter', 'event=restart'];
    const events = await this.engine.docker('events', '--since', '0', '--until', new Date().toISOString(), ...filters, '--format', '{{.Action}}');
    return events.split('\n').filter(Boolean).length;
  }

  async isRunning(container: string): Promise<boolean> {
    return (await this.engine.docker('inspect', '--format', '{{.State.Running}}', container)) === 'true';
  }

  /** How often each actor of the site has come to a broker of the site, by its own log. */
  connects(): Readonly<Record<string, number>> {
    const lines = siteProcesses.flatMap((each) => this.process('site', each).log.split('\n')).filter((line) => line.includes('"msg":"connected"'));
    return Object.fromEntries(siteActors.map((actor) => [actor, lines.filter((line) => line.includes(`"actor":"${actor}"`)).length]));
  }

  async close(): Promise<void> {
    await Promise.all([...this.processes.values()].map((each) => each.stop()));
    await this.engine.stop();
    await this.rig.close();
    rmSync(this.inventory, { recursive: true, force: true });
  }
}
