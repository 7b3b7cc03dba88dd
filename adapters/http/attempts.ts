/**
 * How many wrong logins there were: too many for one login, or from one address, and for a while nobody is asked any more.
 *
 * An attempt counts from its beginning and is given back when it was right, so that many at once count as many. Remembers in memory only.
 */

/** Within this time. 15 min: as long as a person who forgot a password can be made to wait. */
export const attemptsWindowMs = 15 * 60_000;
/** Wrong ones for one login. */
export const perLoginMax = 5;
/** Wrong ones from one address, whatever the login: a household behind one address mistypes less. */
export const perAddressMax = 20;
/** Keys remembered; beyond it the oldest are forgotten. Two for each attempt. */
const keysMax = 10_000;

export interface Attempts {
  /** null: may be tried, and is counted. A number: seconds after which it may be tried again. */
  readonly begin: (login: string, address: string, nowMs: number) => number | null;
  /** It was right: what was wrong before for this login is forgotten, and the attempt itself at its address. */
  readonly succeeded: (login: string, address: string) => void;
}

export function createAttempts(): Attempts {
  const times = new Map<string, number[]>();
  const recent = (key: string, nowMs: number): number[] => {
    const kept = (times.get(key) ?? []).filter((at) => nowMs - at < attemptsWindowMs);
    times.delete(key);
    if (kept.length > 0) times.set(key, kept);
    return kept;
  };
  const add = (key: string, nowMs: number): void => {
    times.set(key, [...(times.get(key) ?? []), nowMs]);
    const [oldest] = times.keys();
    if (times.size > keysMax && oldest !== undefined) times.delete(oldest);
  };
  return {
    begin: (login, address, nowMs) => {
      const limits = [
        { key: `login ${login.toLowerCase()}`, max: perLoginMax },
        { key: `address ${address}`, max: perAddressMax },
      ];
      for (const { key, max } of limits) {
        const kept = recent(key, nowMs);
        const oldest = kept[kept.length - max];
        if (oldest !== undefined) return Math.max(1, Math.ceil((oldest + attemptsWindowMs - nowMs) / 1000));
      }
      for (const { key } of limits) add(key, nowMs);
      return null;
    },
    succeeded: (login, address) => {
      times.delete(`login ${login.toLowerCase()}`);
      times.get(`address ${address}`)?.pop();
    },
  };
}
