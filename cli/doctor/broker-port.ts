/** A port of the built-in broker: free, or in use, and by whom as far as /proc tells. Looks, and listens nowhere. */
import { type Finding, findingsOf } from './finding.ts';

export interface PortHolder {
  /** null: the process belongs to another user. */
  readonly pid: number | null;
  readonly command: string | null;
}

export interface BrokerPortPorts {
  /** Who listens on a port of this machine. Empty: it is free. */
  holders(port: number): Promise<readonly PortHolder[]>;
}

export interface BrokerPortAsked {
  readonly port: number;
  /** Which of its doors. */
  readonly variable: 'HOMELAB_BROKER_PORT' | 'HOMELAB_BROKER_TLS_PORT' | 'HOMELAB_BROKER_WS_PORT' | 'HOMELAB_BROKER_WSS_PORT';
  /** HOMELAB_BROKER_URL is set, so that the port is not needed. */
  readonly hasOtherBroker: boolean;
  /** Processes that run actors on this data directory. */
  readonly ownPids: readonly number[];
  /** The process that runs a demo on it; null: none. */
  readonly demoPid: number | null;
}

const say = findingsOf('broker port');

export async function checkBrokerPort(ports: BrokerPortPorts, { port, variable, hasOtherBroker, ownPids, demoPid }: BrokerPortAsked): Promise<Finding> {
  if (hasOtherBroker) return say.ok('not needed: HOMELAB_BROKER_URL names a broker', 'no broker of its own will be started');
  if (port === 0) return say.ok('any free one', `${variable}=0`);
  const holders = await ports.holders(port);
  const [holder] = holders;
  if (holder === undefined) return say.ok(`${port} is free`, 'homelab up can start its own broker there');
  const who = holder.pid === null ? 'a program of another user' : `${holder.command ?? 'a program'} (process ${holder.pid})`;
  if (holders.some(({ pid, command }) => (pid !== null && pid === demoPid) || /\bhomelab\b.*--demo\b/.test(command ?? ''))) {
    return say.ok(`${port} is in use by the broker of a demo: ${who}`, 'homelab up can have it once the demo has ended');
  }
  const isOurs = holders.some(({ pid, command }) => (pid !== null && ownPids.includes(pid)) || /\bhomelab\b/.test(command ?? ''));
  if (isOurs) return say.ok(`${port} is in use by homelab itself: ${who}`, 'its own broker runs');
  if (ownPids.length > 0) return say.ok(`${port} is in use by ${who}`, 'the actors here run on a broker that is not their own');
  const another = `${variable}=${port === 65_535 ? 1884 : port + 1} homelab up`;
  return say.warning(
    `${port} is in use by ${who}`,
    'homelab up cannot start its own broker there',
    variable === 'HOMELAB_BROKER_PORT' ? `HOMELAB_BROKER_URL=mqtt://127.0.0.1:${port} homelab up   # use that one; or another port: ${another}` : another,
  );
}

/** Inodes of the sockets that listen on the port, from the text of /proc/net/tcp or tcp6 (proc(5)); state 0A is LISTEN. */
export function listeningInodes(table: string, port: number): readonly string[] {
  return table.split('\n').flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const listeningPort = Number.parseInt(fields[1]?.split(':')[1] ?? '', 16);
    const inode = fields[9];
    return fields[3] === '0A' && listeningPort === port && inode !== undefined ? [inode] : [];
  });
}
