/** An outbox that answers to more than one store (decision 16). */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { CursorPositions, Event, EventDraft } from '../contracts/event.ts';
import { acceptEvent, type EventPositions } from '../contracts/event-order.ts';
import { info, outboxPlace, urgent } from '../test/kit/outbox-place.ts';
import { settlePromises } from '../test/kit/step-clock.ts';
import type { Outbox } from './outbox.ts';

const place = outboxPlace('chelsty');

/** Keeps what it hears by the rule of stores; says how far it is only when it is asked to. */
class Store {
  readonly stored: Event[] = [];
  readonly heard: Event[] = [];
  isDeaf = false;
  private readonly positions: EventPositions = new Map();
  hear(event: Event): void {
    if (this.isDeaf) return;
    this.heard.push(event);
    if (acceptEvent(this.positions, event.source, event) === 'accepted') this.stored.push(event);
  }
  get cursor(): CursorPositions {
    return structuredClone(Object.fromEntries(this.positions));
  }
  get texts(): readonly string[] {
    return this.stored.map(({ message }) => message);
  }
}

interface Site {
  readonly box: Outbox;
  readonly own: Store;
  readonly hub: Store;
  readonly sent: Event[];
  say(...stores: ('chelsty' | 'hub')[]): void;
}

/** Connected to both; the hub's store has announced itself with the first event, which both have. */
async function announced(): Promise<Site> {
  const box = await place.outbox();
  const [own, hub] = [new Store(), new Store()];
  const sent: Event[] = [];
  box.connect((event) => {
    sent.push(event);
    own.hear(event);
    hub.hear(event);
    return Promise.resolve();
  });
  const say: Site['say'] = (...stores) => {
    for (const store of stores) box.onCursor(store, (store === 'hub' ? hub : own).cursor);
  };
  await box.emit(urgent('first'));
  say('chelsty', 'hub');
  return { box, own, hub, sent, say };
}

describe('an event leaves', () => {
  it('when both stores have it, whichever says so last', async () => {
    const { box, say } = await announced();
    expect(box.backlog).toBe(0);
    for (const order of [['chelsty', 'hub'] as const, ['hub', 'chelsty'] as const]) {
      await box.emit(urgent('both'));
      say(order[0]);
      expect(box.backlog).toBe(1);
      say(order[1]);
      expect(box.backlog).toBe(0);
    }
  });

  it('only with the store of its own site', async () => {
    const box = await place.outbox();
    await box.emit(urgent('alone'));
    box.onCursor('hub', { 'node-agent': { urgent: place.clock.now() + 1, info: 0 } });
    expect(box.backlog).toBe(1);
    box.onCursor('chelsty', null);
    expect(box.backlog).toBe(1);
  });

  it('without a store that never said that it has anything of this emitter', async () => {
    const box = await place.outbox();
    const own = new Store();
    box.connect((event) => Promise.resolve(own.hear(event)));
    box.onCursor('hub', {});
    box.onCursor('elsewhere', { executor: { urgent: 7, info: 7 } });
    await box.emit(info('mine'));
    box.onCursor('chelsty', own.cursor);
    expect(box.backlog).toBe(0);
  });

  it.each([
    ['is deleted', null],
    ['does not mention this emitter any more', { executor: { urgent: 7, info: 7 } }],
  ])('as soon as the cursor document of the other store %s', async (_, said) => {
    const { box, say, hub } = await announced();
    hub.isDeaf = true;
    await box.emit(urgent('kept for the hub'));
    say('chelsty', 'hub');
    expect(box.backlog).toBe(1);
    box.onCursor('hub', said);
    expect(box.backlog).toBe(0);
    expect(place.clock.pending).toBe(0);
  });

  it('after a restart when the cursors of all stores have been read, and not because that of the site came first', async () => {
    const { box, say, hub, own } = await announced();
    hub.isDeaf = true;
    for (const message of ['a', 'b']) await box.emit(urgent(message));
    say('chelsty');
    await box.close();
    hub.isDeaf = false;
    const again = await place.outbox();
    again.onCursor('chelsty', own.cursor);
    again.onCursor('hub', hub.cursor);
    again.connect((event) => Promise.resolve(hub.hear(event)));
    expect(again.backlog).toBe(2);
    again.onCursor('hub', hub.cursor);
    expect(hub.texts).toEqual(['first', 'a', 'b']);
    again.onCursor('hub', hub.cursor);
    expect(again.backlog).toBe(0);
  });

  it('after a restart without the other store, when the broker has lost its cursor meanwhile', async () => {
    const { box, say, hub, own } = await announced();
    hub.isDeaf = true;
    await box.emit(urgent('a'));
    say('chelsty');
    await box.close();
    const again = await place.outbox();
    again.onCursor('chelsty', own.cursor);
    again.connect(() => Promise.resolve());
    expect(again.backlog).toBe(0);
  });

  it('after a reconnect as before it, also when the broker has lost the cursors meanwhile', async () => {
    const { box, say, hub } = await announced();
    hub.isDeaf = true;
    await box.emit(urgent('a'));
    say('chelsty');
    box.connect(null);
    box.connect(() => Promise.resolve());
    say('chelsty');
    expect(box.backlog).toBe(1);
  });
});

