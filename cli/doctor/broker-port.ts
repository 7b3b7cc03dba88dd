/** The port of the built-in broker: free, or in use, and by whom as far as /proc tells. Looks, and listens nowhere. */
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
  /** HOMELAB_BROKER_URL is set, so that the port is not needed. */
  readonly hasOtherBroker: boolean;
  /** Processes that run actors on this data directory. */
  readonly ownPids: readonly number[];
}

const say = findingsOf('broker port');

export async function checkBrokerPort(ports: BrokerPortPorts, { port, hasOtherBroker, ownPids }: BrokerPortAsked): Promise<Finding> {
  if (hasOtherBroker) return say.ok('not needed: HOMELAB_BROKER_URL names a broker', 'no broker of its own will be started');
  if (port === 0) return say.ok('any free one', 'HOMELAB_BROKER_PORT=0');
  const holders = await ports.holders(port);
  const [holder] = holders;
  if (holder === undefined) return say.ok(`${port} is free`, 'homelab up can start its own broker there');
  const who = holder.pid === null ? 'a program of another user' : `${holder.command ?? 'a program'} (process ${holder.pid})`;
  const isOurs = holders.some(({ pid, command }) => (pid !== null && ownPids.includes(pid)) || /\bhomelab\b/.test(command ?? ''));
  if (isOurs) return say.ok(`${port} is in use by homelab itself: ${who}`, 'its own broker runs');
  if (ownPids.length > 0) return say.ok(`${port} is in use by ${who}`, 'the actors here run on a broker that is not their own');
  return say.warning(
    `${port} is in use by ${who}`,
    'homelab up cannot start its own broker there',
    `HOMELAB_BROKER_URL=mqtt://127.0.0.1:${port} homelab up   # use that one; or another port: HOMELAB_BROKER_PORT=${port === 65_535 ? 1884 : port + 1} homelab up`,
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
