/** The machine and the network as the checks see them. Only looks: it opens connections and reads files, and changes nothing. */
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { access, constants, readdir, readFile, readlink, stat, statfs } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { createEngine } from '../../adapters/docker/engine.ts';
import { systemClock } from '../../bus/clock.ts';
import { silentLog } from '../../bus/log.ts';
import { createMqttTransport } from '../../bus/mqtt-link.ts';
import type { BrokerPorts } from './broker.ts';
import { type BrokerPortPorts, listeningInodes, type PortHolder } from './broker-port.ts';
import type { Space } from './disk.ts';
import type { EnginePorts } from './engine.ts';
import { codeOf } from './finding.ts';
import type { PermissionPorts } from './permissions.ts';
import { presentedCertificate } from './presented-certificate.ts';

/** The version is answered in milliseconds; below the deadline of the check itself. */
const engineDeadlineMs = 3_000;
const composeDeadlineMs = 3_000;

export function enginePorts(socketPath: string, runtimeDir: string | undefined): EnginePorts {
  const engine = createEngine({ socketPath, deadlineMs: engineDeadlineMs, clock: systemClock });
  return {
    socketPath,
    otherSockets: [
      '/var/run/docker.sock',
      ...(runtimeDir === undefined ? [] : [`${runtimeDir}/docker.sock`, `${runtimeDir}/podman/podman.sock`]),
      '/run/podman/podman.sock',
    ],
    kindOf: async (path) => {
      try {
        return (await stat(path)).isSocket() ? 'socket' : 'other';
      } catch {
        return null;
      }
    },
    mayUse: (path) => access(path, constants.R_OK | constants.W_OK),
    version: async () => {
      const startedMs = performance.now();
      const said = await engine.call('version', (docker) => docker.version());
      const name = said.Platform?.Name || 'engine';
      return { engine: `${name.replace(/ Engine.*$/, '')} ${said.Version}`, apiVersion: said.ApiVersion, tookMs: Math.round(performance.now() - startedMs) };
    },
  };
}

export const brokerPorts: BrokerPorts = {
  resolve: async (host) => (await lookup(host)).address,
  reach: (host, port) =>
    new Promise((resolve, reject) => {
      const socket = connect({ host, port });
      socket.once('connect', () => {
        socket.destroy();
        resolve();
      });
      socket.once('error', reject);
    }),
  certificate: presentedCertificate,
  transport: (url) => createMqttTransport({ urls: [url], log: silentLog }),
  clock: systemClock,
  nonce: randomUUID,
};

export const permissionPorts: PermissionPorts = {
  mayWrite: async (path) => access(path, (await stat(path)).isDirectory() ? constants.W_OK | constants.X_OK : constants.W_OK),
  list: (path) => readdir(path),
};

/** The file system that holds a directory, or will hold it. */
export async function spaceOf(directory: string): Promise<Space> {
  for (let at = directory; ; at = dirname(at)) {
    try {
      return await statfs(at);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT' || at === dirname(at)) throw error;
    }
  }
}

export const portPorts: BrokerPortPorts = {
  holders: async (port) => {
    const tables = await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map((file) => readFile(file, 'utf8').catch(() => null)));
    // Without proc(5) only a connection tells, and not by whom.
    if (tables.every((table) => table === null)) return (await isTaken(port)) ? [{ pid: null, command: null }] : [];
    const inodes = tables.flatMap((table) => listeningInodes(table ?? '', port));
    return inodes.length === 0 ? [] : holdersOf(inodes);
  },
};

async function isTaken(port: number): Promise<boolean> {
  try {
    await brokerPorts.reach('127.0.0.1', port);
    return true;
  } catch {
    return false;
  }
}

/** Which processes have these sockets open; those of other users cannot be looked into. */
async function holdersOf(inodes: readonly string[]): Promise<readonly PortHolder[]> {
  const wanted = new Set(inodes.map((inode) => `socket:[${inode}]`));
  const found: PortHolder[] = [];
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const open = await readdir(`/proc/${pid}/fd`).catch(() => []);
    const links = await Promise.all(open.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')));
    if (!links.some((link) => wanted.has(link))) continue;
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    found.push({ pid: Number(pid), command: command.replaceAll('\0', ' ').trim().slice(0, 80) || null });
  }
  return found.length === 0 ? [{ pid: null, command: null }] : found;
}

/** null: not installed, or it does not answer. */
export function composeVersion(): Promise<string | null> {
  return new Promise((resolve) => {
    execFile('docker', ['compose', 'version', '--short'], { timeout: composeDeadlineMs }, (error, stdout) => {
      resolve(error === null ? stdout.trim().slice(0, 40) || null : null);
    });
  });
}
