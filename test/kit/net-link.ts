/**
 * The uplink of a site: two network namespaces joined by packets that a relay process passes on, late, lossy, slowly or not at
 * all. An interface `uplink` in each, 1,500 bytes MTU, with nothing on it that no program sent.
 *
 * A relay in user space, because the kernel's own (tc netem) is not in every kernel, and cannot reset or half-open a
 * connection. Each end is a TUN device, opened inside its namespace by a line of Perl (Node has no ioctl), which passes the
 * descriptor on to what it starts. The devices go with the relay, and the relay goes with its namespace.
 */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { LinkProfile } from './link-shape.ts';
import type { InterfaceCount, NetNamespace } from './net-namespace.ts';
import type { CutKind, End } from './net-relay.ts';

export type LinkOrder = { readonly id: number } & (
  | { readonly what: 'profile'; readonly profile: LinkProfile }
  | { readonly what: 'cut'; readonly kind: CutKind }
  | { readonly what: 'half-open'; readonly deafEnd: End }
  | { readonly what: 'restore' }
);

type Order = LinkOrder extends infer Each ? (Each extends LinkOrder ? Omit<Each, 'id'> : never) : never;

export interface LinkOptions {
  readonly site: NetNamespace;
  readonly hub: NetNamespace;
  /** IPv4. */
  readonly siteAddress: string;
  readonly hubAddress: string;
  readonly profile: LinkProfile;
  /** Draws the same losses and jitter again. */
  readonly seed: number;
}

/** What the kernel counted at the two ends, with the headers of IP and TCP and every acknowledgement. */
export interface Traffic {
  /** From the site to the hub. `sent` minus `delivered` was lost, or is on its way. */
  readonly up: { readonly sent: InterfaceCount; readonly delivered: InterfaceCount };
  readonly down: { readonly sent: InterfaceCount; readonly delivered: InterfaceCount };
}

const device = 'uplink';
const script = fileURLToPath(new URL('net-relay-main.ts', import.meta.url));

/** `TUNSETIFF` with `IFF_TUN | IFF_NO_PI`: bare IP packets, whole (linux/if_tun.h). `$^F`: what it opens is inherited. */
const openTun = `
$^F = 255;
sysopen(my $tun, "/dev/net/tun", 2) or die "/dev/net/tun: $!\\n";
ioctl($tun, 0x400454ca, pack("Z16 S x22", shift, 0x1001)) or die "TUNSETIFF: $!\\n";
$ENV{TUN_DESCRIPTORS} .= " " . fileno($tun);
exec @ARGV or die "$ARGV[0]: $!\\n"`;

export class NetLink {
  private readonly site: NetNamespace;
  private readonly hub: NetNamespace;
  private readonly relay: ChildProcess;
  private readonly waiting = new Map<number, { readonly resolve: () => void; readonly reject: (error: Error) => void }>();
  private failure: Error | null = null;
  private lastId = 0;

  private constructor(options: LinkOptions) {
    this.site = options.site;
    this.hub = options.hub;
    const tun = ['perl', '-e', openTun, device];
    const command = [...tun, ...options.hub.launcher, ...tun, process.execPath, '--import', 'tsx', script];
    this.relay = options.site.spawn(command, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], env: { LINK_SEED: String(options.seed) } });
    this.relay.on('message', ({ done }: { readonly done: number }) => {
      this.waiting.get(done)?.resolve();
      this.waiting.delete(done);
    });
    this.relay.once('exit', (code, signal) => {
      this.failure = new Error(`the relay of the link ended: ${signal ?? code}`);
      for (const { reject } of this.waiting.values()) reject(this.failure);
    });
  }

  static async open(options: LinkOptions): Promise<NetLink> {
    const link = new NetLink(options);
    await link.reply(0);
    await Promise.all([
      raise(options.site, { own: options.siteAddress, peer: options.hubAddress }),
      raise(options.hub, { own: options.hubAddress, peer: options.siteAddress }),
    ]);
    await link.setProfile(options.profile);
    return link;
  }

  /** For packets sent from now on. */
  async setProfile(profile: LinkProfile): Promise<void> {
    await this.order({ what: 'profile', profile });
  }

  /**
   * Until `restore`, nothing passes, what was on its way included.
   * `clean`: each TCP connection over the link is reset at both ends, at once or with its next segment, and new ones are refused.
   * `silent`: nobody is told anything; sockets stay, and find out by their own patience. What they send meanwhile they send
   * again after `restore`, each at a time of its own (retransmission backs off, up to 2 min).
   */
  async cut(kind: CutKind): Promise<void> {
    await this.order({ what: 'cut', kind });
  }

  async restore(): Promise<void> {
    await this.order({ what: 'restore' });
  }

  /**
   * The carrier forgets the connections there are now: what is sent to the deaf end on them vanishes for ever, what it sends
   * still arrives. New connections work. For a connection whose one process is gone altogether: `cut('silent')`, kill it, and
   * before `restore` say half-open for the end that must not hear of it.
   */
  async halfOpen(deafEnd: End): Promise<void> {
    await this.order({ what: 'half-open', deafEnd });
  }

  /** Since the link was opened, or since then. */
  traffic(since?: Traffic): Traffic {
    const site = this.site.counts(device);
    const hub = this.hub.counts(device);
    const count = (now: InterfaceCount, then: InterfaceCount = { bytes: 0, packets: 0 }): InterfaceCount => ({
      bytes: now.bytes - then.bytes,
      packets: now.packets - then.packets,
    });
    return {
      up: { sent: count(site.sent, since?.up.sent), delivered: count(hub.received, since?.up.delivered) },
      down: { sent: count(hub.sent, since?.down.sent), delivered: count(site.received, since?.down.delivered) },
    };
  }

  /** The interfaces go with it. */
  async close(): Promise<void> {
    if (this.relay.exitCode !== null || this.relay.signalCode !== null) return;
    const ended = once(this.relay, 'exit');
    this.relay.kill('SIGKILL');
    await ended;
  }

  private async order(order: Order): Promise<void> {
    this.lastId += 1;
    const id = this.lastId;
    const done = this.reply(id);
    this.relay.send({ ...order, id }, () => undefined);
    await done;
  }

  private reply(id: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      if (this.failure !== null) reject(this.failure);
    });
  }
}

async function raise(namespace: NetNamespace, { own, peer }: { readonly own: string; readonly peer: string }): Promise<void> {
  await namespace.run('ip', 'addr', 'add', own, 'peer', peer, 'dev', device);
  await namespace.run('ip', 'link', 'set', device, 'up');
}
