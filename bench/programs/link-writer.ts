/**
 * An actor that writes what it is told to: `node link-writer.mjs '{"actor": "node-agent", "url": …, …}'`, told by messages of its parent.
 *
 * As node-agent it owns `health/<node>/<service>`, as inventory `desired/<node>`; each document carries a word by which it is known
 * again. It says `done` when everything said is at its broker. It lives until it is killed.
 */
import type { ActorIo, ActorModule } from '../../bus/actor.ts';
import { systemClock } from '../../bus/clock.ts';
import { createLog } from '../../bus/log.ts';
import { createMqttTransport } from '../../bus/mqtt-link.ts';
import { reducerLogic } from '../../bus/reducer.ts';
import { RunningActor } from '../../bus/run-actor.ts';
import { topicRoot } from '../../contracts/defaults.ts';
import { topics } from '../../contracts/topics.ts';
import type { WriterOptions, WriterOrder } from '../link/writer.ts';

const options = JSON.parse(process.argv[2] ?? '{}') as WriterOptions;
const { actor, url, password, node, site, dataRoot, siteOfDesired } = options;
const log = createLog({ level: 'warn' });
const owned = actor === 'node-agent' ? { topic: topics.serviceHealth, levels: { node } } : { topic: topics.desired };

function write(io: ActorIo, name: string, word: string | null): void {
  const { documents } = io;
  if (actor === 'node-agent') {
    const levels = { node, service: name };
    if (word === null) documents.remove(topics.serviceHealth, levels);
    else {
      const since = new Date(0).toISOString();
      documents.set(topics.serviceHealth, levels, { status: 'healthy', summary: `${name} is healthy`, ...levels, reason: 'running', image: word, since });
    }
    return;
  }
  if (word === null) documents.remove(topics.desired, { node: name });
  else documents.set(topics.desired, { node: name }, { status: 'declared', summary: 'declared', node: name, site: siteOfDesired, commit: word, services: [] });
}

let announce: (io: ActorIo) => void = () => undefined;
const living = new Promise<ActorIo>((resolve) => (announce = resolve));
const module: ActorModule = {
  name: actor,
  create(io) {
    announce(io);
    const logic = reducerLogic<null, { readonly type: string }, never>((state) => ({ state, commands: [] }), null);
    return Promise.resolve({ logic, reads: [], owns: [owned], mode: () => 'writing', deliver: () => null, commands: {} });
  },
};
const running = new RunningActor({
  ...{ module, node, site, root: topicRoot, password, dataRoot, log, version: '0.0.0', clock: systemClock, random: Math.random },
  transport: createMqttTransport({ urls: [url], log }),
  onGaveUp: (error) => {
    throw error;
  },
});
running.start();

const io = await living;
process.on('message', ({ id, write: words, emit, emitType }: WriterOrder) => {
  for (const [name, word] of Object.entries(words)) write(io, name, word);
  io.documents.complete();
  const emitted = emit.map((n) => io.emit({ type: emitType, severity: 'info', message: `event ${n}`, payload: { n } }));
  Promise.all([...emitted, io.documents.settled()]).then(
    () => process.send?.({ done: id }),
    (error: unknown) => {
      log.error({ err: error }, 'what was told could not be written');
      process.exit(1);
    },
  );
});
process.send?.({ done: 0 });
