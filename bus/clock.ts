/** Time as a thing that is handed in, so that tests and simulation can step it. Compatible with xstate's clock. */

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  setTimeout(fn: (...args: unknown[]) => void, timeoutMs: number): unknown;
  clearTimeout(id: unknown): void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  setTimeout: (fn, timeoutMs) => setTimeout(fn, timeoutMs),
  clearTimeout: (id) => {
    clearTimeout(id as NodeJS.Timeout);
  },
};

/** ISO 8601 in UTC, the only form that leaves this program. */
export const isoTime = (epochMs: number): string => new Date(epochMs).toISOString();

/** A promise that resolves after a while on this clock. */
export const delay = (clock: Clock, ms: number): Promise<void> =>
  new Promise((resolve) => {
    clock.setTimeout(() => {
      resolve();
    }, ms);
  });

/** The promise, or a rejection with `what` in its message once `ms` have passed. The timer never keeps the process alive. */
export async function withDeadline<T>(clock: Clock, ms: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: unknown;
  const expired = new Promise<never>((_, reject) => {
    timer = clock.setTimeout(() => {
      reject(new DeadlineError(what, ms));
    }, ms);
  });
  try {
    return await Promise.race([promise, expired]);
  } finally {
    clock.clearTimeout(timer);
  }
}

export class DeadlineError extends Error {
  override readonly name = 'DeadlineError';
  constructor(what: string, ms: number) {
    super(`${what}: no answer within ${ms} ms`);
  }
}
