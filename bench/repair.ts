/**
 * Repair: from publishing an approval to the container running again, against a bare restart of the same container
 * through the engine's API. Both end with the same event of the engine.
 */
import { actionId } from '../contracts/action.ts';
import { topics } from '../contracts/topics.ts';
import { waitFor } from '../test/kit/wait.ts';
import { type BrokerKind, brokerNames } from './broker.ts';
import { type Container, wallMs } from './engine.ts';
import type { Figure, Row } from './figure.ts';
import { nodeName, type RunningNode, startNode } from './node.ts';
import type { Session } from './session.ts';
import { digits, median, range, ratios } from './statistics.ts';

/** From the issue. */
const repetitions = 20;
const ratioMax = 1.2;
/** A shell that was started just now does not listen to TERM yet, and would be waited for until it is killed. */
const settleMs = 1_000;
/** As actors/executor/desk.ts limits them. */
const executionsAtOnce = 4;
/** A service without a health check is verified after 10 s. */
const verifiedDeadlineMs = 60_000;
/** What actors/executor asks of the engine. */
const stopTimeoutS = 10;

export const repair: Figure = {
  name: 'repair',
  needs: ['dockerd', 'mosquitto'],
  run: async (session) => [await measure(session, 'mosquitto'), await measure(session, 'own')],
};

function measure(session: Session, kind: BrokerKind): Promise<Row> {
  return session.scope(async (scope) => {
    scope.say(`repair on ${brokerNames[kind]}`);
    const node = await startNode(scope, kind);
    const ours: number[] = [];
    const bare: number[] = [];
    // A container of its own for each repetition: a service that was restarted three times is not restarted again.
    for (const [at, container] of node.engine.containers.slice(0, repetitions).entries()) {
      const turns = [async () => ours.push(await approved(node, container)), async () => bare.push(await restarted(node, container))];
      for (const turn of at % 2 === 0 ? turns : turns.toReversed()) {
        await turn();
        await new Promise((resolve) => setTimeout(resolve, settleMs));
      }
    }
    const each = ratios(ours, bare);
    scope.say(`ours ${ours.map(Math.round).join(' ')} ms, bare ${bare.map(Math.round).join(' ')} ms`);
    return {
      figure: `repair, approval to running, ${brokerNames[kind]}`,
      ours: `${digits(median(ours))} ms`,
      reference: `${digits(median(bare))} ms`,
      ratio: digits(median(each)),
      spread: `${range(each)}, n=${each.length}`,
      goal: `< ${ratioMax}`,
      met: median(each) < ratioMax,
    };
  });
}

/** Publishes the approval of a waiting restart; ms until the engine has started the container. */
async function approved({ engine, bystander }: RunningNode, container: Container): Promise<number> {
  const atWork = (): number => [...bystander.docs.values()].filter(({ name, doc }) => name === 'action' && doc['status'] === 'running').length;
  // Those before it are still being verified: at most so many are at once, and more would wait for the first to end.
  await waitFor('a place at the executor', () => atWork() < executionsAtOnce, { deadlineMs: verifiedDeadlineMs });
  const id = actionId({ type: 'container_restart', node: nodeName, service: container.name });
  const isPending = bystander.next(`${id} to be pending`, ({ name, doc }) => name === 'action' && doc['id'] === id && doc['status'] === 'pending');
  const proposal = { type: 'container_restart', node: nodeName, service: container.name };
  await bystander.say(topics.request.build({ state: 'pending', requester: 'anna' }), proposal);
  await isPending;
  const started = engine.next(container, 'start');
  const beganMs = wallMs();
  const [{ readMs }] = await Promise.all([started, bystander.say(topics.request.build({ state: 'approved', requester: 'anna' }), { id })]);
  return readMs - beganMs;
}

async function restarted({ engine }: RunningNode, container: Container): Promise<number> {
  const started = engine.next(container, 'start');
  const beganMs = wallMs();
  const [{ readMs }] = await Promise.all([started, engine.post(`/containers/${container.id}/restart?t=${stopTimeoutS}`)]);
  return readMs - beganMs;
}
