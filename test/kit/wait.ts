/** Waiting in tests: for a condition, with a deadline, and an error that says what was awaited and how things stood last. */
import type { EventEmitter } from 'node:events';
import { inspect } from 'node:util';

export interface WaitOptions {
  /** Default 10 s: far above what anything here takes, low enough that a hanging test says where. */
  readonly deadlineMs?: number;
  /** Checked at once whenever it emits `event`; without it (and beside it) the condition is polled. */
  readonly emitter?: EventEmitter;
  readonly event?: string;
  /** What to print as the last state; default: what the condition returned or threw last. */
  readonly state?: () => unknown;
}

/** Polling is only a safety net beside emitters; 10 ms is invisible in a test and cheap on two cores. */
const pollMs = 10;

/** Resolves with the first truthy value of `condition`; a condition that throws counts as "not yet". */
export async function waitFor<T>(
  what: string,
  condition: () => T | Promise<T>,
  options: WaitOptions = {},
): Promise<Exclude<T, false | null | undefined | 0 | ''>> {
  const deadlineMs = options.deadlineMs ?? 10_000;
  const until = performance.now() + deadlineMs;
  const event = options.event ?? 'change';
  let last: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value) return value as Exclude<T, false | null | undefined | 0 | ''>;
      last = value;
    } catch (error) {
      last = error;
    }
    const left = until - performance.now();
    if (left <= 0) {
      const state = options.state === undefined ? last : options.state();
      throw new Error(`waited ${deadlineMs} ms for ${what}; last state: ${inspect(state, { depth: 4, breakLength: 160, maxArrayLength: 20 })}`);
    }
    await pause(Math.min(pollMs, left), options.emitter, event);
  }
}

function pause(ms: number, emitter: EventEmitter | undefined, event: string): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      emitter?.off(event, done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    emitter?.once(event, done);
  });
}
