/** Says plainly when what can be seen is a simulated homelab (`homelab up --demo`): then nothing of it may be taken for this machine. Pure. */
import { type Finding, findingsOf, listed } from './finding.ts';

export interface DemoSeen {
  /** The process that runs a demo on this data directory; null: none. */
  readonly pid: number | null;
  /** The broker whose documents were read, without credentials; null: none could be used. */
  readonly broker: string | null;
  /** Nodes on that broker whose documents are marked as simulated. */
  readonly nodes: readonly string[];
  /** This machine. */
  readonly node: string;
}

const say = findingsOf('demo');

/** No line where there is no demo. */
export function checkDemo({ pid, broker, nodes, node }: DemoSeen): readonly Finding[] {
  if (broker !== null && nodes.length > 0) {
    const who = pid === null ? '' : ` (process ${pid})`;
    return [
      say.warning(
        `${broker} is the broker of a demo${who}: ${listed(nodes, 6)} are SIMULATED`,
        `what is simulated there is not judged below, and nobody watches this machine (${node})`,
        'homelab up   # watches this machine; first end the demo with Ctrl-C where it runs',
      ),
    ];
  }
  if (pid === null) return [];
  if (broker !== null) return [say.ok(`one runs (process ${pid}), not on ${broker}`, 'nothing of it is in what follows')];
  return [
    say.warning(
      `one runs (process ${pid}), on a broker that is not looked at here`,
      'the lines about the broker below are not about the demo',
      'HOMELAB_BROKER_URL=mqtt://127.0.0.1:1884 homelab doctor   # the address that the demo said when it started',
    ),
  ];
}
