/**
 * What an actor is to the rest of the program: a blueprint that run-actor brings to life.
 *
 * An actor's logic is an xstate logic (a machine, or a reducer through `reducerLogic`). It never does anything itself:
 * it says what it wants done as commands. A reducer keeps them in its state, a machine emits them; run-actor performs
 * them one after the other, in order, with the functions of `commands`.
 */
import type { AnyActorLogic, SnapshotFrom } from 'xstate';
import type { EventDraft } from '../contracts/event.ts';
import type { LevelsOf, PayloadOf, Topic } from '../contracts/topic.ts';
import type { TopicName, topics } from '../contracts/topics.ts';
import type { Clock } from './clock.ts';
import type { Will } from './link.ts';
import type { Log } from './log.ts';

/** What the bus delivers to an actor. `at` is the receiver's clock, milliseconds. */
export type Delivery =
  | {
      [N in TopicName]: {
        readonly kind: 'document';
        readonly name: N;
        readonly topic: string;
        readonly levels: LevelsOf<(typeof topics)[N]['pattern']>;
        /** null: deleted (said `gone`, was cleared, or left its writer's manifest). */
        readonly doc: PayloadOf<(typeof topics)[N]> | null;
        /** The broker says it because the writer's connection broke. */
        readonly will: boolean;
        /** A stored copy, of unknown age; false = it was just written. */
        readonly retained: boolean;
        readonly at: number;
      };
    }[TopicName]
  | {
      /**
       * Events, messages, announcements and requests: checked against their contract, except requests, which come as text for the ledger
       * to judge. Of these only an announcement may come empty (text '', payload null): somebody took it away.
       */
      readonly kind: 'message';
      readonly name: TopicName;
      readonly topic: string;
      readonly levels: Readonly<Record<string, string>>;
      readonly text: string;
      /** Parsed and checked; null for requests. */
      readonly payload: unknown;
      readonly retained: boolean;
      readonly at: number;
    }
  /** Everything retained under the actor's filters has been delivered on this connection. */
  | { readonly kind: 'synced'; readonly session: number; readonly at: number }
  | { readonly kind: 'disconnected'; readonly at: number };

/** Documents an actor owns. Latest wins; published as soon as the connection allows; survives reconnects by itself. */
export interface Documents {
  /**
   * States what is true now. Head fields ts, session and rev are added; nothing is sent when only they would differ,
   * unless `always` (heartbeats). Throws when the body does not fit its contract: that is a bug of the caller.
   */
  set<P extends string, T extends Topic<P>>(topic: T, levels: LevelsOf<P>, body: DocumentBody<T>, options?: { readonly always?: boolean }): void;
  /** Ends a document: `gone`, then empty, then out of the manifest. Unknown ones are ignored. */
  remove<P extends string>(topic: Topic<P>, levels: LevelsOf<P>): void;
  /** The set of documents is whole: publishes the manifest and deletes leftovers of an earlier life. Call after each full computation; repeated calls are cheap. */
  complete(): void;
  /** Resolves when everything said so far is acknowledged by the broker; waits through disconnections. */
  settled(): Promise<void>;
  /** Topics (without the root) this writer holds now. */
  readonly topics: ReadonlySet<string>;
}
export type DocumentBody<T> = Omit<PayloadInput<T>, 'ts' | 'session' | 'rev'>;
export type PayloadInput<T> = T extends Topic<string, infer S> ? import('zod').input<S> : never;

/** What an actor may use. Everything outside MQTT comes to an actor as its own ports, not through this. */
export interface ActorIo {
  readonly node: string;
  readonly site: string;
  /** `<actor>-<node>`: the broker login, and the last level of every request. */
  readonly login: string;
  /** Private directory of this actor; exists. */
  readonly dataDir: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly documents: Documents;
  /** Resolves when the event is on disk (urgent lane: fsynced). Delivery goes on until the site's store has it. */
  emit(draft: EventDraft): Promise<void>;
  /** Sends a request or message now. false: no connection, nothing was or will be sent. Resolves at PUBACK. */
  send<P extends string, T extends Topic<P>>(topic: T, levels: LevelsOf<P>, payload: PayloadInput<T>): Promise<boolean>;
  /** Puts a retained announcement (null: takes it away), in the form of the other program: no root, no head. false: no connection, nothing was or will be sent. Resolves at PUBACK. */
  announce<P extends string, T extends Topic<P>>(topic: T, levels: LevelsOf<P>, payload: PayloadInput<T> | null): Promise<boolean>;
  /** Clears a retained message on a topic that is not ours to own (a request somebody retained). */
  clear(topic: string): Promise<void>;
}

export interface Read {
  readonly topic: Topic;
  readonly levels?: Readonly<Record<string, string>>;
  /** For what an actor owns: documents that name another site in their `site` are somebody else's (the bridge puts them there). */
  readonly onlyOwnSite?: boolean;
}

export interface Blueprint<L extends AnyActorLogic, E extends { readonly type: string }, C extends { readonly type: string }> {
  readonly logic: L;
  readonly input?: unknown;
  /** What it reads on its own connection: documents are re-read whole at each connect. */
  readonly reads: readonly Read[];
  /** What it reads through a persistent session, queued by the broker while it is away. */
  readonly queued?: readonly Read[];
  /** Which topics are its own; it reads them back at connect. Its ActorStatus and manifest are always among them. */
  readonly owns: readonly Read[];
  /** One word for what it is doing. */
  mode(snapshot: SnapshotFrom<L>): string;
  /** What else its ActorStatus says, such as what it cannot do now; at most 300 characters. */
  detail?(snapshot: SnapshotFrom<L>): string | null;
  /** The event that a delivery means to this actor, or null. */
  deliver(delivery: Delivery): E | null;
  /** Reducers: epoch milliseconds of the next `{type: 'wake', now}`, or null. Machines use `after`. */
  wakeAt?(snapshot: SnapshotFrom<L>): number | null;
  /** One function for each kind of command. Run in order; a rejection kills the actor, which is then restarted. */
  readonly commands: { readonly [K in C['type']]: (command: Extract<C, { readonly type: K }>) => void | Promise<void> };
  /** The last will, if it is not the ActorStatus. */
  will?(session: number): Will;
  /** Starts what feeds the actor from outside MQTT (timers, files, engines); returns how to stop it. */
  attach?(send: (event: E) => void): () => void | Promise<void>;
  /** Said before a clean disconnect. */
  farewell?(): void | Promise<void>;
}

// biome-ignore lint/suspicious/noExplicitAny: a list of actors holds blueprints of any types; each was checked where it was made
export type AnyBlueprint = Blueprint<any, any, any>;

/** How `cli/` names and makes an actor. `create` runs at every (re)start: it loads what the actor remembers. */
export interface ActorModule {
  readonly name: string;
  create(io: ActorIo): Promise<AnyBlueprint>;
}
