/**
 * What a bus must do on any broker: documents, wills and events, through restarts of the broker and the hands of people.
 * Run on the memory broker as a unit test (bus/bus.test.ts) and on real ones (test/integration/bus-documents.test.ts).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Delivery, Read } from '../../bus/actor.ts';
import { Bus } from '../../bus/bus.ts';
import { systemClock } from '../../bus/clock.ts';
import type { Link } from '../../bus/link.ts';
import { silentLog } from '../../bus/log.ts';
import { Outbox } from '../../bus/outbox.ts';
import { topics } from '../../contracts/topics.ts';
import type { RestartableBroker } from './restartable-brokers.ts';
import { waitFor } from './wait.ts';

let dir: string;
let broker: RestartableBroker;
const stops: (() => Promise<void>)[] = [];

interface Member {
  readonly bus: Bus;
  readonly outbox: Outbox;
  readonly heard: Delivery[];
  readonly duplicates: string[];
  readonly quarantined: string[];
}

async function join1(
  actor: string,
  options: { reads?: readonly Read[]; owns?: readonly Read[]; queued?: readonly Read[]; dataDir?: string } = {},
): Promise<Member> {
  const dataDir = options.dataDir ?? join(dir, actor);
  const heard: Delivery[] = [];
  const duplicates: string[] = [];
  const quarantined: string[] = [];
  const outbox = await Outbox.open({ dir: dataDir, node: 'vps', site: 'hub', source: actor, clock: systemClock, log: silentLog });
  const bus = new Bus({
    node: 'vps',
    site: 'hub',
    actor,
    root: 'homelab',
    transport: broker.transport,
    dataDir,
    clock: systemClock,
    log: silentLog,
    random: () => 0,
    outbox,
    onDuplicate: (topic) => duplicates.push(topic),
    onQuarantine: ({ topic, detail }) => quarantined.push(`${topic}: ${detail}`),
  });
  bus.start({
    reads: options.reads ?? [],
    owns: options.owns ?? [],
    queued: options.queued ?? [],
    will: (session) => ({ topic: `actors/vps/${actor}`, payload: JSON.stringify({ status: 'offline', summary: '', ts: '2026-03-01T12:00:00.000Z', session }) }),
    deliver: (delivery) => heard.push(delivery),
  });
  stops.push(() => bus.stop());
  await waitFor(`${actor} to be synced`, () => heard.some((each) => each.kind === 'synced'));
  return { bus, outbox, heard, duplicates, quarantined };
}

/** A bare connection: what a person with MQTT Explorer can do. */
async function person(): Promise<{ readonly link: Link; readonly retained: Map<string, string> }> {
  const retained = new Map<string, string>();
  const link = await broker.transport.connect(
    { clientId: `person-${Math.random()}`, clean: true, keepaliveS: 30, connectTimeoutMs: 1000 },
    {
      onMessage: (message) => (message.payload.length === 0 ? retained.delete(message.topic) : retained.set(message.topic, message.payload.toString('utf8'))),
      onClose: () => undefined,
    },
  );
  stops.push(() => link.close());
  await link.subscribe(['#']);
  return { link, retained };
}

const owned: readonly Read[] = [{ topic: topics.desired }];
const desired = (node: string, name: string) => ({
  status: 'declared' as const,
  summary: `wants ${name}`,
  node,
  site: 'hub',
  services: [{ name, origin: 'declared' as const }],
});
const say = (member: Member, node: string, name: string): void => member.bus.documents.set(topics.desired, { node }, desired(node, name));
/** The session of what is stored about a node now. */
async function sessionOf(node: string): Promise<number> {
  const world = await person();
  await waitFor('the stored document', () => stored(world, node) !== null);
  return Number(stored(world, node)?.session);
}
const docs = (member: Member): (string | null)[] =>
  member.heard
    .filter((each): each is Extract<Delivery, { kind: 'document' }> => each.kind === 'document')
    .map((each) => (each.doc === null ? null : (each.doc as { summary: string }).summary));
