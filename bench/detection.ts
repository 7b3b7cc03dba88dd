/**
 * Detection: how much later than a bare reader of the engine's events a subscriber has the world document that follows.
 *
 * Both watch the same event, a crash or a start of one of 50 containers; the reader's own delay is the reference.
 */
import { type BrokerKind, brokerNames } from './broker.ts';
import type { Container, EngineEvent } from './engine.ts';
import type { Figure, Row } from './figure.ts';
import { type RunningNode, startNode } from './node.ts';
import type { Session } from './session.ts';
import { digits, median, middle, percentile } from './statistics.ts';

/** Each container crashes and is started twice: 200 events, so that the p99 is not just the worst. */
const rounds = 2;
/** `docker kill` is no crash: the agent waits 250 ms, in case it was a stop or a removal (docs/actors/node-agent.md). */
const kills = 20;
/** From the issue. */
const addedMedianMs = 30;
const addedP99Ms = 150;

export const detection: Figure = {
  name: 'detection',
  needs: ['dockerd', 'mosquitto'],
  run: async (session) => [...(await detect(session, 'mosquitto')), ...(await detect(session, 'own'))],
};

interface Sample {
  readonly event: EngineEvent;
  readonly documentMs: number;
}

function detect(session: Session, kind: BrokerKind): Promise<readonly Row[]> {
  return session.scope(async (scope) => {
    scope.say(`detection on ${brokerNames[kind]}`);
    const node = await startNode(scope, kind);
    const { engine } = node;
    const crash = (container: Container): Change => ({ cause: () => engine.crash(container), action: 'die', isDown: true });
    const kill = (container: Container): Change => ({ cause: () => engine.post(`/containers/${container.id}/kill`), action: 'die', isDown: true });
    const start = (container: Container): Change => ({ cause: () => engine.post(`/containers/${container.id}/start`), action: 'start', isDown: false });
    const samples: Sample[] = [];
    const killed: Sample[] = [];
    for (let round = 0; round < rounds; round += 1) {
      for (const container of engine.containers) {
        samples.push(await observe(node, container, crash(container)));
        samples.push(await observe(node, container, start(container)));
      }
    }
    for (const container of engine.containers.slice(0, kills)) {
      killed.push(await observe(node, container, kill(container)));
      await observe(node, container, start(container));
    }
    return [rowOf(`detection of crash and start, ${brokerNames[kind]}`, samples), rowOf(`detection of docker kill, ${brokerNames[kind]}`, killed)];
  });
}

function rowOf(figure: string, samples: readonly Sample[]): Row {
  const added = samples.map(({ event, documentMs }) => documentMs - event.readMs);
  const p99 = percentile(added, 0.99);
  return {
    figure,
    ours: `${digits(median(samples.map(({ event, documentMs }) => documentMs - event.happenedMs)))} ms`,
    reference: `${digits(median(samples.map(({ event }) => event.readMs - event.happenedMs)))} ms`,
    ratio: `+${digits(median(added))} ms, p99 +${digits(p99)} ms`,
    spread: `${middle(added)} ms, n=${samples.length}`,
    goal: `added < ${addedMedianMs} ms, p99 < ${addedP99Ms} ms`,
    met: median(added) < addedMedianMs && p99 < addedP99Ms,
  };
}

interface Change {
  readonly cause: () => Promise<void>;
  readonly action: string;
  readonly isDown: boolean;
}

async function observe({ engine, bystander }: RunningNode, container: Container, { cause, action, isDown }: Change): Promise<Sample> {
  const said = engine.next(container, action);
  const shown = bystander.next(
    `${container.name} after ${action}`,
    ({ name, levels, doc }) => name === 'worldService' && levels['service'] === container.name && (doc['status'] === 'down') === isDown,
  );
  const [event, { atMs }] = await Promise.all([said, shown, cause()]);
  return { event, documentMs: atMs };
}
