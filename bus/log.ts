/** One pino logger per process, a child per actor. error = a person must act, warn = degraded and healing, info = decisions and publishes, debug = inbound. */
import { type Logger, pino } from 'pino';

export type Log = Logger;

export function createLog(options: { readonly level: string; readonly destination?: { write(line: string): void } }): Log {
  return pino({ level: options.level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, options.destination ?? pino.destination({ fd: 2, sync: true }));
}

export const silentLog: Log = pino({ level: 'silent' });
