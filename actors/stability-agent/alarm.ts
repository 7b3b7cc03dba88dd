/**
 * One alarm: the hysteresis between what a check sees and what is said of it. Pure; time comes in as `now`.
 *
 * Trouble must last before it is raised, and be over for a while before it is cleared. A standing alarm only gets louder until
 * it clears, so that each level is said once. What nobody can see changes nothing, and starts the waiting anew.
 */

export const alarmLevels = ['warning', 'error', 'critical'] as const;
export type AlarmLevel = (typeof alarmLevels)[number];

/** `between`: below where it is raised, above where it is cleared. `unknown`: cannot be seen now. */
export type Sight = AlarmLevel | 'well' | 'between' | 'unknown';

export interface Alarm {
  /** What stands; null: nothing. */
  readonly level: AlarmLevel | null;
  /** When it was raised; epoch milliseconds, as all times here. */
  readonly raisedMs: number;
  /** The loudest that was said and not taken back; null: nothing was. */
  readonly said: AlarmLevel | null;
  /** Since when it has been louder than what stands; null: it is not. */
  readonly risingMs: number | null;
  /** Since when it has been well while something stands; null: it is not. */
  readonly fallingMs: number | null;
}

export interface Patience {
  readonly raiseAfterMs: number;
  readonly clearAfterMs: number;
}

export const quietAlarm: Alarm = { level: null, raisedMs: 0, said: null, risingMs: null, fallingMs: null };

const rank = (level: AlarmLevel | null): number => (level === null ? -1 : alarmLevels.indexOf(level));

export const isLouder = (level: AlarmLevel | null, than: AlarmLevel | null): boolean => rank(level) > rank(than);

export function step(alarm: Alarm, sight: Sight, patience: Patience, now: number): Alarm {
  switch (sight) {
    case 'unknown':
    case 'between':
      return { ...alarm, risingMs: null, fallingMs: null };
    case 'well':
      return fall(alarm, patience, now);
    default:
      return rise(alarm, sight, patience, now);
  }
}

function rise(alarm: Alarm, level: AlarmLevel, { raiseAfterMs }: Patience, now: number): Alarm {
  if (!isLouder(level, alarm.level)) return { ...alarm, risingMs: null, fallingMs: null };
  const risingMs = since(alarm.risingMs, now);
  if (now - risingMs < raiseAfterMs) return { ...alarm, risingMs, fallingMs: null };
  return { ...alarm, level, raisedMs: alarm.level === null ? risingMs : alarm.raisedMs, risingMs: null, fallingMs: null };
}

function fall(alarm: Alarm, { clearAfterMs }: Patience, now: number): Alarm {
  if (alarm.level === null) return { ...alarm, risingMs: null, fallingMs: null };
  const fallingMs = since(alarm.fallingMs, now);
  if (now - fallingMs < clearAfterMs) return { ...alarm, risingMs: null, fallingMs };
  return { ...alarm, level: null, risingMs: null, fallingMs: null };
}

/** A clock that was set back must not make anybody wait for it to catch up. */
const since = (beganMs: number | null, now: number): number => (beganMs === null || beganMs > now ? now : beganMs);
