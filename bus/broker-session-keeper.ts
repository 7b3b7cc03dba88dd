/** Notes which clients of the embedded broker come and go, and ends the persistent sessions that are overdue (broker-sessions.ts says which). Writes through the store; a session that cannot be ended is tried again. */
import type { BrokerClient, BrokerInternals } from './broker-aedes.ts';
import type { BrokerCounters } from './broker-counters.ts';
import type { Sessions } from './broker-sessions.ts';
import type { BrokerStore } from './broker-store.ts';
import type { Clock } from './clock.ts';
import type { Log } from './log.ts';

export interface SessionKeeping {
  readonly clock: Clock;
  readonly counters: BrokerCounters;
  readonly log: Log;
}

/** How often sessions are looked through for overdue ones. A minute: their limits are counted in days. */
const sessionsEveryMs = 60_000;

/** Returns how to stop. */
export function keepSessions(broker: BrokerInternals, sessions: Sessions, store: BrokerStore, { clock, counters, log }: SessionKeeping): () => void {
  broker.on('client', ({ id, clean }: BrokerClient) => {
    if (clean || id === null) return;
    sessions.connected(id);
    store.noteAbsence(id, null);
  });
  broker.on('clientDisconnect', ({ id, clean }: BrokerClient) => {
    if (clean || id === null) return;
    if (sessions.absent(id, clock.now())) store.noteAbsence(id, clock.now());
    else store.forgetAbsence(id);
  });
  const endOverdue = async (): Promise<void> => {
    for (const id of sessions.overdue(clock.now())) {
      if (Object.hasOwn(broker.clients, id)) continue;
      const { messages, bytes } = sessions.queuedOf(id);
      await store.endSession(id);
      counters.sessionsEnded += 1;
      log.warn({ client: id, queued_messages: messages, queued_bytes: bytes }, 'ended a session whose client did not come back');
    }
  };
  let timer: unknown;
  let stopped = false;
  const again = (): void => {
    if (stopped) return;
    timer = clock.setTimeout(() => {
      endOverdue()
        .catch((error: unknown) => {
          log.error({ err: error }, 'an overdue session could not be ended; trying again in a minute');
        })
        .finally(again);
    }, sessionsEveryMs);
  };
  again();
  return () => {
    stopped = true;
    clock.clearTimeout(timer);
  };
}
