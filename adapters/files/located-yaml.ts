/**
 * Parses one YAML text, and says where in it each thing stands. Reads and writes nothing.
 * Fails: never throws on what the text holds; what is no YAML, or unfolds to far more than it is, comes with its place.
 */
import { constructFromEvents, type Event, parseEvents, YAMLException } from 'js-yaml';
import type { Place } from '../../actors/inventory/tree.ts';
import { type Dialect, dialects } from './yaml-dialects.ts';
import { firstPlace, type Places, placesOf } from './yaml-places.ts';

export type LocatedYaml =
  | ({ readonly ok: true; readonly value: unknown } & Places)
  /** `detail` is one line without the place. */
  | { readonly ok: false; readonly place: Place; readonly detail: string };

/** A hundred services are some thousand values; aliases of aliases can make billions of a few lines. */
const valuesMax = 100_000;

export function parseLocatedYaml(text: string, dialect: Dialect = 'plain'): LocatedYaml {
  // js-yaml throws without a position for an input without a document.
  if (text.replace(/^\s*#.*$/gm, '').trim() === '') return { ok: false, place: firstPlace, detail: 'the file is empty' };
  let events: readonly Event[];
  let documents: readonly unknown[];
  try {
    const parsed = parseEvents(text, {});
    documents = constructFromEvents(parsed, { source: text, schema: dialects[dialect] });
    events = parsed;
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    return { ok: false, ...placeOfError(text, error) };
  }
  if (documents.length !== 1) return { ok: false, place: firstPlace, detail: `${documents.length} YAML documents in one file; expected one` };
  const [value] = documents;
  if (sizeOf(value, new Map()) > valuesMax) return { ok: false, place: firstPlace, detail: `its aliases unfold to more than ${valuesMax} values` };
  return { ok: true, value, ...placesOf(text, events) };
}

/** js-yaml does not tell where an unclosed quote or bracket began, and marks the line after the last one; that is no line to look at. */
function placeOfError(text: string, { mark, reason }: YAMLException): { readonly place: Place; readonly detail: string } {
  const detail = `not YAML: ${reason}`;
  if (mark === undefined) return { place: firstPlace, detail };
  const written = text.trimEnd();
  if (mark.position <= written.length) return { place: { line: mark.line + 1, column: mark.column + 1 }, detail };
  const lines = written.split('\n');
  return {
    place: { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1 },
    detail: `${detail}, at the end of the file; a quote or bracket is not closed`,
  };
}

/** How many values there are once every alias is written out. */
function sizeOf(value: unknown, known: Map<object, number>): number {
  if (typeof value !== 'object' || value === null) return 1;
  const before = known.get(value);
  if (before !== undefined) return before;
  // What holds itself has no end.
  known.set(value, Number.POSITIVE_INFINITY);
  let size = 1;
  for (const part of Object.values(value)) size += sizeOf(part, known);
  known.set(value, size);
  return size;
}
