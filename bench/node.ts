/** Every actor of this machine in one process, as `npm start` runs them, watching the engine of the bench. */
import { topics } from '../contracts/topics.ts';
import { Machine } from '../test/kit/homelab-process.ts';
import { waitFor } from '../test/kit/wait.ts';
import { type BrokerKind, Bystander, brokerFor } from './broker.ts';
import type { Engine } from './engine.ts';
import type { Session } from './session.ts';

export const nodeName = 'bench';
/** A service without a health check is healthy after 10 s; a loaded machine gets 90 s. */
const settledDeadlineMs = 90_000;

export interface RunningNode {
  readonly engine: Engine;
  readonly bystander: Bystander;
}

/** Resolves once the world shows every container as a healthy service. Its data and the process end with the session. */
export async function startNode(session: Session, kind: BrokerKind): Promise<RunningNode> {
  session.buildHomelab();
  const engine = await session.engine();
  const { url, env } = await brokerFor(session, kind);
  const root = `bench-${kind}`;
  const machine = new Machine({ ...env, ...engine.env, NODE_NAME: nodeName, HOMELAB_TOPIC_ROOT: root, HOMELAB_LOG_LEVEL: 'warn' });
  session.defer(() => machine.dispose());
  const up = machine.start('up');
  await up.says('homelab: watching');
  const filters = [topics.worldService.filter(), topics.action.filter()];
  const bystander = await Bystander.at(session, url, { root, login: 'anna', filters });
  const healthy = (): number => [...bystander.docs.values()].filter(({ name, doc }) => name === 'worldService' && doc['status'] === 'healthy').length;
  await waitFor('all services to be healthy', () => healthy() === engine.containers.length, {
    deadlineMs: settledDeadlineMs,
    state: () => `${healthy()} of ${engine.containers.length} healthy\n${up.log.slice(-1000)}`,
  });
  return { engine, bystander };
}