const stored = (world: { retained: Map<string, string> }, node: string): Record<string, unknown> | null => {
  const text = world.retained.get(`homelab/desired/${node}`);
  return text === undefined ? null : (JSON.parse(text) as Record<string, unknown>);
};

/** Registers the cases for one broker; a fresh one for each case. */
export function busSuite(start: () => Promise<RestartableBroker>): void {
  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'homelab-bus-'));
    broker = await start();
  });
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop();
    await broker.stop();
    rmSync(dir, { recursive: true, force: true });
  });

  describe('documents on a bus', () => {
    it('arrive at a reader once each, with head keys first, and again only when something changed', async () => {
      const writer = await join1('inventory', { owns: owned });
      const reader = await join1('observer', { reads: owned });
      say(writer, 'vps', 'web');
      say(writer, 'vps', 'web');
      await writer.bus.documents.settled();
      say(writer, 'vps', 'db');
      await waitFor('two documents', () => docs(reader).length === 2);
      expect(docs(reader)).toEqual(['wants web', 'wants db']);
      const { retained } = await person();
      await waitFor('the stored copy', () => retained.has('homelab/desired/vps'));
      expect(Object.keys(JSON.parse(retained.get('homelab/desired/vps') ?? '{}') as object).slice(0, 5)).toEqual(['status', 'summary', 'ts', 'session', 'rev']);
    });

    it('are published again when the broker comes back empty', async () => {
      const writer = await join1('inventory', { owns: owned });
      say(writer, 'vps', 'web');
      await writer.bus.documents.settled();
      const before = await sessionOf('vps');
      await broker.restart('empty');
      const world = await person();
      await waitFor('the document to return', () => stored(world, 'vps') !== null);
      expect(stored(world, 'vps')?.session).toBe(before + 1);
    });

    it('are repaired when a person deletes or overwrites them', async () => {
      const writer = await join1('inventory', { owns: owned });
      say(writer, 'vps', 'web');
      await writer.bus.documents.settled();
      const world = await person();
      await world.link.publish('homelab/desired/vps', '', { retain: true });
      await waitFor('the document to return', () => stored(world, 'vps')?.rev === 2);
    });

    it('are repaired when a person publishes an edited copy, with a rev that readers take for newer', async () => {
      const reader = await join1('observer', { reads: owned });
      const writer = await join1('inventory', { owns: owned });
      say(writer, 'vps', 'web');
      const world = await person();
      await waitFor('the document', () => stored(world, 'vps') !== null);
      await writer.bus.documents.settled();
      await world.link.publish('homelab/desired/vps', JSON.stringify({ ...stored(world, 'vps'), rev: 7, summary: 'edited' }), { retain: true });
      await waitFor('the document to return', () => stored(world, 'vps')?.summary === 'wants web' && docs(reader).at(-1) === 'wants web');
      expect(stored(world, 'vps')?.rev).toBe(8);
    });

    it('removed while the broker was away leave it, also when the set was never said to be complete', async () => {
      const writer = await join1('inventory', { owns: owned });
      say(writer, 'vps', 'web');
      await writer.bus.documents.settled();
      const restarting = broker.restart('kept');
      await waitFor('the connection to end', () => writer.heard.some((each) => each.kind === 'disconnected'));
      writer.bus.documents.remove(topics.desired, { node: 'vps' });
      await restarting;
      await writer.bus.documents.settled();
      const world = await person();
      say(writer, 'piha', 'redis');
      await waitFor('the other document', () => stored(world, 'piha') !== null);
      expect(stored(world, 'vps')).toBeNull();
    });

    it('of an earlier life are deleted once the set is complete, and readers that were away learn it from the manifest', async () => {
      const reader = await join1('observer', { reads: owned });
      const first = await join1('inventory', { owns: owned });
      say(first, 'vps', 'web');
      say(first, 'piha', 'redis');
      first.bus.documents.complete();
      await waitFor('both', () => docs(reader).length === 2);
      await first.bus.documents.settled();
      await first.bus.stop();
      const second = await join1('inventory', { owns: owned });
      say(second, 'vps', 'web');
      second.bus.documents.complete();
      const world = await person();
      await waitFor('piha to be gone at the reader', () => docs(reader).includes(null));
      await waitFor('piha to leave the broker', () => stored(world, 'piha') === null && stored(world, 'vps') !== null);
      expect(JSON.parse(world.retained.get('homelab/manifests/vps/inventory') ?? '{}')).toMatchObject({ topics: ['desired/vps'] });
    });

    it('of another site on the same topics are neither deleted, nor repaired, nor a second writer', async () => {
      const world = await person();
      const foreign = JSON.stringify({
        ...desired('chelsty-infra', 'z2m'),
        site: 'chelsty',
        ts: '2026-03-01T12:00:00.000Z',
        session: 7_000_000_000_000,
        rev: 1,
      });
      await world.link.publish('homelab/desired/chelsty-infra', foreign, { retain: true });
      const writer = await join1('inventory', { owns: owned.map((read) => ({ ...read, onlyOwnSite: true })) });
      say(writer, 'vps', 'web');
      writer.bus.documents.complete();
      await writer.bus.documents.settled();
      await world.link.publish('homelab/desired/chelsty-infra', foreign.replace('"rev":1', '"rev":2'), { retain: true });
      await waitFor('the foreign document to stay', () => stored(world, 'chelsty-infra')?.rev === 2 && stored(world, 'vps') !== null);
      await writer.bus.documents.settled();
      expect(writer.duplicates).toEqual([]);
      expect(stored(world, 'chelsty-infra')).toMatchObject({ site: 'chelsty', rev: 2 });
    });

    it('of another site that were said here by mistake are left to that site', async () => {
      const world = await person();
      const writer = await join1('inventory', { owns: owned.map((read) => ({ ...read, onlyOwnSite: true })) });
      say(writer, 'vps', 'web');
      say(writer, 'chelsty-infra', 'z2m');
      writer.bus.documents.complete();
      await writer.bus.documents.settled();
      const head = { ...desired('chelsty-infra', 'lamp'), site: 'chelsty', ts: '2026-03-01T12:00:00.000Z' };
      const theirs = (rev: number) => JSON.stringify({ ...head, session: 7_000_000_000_000, rev });
      await world.link.publish('homelab/desired/chelsty-infra', theirs(1), { retain: true });
      await waitFor('it to be let go of', () => !writer.bus.documents.topics.has('desired/chelsty-infra'));
      await world.link.publish('homelab/desired/chelsty-infra', theirs(2), { retain: true });
      await waitFor('theirs to stay', () => stored(world, 'chelsty-infra')?.rev === 2);
      await writer.bus.documents.settled();
      expect(writer.duplicates).toEqual([]);
      expect(stored(world, 'vps')).not.toBeNull();
    });

    it('that were deleted can come back', async () => {
      const reader = await join1('observer', { reads: owned });
      const writer = await join1('inventory', { owns: owned });
      say(writer, 'vps', 'web');
      await waitFor('the document', () => docs(reader).length === 1);
      writer.bus.documents.remove(topics.desired, { node: 'vps' });
      say(writer, 'vps', 'web');
      await waitFor('deletion and return', () => docs(reader).length === 3);
      expect(docs(reader)).toEqual(['wants web', null, 'wants web']);
    });

    it('are not lost for a reader when a broker comes back empty: absence is not deletion', async () => {
      const reader = await join1('observer', { reads: owned });
      const writer = await join1('inventory', { owns: owned });
      say(writer, 'vps', 'web');
      await waitFor('the document', () => docs(reader).length === 1);
      await writer.bus.stop();
      await broker.restart('empty');
      await waitFor('the reader to be back', () => reader.heard.filter((each) => each.kind === 'synced').length === 2);
      expect(docs(reader)).toEqual(['wants web']);
    });

    it('of a writer that lost its directory are numbered above what the broker holds', async () => {
      const first = await join1('inventory', { owns: owned });
      say(first, 'vps', 'web');
      await first.bus.documents.settled();
      const before = await sessionOf('vps');
      await first.bus.stop();
      const second = await join1('inventory', { owns: owned, dataDir: join(dir, 'elsewhere') });
      say(second, 'vps', 'db');
      await second.bus.documents.settled();
      const world = await person();
      await waitFor('the new document', () => stored(world, 'vps')?.summary === 'wants db');
      expect(stored(world, 'vps')?.session).toBeGreaterThan(before);
    });

    it('of a writer that lost its directory are heard by readers that knew it, also when the broker came back empty', async () => {
      const reader = await join1('observer', { reads: owned });
      const first = await join1('inventory', { owns: owned });
      say(first, 'vps', 'web');
      await waitFor('the first document', () => docs(reader).length === 1);
      await first.bus.stop();
      await broker.restart('empty');
      const second = await join1('inventory', { owns: owned, dataDir: join(dir, 'elsewhere') });
      say(second, 'vps', 'db');
      await waitFor('the second document', () => docs(reader).includes('wants db'));
    });

    it('with a second writer end the one that runs with duplicate_writer', async () => {
      const first = await join1('inventory', { owns: owned });
      say(first, 'vps', 'web');
      await first.bus.documents.settled();
      const world = await person();
      await waitFor('the document', () => stored(world, 'vps') !== null);
      await world.link.publish('homelab/desired/vps', JSON.stringify({ ...stored(world, 'vps'), session: 7_000_000_000_000, rev: 1, summary: 'mine' }), {
        retain: true,
      });
      await waitFor('the duplicate to be seen', () => first.duplicates.length > 0);
      expect(first.duplicates).toEqual(['desired/vps']);
    });

    it('that do not fit their contract are quarantined with topic and field, and nothing stops', async () => {
      const reader = await join1('observer', { reads: owned });
      const world = await person();
      await world.link.publish('homelab/desired/vps', '{"status":"declared"}', { retain: true });
      await world.link.publish('homelab/desired/piha', 'not json', { retain: true });
      await waitFor('both to be counted', () => reader.bus.quarantined === 2);
      expect(reader.quarantined).toEqual(['desired/vps: summary: Invalid input: expected string, received undefined']);
      const writer = await join1('inventory', { owns: owned });
      say(writer, 'vps', 'web');
      await waitFor('the good one', () => docs(reader).includes('wants web'));
    });
  });

  describe('wills on a bus', () => {
    const statuses: readonly Read[] = [{ topic: topics.actorStatus }];

    it('reach readers when the connection breaks, and not on a clean stop', async () => {
      const reader = await join1('observer', { reads: statuses });
      const writer = await join1('inventory', { owns: statuses.map((read) => ({ ...read, levels: { node: 'vps', actor: 'inventory' } })) });
      writer.bus.documents.set(topics.actorStatus, { node: 'vps', actor: 'inventory' }, { status: 'online', summary: 'up' });
      await waitFor('online', () => docs(reader).includes('up'));
      await writer.bus.stop({ abrupt: true });
      await waitFor('the will', () => reader.heard.some((each) => each.kind === 'document' && each.will));
    });

    it('of an earlier session are ignored once the writer is back', async () => {
      const reader = await join1('observer', { reads: statuses });
      const writer = await join1('inventory', { owns: [{ topic: topics.actorStatus, levels: { node: 'vps', actor: 'inventory' } }] });
      writer.bus.documents.set(topics.actorStatus, { node: 'vps', actor: 'inventory' }, { status: 'online', summary: 'up' });
      await waitFor('online', () => docs(reader).includes('up'));
      const world = await person();
      await world.link.publish(
        'homelab/actors/vps/inventory',
        JSON.stringify({ status: 'offline', summary: 'late', ts: '2026-03-01T12:00:00.000Z', session: 0 }),
        { retain: true },
      );
      await waitFor('the writer to repair it', () => world.retained.get('homelab/actors/vps/inventory')?.includes('"online"') === true);
      expect(docs(reader)).not.toContain('late');
    });
  });

  describe('events on a bus', () => {
    const events: readonly Read[] = [{ topic: topics.events }];
    const cursors: readonly Read[] = [{ topic: topics.cursor }];
    const seqs = (member: Member): number[] =>
      member.heard.flatMap((each) => (each.kind === 'message' && each.name === 'events' ? [(each.payload as { seq: number }).seq] : []));

    it('are sent again on reconnect until the cursor of the store has passed them', async () => {
      const store = await join1('observer', { queued: events, owns: cursors });
      const emitter = await join1('inventory');
      await emitter.bus.emit({ type: 'service_healthy', severity: 'info', message: 'one' });
      await waitFor('the event', () => seqs(store).length === 1);
      await broker.restart('kept');
      await waitFor('the event again', () => seqs(store).length === 2);
      const [seq] = seqs(store);
      store.bus.documents.set(
        topics.cursor,
        { site: 'hub', node: 'vps' },
        { status: 'stored', summary: '', site: 'hub', node: 'vps', positions: { inventory: { urgent: 0, info: seq ?? 0 } } },
      );
      await store.bus.documents.settled();
      await broker.restart('kept');
      await waitFor('both to be back', () => [store, emitter].every((each) => each.heard.filter((one) => one.kind === 'synced').length === 3));
      expect(seqs(store)).toHaveLength(2);
    });

    it('are kept for every store that has announced itself by a cursor, until it has them or is gone', async () => {
      const store = await join1('observer', { queued: events, owns: [{ topic: topics.cursor, levels: { site: 'hub' } }] });
      const other = await join1('bridge', { owns: [{ topic: topics.cursor, levels: { site: 'upstream' } }] });
      const emitter = await join1('inventory', { reads: cursors });
      const say = (member: Member, site: string, info: number): void => {
        const body = { status: 'stored', summary: `up to ${info}`, site, node: 'vps', positions: { inventory: { urgent: 0, info } } };
        member.bus.documents.set(topics.cursor, { site, node: 'vps' }, body);
      };
      await emitter.bus.emit({ type: 'service_healthy', severity: 'info', message: 'one' });
      await waitFor('the event', () => seqs(store).length === 1);
      say(other, 'upstream', 0);
      say(store, 'hub', seqs(store)[0] ?? 0);
      await waitFor('the emitter to know both', () => docs(emitter).length === 2);
      const isBack = ({ heard }: Member): boolean => heard.filter(({ kind }) => kind === 'synced').length === 2;
      await broker.restart('kept');
      await waitFor('all to be back', () => [store, other, emitter].every(isBack));
      expect(emitter.outbox.backlog).toBe(1);
      await emitter.bus.emit({ type: 'service_healthy', severity: 'info', message: 'two' });
      await waitFor('the second event', () => new Set(seqs(store)).size === 2);
      say(other, 'upstream', seqs(store)[0] ?? 0);
      await waitFor('the first one to leave', () => emitter.outbox.backlog === 1);
      other.bus.documents.remove(topics.cursor, { site: 'upstream', node: 'vps' });
      say(store, 'hub', Math.max(...seqs(store)));
      await waitFor('the second one to leave', () => emitter.outbox.backlog === 0);
    });

    it('queued for a reader that is away arrive in order', async () => {
      const store = await join1('observer', { queued: events });
      await store.bus.stop();
      const emitter = await join1('inventory');
      for (const message of ['one', 'two', 'three']) await emitter.bus.emit({ type: 'service_healthy', severity: 'info', message });
      const again = await join1('observer', { queued: events });
      await waitFor('all three', () => seqs(again).length >= 3);
      const [first = 0] = seqs(again);
      expect(seqs(again).slice(0, 3)).toEqual([first, first + 1, first + 2]);
    });
  });
}
