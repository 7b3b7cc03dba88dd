/** What a day came to: what people were told, and what was sent. The same words and the same rules for both systems. */
import { type DayTrace, troubleAt } from './trace.ts';

/** A line on somebody's phone. */
export interface Line {
  /** Since the beginning of the day. */
  readonly atMs: number;
  readonly what: 'incident' | 'reopened' | 'louder' | 'flapping' | 'resolved' | 'proposal' | 'withdrawn';
  readonly about: string;
}

export interface Traffic {
  /** Sent by the node itself. */
  messages: number;
  bytes: number;
}

export interface Account {
  readonly lines: readonly Line[];
  readonly traffic: Readonly<Traffic>;
  /** Sent by everybody. */
  readonly totalMessages: number;
  readonly totalBytes: number;
}

export type Told = Line['what'];

/** How many lines of these kinds there were: in all, about each trouble in turn, and last about none. */
export function count({ lines }: Account, trace: DayTrace, kinds: readonly Told[]): { readonly total: number; readonly each: readonly number[] } {
  const counted = lines.filter(({ what }) => kinds.includes(what)).map(({ atMs }) => troubleAt(trace, atMs));
  const each = [...trace.troubles, null].map((trouble) => counted.filter((other) => other === trouble).length);
  return { total: counted.length, each };
}

/** Troubles of which an incident told while they lasted. */
export const noticed = ({ lines }: Account, { troubles }: DayTrace): number =>
  troubles.filter(({ fromMs, untilMs }) => lines.some(({ what, atMs }) => what === 'incident' && fromMs <= atMs && atMs < untilMs)).length;
