/** Which of six tones a status word has. A tone is always shown by a shape and the word too, never by colour alone. */

export type Tone = 'ok' | 'warn' | 'bad' | 'unknown' | 'info' | 'idle';

const tones: Readonly<Record<string, Tone>> = {
  nominal: 'ok',
  healthy: 'ok',
  online: 'ok',
  completed: 'ok',
  up: 'ok',
  resolved: 'ok',
  live: 'ok',
  declared: 'ok',
  adopted: 'ok',
  degraded: 'warn',
  starting: 'warn',
  warning: 'warn',
  pending: 'warn',
  restarting: 'warn',
  expired: 'warn',
  critical: 'bad',
  error: 'bad',
  down: 'bad',
  unhealthy: 'bad',
  missing: 'bad',
  offline: 'bad',
  failed: 'bad',
  active: 'bad',
  duplicate_writer: 'bad',
  unknown: 'unknown',
  approved: 'info',
  running: 'info',
  info: 'info',
  stopped: 'idle',
  unmonitored: 'idle',
  rejected: 'idle',
  cancelled: 'idle',
};

export const toneOf = (word: string): Tone => tones[word] ?? 'unknown';

/** Worst first. */
const order: readonly Tone[] = ['bad', 'warn', 'unknown', 'info', 'idle', 'ok'];
export const toneRank = (tone: Tone): number => order.indexOf(tone);
