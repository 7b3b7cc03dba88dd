/** The actors that should run on this machine, by what they say of themselves on the bus. Pure. */
import type { ActorStatus } from '../../contracts/actor-status.ts';
import type { NodeHealth } from '../../contracts/health.ts';
import { faultyInventoriesOf } from '../../contracts/inventory-fault.ts';
import { type Finding, findingsOf, listed } from './finding.ts';

const say = findingsOf('actors');
const sayOfFiles = findingsOf('inventory');

export interface ActorsAsked {
  readonly node: string;
  /** Said by HOMELAB_AGENTS, else by the desired document of the node; empty when nobody says. */
  readonly expected: readonly string[];
  readonly statuses: readonly ActorStatus[];
}

/**
 * A connection has one will, and that of a node-agent is the heartbeat of its node: when it dies, its own status stays
 * as it was, and only the heartbeat says offline.
 */
export function believed({ actors, health }: { readonly actors: readonly ActorStatus[]; readonly health: readonly NodeHealth[] }): readonly ActorStatus[] {
  const away = new Set(health.filter(({ status }) => status === 'offline').map(({ node }) => node));
  return actors.map((each) => (each.actor === 'node-agent' && each.status === 'online' && away.has(each.node) ? { ...each, status: 'offline' } : each));
}

export function checkActors({ node, expected, statuses }: ActorsAsked): Finding {
  const here = new Map(statuses.filter((each) => each.node === node).map((each) => [each.actor ?? '', each]));
  const duplicates = [...here].filter(([, each]) => each.status === 'duplicate_writer').map(([name]) => name);
  if (duplicates.length > 0) {
    return say.error(
      `${listed(duplicates)} stopped: the same actor for ${node} runs elsewhere`,
      'two of them would overwrite each other',
      `homelab run ${duplicates.join(' ')}   # after stopping the other one, or giving it another NODE_NAME`,
    );
  }
  const away = expected.filter((name) => here.get(name)?.status !== 'online');
  if (away.length > 0) {
    const said = away.map((name) => `${name} ${word(here.get(name))}`);
    const mend = away.length === expected.length ? 'homelab up' : `homelab run ${away.join(' ')}`;
    return say.error(`${listed(said)} on ${node}`, 'they belong here and do not work: nobody does their part', mend);
  }
  const lost = [...here].filter(([name, each]) => !expected.includes(name) && ['offline', 'failed', 'restarting'].includes(each.status));
  if (lost.length > 0) {
    const said = lost.map(([name, each]) => `${name} ${word(each)}`);
    return say.warning(
      `${listed(said)} on ${node}`,
      'they went without a goodbye; nobody says that they belong here',
      `homelab run ${lost.map(([name]) => name).join(' ')}`,
    );
  }
  if (expected.length === 0 && here.size === 0) return say.ok(`none known on ${node}`, 'nobody says that any should run here; homelab up starts them all');
  const online = [...here.values()].filter((each) => each.status === 'online').length;
  return say.ok(`${online} online on ${node}`, 'all that belong here work');
}

/** What is declared, by what the actors that read it say. `node`: this machine. */
export function checkInventory({ node, statuses }: Pick<ActorsAsked, 'node' | 'statuses'>): Finding {
  const faulty = faultyInventoriesOf(statuses);
  const [first] = faulty;
  if (first === undefined) {
    const isRead = statuses.some(({ actor, status }) => actor === 'inventory' && status === 'online');
    return isRead
      ? sayOfFiles.ok('no file has a fault', 'what is written counts')
      : sayOfFiles.ok('nobody reads it now', 'whether a file has a fault: homelab validate');
  }
  const elsewhere = faulty.flatMap((each) => (each.node === undefined || each.node === node ? [] : [each.node]));
  return sayOfFiles.warning(
    faulty.map((each) => `${each.node ?? 'some node'}: ${(each.detail ?? 'a file has a fault').slice(0, 160)}`).join('; '),
    'the last good version of that file counts, until it is mended',
    `homelab validate   # lists every fault${elsewhere.length === 0 ? '' : `; on ${listed(elsewhere)}`}`,
  );
}

function word(status: ActorStatus | undefined): string {
  if (status === undefined) return 'never heard of';
  const why = status.last_error === null || status.status === 'stopped' ? '' : ` (${status.last_error.slice(0, 80)})`;
  return `${status.status}${why}`;
}