describe('a store that is away', () => {
  it('holds nothing up for that of the site, and costs one small message per lane and minute', async () => {
    const { box, own, hub, sent, say } = await announced();
    hub.isDeaf = true;
    for (let n = 0; n < 1_000; n += 1) {
      await box.emit(n % 2 === 0 ? info(`${n}`) : urgent(`${n}`));
      if (n % 100 === 99) say('chelsty');
    }
    expect(own.stored).toHaveLength(1_001);
    const before = sent.length;
    expect(before).toBe(1_001);
    await place.clock.run(3_600_000);
    // After 10, 20 and 40 s, then each minute: 61 in each lane.
    expect(sent.length - before).toBe(122);
    expect(new Set(sent.slice(before).map(({ message }) => message))).toEqual(new Set(['0', '1']));
    expect(own.stored).toHaveLength(1_001);
  });

  it('gets what it lacks when it is back, in order, and each event once more at most', async () => {
    const { box, own, hub, sent, say } = await announced();
    hub.isDeaf = true;
    for (let n = 0; n < 900; n += 1) {
      await box.emit(info(`${n}`));
      if (n % 100 === 99) say('chelsty');
    }
    hub.isDeaf = false;
    const before = sent.length;
    await place.clock.run(60_000);
    for (let round = 0; round < 12 && box.backlog > 0; round += 1) say('hub', 'chelsty');
    expect(hub.texts).toEqual(['first', ...Array.from({ length: 900 }, (_, n) => `${n}`)]);
    expect(box.backlog).toBe(0);
    // One question after 10 s, which was answered only after the second.
    expect(sent.length - before).toBeLessThanOrEqual(900 + 5);
    expect(own.stored).toHaveLength(901);
  });

  it('is asked in its own time, however busy that of the site is, and so is a lane beside a busy one', async () => {
    const { box, own, hub, sent, say } = await announced();
    hub.isDeaf = true;
    own.isDeaf = true;
    await box.emit(info('lost on the way to both'));
    own.isDeaf = false;
    for (let turn = 0; turn < 6; turn += 1) {
      await box.emit(urgent(`busy ${turn}`));
      say('chelsty');
      await place.clock.run(5_000);
    }
    expect(own.texts).toContain('lost on the way to both');
    const repeated = sent.filter(({ message }) => message === 'busy 0').length;
    expect(repeated).toBe(3); // at once, after 10 s and after 20 s more
  });

  it('gets both lanes as soon as it is back, also when it was only asked about one', async () => {
    const { box, hub, say } = await announced();
    hub.isDeaf = true;
    await box.emit(info('a'));
    await place.clock.run(8_000);
    await box.emit(urgent('b'));
    say('chelsty');
    // The info lane asked after 10 and 30 s and will after 70 s, the urgent one after 18 and 38 s.
    await place.clock.run(29_000);
    hub.isDeaf = false;
    await place.clock.run(1_000);
    expect(hub.texts).toEqual(['first', 'b']);
    say('hub');
    expect(hub.texts).toEqual(['first', 'b', 'a']);
  });

  it('does not get a window at each reconnect', async () => {
    const { box, hub, sent, say } = await announced();
    hub.isDeaf = true;
    for (let n = 0; n < 300; n += 1) await box.emit(info(`${n}`));
    say('chelsty');
    const before = sent.length;
    for (let turn = 0; turn < 10; turn += 1) {
      box.connect(null);
      box.connect((event) => Promise.resolve(void sent.push(event)));
    }
    expect(sent.length - before).toBe(10);
  });

  it('does not keep that of the site behind a hole for longer than a time-out', async () => {
    const { box, own, hub, say } = await announced();
    hub.isDeaf = true;
    for (const message of ['2', '3', '4']) await box.emit(urgent(message));
    say('chelsty');
    await box.close();
    const file = join(place.dir, 'outbox.jsonl');
    writeFileSync(file, readFileSync(file, 'utf8').replace(/^.*"message":"3".*$/m, '{"broken'));
    place.clock.advance(1_000);
    const again = await place.outbox();
    again.onCursor('hub', hub.cursor);
    again.onCursor('chelsty', own.cursor);
    again.connect((event) => Promise.resolve(own.hear(event)));
    await again.emit(urgent('5'));
    expect(own.texts).not.toContain('5');
    await place.clock.run(10_000);
    expect(own.texts).toEqual(['first', '2', '3', '4', '5']);
  });
});

