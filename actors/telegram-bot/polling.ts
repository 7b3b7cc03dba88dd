/**
 * Listens for taps and commands, for as long as the actor lives: one long poll after the other.
 *
 * Telegram keeps what nobody fetched for a day and does not say when a button was tapped. So after a start, and after nobody listened for minutes, what has
 * waited is fetched first and handed on as aged: of it no tap counts. Remembers nothing; Telegram sends again what was not confirmed.
 */
import type { Clock } from '../../bus/clock.ts';
import type { PollResult, TelegramPort } from './ports.ts';

/** Telegram answers at once when there is something; otherwise proxies and mobile networks let a silent connection live about so long. */
const pollS = 25;

/** A tap that waited less is as good as a fresh one: an approval is valid for 60 min from when the ledger hears of it. */
const gapMaxMs = 300_000;

const retryFirstMs = 1_000;
const retryMaxMs = 60_000;
/** Another program with this token must end first; a bad token a person must mend. */
const hopelessRetryMs = 30_000;

interface Polling {
  readonly telegram: Pick<TelegramPort, 'poll'>;
  readonly clock: Clock;
  readonly hear: (result: PollResult, isAged: boolean) => void;
}

/** Returns how to stop. */
export function startPolling({ telegram, clock, hear }: Polling): () => Promise<void> {
  const stopping = new AbortController();
  const { signal } = stopping;
  let wakeUp: () => void = () => undefined;
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      const timer = clock.setTimeout(() => resolve(), ms);
      wakeUp = () => {
        clock.clearTimeout(timer);
        resolve();
      };
    });
  const run = async (): Promise<void> => {
    let offset = 0;
    let failures = 0;
    let heardMs: number | null = null;
    let isCatchingUp = true;
    while (!signal.aborted) {
      if (heardMs !== null && clock.now() - heardMs > gapMaxMs + pollS * 1000) isCatchingUp = true;
      const result = await telegram.poll(offset, isCatchingUp ? 0 : pollS, signal);
      if (signal.aborted) return;
      hear(result, isCatchingUp);
      if (result.is === 'updates') {
        [offset, failures, heardMs] = [result.nextOffset, 0, clock.now()];
        if (result.updates.length === 0) isCatchingUp = false;
        continue;
      }
      failures += 1;
      const waitMs =
        result.is === 'flood' ? result.retryAfterMs : result.is === 'unreachable' ? Math.min(retryFirstMs * 2 ** (failures - 1), retryMaxMs) : hopelessRetryMs;
      await pause(waitMs);
    }
  };
  const ended = run();
  return async () => {
    stopping.abort();
    wakeUp();
    await ended;
  };
}
