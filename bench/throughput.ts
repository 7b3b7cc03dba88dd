/**
 * Throughput: events per second through the observer to the last world document at a subscriber, against a bare MQTT.js
 * subscriber that counts the same messages on the same mosquitto, both from a queued session at QoS 1.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { DesiredNode } from '../contracts/desired.ts';
import { topics } from '../contracts/topics.ts';
import { Machine } from '../test/kit/homelab-process.ts';
import { Bystander } from './broker.ts';
import type { Figure, Row } from './figure.ts';
import { type Load, lastDeployment, loadNode, loadService, servicesPerNode } from './load.ts';
import type { SubscriberOrder } from './programs/bare-subscriber.ts';
import type { PublisherOrder } from './programs/publisher.ts';
import type { Program, Session } from './session.ts';
import { digits, median, range, ratios } from './statistics.ts';

const repetitions = 10;
/** Five nodes, 4,000 events each: half a second of the bare subscriber, and far below what the broker queues. */
const nodes = 5;
const perNode = 4_000;
const eventsCount = nodes * perNode;
/** From the issue. */
const ratioMin = 0.4;

const roots = { ours: 'bench-observer', bare: 'bench-bare' } as const;

export const throughput: Figure = {
  name: 'throughput',
  needs: ['mosquitto'],
  run: async (session): Promise<readonly Row[]> => {
    session.say('throughput');
    const rig = await startRig(session);
    const ours: number[] = [];
    const bare: number[] = [];
    // The first is not counted: both programs are cold.
    for (let repetition = 0; repetition <= repetitions; repetition += 1) {
      const load: Load = { nodes, perNode, repetition };
      await rig.prepare(load);
      const turns = [async () => ours.push(await rig.throughObserver(load)), async () => bare.push(await rig.throughBare())];
      for (const turn of repetition % 2 === 0 ? turns : turns.toReversed()) await turn();
      if (repetition === 0) ours.length = bare.length = 0;
    }
    const each = ratios(ours, bare);
    return [
      {
        figure: 'throughput, events to documents',
        ours: `${digits(median(ours))} events/s`,
        reference: `${digits(median(bare))} messages/s`,
        ratio: digits(median(each)),
        spread: `${range(each)}, n=${each.length}`,
        goal: `>= ${ratioMin}`,
        met: median(each) >= ratioMin,
      },
    ];
  },
};

interface Rig {
  prepare(load: Load): Promise<void>;
  /** Events per second. */
  throughObserver(load: Load): Promise<number>;
  throughBare(): Promise<number>;
}

async function startRig(session: Session): Promise<Rig> {
  session.buildHomelab();
  const { url } = await session.mosquitto();
  const publisher = startProgram(session, 'publisher');
  await ask(publisher, { url }, 'connected');
  const subscriber = startProgram(session, 'bare-subscriber');
  await ask(subscriber, { url, filter: `${roots.bare}/${topics.events.filter()}`, count: eventsCount }, 'subscribed');
  const bystander = await Bystander.at(session, url, { root: roots.ours, login: 'bystander', filters: [topics.deployment.filter(), topics.cursor.filter()] });
  for (let at = 0; at < nodes; at += 1) await bystander.keep(topics.desired.build({ node: loadNode(at) }), desiredOf(loadNode(at)));
  const machine = new Machine({ HOMELAB_BROKER_URL: url, NODE_NAME: 'bench', HOMELAB_TOPIC_ROOT: roots.ours });
  session.defer(() => machine.dispose());
  await machine.run('observer');

  /** From the word to publish until `arrived`. */
  const rate = async (root: string, arrived: Promise<unknown>): Promise<number> => {
    const beganMs = performance.now();
    const published = ask(publisher, { publishUnder: root }, 'published');
    await arrived;
    const seconds = (performance.now() - beganMs) / 1000;
    await published;
    return eventsCount / seconds;
  };
  return {
    prepare: (load) => ask(publisher, { prepare: load }, 'prepared'),
    throughBare: () => rate(roots.bare, answer(subscriber, 'all')),
    throughObserver: async (load) => {
      const { correlationId, message } = lastDeployment(load);
      const shown = Array.from({ length: nodes }, (_, at) =>
        bystander.next(
          `the last deployment of ${loadNode(at)}`,
          ({ name, levels, doc }) =>
            name === 'deployment' && levels['node'] === loadNode(at) && levels['correlation_id'] === correlationId && doc['message'] === message,
        ),
      );
      // None may have been lost on the way: the observer's own word for what it has stored.
      const stored = Array.from({ length: nodes }, (_, at) => bystander.next(`all of ${loadNode(at)} to be stored`, isStored(loadNode(at), load)));
      const measured = await rate(roots.ours, Promise.all(shown));
      await Promise.all(stored);
      return measured;
    },
  };
}

const isStored =
  (node: string, { repetition }: Load) =>
  ({
    name,
    levels,
    doc,
  }: {
    readonly name: string;
    readonly levels: Readonly<Record<string, string>>;
    readonly doc: Readonly<Record<string, unknown>>;
  }): boolean => {
    if (name !== 'cursor' || levels['node'] !== node) return false;
    const positions = doc['positions'] as Readonly<Record<string, { readonly urgent: number; readonly info: number }>>;
    const row = positions['load'];
    return row !== undefined && row.urgent + row.info === (repetition + 1) * perNode;
  };

const desiredOf = (node: string): DesiredNode => ({
  status: 'declared',
  summary: `${servicesPerNode} services`,
  ts: new Date().toISOString(),
  session: 1,
  rev: 1,
  node,
  site: 'hub',
  agents: [],
  services: Array.from({ length: servicesPerNode }, (_, at) => ({ name: loadService(at), origin: 'declared', monitor: true })),
  access: null,
});

function startProgram(session: Session, name: Program): ChildProcess {
  const child = fork(session.program(name), [], { execArgv: [] });
  session.defer(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  });
  return child;
}

/** A word of a program takes at most seconds; a loaded machine gets two minutes. */
const answerDeadlineMs = 120_000;

function answer(child: ChildProcess, word: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (error: Error | null): void => {
      clearTimeout(timer);
      child.off('message', onMessage);
      child.off('exit', onExit);
      if (error === null) resolve();
      else reject(error);
    };
    const onMessage = (message: unknown): void => {
      if (message === word) end(null);
    };
    const onExit = (): void => {
      end(new Error(`a program of the bench ended before it said ${word}`));
    };
    const timer = setTimeout(() => {
      end(new Error(`a program of the bench did not say ${word} within ${answerDeadlineMs} ms`));
    }, answerDeadlineMs);
    child.on('message', onMessage);
    child.on('exit', onExit);
  });
}

function ask(child: ChildProcess, order: PublisherOrder | SubscriberOrder, word: string): Promise<void> {
  const said = answer(child, word);
  child.send(order);
  return said;
}
