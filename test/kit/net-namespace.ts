/**
 * A network namespace without a name: loopback, nothing else, and the programs started in it.
 *
 * Reads /proc, writes nothing: no entry in /run/netns, no interface on the machine's own network. It lives as long as a
 * first process that waits for the end of a pipe only we hold. When we close it, or die in whatever way, that process
 * kills everything that still runs inside, grandchildren too, and with the last of them the kernel drops the namespace
 * and its interfaces. So there is never anything to sweep. To look inside a living one: `nsenter --net=/proc/<pid>/ns/net`.
 */
import { type ChildProcess, execFile, type SpawnOptions, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import { promisify } from 'node:util';
import { searchPath } from './dockerd-sandbox.ts';
import { type Forward, NamespaceSockets } from './net-sockets.ts';
import { waitFor } from './wait.ts';

const execute = promisify(execFile);

/** Making a namespace takes milliseconds, killing what is inside too; a loaded machine gets 30 s. */
const readyDeadlineMs = 30_000;

/**
 * IPv6 is off on the interfaces to come (not on loopback), so that an idle link carries nothing that no program sent; measurements
 * of earlier connections (congestion window, RTT) are not kept, so that one test does not tune the next.
 * A process may fork while it is looked for: it is looked for until none is found, at most 500 times 10 ms.
 */
const holderScript = `
ip link set lo up || exit 1
echo 1 >/proc/sys/net/ipv6/conf/default/disable_ipv6
echo 1 >/proc/sys/net/ipv4/tcp_no_metrics_save
echo ready
cat >/dev/null
round=0
while [ $round -lt 500 ]; do
  round=$((round + 1)); found=
  for each in /proc/[0-9]*; do
    pid=\${each#/proc/}
    if [ "$pid" != $$ ] && [ "$each/ns/net" -ef /proc/$$/ns/net ]; then kill -9 "$pid" && found=yes; fi
  done
  [ -z "$found" ] && exit 0
  sleep 0.01
done 2>/dev/null`;

/** What the kernel counted at an interface, headers of IP and above included. */
export interface InterfaceCount {
  readonly bytes: number;
  readonly packets: number;
}

export class NetNamespace {
  /** For messages only. */
  readonly name: string;
  /** `net:[4026532…]`: which namespace this is, for as long as it lives. */
  readonly id: string;
  /** Put before a command, runs it inside, with the process id that spawn reports: `spawn(launcher[0], [...rest, 'mosquitto', …])`. */
  readonly launcher: readonly string[];
  readonly holderPid: number;
  private readonly holder: ChildProcess;
  private readonly sockets: NamespaceSockets;

  private constructor(name: string, holder: ChildProcess, holderPid: number) {
    this.name = name;
    this.holder = holder;
    this.holderPid = holderPid;
    this.id = readlinkSync(`/proc/${holderPid}/ns/net`);
    this.launcher = ['nsenter', `--net=/proc/${holderPid}/ns/net`, '--'];
    this.sockets = new NamespaceSockets(this.launcher);
  }

  static async open(name: string): Promise<NetNamespace> {
    // A session of its own: Ctrl-C in the terminal must not take away the one that cleans up.
    const holder = spawn('unshare', ['--net', 'sh', '-c', holderScript], { stdio: ['pipe', 'pipe', 'pipe'], detached: true, env: { PATH: searchPath } });
    let output = '';
    for (const stream of [holder.stdout, holder.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    holder.stdin.on('error', () => undefined);
    await waitFor(`the namespace ${name}`, () => output.includes('ready') || holder.exitCode !== null, { deadlineMs: readyDeadlineMs, state: () => output });
    if (holder.exitCode !== null || holder.pid === undefined) throw new Error(`no namespace ${name}: ${output}`);
    return new NetNamespace(name, holder, holder.pid);
  }

  /** Starts a program inside; its `pid` is the program's own. It ends with the namespace at the latest. */
  spawn(command: readonly string[], options: SpawnOptions = {}): ChildProcess {
    const [nsenter = '', ...args] = [...this.launcher, ...command];
    return spawn(nsenter, args, { ...options, env: { ...process.env, ...options.env, PATH: searchPath } });
  }

  /** One command inside, to its end: its output, or a rejection with its errors. */
  async run(...command: readonly string[]): Promise<string> {
    const [nsenter = '', ...args] = [...this.launcher, ...command];
    const { stdout } = await execute(nsenter, args, { env: { ...process.env, PATH: searchPath } });
    return stdout;
  }

  /** A cable to another namespace: `<device>` on both sides, as fast as the machine. Addresses are of one network: `192.0.2.1/24`. */
  async cable(device: string, address: string, other: NetNamespace, otherAddress: string): Promise<void> {
    await this.run('ip', 'link', 'add', device, 'type', 'veth', 'peer', 'name', device, 'netns', String(other.holderPid));
    for (const [each, mine] of [
      [this, address],
      [other, otherAddress],
    ] as const) {
      await each.run('ip', 'addr', 'add', mine, 'dev', device);
      await each.run('ip', 'link', 'set', device, 'up');
    }
  }

  counts(device: string): { readonly sent: InterfaceCount; readonly received: InterfaceCount } {
    const line = readFileSync(`/proc/${this.holderPid}/net/dev`, 'utf8')
      .split('\n')
      .find((each) => each.trim().startsWith(`${device}:`));
    if (line === undefined) throw new Error(`${this.name} has no interface ${device}`);
    // proc_pid_net(5): eight columns received, then eight sent; bytes and packets come first in each.
    const columns = line
      .slice(line.indexOf(':') + 1)
      .trim()
      .split(/\s+/)
      .map(Number);
    const at = (column: number): InterfaceCount => ({ bytes: columns[column] ?? 0, packets: columns[column + 1] ?? 0 });
    return { received: at(0), sent: at(8) };
  }

  /** Whether a program inside listens on this port, at whatever address. */
  listens(port: number): boolean {
    // proc_net_tcp: the local address ends with the port in hexadecimal; state 0A is LISTEN.
    const pattern = new RegExp(`^\\s*\\d+: [0-9A-F]+:${port.toString(16).toUpperCase().padStart(4, '0')} \\S+ 0A `, 'm');
    return ['tcp', 'tcp6'].some((table) => pattern.test(readFileSync(`/proc/${this.holderPid}/net/${table}`, 'utf8')));
  }

  /** A socket of this process that lives inside: what it sees of the other end is what a program inside would see. */
  connect(host: string, port: number, options: { readonly timeoutMs?: number } = {}): Promise<Socket> {
    return this.sockets.connect(host, port, options.timeoutMs);
  }

  /** A listening socket of this process, inside. Port 0: any free one. */
  listen(host: string, port: number): Promise<Server> {
    return this.sockets.listen(host, port);
  }

  /** A door on this machine's loopback to an address inside, for clients that know nothing but a URL. */
  forward(host: string, port: number): Promise<Forward> {
    return this.sockets.forward(host, port);
  }

  /** Kills what runs inside and waits until nothing of it is left. Safe to call twice. */
  async close(): Promise<void> {
    await this.sockets.close();
    if (this.holder.exitCode === null && this.holder.signalCode === null) {
      const ended = once(this.holder, 'exit');
      this.holder.stdin?.end();
      await ended;
    }
    await waitFor(`everything in ${this.name} to end`, () => processesIn(this.id).length === 0, {
      deadlineMs: readyDeadlineMs,
      state: () => processesIn(this.id),
    });
  }
}

/** Process ids in the namespace of this id; a process that is ending is in none any more. */
export function processesIn(id: string): readonly number[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .filter((entry) => {
      try {
        return readlinkSync(`/proc/${entry}/ns/net`) === id;
      } catch {
        return false;
      }
    })
    .map(Number);
}
