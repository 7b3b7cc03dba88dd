/** What a trap of a bridge configuration is: where it is found, why it is one, and what to write instead. */
import type { Configuration, Line } from './configuration.ts';

export interface Trap {
  readonly id: string;
  /** error: messages are lost or come back, or the bridge does not run; warning: it hurts in some homes. */
  readonly severity: 'error' | 'warning';
  readonly why: string;
  /** Lines that do it right. */
  readonly instead: string;
  find(configuration: Configuration, root: string): Iterable<Caught>;
}

/** One place of a trap; where something is missing, the place that it was looked for. */
export interface Caught {
  readonly at: Line;
  readonly what: string;
}
