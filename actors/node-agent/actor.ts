/**
 * node-agent: what the container engine of this node says about each service, and how the node itself is.
 *
 * Reads: the engine and the host through its ports; its own documents, once, to keep reasons over a restart.
 * Writes: health/<node> (with will), health/<node>/<service>, events/<node>.
 * Remembers: nothing on disk. Without a broker it works on, and the documents writer keeps the latest; without an engine
 * it says so, keeps looking, and says `unknown` of every service.
 */
import { fromCallback, fromPromise } from 'xstate';
import type { ActorIo, ActorModule, Blueprint, Delivery } from '../../bus/actor.ts';
import { isoTime } from '../../bus/clock.ts';
import { topics } from '../../contracts/topics.ts';
import type { NodeBody } from './documents.ts';
import { Inspector, troubleOf } from './inspector.ts';
import { mode, nodeAgentMachine } from './machine.ts';
import type { Answer } from './machine-parts.ts';
import type { EngineRequest, Fact, NodeAgentCommand } from './memory.ts';
import { EngineTroubleError, type HostMetrics, type NodeAgentPorts } from './ports.ts';

export interface NodeAgentOptions {
  readonly ports: NodeAgentPorts;
}

export function createNodeAgentModule(options: NodeAgentOptions): ActorModule {
  return { name: 'node-agent', create: (io) => Promise.resolve(blueprint(io, options.ports)) };
}

function blueprint(io: ActorIo, ports: NodeAgentPorts): Blueprint<ReturnType<typeof withPorts>, Fact, NodeAgentCommand> {
  const { node } = io;
  let nodeSaid: NodeBody | null = null;
  const own = [
    { topic: topics.nodeHealth, levels: { node } },
    { topic: topics.serviceHealth, levels: { node } },
  ];
  return {
    logic: withPorts(io, ports),
    input: { node },
    reads: own,
    owns: own,
    mode,
    deliver: (delivery) => deliver(node, delivery),
    commands: {
      announce: ({ draft }) => io.emit(draft),
      publish_service: ({ body }) => {
        io.documents.set(topics.serviceHealth, { node, service: body.service }, body);
      },
      remove_service: ({ service }) => {
        io.documents.remove(topics.serviceHealth, { node, service });
      },
      publish_node: ({ body, always }) => {
        nodeSaid = body;
        io.documents.set(topics.nodeHealth, { node }, { ...body, site: io.site }, { always });
      },
      complete: () => {
        io.documents.complete();
      },
    },
    will: (session) => ({
      topic: topics.nodeHealth.build({ node }),
      payload: JSON.stringify({
        status: 'offline',
        summary: 'offline: the connection of the node-agent broke',
        ts: isoTime(io.clock.now()),
        session,
        node,
        site: io.site,
      }),
    }),
    farewell: () => {
      io.documents.set(
        topics.nodeHealth,
        { node },
        { ...(nodeSaid ?? { node }), site: io.site, status: 'offline', summary: 'offline: the node-agent was stopped' },
      );
    },
  };
}

/** Documents of this node are read back; every delivery after the first `synced` is an echo, which reduce.ts ignores. */
function deliver(node: string, delivery: Delivery): Fact | null {
  if (delivery.kind === 'synced') return { type: 'synced', now: delivery.at };
  if (delivery.kind !== 'document' || delivery.doc === null) return null;
  if (delivery.name === 'serviceHealth' && delivery.levels.node === node) return { type: 'service_read_back', doc: delivery.doc, now: delivery.at };
  if (delivery.name === 'nodeHealth' && delivery.levels.node === node) return { type: 'node_read_back', doc: delivery.doc, now: delivery.at };
  return null;
}

/** The machine with the real world in it. Ports answer with values: a trouble is an answer too. */
function withPorts(io: ActorIo, ports: NodeAgentPorts): typeof nodeAgentMachine {
  const now = (): number => io.clock.now();
  const ask = async <T>(port: () => Promise<T>): Promise<Answer<T>> => {
    try {
      const value = await port();
      return { now: now(), trouble: null, value };
    } catch (error) {
      if (!(error instanceof EngineTroubleError)) io.log.error({ err: error }, 'a port failed in a way it does not promise');
      return { now: now(), trouble: troubleOf(error), value: null };
    }
  };
  return nodeAgentMachine.provide({
    actors: {
      watchEngine: fromCallback<Fact>(({ sendBack }) =>
        ports.watchEngine({
          onOpen: () => {
            sendBack({ type: 'stream_opened', now: now() });
          },
          onHint: (hint) => {
            sendBack({ type: 'hinted', hint, now: now() });
          },
          onClosed: (trouble) => {
            sendBack({ type: 'stream_closed', trouble, now: now() });
          },
        }),
      ),
      inspector: fromCallback<EngineRequest>(({ receive, sendBack }) => {
        const inspector = new Inspector({ ports, now, say: sendBack });
        receive((request) => {
          inspector.ask(request).catch((error: unknown) => io.log.error({ err: error }, 'asking the engine failed in a way it does not promise'));
        });
      }),
      listContainers: fromPromise(() => ask(() => ports.listContainers())),
      pingEngine: fromPromise(() =>
        ask(async () => {
          await ports.pingEngine();
          return null;
        }),
      ),
      measureReclaimable: fromPromise(() => ask(() => ports.reclaimableBytes())),
      readMetrics: fromPromise(() => ask<HostMetrics>(() => ports.readMetrics())),
    },
  });
}
