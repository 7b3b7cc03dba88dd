/**
 * The engine's event stream (GET /events): one JSON object per line, from bytes to hints.
 *
 * Pure. Traps: a chunk may end inside a line and inside a character; `timeNano` is above 2^53, so JSON.parse rounds it; labels
 * stand beside the engine's own attributes and win over them; health probes make three `exec_*` events each, which nobody needs.
 */
import { constants } from 'node:os';
import type { EngineHint } from '../../actors/node-agent/ports.ts';

/** What is asked for. A list, so that probes and network noise never leave the engine. Values must be arrays: a string is an HTTP 500. */
export const eventFilters: Readonly<Record<string, string[]>> = {
  type: ['container'],
  event: ['create', 'start', 'die', 'kill', 'stop', 'oom', 'health_status', 'rename', 'destroy', 'restart', 'pause', 'unpause', 'update'],
};

/** Far above any event (they carry all labels of a container: 60 kB were seen), and no danger to memory. */
const lineCharsMax = 4 * 1024 * 1024;

/** Cuts text into lines, whatever the chunks; the caller decodes UTF-8 (`setEncoding`). A half line at the end is not a line. */
export class LineSplitter {
  private rest = '';

  /** Throws when a line has no end. */
  push(chunk: string): string[] {
    const lines = (this.rest + chunk).split('\n');
    this.rest = lines.pop() ?? '';
    if (this.rest.length > lineCharsMax) throw new Error(`an event of more than ${lineCharsMax} characters`);
    return lines;
  }
}

/** The engine's clock, exact. Field `timeNano` is a number; attributes and labels are strings, so only the field can match. */
export const eventNanos = (line: string): bigint | null => {
  const digits = /"timeNano":\s*(\d+)/.exec(line)?.[1];
  return digits === undefined ? null : BigInt(digits);
};

interface EngineEvent {
  readonly Type?: unknown;
  readonly Action?: unknown;
  readonly Actor?: { readonly ID?: unknown; readonly Attributes?: Readonly<Record<string, unknown>> };
}

/** The hint in one line; null for what is none: probes, other kinds, and lines that are no event (a hint is never the truth, and the next list repairs). */
export function hintOf(line: string): EngineHint | null {
  let event: EngineEvent;
  try {
    event = JSON.parse(line) as EngineEvent;
  } catch {
    return null;
  }
  const { Type, Action, Actor } = event ?? {};
  const nanos = eventNanos(line);
  if (Type !== 'container' || typeof Action !== 'string' || typeof Actor?.ID !== 'string' || nanos === null) return null;
  if (Action.startsWith('exec_')) return null;
  const attributes = Actor.Attributes ?? {};
  return {
    id: Actor.ID,
    action: Action,
    atMs: Number(nanos / 1_000_000n),
    // Only where the engine sets them: elsewhere a label of that name would be taken for it.
    signal: Action === 'kill' ? signalOf(attributes['signal']) : null,
    exitCode: Action === 'die' ? integerOf(attributes['exitCode']) : null,
  };
}

const integerOf = (value: unknown): number | null => (typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : null);

/** A number in a string; some engines write the name. */
const signalOf = (value: unknown): number | null => {
  if (typeof value !== 'string') return null;
  const names = constants.signals as Readonly<Record<string, number>>;
  return integerOf(value) ?? names[value] ?? names[`SIG${value}`] ?? null;
};

/** `since` and `until` of the engine: seconds with nine decimals. */
export const engineSeconds = (ms: number): string => `${Math.floor(ms / 1000)}.${String(Math.floor(ms % 1000)).padStart(3, '0')}000000`;
