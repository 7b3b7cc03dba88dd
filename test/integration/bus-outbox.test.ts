/** Two thousand events through ten broker restarts, to a store that follows decision 4, answers late and is deaf at times. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Bus } from '../../bus/bus.ts';
import { type Clock, systemClock } from '../../bus/clock.ts';
import { silentLog } from '../../bus/log.ts';
import { Outbox } from '../../bus/outbox.ts';
import type { Event, Lane } from '../../contracts/event.ts';
import { topics } from '../../contracts/topics.ts';
import { type RestartableBroker, restartableBrokers } from '../kit/restartable-brokers.ts';
import { waitFor } from '../kit/wait.ts';

const events = 2_000;
const kills = 10;
const answersAfterMs = 20;

/** The same time, with timers that run out ten times as fast: the time-outs for a resend are 10 to 60 s. */
const hasty: Clock = { ...systemClock, setTimeout: (fn, ms) => systemClock.setTimeout(fn, ms > 1_000 && ms <= 60_000 ? ms / 10 : ms) };

/** Expects max(cursor + 1, floor), drops what is below and ignores what is above. */
class ReferenceStore {
  readonly stored: Event[] = [];
  readonly cursor: Record<Lane, number> = { urgent: 0, info: 0 };
  hear(event: Event): void {
    const expected = this.cursor[event.lane] === 0 ? (event.floor ?? event.seq) : Math.max(this.cursor[event.lane] + 1, event.floor ?? 0);
    if (event.seq !== expected) return;
    this.cursor[event.lane] = event.seq;
    this.stored.push(event);
  }
}

describe.each(restartableBrokers)('$name', ({ available, start }) => {
  let dir: string;
  let broker: RestartableBroker;
  beforeEach(async () => {
    if (!available) return;
    dir = mkdtempSync(join(tmpdir(), 'homelab-outbox-'));
    broker = await start();
  });
  afterEach(async () => {
    if (!available) return;
    await broker.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  const member = async (actor: string): Promise<Bus> => {
    const dataDir = join(dir, actor);
    return new Bus({
      node: 'vps',
      site: 'hub',
      actor,
      root: 'homelab',
      transport: broker.transport,
      dataDir,
      clock: hasty,
      log: silentLog,
      random: () => -0.4,
      outbox: await Outbox.open({ dir: dataDir, node: 'vps', site: 'hub', source: actor, clock: hasty, log: silentLog }),
      onDuplicate: () => undefined,
      onQuarantine: () => undefined,
    });
  };
  const will = (actor: string) => () => ({ topic: `actors/vps/${actor}`, payload: '{}' });

  it.skipIf(!available)('brings every event to the store exactly once, in order within a lane', async () => {
    const reference = new ReferenceStore();
    const store = await member('observer');
    let isDeaf = false;
    let answering = false;
    const answer = (): void => {
      answering = false;
      const levels = { site: 'hub', node: 'vps' };
      store.documents.set(
        topics.cursor,
        levels,
        { status: 'stored', summary: '', ...levels, positions: { inventory: { ...reference.cursor } } },
        { always: true },
      );
    };
    store.start({
      reads: [],
      queued: [{ topic: topics.events }],
      owns: [{ topic: topics.cursor }],
      will: will('observer'),
      deliver: (delivery) => {
        if (delivery.kind !== 'message' || isDeaf) return;
        reference.hear(delivery.payload as Event);
        if (!answering) setTimeout(answer, answersAfterMs);
        answering = true;
      },
    });
    const emitter = await member('inventory');
    emitter.start({ reads: [], queued: [], owns: [], will: will('inventory'), deliver: () => undefined });
    for (let n = 0; n < events; n += 1) {
      const severity = n % 5 === 0 ? 'error' : 'info';
      await emitter.emit({ type: 'service_healthy', severity, message: String(n) });
      if (n % (events / kills) !== 100) continue;
      isDeaf = (n / (events / kills)) % 2 < 1;
      await broker.restart((n / 200) % 3 < 1 ? 'empty' : 'kept');
    }
    isDeaf = false;
    await waitFor('everything to be stored', () => reference.stored.length >= events, { deadlineMs: 50_000, state: () => reference.stored.length });
    for (const urgent of [true, false]) {
      const messages = reference.stored.filter(({ lane }) => (lane === 'urgent') === urgent).map(({ message }) => Number(message));
      expect(messages).toEqual(Array.from({ length: events }, (_, n) => n).filter((n) => (n % 5 === 0) === urgent));
    }
    await emitter.stop();
    await store.stop();
  });
});
