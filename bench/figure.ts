/** What a figure is: a name, what it needs of the machine, and how it becomes rows of the table. */
import type { Session } from './session.ts';

export type Part = 'chromium' | 'dockerd' | 'mosquitto' | 'network namespaces' | 'openssl';

/** One line of the table. */
export interface Row {
  readonly figure: string;
  readonly ours: string;
  readonly reference: string;
  /** Median of the ratios of the repetitions, or what was added; `-` where there is none. */
  readonly ratio: string;
  readonly spread: string;
  readonly goal: string;
  /** null: there is no goal. */
  readonly met: boolean | null;
}

/** `quick`: enough to see that it works; `full`: the time itself instead of a stretch of it, where that matters. */
export type Pace = 'quick' | 'usual' | 'full';

export interface Figure {
  /** As on the command line. */
  readonly name: string;
  readonly needs: readonly Part[];
  run(session: Session, pace: Pace): Promise<readonly Row[]>;
}