describe('a store that', () => {
  it('is ahead of an emitter without a past makes it number on above, also when it is not that of the site', async () => {
    const box = await place.outbox();
    const own = new Store();
    await box.emit(urgent('after the loss'));
    const ahead = place.clock.now() + 5_000_000;
    box.onCursor('chelsty', { 'node-agent': { urgent: 40, info: 40 } });
    box.onCursor('hub', { 'node-agent': { urgent: ahead, info: 0 } });
    box.connect((event) => Promise.resolve(own.hear(event)));
    await expect.poll(() => own.stored.map(({ seq }) => seq)).toEqual([ahead + 1]);
    box.onCursor('chelsty', own.cursor);
    expect(box.backlog).toBe(1);
    box.onCursor('hub', own.cursor);
    expect(box.backlog).toBe(0);
  });

  it('falls back gets again what is still held, although it had said that it has it', async () => {
    const { box, own, hub, say, sent } = await announced();
    hub.isDeaf = true;
    for (const message of ['a', 'b', 'c']) await box.emit(urgent(message));
    say('chelsty');
    const restored = new Store();
    for (const event of own.stored.slice(0, 2)) restored.hear(event);
    sent.length = 0;
    box.onCursor('chelsty', restored.cursor);
    for (const event of sent) restored.hear(event);
    expect(restored.texts).toEqual(['first', 'a', 'b', 'c']);
  });
});

describe('when there is no room', () => {
  /** 40 of them are 8 MiB. */
  const large = (draft: EventDraft): EventDraft => ({ ...draft, payload: { log: 'x'.repeat(210_000) } });

  it('what the store of the site has goes first, the oldest info before the oldest urgent, and does not count as dropped', async () => {
    const { box, own, hub, say } = await announced();
    hub.isDeaf = true;
    for (let n = 0; n < 10; n += 1) await box.emit(large(info(`i${n}`)));
    for (let n = 0; n < 10; n += 1) await box.emit(large(urgent(`u${n}`)));
    say('chelsty');
    own.isDeaf = true;
    for (let n = 10; n < 35; n += 1) await box.emit(large(info(`i${n}`)));
    box.connect(null);
    const sent: string[] = [];
    box.connect((event) => Promise.resolve(void sent.push(event.message)));
    expect(sent).toEqual(expect.arrayContaining(['u0', 'i10']));
    expect(sent).not.toContain('i0');
    for (let n = 35; n < 55; n += 1) await box.emit(large(info(`i${n}`)));
    await settlePromises();
    // Twenty were safe and are gone; of the rest the oldest info went, counted.
    const again: Event[] = [];
    box.connect(null);
    box.connect((event) => Promise.resolve(void again.push(event)));
    const dropped = again.find(({ type }) => type === 'outbox_dropped')?.payload['dropped'];
    expect(dropped).toBe(1);
    const kept = again.filter(({ lane }) => lane === 'info').map(({ message }) => message);
    expect(kept[0]).not.toBe('i10');
    expect(kept.at(-1)).toBe('i54');
    expect(again.filter(({ type, lane }) => lane === 'urgent' && type !== 'outbox_dropped')).toEqual([]);
  });
});
