/**
 * Parses a YAML file against a schema, and says where in the file a thing that does not fit stands.
 * Reads and writes nothing. Source of positions: the parse events of js-yaml 5, which carry offsets into the text.
 */
import { EVENT_ID, type Event, getScalarValue, load, parseEvents, YAMLException } from 'js-yaml';
import type { z } from 'zod';

export interface Place {
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

export type LocatedYaml<T> =
  | { readonly ok: true; readonly value: T; placeOf(path: readonly PropertyKey[]): Place }
  | { readonly ok: false; readonly place: Place; readonly detail: string };

const start: Place = { line: 1, column: 1 };

/** Never throws on what the text holds. `detail` is one line without the place. */
export function parseLocatedYaml<T>(text: string, schema: z.ZodType<T>): LocatedYaml<T> {
  // js-yaml throws without a position for an input without a document.
  if (text.replace(/^\s*#.*$/gm, '').trim() === '') return { ok: false, place: start, detail: 'the file is empty' };
  let value: unknown;
  let events: readonly Event[];
  try {
    value = load(text);
    events = parseEvents(text, {});
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const place = error.mark === undefined ? start : { line: error.mark.line + 1, column: error.mark.column + 1 };
    return { ok: false, place, detail: `not YAML: ${error.reason}` };
  }
  const placeOf = (path: readonly PropertyKey[]): Place => placeAt(text, offsetOf(text, events, path));
  const result = schema.safeParse(value);
  if (result.success) return { ok: true, value: result.data, placeOf };
  const [issue] = result.error.issues;
  const more = result.error.issues.length - 1;
  const path = issue?.path ?? [];
  const name = path.length === 0 ? 'the file' : path.map(String).join('.');
  // A wrong key hides its own reason one level down.
  const reason = issue?.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : (issue?.message ?? 'does not fit');
  return { ok: false, place: placeOf(path), detail: `${name}: ${reason}${shown(valueAt(value, path))}${more > 0 ? ` (and ${more} more)` : ''}` };
}

/** Scalars are worth showing: `monitor: yes` is a string in YAML 1.2, and few people know. */
const shown = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? `, found ${JSON.stringify(value).slice(0, 60)}` : '');

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let at = value;
  for (const key of path) {
    if (typeof at !== 'object' || at === null) return undefined;
    at = (at as Readonly<Record<PropertyKey, unknown>>)[key];
  }
  return at;
}

function placeAt(text: string, offset: number): Place {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: offset - lineStart + 1 };
}

/** Offset of the key (or list item) that a path names; of its nearest parent where the file stops short of it. */
function offsetOf(text: string, events: readonly Event[], path: readonly PropertyKey[]): number {
  let at = events.findIndex((event) => event.type !== EVENT_ID.DOCUMENT);
  let offset = 0;
  for (const step of path) {
    const opened = events[at];
    if (opened?.type !== EVENT_ID.MAPPING && opened?.type !== EVENT_ID.SEQUENCE) return offset;
    const isMapping = opened.type === EVENT_ID.MAPPING;
    let index = 0;
    let found = -1;
    for (at += 1; at < events.length && events[at]?.type !== EVENT_ID.POP; index += 1) {
      const entry = at;
      const key = events[entry];
      if (isMapping) at = skip(events, at);
      const isIt = isMapping ? key?.type === EVENT_ID.SCALAR && getScalarValue(text, key) === String(step) : index === Number(step);
      if (isIt) {
        found = at;
        offset = startOf(events[entry]) ?? offset;
        break;
      }
      at = skip(events, at);
    }
    if (found === -1) return offset;
    at = found;
  }
  return offset;
}

/** Index after the node that begins here. */
function skip(events: readonly Event[], from: number): number {
  let depth = 0;
  for (let at = from; at < events.length; at += 1) {
    const type = events[at]?.type;
    if (type === EVENT_ID.MAPPING || type === EVENT_ID.SEQUENCE) depth += 1;
    else if (type === EVENT_ID.POP) depth -= 1;
    if (depth === 0) return at + 1;
  }
  return events.length;
}

function startOf(event: Event | undefined): number | null {
  if (event?.type === EVENT_ID.SCALAR) return event.valueStart;
  if (event?.type === EVENT_ID.MAPPING || event?.type === EVENT_ID.SEQUENCE) return event.start;
  if (event?.type === EVENT_ID.ALIAS) return event.anchorStart;
  return null;
}
