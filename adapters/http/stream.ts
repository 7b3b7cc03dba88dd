/**
 * GET /stream: what changes, live, as server-sent events (HTML standard, 9.2). Works through proxies without WebSockets.
 *
 * `bus` at once, as it is now; then `change` {set, gone}, `event`, `bus`, `resync` {}. What changed within 100 ms goes out as one; the last message of such a batch carries the
 * cursor as its `id`, so that who reconnects misses nothing. Nothing is queued for anybody: each stream has its place in the log of changes, and
 * a slow reader gets the next batch when the last one has left. Who takes nothing for 30 s, or has fallen out of the log, is cut off.
 */
import type { ServerResponse } from 'node:http';
import type { Changes, OperatorDesk } from '../../actors/operator-ui/ports.ts';
import type { Log } from '../../bus/log.ts';

/** Documents come in bursts; nobody sees a tenth of a second. */
export const gatherMs = 100;
/** Below the 60 s after which Nginx Proxy Manager ends a connection on which nothing comes. */
export const keepAliveMs = 25_000;
/** A page that reads nothing for so long is asleep or gone; it comes back with its cursor. */
export const slowClientMs = 30_000;
/** Pages open at once: far more than a household has. Each costs a socket and some 20 kB. */
export const streamsMax = 100;
/** Changes in one message: 500 documents of 1.5 kB are 750 kB, the most that is ever held for one stream. */
const changesAtOnce = 500;
/** What EventSource waits before it connects again, milliseconds. */
const retryMs = 2_000;

interface Reader {
  readonly response: ServerResponse;
  /** Whether whoever opened it may still look: asked before each batch, and at each keep-alive. */
  readonly isWelcome: () => boolean;
  cursor: number;
  /** The last message has not left; ends the stream when that lasts. null: it has. */
  stuck: NodeJS.Timeout | null;
}

export interface Timing {
  readonly gatherMs: number;
  readonly keepAliveMs: number;
  readonly slowClientMs: number;
}
const usualTiming: Timing = { gatherMs, keepAliveMs, slowClientMs };

interface Opening {
  readonly headers: Readonly<Record<string, string>>;
  /** The cursor of what is known already; null: only what comes now. */
  readonly after: number | null;
  readonly isWelcome: () => boolean;
}

export interface Streams {
  /** false: there are too many. Takes over the response. */
  readonly add: (response: ServerResponse, opening: Opening) => boolean;
  readonly count: () => number;
  /** Ends those that are not welcome any more, now. */
  readonly turnAway: () => void;
  readonly close: () => void;
}

export function createStreams(desk: OperatorDesk, log: Log, timing: Timing = usualTiming): Streams {
  const readers = new Set<Reader>();
  let gathering: NodeJS.Timeout | null = null;

  const gather = (): void => {
    gathering ??= setTimeout(pump, timing.gatherMs);
  };
  const write = (reader: Reader, text: string): void => {
    if (reader.response.write(text)) return;
    reader.stuck = setTimeout(() => {
      log.info({ slowClientMs: timing.slowClientMs }, 'a stream took nothing and is cut off');
      reader.response.destroy();
    }, timing.slowClientMs);
    reader.response.once('drain', () => {
      if (reader.stuck !== null) clearTimeout(reader.stuck);
      reader.stuck = null;
      gather();
    });
  };
  const leave = (reader: Reader): void => {
    if (reader.stuck !== null) clearTimeout(reader.stuck);
    readers.delete(reader);
  };
  const turnAway = (): void => {
    for (const reader of readers) {
      if (reader.isWelcome()) continue;
      reader.response.end();
      leave(reader);
    }
  };
  const pump = (): void => {
    gathering = null;
    // Nothing more leaves for whoever was let in and is not any more.
    turnAway();
    const { cursor: newest } = desk.picture();
    const frames = new Map<number, Frame | null>();
    for (const reader of readers) {
      if (reader.stuck !== null || reader.cursor === newest) continue;
      // Those at the same place get the same bytes.
      if (!frames.has(reader.cursor)) frames.set(reader.cursor, frameAfter(desk, reader.cursor));
      // Who has fallen out of the log reads everything again, and goes on from what is newest now.
      const frame = frames.get(reader.cursor) ?? { text: message('resync', {}, newest), cursor: newest };
      reader.cursor = frame.cursor;
      write(reader, frame.text);
    }
    // More than fits one message.
    if ([...readers].some(({ cursor, stuck }) => stuck === null && cursor !== newest)) gather();
  };
  const stopListening = desk.onChange(gather);
  const rounds = setInterval(() => {
    turnAway();
    for (const reader of readers) if (reader.stuck === null) write(reader, ': still here\n\n');
  }, timing.keepAliveMs);

  return {
    add: (response, { headers, after, isWelcome }) => {
      if (readers.size >= streamsMax) return false;
      const reader: Reader = { response, isWelcome, cursor: after ?? desk.picture().cursor, stuck: null };
      for (const end of ['error', 'close'] as const) response.on(end, () => leave(reader));
      response.writeHead(200, { ...headers, ...streamHeaders });
      readers.add(reader);
      // Who was away hears first whether what it has may be believed: without an id, since nothing of the log is told by it.
      write(reader, `retry: ${retryMs}\n\n${message('bus', desk.picture().bus, null)}`);
      gather();
      return true;
    },
    count: () => readers.size,
    turnAway,
    close: () => {
      stopListening();
      clearInterval(rounds);
      if (gathering !== null) clearTimeout(gathering);
      for (const reader of readers) {
        leave(reader);
        reader.response.destroy();
      }
    },
  };
}

const streamHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  // Also not to be compressed on the way, which would hold it back.
  'cache-control': 'no-store, no-transform',
  // nginx: pass on what comes, at once.
  'x-accel-buffering': 'no',
  connection: 'keep-alive',
} as const;

interface Frame {
  readonly text: string;
  readonly cursor: number;
}

/** null: the place is no more in the log. */
function frameAfter(desk: OperatorDesk, cursor: number): Frame | null {
  const changes = desk.changesAfter(cursor, changesAtOnce);
  return changes === null ? null : { text: textOf(changes), cursor: changes.cursor };
}

function textOf({ cursor, set, gone, events, bus }: Changes): string {
  const messages: (readonly [string, unknown])[] = [];
  if (bus !== null) messages.push(['bus', bus]);
  if (Object.keys(set).length > 0 || gone.length > 0) messages.push(['change', { set, gone }]);
  for (const event of events) messages.push(['event', event]);
  return messages.map(([name, data], at) => message(name, data, at === messages.length - 1 ? cursor : null)).join('');
}

const message = (name: string, data: unknown, id: number | null): string =>
  `event: ${name}\n${id === null ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`;
