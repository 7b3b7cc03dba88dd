/**
 * A hub and a site on one machine, in network namespaces of their own, joined by a link that can be slow, lossy and cut:
 *
 *     hub 198.51.100.1 ── uplink: delay, loss, rate, cuts ── 198.51.100.2 site 192.0.2.1 ── cable ── 192.0.2.2 lan (if asked for)
 *
 *     const rig = await NetRig.open({ profile: linkProfiles.lte, seed: 7 });
 *     const broker = await rig.broker('hub', 'mosquitto');        // 198.51.100.1:1883 for the site, 127.0.0.1:1883 for the hub
 *     const seen = await rig.hub.forward('127.0.0.1', 1883);      // seen.url for a client in the test itself
 *     const bridge = rig.machine('site', { HOMELAB_BROKER_URL: 'mqtt://127.0.0.1:1883' });
 *     await rig.uplink.cut('silent');                             // … 'clean', halfOpen('site'), restore(), setProfile(…)
 *     rig.uplink.traffic().up.sent.bytes;
 *     await rig.close();
 *
 * Nothing of the machine's own network is touched. Everything inside ends with the test process, in whatever way that ends
 * (net-namespace.ts); only its scratch directory is left by one that was killed, and is swept by the next `open`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { isAlive, searchPath } from './dockerd-sandbox.ts';
import { type Environment, Machine } from './homelab-process.ts';
import { type LinkProfile, linkProfiles } from './link-shape.ts';
import { type BrokerMake, NetBroker, type NetBrokerOptions } from './net-broker.ts';
import { NetLink } from './net-link.ts';
import { NetNamespace } from './net-namespace.ts';

export interface NetRigOptions {
  /** Default: `linkProfiles.wire`. */
  readonly profile?: LinkProfile;
  /** Of what the link loses; default 1. */
  readonly seed?: number;
  /** A third namespace, on the site's own network. */
  readonly lan?: boolean;
}

export type Place = 'hub' | 'site' | 'lan';

/** Documentation ranges (RFC 5737). */
export const addresses = { hub: '198.51.100.1', site: '198.51.100.2', siteOnLan: '192.0.2.1', lan: '192.0.2.2' } as const;

const programs = ['unshare', 'nsenter', 'ip', 'perl'];

/** What is missing for a rig here, or null. */
function missing(): string | null {
  if (process.getuid?.() !== 0) return 'root';
  const absent = programs.filter((name) => !searchPath.split(delimiter).some((directory) => directory !== '' && existsSync(join(directory, name))));
  if (absent.length > 0) return absent.join(', ');
  if (!existsSync('/dev/net/tun')) return '/dev/net/tun';
  return spawnSync('unshare', ['--net', 'true'], { env: { PATH: searchPath } }).status === 0 ? null : 'the right to make network namespaces';
}

/** False: skip visibly. In CI a machine without is an error, not a skip. */
export function haveNetRig(): boolean {
  const what = missing();
  if (what !== null && process.env['CI'])
    throw new Error(
      `network namespaces with a link need ${what}, and CI must not skip their tests (Debian: apt-get install iproute2; perl-base and util-linux are always there)`,
    );
  return what === null;
}

const scratchName = /^net-rig-(\d+)-/;

/** Directories of test processes that were killed. */
function sweep(): void {
  for (const entry of readdirSync(tmpdir())) {
    const owner = scratchName.exec(entry)?.[1];
    if (owner !== undefined && !isAlive(Number(owner))) rmSync(join(tmpdir(), entry), { recursive: true, force: true });
  }
}

export class NetRig {
  readonly hub: NetNamespace;
  readonly site: NetNamespace;
  readonly uplink: NetLink;
  /** Removed by `close`. */
  readonly directory: string;
  private readonly lanNamespace: NetNamespace | null;
  private readonly machines: Machine[] = [];

  private constructor(parts: Pick<NetRig, 'hub' | 'site' | 'uplink' | 'directory'> & { readonly lan: NetNamespace | null }) {
    this.hub = parts.hub;
    this.site = parts.site;
    this.uplink = parts.uplink;
    this.directory = parts.directory;
    this.lanNamespace = parts.lan;
  }

  static async open(options: NetRigOptions = {}): Promise<NetRig> {
    sweep();
    const opened: NetNamespace[] = [];
    const namespace = async (name: Place): Promise<NetNamespace> => {
      const made = await NetNamespace.open(name);
      opened.push(made);
      return made;
    };
    try {
      const hub = await namespace('hub');
      const site = await namespace('site');
      const lan = options.lan === true ? await namespace('lan') : null;
      if (lan !== null) await site.cable('lan', `${addresses.siteOnLan}/24`, lan, `${addresses.lan}/24`);
      const uplink = await NetLink.open({
        ...{ site, hub, siteAddress: addresses.site, hubAddress: addresses.hub },
        profile: options.profile ?? linkProfiles.wire,
        seed: options.seed ?? 1,
      });
      return new NetRig({ hub, site, lan, uplink, directory: mkdtempSync(join(tmpdir(), `net-rig-${process.pid}-`)) });
    } catch (error) {
      await Promise.all(opened.map((each) => each.close()));
      throw error;
    }
  }

  get lan(): NetNamespace {
    if (this.lanNamespace === null) throw new Error('this rig was opened without `lan`');
    return this.lanNamespace;
  }

  namespace(place: Place): NetNamespace {
    return this[place];
  }

  /** Started; it ends with `close`. */
  async broker(place: Place, make: BrokerMake, options: Pick<NetBrokerOptions, 'host' | 'port' | 'configuration'> = {}): Promise<NetBroker> {
    return NetBroker.start({ namespace: this.namespace(place), make, directory: mkdtempSync(join(this.directory, `${place}-${make}-`)), ...options });
  }

  /** Where `homelab …` runs: its processes see the addresses of this place only. Stopped and removed by `close`. */
  machine(place: Place, env: Environment): Machine {
    const machine = new Machine(env, this.namespace(place).launcher);
    this.machines.push(machine);
    return machine;
  }

  /** Everything inside ends, at once. Safe to call twice. */
  async close(): Promise<void> {
    await this.uplink.close();
    await Promise.all([this.hub, this.site, ...(this.lanNamespace === null ? [] : [this.lanNamespace])].map((each) => each.close()));
    await Promise.all(this.machines.map((each) => each.dispose()));
    rmSync(this.directory, { recursive: true, force: true });
  }
}
