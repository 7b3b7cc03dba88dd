/** A broker that is bounced twenty times while two hundred documents change. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Bus } from '../../bus/bus.ts';
import { systemClock } from '../../bus/clock.ts';
import { Connection } from '../../bus/connection.ts';
import { silentLog } from '../../bus/log.ts';
import { Outbox } from '../../bus/outbox.ts';
import { topics } from '../../contracts/topics.ts';
import { TestClient } from '../kit/conformance-brokers.ts';
import { type RestartableBroker, restartableBrokers } from '../kit/restartable-brokers.ts';
import { waitFor } from '../kit/wait.ts';

const documents = 200;
const bounces = 20;
const head = (text: string): { session: number; rev: number; summary: string } => JSON.parse(text) as never;

// Beside each other: most of it is waiting for a broker to be back.
describe.concurrent.each(restartableBrokers)('$name', ({ available, start }) => {
  let dir: string;
  let broker: RestartableBroker;
  beforeEach(async () => {
    if (!available) return;
    dir = mkdtempSync(join(tmpdir(), 'homelab-storm-'));
    broker = await start();
  });
  afterEach(async () => {
    if (!available) return;
    await broker.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  it.skipIf(!available)('holds what the writer holds after a storm of restarts, and revs only rise within a session', async () => {
    const outbox = await Outbox.open({ dir, node: 'vps', site: 'hub', source: 'inventory', clock: systemClock, log: silentLog });
    const bus = new Bus({
      node: 'vps',
      site: 'hub',
      actor: 'inventory',
      root: 'homelab',
      transport: broker.transport,
      dataDir: dir,
      clock: systemClock,
      log: silentLog,
      // Each wait at its shortest, so that most bounces meet a live connection.
      random: () => -0.4,
      outbox,
      onDuplicate: (topic, session) => expect.unreachable(`duplicate ${topic} ${session}`),
      onQuarantine: () => undefined,
    });
    const will = { topic: 'actors/vps/inventory', payload: '{}' };
    bus.start({ reads: [], owns: [{ topic: topics.desired }], queued: [], will: () => will, deliver: () => undefined });
    const seen: { topic: string; session: number; rev: number }[] = [];
    let isWatching = false;
    const watcher = new Connection({
      transport: broker.transport,
      clock: systemClock,
      log: silentLog,
      random: () => -0.4,
      linkOptions: () => Promise.resolve({ clientId: 'watcher', clean: true, keepaliveS: 30, connectTimeoutMs: 5_000 }),
      onUp: async (link) => {
        await link.subscribe(['homelab/desired/#']);
        isWatching = true;
      },
      onMessage: ({ topic, payload, retained }) => {
        if (payload.length > 0 && !retained) seen.push({ topic, ...head(payload.toString()) });
      },
      onDown: () => {
        isWatching = false;
      },
    });
    watcher.start();
    let round = 0;
    const held = new Map<string, string>();
    const change = (): void => {
      round += 1;
      for (let n = 0; n < documents; n += 1) {
        const node = `n${n}`;
        if ((n + round) % 7 === 0 && held.delete(`homelab/desired/${node}`)) bus.documents.remove(topics.desired, { node });
        else if ((n + round) % 3 === 0) {
          held.set(`homelab/desired/${node}`, `round ${round}`);
          bus.documents.set(topics.desired, { node }, { status: 'declared', summary: `round ${round}`, node, site: 'hub', services: [] });
        }
      }
      bus.documents.complete();
    };
    for (let bounce = 0; bounce < bounces; bounce += 1) {
      change();
      if (bounce % 2 === 0) {
        await waitFor('the watcher', () => isWatching);
        await bus.documents.settled();
        change();
      }
      const restarting = broker.restart(bounce % 3 === 0 ? 'empty' : 'kept');
      change();
      await restarting;
      change();
    }
    await bus.documents.settled();
    const person = await TestClient.connect(broker.transport, { clientId: 'person' });
    await person.link.subscribe(['homelab/desired/#', 'homelab/fence']);
    await person.link.publish('homelab/fence', 'fence', { retain: false });
    await person.until('fence');
    const retained = new Map(person.seen.filter((each) => each.retained).map(({ topic, text }) => [topic, head(text).summary]));
    expect(Object.fromEntries(retained)).toEqual(Object.fromEntries(held));
    await waitFor('the watcher to have seen something', () => seen.length > 0);
    const newest = new Map<string, number>();
    for (const { topic, session, rev } of seen) {
      const key = `${topic} in session ${session}`;
      expect(rev, key).toBeGreaterThan(newest.get(key) ?? 0);
      newest.set(key, rev);
    }
    await person.link.close();
    await watcher.stop();
    await bus.stop();
  });
});
