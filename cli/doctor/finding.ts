/** What a check of `homelab doctor` says: one line that reads alone, and for anything not ok the command that mends it. */

export type FindingLevel = 'ok' | 'warning' | 'error';

export interface Finding {
  readonly name: string;
  readonly level: FindingLevel;
  /** What was seen. */
  readonly found: string;
  /** What follows from it. */
  readonly means: string;
  /** A line for a shell; null only when it is ok. */
  readonly mend: string | null;
}

export interface Findings {
  ok(found: string, means: string): Finding;
  warning(found: string, means: string, mend: string): Finding;
  error(found: string, means: string, mend: string): Finding;
}

/** The ways in which the check of that name can end. */
export const findingsOf = (name: string): Findings => ({
  ok: (found, means) => ({ name, level: 'ok', found, means, mend: null }),
  warning: (found, means, mend) => ({ name, level: 'warning', found, means, mend }),
  error: (found, means, mend) => ({ name, level: 'error', found, means, mend }),
});

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

export const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException | null)?.code;

/** "1 file", "2 files". */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** The first few of a list for one line. */
export const listed = (names: readonly string[], shownMax = 3): string =>
  names.length <= shownMax ? names.join(', ') : `${names.slice(0, shownMax).join(', ')} and ${names.length - shownMax} more`;

/** A word for a shell, quoted where it needs to be. */
export const quoted = (word: string): string => (/^[\w./:=@%+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
