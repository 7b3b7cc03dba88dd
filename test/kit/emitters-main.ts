/**
 * What happens at a site in a storm, as a process: `node --import tsx emitters-main.ts '{"url": …, "seed": …, "count": …, …}'`.
 *
 * Each source is an actor with an outbox of its own that does nothing but emit. Says `emitted` when every event is in an outbox,
 * and stays until it is killed, so that what is still there goes on being sent.
 */
import type { ActorIo, ActorModule } from '../../bus/actor.ts';
import { systemClock } from '../../bus/clock.ts';
import { createLog } from '../../bus/log.ts';
import { createMqttTransport } from '../../bus/mqtt-link.ts';
import { reducerLogic } from '../../bus/reducer.ts';
import { RunningActor } from '../../bus/run-actor.ts';
import { topicRoot } from '../../contracts/defaults.ts';
import { stormEvents, stormEventType, stormSources } from './storm-plan.ts';
import { waitFor } from './wait.ts';

export interface EmittersOrder {
  readonly url: string;
  readonly password: string;
  readonly node: string;
  readonly site: string;
  readonly dataRoot: string;
  readonly seed: number;
  readonly count: number;
  readonly perSecond: number;
}

/** Shorter than anybody's window, longer than a turn of the event loop on a loaded machine. */
const tickMs = 20;

const order = JSON.parse(process.argv[2] ?? '{}') as EmittersOrder;
const log = createLog({ level: 'warn' });
const ios = new Map<string, ActorIo>();

const emitter = (name: string): ActorModule => ({
  name,
  create(io) {
    ios.set(name, io);
    const logic = reducerLogic<null, { readonly type: string }, never>((state) => ({ state, commands: [] }), null);
    return Promise.resolve({ logic, reads: [], owns: [], mode: () => 'emitting', deliver: () => null, commands: {} });
  },
});

for (const source of stormSources) {
  const { url, password, node, site, dataRoot } = order;
  new RunningActor({
    ...{ module: emitter(source), node, site, root: topicRoot, password, dataRoot, log, version: '0.0.0', clock: systemClock, random: Math.random },
    transport: createMqttTransport({ urls: [url], log }),
    onGaveUp: (error) => {
      throw error;
    },
  }).start();
}

await waitFor('every source to live', () => ios.size === stormSources.length, { deadlineMs: 60_000 });
const left = [...stormEvents(order.seed, order.count)];
const startedAtMs = performance.now();
let emitted = 0;
const timer = setInterval(() => {
  const due = Math.floor(((performance.now() - startedAtMs) / 1_000) * order.perSecond);
  for (const { n, source, lane, message } of left.splice(0, due - emitted)) {
    emitted += 1;
    // In order within a source, because the outbox gives a number before it waits.
    void ios.get(source)!.emit({ type: stormEventType, severity: lane === 'urgent' ? 'warning' : 'info', message, payload: { n } });
  }
  if (left.length > 0) return;
  clearInterval(timer);
  process.stdout.write('emitted\n');
}, tickMs);
