/**
 * Keeps the documents of the page as they are on the bus: reads them whole, then follows the server-sent events, resuming after the last.
 *
 * Writes the signals of store.ts. Remembers the cursor. A stream that breaks, or is silent for longer than its server ever is, counts
 * as lost at once (the page says so, and greys what it shows) and is opened again with growing pauses; who is told to log in, logs in.
 */
import { batch } from '@preact/signals';
import { streamAliveMs } from '../../../../../contracts/defaults.ts';
import type { Event } from '../../../../../contracts/event.ts';
import { type Doc, type Documents, changed as withChange } from './documents.ts';
import { merged } from './event-list.ts';
import type { BusState } from './freshness.ts';
import { getDocuments, getMe, ServerError } from './server.ts';
import { bus, clockAheadMs, connection, documents, here, isWhole, me, tail } from './store.ts';

/** A connection that drops everything does not end; only its silence tells. Two and a half times what the server lets pass: one word may be late, not two. */
const silenceMs = 2.5 * streamAliveMs;
/** How long a new stream may take to open. */
const openMs = 10_000;
const pausesMs = [500, 1000, 2000, 4000, 8000, 15_000] as const;
/** The Date header counts whole seconds, and the answer took a while: less than this is no difference of clocks. */
const clockSlackMs = 3000;

interface Change {
  readonly set?: Readonly<Record<string, Doc>>;
  readonly gone?: readonly string[];
}

let source: EventSource | null = null;
let cursor: string | null = null;
let attempts = 0;
let watchdog: ReturnType<typeof setTimeout> | undefined;
let retry: ReturnType<typeof setTimeout> | undefined;
let waiting: Documents | null = null;
/** When something came last, by our clock; null: nothing yet. */
let heardMs: number | null = null;

/** Reads everything, and follows. Also after a login. */
async function start(): Promise<void> {
  try {
    me.value = await getMe();
    if (me.value.loginRequired && me.value.login === null) return;
    await readAll();
    follow();
  } catch (error) {
    if (error instanceof ServerError && error.status === 401) me.value = { login: null, role: null, csrf: null, loginRequired: true };
    else lost();
  }
}

async function readAll(): Promise<void> {
  const { snapshot, serverMs } = await getDocuments();
  const ahead = serverMs === null ? 0 : serverMs - Date.now();
  cursor = String(snapshot.cursor);
  waiting = null;
  batch(() => {
    clockAheadMs.value = Math.abs(ahead) < clockSlackMs ? 0 : ahead;
    here.value = { site: snapshot.site, node: snapshot.node, version: snapshot.version };
    bus.value = snapshot.bus;
    isWhole.value = snapshot.whole;
    documents.value = new Map(Object.entries(snapshot.documents));
  });
}

function follow(): void {
  source?.close();
  const opened = new EventSource(`./stream${cursor === null ? '' : `?after=${encodeURIComponent(cursor)}`}`);
  source = opened;
  watch(openMs);
  const on = <T>(name: string, take: (data: T) => void): void => {
    opened.addEventListener(name, (message) => {
      if (source !== opened) return;
      if (message.lastEventId !== '') cursor = message.lastEventId;
      alive();
      take(JSON.parse(message.data as string) as T);
    });
  };
  opened.addEventListener('open', alive);
  opened.addEventListener('error', () => {
    if (source === opened) lost();
  });
  on<Change>('change', takeChange);
  on<Event>('event', (event) => {
    tail.value = merged([event], tail.value).slice(0, 300);
  });
  on<BusState>('bus', (state) => {
    batch(() => {
      bus.value = state;
      // It is up when everything has been read, not before.
      if (state.status === 'up') isWhole.value = true;
    });
  });
  on('resync', () => {
    restart();
  });
  on('alive', () => undefined);
}

/** Changes of one frame are drawn together: a node that comes back changes fifty documents. */
function takeChange(change: Change): void {
  const isFirst = waiting === null;
  waiting = withChange(waiting ?? documents.value ?? new Map(), change);
  if (!isFirst) return;
  const put = (): void => {
    if (waiting !== null) documents.value = waiting;
    waiting = null;
  };
  // Hidden pages get no frames.
  if (document.hidden) setTimeout(put, 0);
  else requestAnimationFrame(put);
}

function alive(): void {
  attempts = 0;
  heardMs = Date.now();
  if (connection.value.status !== 'live') connection.value = { status: 'live', sinceMs: Date.now() + clockAheadMs.value };
  watch(silenceMs);
}

function watch(ms: number): void {
  clearTimeout(watchdog);
  watchdog = setTimeout(lost, ms);
}

/** Also said by whoever got no answer: what is shown may be old until the server has spoken again. */
export function lost(): void {
  clearTimeout(watchdog);
  source?.close();
  source = null;
  // What is shown is as old as the last word.
  if (connection.value.status !== 'lost') connection.value = { status: 'lost', sinceMs: (heardMs ?? Date.now()) + clockAheadMs.value };
  clearTimeout(retry);
  // At first where it broke; then all of it again, which also tells whether the login has ended.
  retry = setTimeout(attempts === 0 && cursor !== null ? follow : restart, pausesMs[Math.min(attempts, pausesMs.length - 1)]);
  attempts += 1;
}

/** Reads everything again. */
export function restart(): void {
  clearTimeout(retry);
  start().catch(lost);
}

export function followNetwork(): void {
  addEventListener('offline', lost);
  addEventListener('online', restart);
  addEventListener('visibilitychange', () => {
    if (document.hidden) return;
    if (connection.value.status === 'lost') restart();
    // Timers sleep with the phone, time does not.
    else if (heardMs !== null && Date.now() - heardMs > silenceMs) lost();
  });
}
