/** What an actor may use, over its bus. */
import type { ActorIo } from './actor.ts';
import type { Bus } from './bus.ts';

export function actorIo({ node, site, dataDir, clock, log }: Pick<ActorIo, 'node' | 'site' | 'dataDir' | 'clock' | 'log'>, bus: Bus): ActorIo {
  return {
    ...{ node, site, dataDir, clock, log },
    login: bus.login,
    documents: bus.documents,
    emit: (draft) => bus.emit(draft),
    send: (topic, levels, payload) => bus.send(topic, levels, payload),
    announce: (topic, levels, payload) => bus.announce(topic, levels, payload),
    clear: (topic) => bus.clear(topic),
  };
}
