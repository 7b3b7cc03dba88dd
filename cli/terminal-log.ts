/** The log as a person at a terminal reads it: one short line each. Anywhere else it stays JSON. */
import { styleText } from 'node:util';

const levels: Readonly<Record<number, readonly [string, Parameters<typeof styleText>[0]]>> = {
  10: ['trace', 'gray'],
  20: ['debug', 'gray'],
  30: ['info ', 'green'],
  40: ['warn ', 'yellow'],
  50: ['error', 'red'],
  60: ['fatal', 'red'],
};
interface Line extends Readonly<Record<string, unknown>> {
  readonly level: number;
  readonly time: string;
  readonly actor?: string;
  readonly msg?: string;
  readonly err?: { readonly message?: string };
}
/** Said already, or of no use on a terminal. */
const left = new Set(['node']);

/** `12:00:05 info  executor      mode from=idle to=working` */
export function terminalLine(json: string): string {
  const { level, time, actor, msg, err, ...entry } = JSON.parse(json) as Line;
  const [name, colour] = levels[level] ?? ['?    ', 'gray'];
  const rest = Object.entries(entry).flatMap(([key, value]) => (left.has(key) ? [] : [`${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`]));
  const said = [...rest, ...(err?.message === undefined ? [] : [`(${err.message})`])].join(' ');
  return `${time.slice(11, 19)} ${styleText(colour, name)} ${(actor ?? '').padEnd(10)} ${msg ?? ''} ${said}`.trimEnd();
}

export const terminalDestination = {
  write: (line: string): void => {
    process.stderr.write(`${terminalLine(line)}\n`);
  },
};
