/**
 * Pages of the observer's store on this machine, for the web server: implements EventStorePort over the files of the observer.
 *
 * Reads `observer/events/<day>/<node>/events.jsonl`, newest days first, one page at a time; writes nothing. A page that finds little in much is
 * cut short and says where to go on. A line that cannot be read is left out: the observer counts and reports those.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { eventFile, listStore, readLines } from '../actors/observer/event-files.ts';
import { parseStoredLine, type StoredEvent } from '../actors/observer/stored-event.ts';
import type { EventPage, EventQuery, EventStorePort } from '../actors/operator-ui/ports.ts';

/** Read for one page: some 90,000 events, a third of a second. A whole day of a homelab of 500 services is less. */
const bytesEachPageMax = 32 * 1024 * 1024;
const dateChars = 'YYYY-MM-DD'.length;
const dayMs = 86_400_000;

export function createStoredEvents({ dataRoot, bytesMax = bytesEachPageMax }: { readonly dataRoot: string; readonly bytesMax?: number }): EventStorePort {
  const directory = join(dataRoot, 'observer');
  // One at a time: many pages at once must not read the disk many times at once.
  let turn: Promise<unknown> = Promise.resolve();
  return {
    page: (query) => {
      const mine = turn.then(() => page(directory, query, bytesMax));
      turn = mine.catch(() => undefined);
      return mine;
    },
  };
}

/** Files go by when the observer received an event, and so do pages: what came late from another site stands where it came. */
const keyOf = ({ stored_at, id }: StoredEvent): string => `${stored_at}_${id}`;

/** Below the key of everything that was received on that day. */
const beginningOf = (day: string): string => `${day}T00:00:00.000Z_`;

async function page(directory: string, query: EventQuery, bytesMax: number): Promise<EventPage | null> {
  const nodes = await listStore(directory);
  if (nodes.size === 0) return null;
  const days = daysOf(nodes, query);
  const found: StoredEvent[] = [];
  let bytes = 0;
  for (const [at, day] of days.entries()) {
    for (const node of [...nodes.keys()].filter((each) => nodes.get(each)?.includes(day) === true && (query.node === null || query.node === each))) {
      bytes += await readDay(eventFile(directory, day, node), node, query, found);
    }
    const isLast = at === days.length - 1;
    if (found.length > query.limit) break;
    // Everything received on this day has been looked at: go on below its first moment.
    if (bytes > bytesMax && !isLast) return pageOf(found, query.limit, beginningOf(day));
  }
  return pageOf(found, query.limit, null);
}

/** Newest first. Nothing that happened after `since` was received on an earlier day, but for clocks that differ. */
function daysOf(nodes: ReadonlyMap<string, readonly string[]>, { since, before, node }: EventQuery): readonly string[] {
  const first = since === null ? '' : new Date(Date.parse(since) - dayMs).toISOString().slice(0, dateChars);
  const all = new Set([...nodes].flatMap(([name, days]) => (node === null || node === name ? days : [])));
  return [...all]
    .filter((day) => day >= first && (before === null || beginningOf(day) < before))
    .sort()
    .reverse();
}

async function readDay(file: string, node: string, query: EventQuery, found: StoredEvent[]): Promise<number> {
  const names = new Set<unknown>();
  await readLines(file, 0, (line) => {
    const parsed = parseStoredLine(line, node, names);
    if (parsed.ok && fits(parsed.event, query)) found.push(parsed.event);
  });
  const { size } = await stat(file).catch(() => ({ size: 0 }));
  return size;
}

const fits = (event: StoredEvent, { type, since, until, before }: EventQuery): boolean =>
  (type === null || event.type === type) &&
  (since === null || event.ts >= since) &&
  (until === null || event.ts <= until) &&
  (before === null || keyOf(event) < before);

function pageOf(found: readonly StoredEvent[], limit: number, goOn: string | null): EventPage {
  const sorted = [...found].sort((a, b) => (keyOf(a) < keyOf(b) ? 1 : -1));
  const shown = sorted.slice(0, limit);
  const last = shown.at(-1);
  const next = sorted.length > limit && last !== undefined ? keyOf(last) : goOn;
  return { events: shown.map(({ stored_at: _storedAt, alias: _alias, ...event }) => event), next };
}
