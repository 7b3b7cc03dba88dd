/**
 * stability-agent: the watchdog of what the node itself needs. It looks, says each thing once, and repairs nothing.
 *
 * Reads: the host, tailscaled and brokers through its ports; `desired/<node>`, `health/<node>/#`, `world/nodes/<node>` (the observer's
 * clock), zigbee2mqtt's word of itself, and its own probe coming back.
 * Writes: events/<node>, probes/<login>. Remembers: memory.json (memory.ts).
 * A disk that is full keeps events from being stored: it then tries again each round, and does not die of it.
 */
import type { ActorIo, ActorModule, Blueprint, Delivery } from '../../bus/actor.ts';
import { reducerLogic } from '../../bus/reducer.ts';
import { topics } from '../../contracts/topics.ts';
import { loadMemory, saveMemory } from './memory.ts';
import type { StabilityPorts } from './ports.ts';
import { detail, initialState, mode, reduce, wakeAt } from './reduce.ts';
import type { CheckOptions } from './seen.ts';
import type { Command, Fact, State } from './state.ts';

export interface StabilityAgentOptions {
  readonly ports: StabilityPorts;
  readonly intervalMs: number;
  readonly checks: CheckOptions;
}

export function createStabilityAgentModule(options: StabilityAgentOptions): ActorModule {
  return { name: 'stability-agent', create: (io) => Promise.resolve(blueprint(io, options)) };
}

type Logic = ReturnType<typeof logicOf>;

function logicOf(io: ActorIo, { ports, intervalMs, checks }: StabilityAgentOptions) {
  const has = { hasTailnet: ports.readTailnet !== null, hasUpstream: ports.tryUpstream !== null, hasOtherBroker: ports.tryOwnBroker !== null };
  const initial = initialState({ node: io.node, intervalMs, checks, ...has }, loadMemory(io.dataDir, io.log), io.clock.now());
  return reducerLogic<State, Fact, Command>(reduce, initial);
}

function blueprint(io: ActorIo, options: StabilityAgentOptions): Blueprint<Logic, Fact, Command> {
  const { node } = io;
  let send: (fact: Fact) => void = () => undefined;
  return {
    logic: logicOf(io, options),
    reads: [
      { topic: topics.desired, levels: { node } },
      { topic: topics.nodeHealth, levels: { node } },
      { topic: topics.serviceHealth, levels: { node } },
      { topic: topics.worldNode, levels: { node } },
      { topic: topics.probe, levels: { login: io.login } },
      { topic: topics.zigbeeBridge },
    ],
    owns: [],
    mode: ({ context }) => mode(context.state),
    detail: ({ context }) => detail(context.state),
    wakeAt: ({ context }) => wakeAt(context.state),
    deliver,
    commands: {
      ...readings(io, options.ports, (fact) => {
        send(fact);
      }),
      send_probe: ({ nonce }) => {
        // Not awaited: on a broker that hangs the acknowledgement may take until the connection ends.
        io.send(topics.probe, { login: io.login }, { nonce }).catch((error: unknown) => io.log.error({ err: error }, 'a probe could not be sent'));
      },
      say: async ({ keys, level, draft }) => {
        try {
          await io.emit(draft);
          send({ type: 'said', keys, level, now: io.clock.now() });
        } catch (error) {
          io.log.error({ err: error, event: draft.type }, 'an event could not be stored; trying again');
          send({ type: 'not_said', keys, now: io.clock.now() });
        }
      },
      log: ({ check, message }) => {
        io.log.error({ check, trouble: message }, 'trouble that no event tells of while it lasts');
      },
      remember: async ({ memory }) => {
        try {
          await saveMemory(io.dataDir, memory);
        } catch (error) {
          io.log.error({ err: error }, 'memory could not be written; a restart says once more what stands');
        }
      },
    },
    attach: (deliverTo) => {
      send = deliverTo;
      return () => {
        send = () => undefined;
      };
    },
  };
}

/** One reading of a kind at a time, none of them awaited: a slow one holds back neither the others nor an event. */
function readings(io: ActorIo, ports: StabilityPorts, send: (fact: Fact) => void) {
  const under = new Set<string>();
  const start = <T>(what: string, read: (() => Promise<T>) | null, factOf: (answer: T) => Fact) => {
    if (read === null || under.has(what)) return;
    under.add(what);
    read()
      .then((answer) => {
        send(factOf(answer));
      })
      .catch((error: unknown) => io.log.error({ err: error, what }, 'a port failed in a way it does not promise'))
      .finally(() => under.delete(what));
  };
  const now = (): number => io.clock.now();
  return {
    read_host: () => {
      start(
        'host',
        () => ports.readHost(),
        (reading) => ({ type: 'host_read', reading, now: now() }),
      );
    },
    read_tailnet: () => {
      start('tailnet', ports.readTailnet, (reading) => ({ type: 'tailnet_read', reading, now: now() }));
    },
    try_own_broker: () => {
      start('own broker', ports.tryOwnBroker, (trip) => ({ type: 'own_broker_tried', trip, now: now() }));
    },
    try_upstream: () => {
      start('upstream', ports.tryUpstream, (trip) => ({ type: 'upstream_tried', trip, now: now() }));
    },
  };
}

function deliver(delivery: Delivery): Fact | null {
  const { at: now } = delivery;
  if (delivery.kind === 'synced' || delivery.kind === 'disconnected') return { type: delivery.kind, now };
  if (delivery.kind === 'message') return message(delivery);
  switch (delivery.name) {
    case 'desired':
      return { type: 'desired', doc: delivery.doc, now };
    case 'nodeHealth':
      return { type: 'node_health', doc: delivery.doc, isWill: delivery.will, isLive: !delivery.retained, now };
    case 'serviceHealth':
      return { type: 'service_health', service: delivery.levels.service, doc: delivery.doc, now };
    case 'worldNode':
      return { type: 'world_node', doc: delivery.doc, isLive: !delivery.retained, now };
    default:
      return null;
  }
}

function message({ name, payload, at: now }: Extract<Delivery, { readonly kind: 'message' }>): Fact | null {
  if (name === 'probe') return { type: 'probe_returned', nonce: topics.probe.schema.parse(payload).nonce, now };
  if (name === 'zigbeeBridge') return { type: 'zigbee_bridge', state: topics.zigbeeBridge.schema.parse(payload).state, now };
  return null;
}
