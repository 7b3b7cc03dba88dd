/**
 * Memory: one process with every actor that a node needs, from the bundle, idle at 50 containers, against a process of the
 * same bundler that only holds as many MQTT.js connections and dockerode's event stream. And: how long each takes to start.
 */
import type { Figure, Row } from './figure.ts';
import { residentMiB, type Started, startActors, startBare } from './processes.ts';
import type { Session } from './session.ts';
import { digits, median, range, ratios } from './statistics.ts';

const repetitions = 10;
/** Idle until nothing is left of the start: V8 gives memory back at its leisure. */
const idleMs = 20_000;
/** From the issue. */
const ratioMax = 1.3;
const readyMaxMs = 400;

interface NodeKind {
  readonly title: string;
  readonly actors: readonly string[];
  /** The observer and the supervisor have a second one for what must be queued. */
  readonly connections: number;
}

/** A node of a site with a broker elsewhere, and the node that is a site of its own. */
const kinds: readonly NodeKind[] = [
  { title: 'edge site, 5 actors', actors: ['node-agent', 'executor', 'observer', 'ledger', 'supervisor'], connections: 6 },
  { title: 'plain node, 2 actors', actors: ['node-agent', 'executor'], connections: 2 },
];

export const memory: Figure = {
  name: 'memory',
  needs: ['dockerd', 'mosquitto'],
  run: async (session) => {
    session.say(`memory, ${repetitions} times ${idleMs / 1000} s`);
    const pairs: Pair[] = kinds.map((kind) => ({ kind, ours: [], bare: [], dataRoot: session.temporaryDirectory() }));
    // The first is not counted: it brings the files into memory.
    for (let repetition = 0; repetition <= repetitions; repetition += 1) {
      await session.scope((scope) => measure(scope, pairs, { isOursFirst: repetition % 2 === 0, idleMs: repetition === 0 ? 0 : idleMs }));
      if (repetition === 0) for (const { ours, bare } of pairs) ours.length = bare.length = 0;
    }
    return pairs.flatMap((pair) => [rssRow(pair), readyRow(pair)]);
  },
};

interface Sample {
  readonly rssMiB: number;
  readonly readyMs: number;
}

interface Pair {
  readonly kind: NodeKind;
  readonly ours: Sample[];
  readonly bare: Sample[];
  readonly dataRoot: string;
}

/** Started one after the other, idle side by side. */
async function measure(session: Session, pairs: readonly Pair[], turn: { readonly isOursFirst: boolean; readonly idleMs: number }): Promise<void> {
  session.buildHomelab();
  const engine = await session.engine();
  const { url } = await session.mosquitto();
  const running: { readonly started: Started; readonly samples: Sample[] }[] = [];
  for (const { kind, ours, bare, dataRoot } of pairs) {
    const root = `bench-memory-${kind.actors.length}`;
    const env = { ...engine.env, HOMELAB_ROOT: dataRoot, HOMELAB_BROKER_URL: url, HOMELAB_TOPIC_ROOT: root, NODE_NAME: 'bench' };
    const starts = [
      async () => running.push({ started: await startActors(session, { names: kind.actors, env }), samples: ours }),
      async () => running.push({ started: await startBare(session, { url, socketPath: engine.socketPath, connections: kind.connections }), samples: bare }),
    ];
    for (const start of turn.isOursFirst ? starts : starts.toReversed()) await start();
  }
  await new Promise((resolve) => setTimeout(resolve, turn.idleMs));
  for (const { started, samples } of running) samples.push({ rssMiB: residentMiB(started), readyMs: started.readyMs });
  await Promise.all(running.map(({ started }) => started.stop()));
}

function rssRow({ kind: { title }, ours, bare }: Pair): Row {
  const [mine, theirs] = [ours, bare].map((samples) => samples.map(({ rssMiB }) => rssMiB)) as [number[], number[]];
  const each = ratios(mine, theirs);
  return {
    figure: `memory, ${title}`,
    ours: `${digits(median(mine))} MiB`,
    reference: `${digits(median(theirs))} MiB`,
    ratio: digits(median(each)),
    spread: `${range(each)}, n=${each.length}`,
    goal: `< ${ratioMax}`,
    met: median(each) < ratioMax,
  };
}

function readyRow({ kind: { title }, ours, bare }: Pair): Row {
  const [mine, theirs] = [ours, bare].map((samples) => samples.map(({ readyMs }) => readyMs)) as [number[], number[]];
  return {
    figure: `start to ready, ${title}`,
    ours: `${digits(median(mine))} ms`,
    reference: `${digits(median(theirs))} ms`,
    ratio: digits(median(ratios(mine, theirs))),
    spread: `${range(mine)} ms, n=${mine.length}`,
    goal: `< ${readyMaxMs} ms`,
    met: median(mine) < readyMaxMs,
  };
}
