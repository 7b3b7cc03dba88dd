/**
 * Where in a YAML text each key and list item stands, and which of them bear a tag of an application.
 * Pure. Source of positions: the parse events of js-yaml 5, which carry offsets into the text.
 */
import { EVENT_ID, type Event, getScalarValue } from 'js-yaml';
import type { Place, YamlTag } from '../../actors/inventory/tree.ts';

export const firstPlace: Place = { line: 1, column: 1 };

export interface Places {
  /** Place of a key or list item; of its nearest parent where the file stops short of it. */
  readonly placeOf: (path: readonly PropertyKey[]) => Place;
  readonly tags: () => readonly YamlTag[];
}

/** The tree is built when it is first asked for: most files are right, and nobody asks. */
export function placesOf(text: string, events: readonly Event[]): Places {
  let built: Entry | null = null;
  const root = (): Entry => {
    built ??= new EntryReader(text, events).read();
    return built;
  };
  return {
    placeOf: (path) => {
      let entry = root();
      for (const step of path) {
        const next = entry.parts.get(String(step));
        if (next === undefined) break;
        entry = next;
      }
      return placeAt(text, entry.offset);
    },
    tags: () => (text.includes('!') ? tagsBelow(text, root(), []) : []),
  };
}

interface Entry {
  /** Of the key or list item. */
  readonly offset: number;
  /** `!reset`; null: none. */
  readonly tag: string | null;
  readonly parts: ReadonlyMap<string, Entry>;
}

class EntryReader {
  private at = 0;
  private readonly text: string;
  private readonly events: readonly Event[];

  constructor(text: string, events: readonly Event[]) {
    this.text = text;
    this.events = events;
  }

  read(): Entry {
    if (this.events[0]?.type === EVENT_ID.DOCUMENT) this.at = 1;
    return { ...this.entry(0), offset: 0 };
  }

  /** The node that begins here; the events of a mapping are key, value, key, value, …, end. */
  private entry(offset: number): Entry {
    const event = this.events[this.at];
    this.at += 1;
    const parts = new Map<string, Entry>();
    if (event?.type === EVENT_ID.MAPPING) {
      while (this.goesOn()) {
        const key = this.events[this.at];
        const keyOffset = startOf(key) ?? offset;
        this.entry(keyOffset);
        const value = this.entry(keyOffset);
        if (key?.type === EVENT_ID.SCALAR) parts.set(getScalarValue(this.text, key), value);
      }
    } else if (event?.type === EVENT_ID.SEQUENCE) {
      while (this.goesOn()) parts.set(String(parts.size), this.entry(startOf(this.events[this.at]) ?? offset));
    }
    return { offset, tag: this.tagOf(event), parts };
  }

  private goesOn(): boolean {
    const event = this.events[this.at];
    if (event === undefined) return false;
    if (event.type !== EVENT_ID.POP) return true;
    this.at += 1;
    return false;
  }

  private tagOf(event: Event | undefined): string | null {
    if (event === undefined || !('tagStart' in event) || event.tagStart < 0) return null;
    return this.text.slice(event.tagStart, event.tagEnd);
  }
}

function startOf(event: Event | undefined): number | null {
  if (event?.type === EVENT_ID.SCALAR) return event.valueStart;
  if (event?.type === EVENT_ID.MAPPING || event?.type === EVENT_ID.SEQUENCE) return event.start;
  if (event?.type === EVENT_ID.ALIAS) return event.anchorStart;
  return null;
}

function tagsBelow(text: string, entry: Entry, path: readonly string[]): readonly YamlTag[] {
  const own = entry.tag === null ? [] : [{ tag: entry.tag, path, place: placeAt(text, entry.offset) }];
  return [...own, ...[...entry.parts].flatMap(([step, part]) => tagsBelow(text, part, [...path, step]))];
}

function placeAt(text: string, offset: number): Place {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  return { line: before.split('\n').length, column: offset - lineStart + 1 };
}
