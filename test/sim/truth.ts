/**
 * What an actor says is true now: the documents it has set in this life, noted on their way to the bus. What is retained must become
 * the same, whatever got lost between. Its events pass by here as well.
 */
import type { ActorModule, Documents } from '../../bus/actor.ts';
import { contentOf } from '../../bus/document-text.ts';
import type { EventDraft } from '../../contracts/event.ts';
import type { Topic } from '../../contracts/topic.ts';

interface Said {
  readonly row: Topic;
  readonly body: unknown;
}

/** Any head will do: it is no part of the content. */
const someHead = { ts: '2026-01-01T00:00:00.000Z', session: 0, rev: 0 };

export class Truth {
  /** It has said in this life that its set of documents is whole, so that it has a manifest. */
  isComplete = false;
  private said = new Map<string, Said>();

  /** The same actor, overheard. `onEmit`: it is about to emit an event. */
  overhear(module: ActorModule, onEmit: (draft: EventDraft) => void): ActorModule {
    return {
      ...module,
      create: (io) => {
        this.said = new Map();
        this.isComplete = false;
        const emit = (draft: EventDraft): Promise<void> => {
          onEmit(draft);
          return io.emit(draft);
        };
        return module.create({ ...io, emit, documents: this.noting(io.documents, this.said) });
      },
    };
  }

  /** Topics without the root, and the content of each, as it is retained without its head. */
  documents(): ReadonlyMap<string, string> {
    return new Map(
      [...this.said].map(([topic, { row, body }]) => [topic, contentOf(row.schema.parse({ ...(body as object), ...someHead }) as Record<string, unknown>)]),
    );
  }

  private noting(documents: Documents, said: Map<string, Said>): Documents {
    return {
      set: (topic, levels, body, options) => {
        said.set(topic.build(levels), { row: topic as unknown as Topic, body });
        documents.set(topic, levels, body, options);
      },
      remove: (topic, levels) => {
        said.delete(topic.build(levels));
        documents.remove(topic, levels);
      },
      complete: () => {
        this.isComplete = true;
        documents.complete();
      },
      settled: () => documents.settled(),
      get topics() {
        return documents.topics;
      },
    };
  }
}
