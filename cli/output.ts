/** What a command prints: readable tables on a terminal, one JSON value per line with --json, errors that say what to do. */
import { styleText } from 'node:util';

/** What scripts can rely on. */
export const exitCodes = { ok: 0, trouble: 1, usage: 2, unavailable: 3 } as const;

/** Above everything that a command shows of a demo. */
export const simulatedLine = 'SIMULATED homelab: nothing of this is real (homelab up --demo).';

export interface Output {
  readonly json: boolean;
  line(text: string): void;
  /** One JSON value on a line of its own. */
  value(value: unknown): void;
}

export function output(json: boolean): Output {
  const write = (text: string): void => {
    process.stdout.write(`${text}\n`);
  };
  return { json, line: write, value: (value) => write(JSON.stringify(value)) };
}

const colours: Readonly<Record<string, Parameters<typeof styleText>[0]>> = {
  ok: 'green',
  nominal: 'green',
  healthy: 'green',
  online: 'green',
  completed: 'green',
  degraded: 'yellow',
  starting: 'yellow',
  pending: 'yellow',
  unknown: 'yellow',
  warning: 'yellow',
  critical: 'red',
  error: 'red',
  down: 'red',
  unhealthy: 'red',
  missing: 'red',
  offline: 'red',
  failed: 'red',
};

/** A status word in its colour, where the terminal shows colours. */
export const coloured = (word: string): string => {
  const colour = colours[word];
  return colour === undefined || !process.stdout.isTTY ? word : styleText(colour, word);
};

/** Rows under their headings, columns two spaces apart. Colours are added after measuring. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headings.map((heading, at) => Math.max(heading.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const render = (cells: readonly string[], paint: (text: string) => string): string =>
    cells
      .map((cell, at) => paint(cell) + (at === cells.length - 1 ? '' : ' '.repeat((widths[at] ?? 0) - cell.length)))
      .join('  ')
      .trimEnd();
  return [
    render(
      headings.map((heading) => heading.toUpperCase()),
      (text) => text,
    ),
    ...rows.map((row) => render(row, coloured)),
  ].join('\n');
}

/** "12 s", "5 min", "3 h", "2 d". */
export function age(fromIso: string, nowMs: number): string {
  const s = Math.max(0, Math.round((nowMs - Date.parse(fromIso)) / 1000));
  if (s < 120) return `${s} s`;
  if (s < 7200) return `${Math.round(s / 60)} min`;
  if (s < 172_800) return `${Math.round(s / 3600)} h`;
  return `${Math.round(s / 86_400)} d`;
}
