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
  readonly node?: string;
  readonly msg?: string;
  readonly err?: { readonly message?: string };
}
const debugLevel = 20;
/** What bus/transition-log.ts says: for who reads a log later it is the story; on a terminal it hides what a person must see. */
const innerLife = new Set(['mode', 'transition']);

export interface TerminalOptions {
  /** HOMELAB_LOG_LEVEL */
  readonly level: string;
  /** Actors of several nodes run in this process, so each line says whose it is. */
  readonly namesNode: boolean;
}

/** `12:00:05 warn  executor   no disk`, with `vps/executor` where several nodes are in one process; null: not for a terminal. */
export function terminalLine(json: string, { level: wanted, namesNode }: TerminalOptions): string | null {
  const { level: given, time, actor, node, msg, err, ...entry } = JSON.parse(json) as Line;
  const isInner = innerLife.has(msg ?? '') && given === 30;
  if (isInner && wanted !== 'debug' && wanted !== 'trace') return null;
  const [name, colour] = levels[isInner ? debugLevel : given] ?? ['?    ', 'gray'];
  const who = namesNode && node !== undefined ? [node, ...(actor === undefined ? [] : [actor])].join('/') : (actor ?? '');
  const rest = Object.entries(entry).map(([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const said = [...rest, ...(err?.message === undefined ? [] : [`(${err.message})`])].join(' ');
  return `${time.slice(11, 19)} ${styleText(colour, name)} ${who.padEnd(namesNode ? 24 : 10)} ${msg ?? ''} ${said}`.trimEnd();
}

export const terminalDestination = (options: TerminalOptions): { write(line: string): void } => ({
  write: (json) => {
    const line = terminalLine(json, options);
    if (line !== null) process.stderr.write(`${line}\n`);
  },
});
