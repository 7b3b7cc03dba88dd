/**
 * Who listens to GET /stream: one connection each, written to while it takes what is written.
 *
 * Who takes nothing for a while is cut off, and so is who does not take the end of its stream: until then its socket is ours. Who is told nothing
 * for a while is told that the server is there. A connection that carries nothing and does not end (a phone between two cells) is not known here
 * for minutes: the streams of one owner are few, and the newest counts, so that such leftovers lock nobody out. Remembers nothing.
 */
import type { ServerResponse } from 'node:http';
import type { Log } from '../../bus/log.ts';

/**
 * Of one login; where nobody has one, of one address. Four browsers with the six connections that each opens to a server over HTTP/1.1. One more ends
 * the oldest.
 */
export const streamsPerOwnerMax = 24;

export interface Opening {
  readonly response: ServerResponse;
  /** Whether whoever opened it may still look: asked before each batch, and before it is told that there is none. */
  readonly isWelcome: () => boolean;
  /** Login, or address: whose streams are counted together. */
  readonly owner: string;
  /** Of what it knows. */
  readonly cursor: number;
}

export interface Reader extends Omit<Opening, 'cursor'> {
  cursor: number;
  /** Runs out when nothing has been written for a while. */
  readonly quiet: NodeJS.Timeout;
  /** The last message has not left; ends the stream when that lasts. null: it has. */
  stuck: NodeJS.Timeout | null;
}

interface ReadersOptions {
  readonly log: Log;
  readonly keepAliveMs: number;
  readonly slowClientMs: number;
  /** Said to who has heard nothing. */
  readonly aliveText: string;
  /** Somebody takes again what is written. */
  readonly onDrain: () => void;
}

export interface Readers {
  readonly all: ReadonlySet<Reader>;
  readonly countOf: (owner: string) => number;
  /** Ends the oldest of its owner when these are too many. */
  readonly add: (opening: Opening) => Reader;
  readonly write: (reader: Reader, text: string) => void;
  /** Ends those that are not welcome any more. */
  readonly turnAway: () => void;
  readonly close: () => void;
}

export function createReaders({ log, keepAliveMs, slowClientMs, aliveText, onDrain }: ReadersOptions): Readers {
  const all = new Set<Reader>();
  const write = (reader: Reader, text: string): void => {
    reader.quiet.refresh();
    if (reader.response.write(text)) return;
    reader.stuck = setTimeout(() => {
      log.info({ slowClientMs }, 'a stream took nothing and is cut off');
      reader.response.destroy();
    }, slowClientMs);
    reader.response.once('drain', () => {
      if (reader.stuck !== null) clearTimeout(reader.stuck);
      reader.stuck = null;
      onDrain();
    });
  };
  const leave = (reader: Reader): void => {
    if (reader.stuck !== null) clearTimeout(reader.stuck);
    clearTimeout(reader.quiet);
    all.delete(reader);
  };
  const end = (reader: Reader): void => {
    const { response, stuck } = reader;
    leave(reader);
    // What waits for it would wait behind the end, too; and it is counted nowhere any more.
    if (stuck !== null) {
      response.destroy();
      return;
    }
    const cut = setTimeout(() => response.destroy(), slowClientMs);
    response.once('close', () => clearTimeout(cut));
    response.end();
  };
  const sayAlive = (reader: Reader): void => {
    if (!reader.isWelcome()) end(reader);
    else if (reader.stuck === null) write(reader, aliveText);
    else reader.quiet.refresh();
  };
  const ofOwner = (owner: string): readonly Reader[] => [...all].filter((reader) => reader.owner === owner);
  return {
    all,
    countOf: (owner) => ofOwner(owner).length,
    add: (opening) => {
      const oldest = ofOwner(opening.owner).at(-streamsPerOwnerMax);
      if (oldest !== undefined) {
        log.info({ owner: opening.owner, streamsPerOwnerMax }, 'a stream ends for a newer one of the same owner');
        end(oldest);
      }
      const reader: Reader = { ...opening, quiet: setTimeout(() => sayAlive(reader), keepAliveMs), stuck: null };
      for (const ending of ['error', 'close'] as const) opening.response.on(ending, () => leave(reader));
      all.add(reader);
      return reader;
    },
    write,
    turnAway: () => {
      for (const reader of all) if (!reader.isWelcome()) end(reader);
    },
    close: () => {
      for (const reader of all) {
        leave(reader);
        reader.response.destroy();
      }
    },
  };
}
