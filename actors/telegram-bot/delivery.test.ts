/** Nothing lost, nothing said twice: Telegram away, slow, in a flood, and a process that dies in the middle. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BotRig, home, iso, type BotRig as Rig } from '../../test/kit/telegram-rig.ts';
import { threadsMax } from './threads.ts';

const minuteMs = 60_000;
const unreachable = 'unsent' as const;

/** What stands in the chat about the incidents, without repetition of any. */
const once = (rig: Rig): boolean => new Set(rig.texts()).size === rig.texts().length;

describe('while Telegram is away', () => {
  it('nothing is lost, and of each thing only the newest state is told afterwards', () => {
    const rig = BotRig.ready();
    rig.fault = unreachable;
    rig
      .incident()
      .action('pending')
      .pass(10 * minuteMs)
      .action('approved', { approved_by: 'anna' })
      .pass(minuteMs)
      .action('running')
      .pass(minuteMs);
    expect(rig.mode).toBe('unreachable');
    rig.fault = null;
    rig.pass(5 * minuteMs);
    expect(rig.texts().map((text) => text.split(':')[0])).toEqual(['🔴 web on vps', '▶️ Running']);
    expect(rig.messages().every(({ versions }) => versions.length === 1)).toBe(true);
    expect(rig.mode).toBe('watching');
  });

  it('it is tried less and less often, at least once a minute', () => {
    const rig = BotRig.ready();
    rig.fault = unreachable;
    rig.incident().pass(60 * minuteMs);
    const tries = rig.calls.filter(({ op }) => op === 'send').length;
    expect(tries).toBeGreaterThan(55);
    expect(tries).toBeLessThan(80);
  });

  it('what came and went meanwhile is one silent message that says so', () => {
    const rig = BotRig.ready();
    rig.fault = unreachable;
    rig
      .incident()
      .pass(minuteMs)
      .incident({ status: 'resolved', resolved_at: iso(rig.now) })
      .pass(10 * minuteMs);
    rig.fault = null;
    rig.pass(10 * minuteMs);
    expect(rig.texts()).toHaveLength(1);
    expect(rig.texts()[0]).toContain('✅ Over');
    expect(rig.messages()[0]?.isSilent).toBe(true);
  });

  it('memory is bounded: the oldest of what is over goes first, and that is said', () => {
    const rig = new BotRig();
    rig.fault = unreachable;
    for (let at = 0; at < threadsMax; at += 1) rig.incident({ id: `inc-${at}` });
    rig.synced().pass(6_000);
    for (let at = 0; at < 60; at += 1) rig.incident({ id: `inc-${at}`, status: 'resolved', resolved_at: iso(rig.now) });
    for (let at = 0; at < 20; at += 1) rig.incident({ id: `inc-later-${at}` });
    rig.pass(6_000);
    rig.fault = null;
    rig.pass(10 * minuteMs);
    expect(rig.state.threads.size).toBeLessThanOrEqual(threadsMax + 1);
    expect(rig.texts().filter((text) => text.startsWith('🔴'))).toHaveLength(threadsMax - 40);
    expect(rig.texts().find((text) => text.startsWith('More than'))).toContain('about what is over already were left out');
  });
});

describe('a flood', () => {
  it('is waited out exactly as Telegram says', () => {
    const rig = BotRig.ready();
    rig.fault = { is: 'flood', retryAfterMs: 300_000 };
    rig.incident().pass(6_000);
    const before = rig.calls.length;
    rig.fault = null;
    rig.pass(299_000);
    expect(rig.calls).toHaveLength(before);
    rig.pass(10_000);
    expect(rig.texts()).toHaveLength(1);
  });

  it('is not made by us: a second between two messages to a person, three to a group', () => {
    const rig = BotRig.ready({
      chats: new Map([
        [home, null],
        [-5, null],
      ]),
    });
    for (let at = 0; at < 20; at += 1) rig.incident({ id: `inc-${at}` });
    rig.pass(5 * minuteMs);
    for (const [chat, spacingMs] of [
      [home, 1_000],
      [-5, 3_000],
    ] as const) {
      const times = rig.calls.filter((call) => call.chat === chat).map(({ at }) => at);
      expect(times.length).toBeGreaterThanOrEqual(20);
      expect(Math.min(...times.slice(1).map((at, index) => at - times[index]!))).toBeGreaterThanOrEqual(spacingMs);
    }
  });
});

describe('a message whose sending was interrupted', () => {
  it.each(['before', 'after'] as const)('by death %s Telegram had it is there once after the restart', (moment) => {
    const rig = BotRig.ready();
    rig.dies = moment;
    rig.incident().pass(8_000);
    expect(rig.isDead).toBe(true);
    rig.restart().pass(2 * minuteMs);
    expect(rig.texts()).toEqual(['🔴 web on vps: down (error)\nexit code 137\nSince 1 Mar 12:00']);
    // It is known which one it is: it is edited from then on.
    rig.incident({ status: 'resolved', resolved_at: iso(rig.now) }).pass(10_000);
    expect(rig.texts()[0]).toContain('✅ Over');
  });

  it('by an answer that never came is there once, also when people wrote something meanwhile', () => {
    const rig = BotRig.ready();
    rig.fault = 'unanswered';
    rig.incident().pass(6_000);
    rig.fault = null;
    rig
      .says(home, 'what is it?')
      .says(home, 'hello?')
      .pass(5 * minuteMs);
    expect(rig.texts()).toHaveLength(1);
  });

  it('and that changed meanwhile is found first, then edited', () => {
    const rig = BotRig.ready();
    rig.dies = 'after';
    rig.action('pending').pass(2_000);
    rig.restart().action('approved', { approved_by: 'anna' }).pass(minuteMs);
    expect(rig.texts()).toHaveLength(1);
    expect(rig.texts()[0]).toContain('👍 Approved');
  });

  it('is known at once when somebody taps it', () => {
    const rig = BotRig.ready();
    rig.dies = 'after';
    rig.action('pending').pass(2_000);
    rig.restart();
    rig.fault = 'unsent';
    rig.pass(1_000);
    rig.taps('Approve');
    rig.fault = null;
    rig.pass(2 * minuteMs);
    expect(rig.texts()).toHaveLength(1);
    expect(rig.requests).toHaveLength(1);
  });
});

describe('a restart', () => {
  it('repeats nothing, and goes on with the messages there are', () => {
    const rig = BotRig.ready().incident().action('pending').pass(20_000);
    rig.restart().pass(10 * minuteMs);
    expect(rig.messages().map(({ versions }) => versions.length)).toEqual([1, 1]);
    rig.action('completed').pass(minuteMs);
    expect(rig.messages().map(({ versions }) => versions.length)).toEqual([2, 2]);
  });

  it('remembers mutes', () => {
    const rig = BotRig.ready().says(home, '/mute all 3d').pass(2_000).restart().incident().pass(10_000);
    expect(rig.messages().at(-1)?.isSilent).toBe(true);
  });
});

describe('what Telegram will not do', () => {
  it('to a message that a person deleted is not tried again', () => {
    const rig = BotRig.ready().action('pending').pass(5_000);
    rig.chats.set(home, []);
    rig
      .action('approved')
      .pass(10 * minuteMs)
      .action('running')
      .pass(10 * minuteMs);
    expect(rig.calls.filter(({ op }) => op === 'edit')).toHaveLength(1);
    expect(rig.messages()).toEqual([]);
  });

  it('in one chat keeps nothing from another', () => {
    const rig = BotRig.ready({
      chats: new Map([
        [home, null],
        [78, null],
      ]),
    });
    rig.fault = { is: 'refused', detail: 'bot was blocked by the user' };
    rig.incident().pass(6_000);
    rig.fault = null;
    rig.incident({ id: 'inc-2' }).pass(minuteMs);
    // The blocked one is given up; what comes later is tried in every chat again.
    expect([rig.texts(home), rig.texts(78)].map(({ length }) => length)).toEqual([1, 1]);
  });
});

describe('whatever happens', () => {
  const step = fc.oneof(
    fc.record({ what: fc.constant('incident' as const), id: fc.integer({ min: 1, max: 3 }), isOver: fc.boolean() }),
    fc.record({
      what: fc.constant('action' as const),
      status: fc.constantFrom('pending', 'approved', 'running', 'completed', 'failed'),
      attempt: fc.integer({ min: 1, max: 3 }),
    }),
    fc.record({ what: fc.constant('fault' as const), fault: fc.constantFrom('unsent', 'unanswered', null, { is: 'flood', retryAfterMs: 30_000 } as const) }),
    fc.record({ what: fc.constant('death' as const), moment: fc.constantFrom('before', 'after') }),
    fc.record({ what: fc.constant('time' as const), ms: fc.integer({ min: 1, max: 200_000 }) }),
  );

  it('each incident is told at most once, and in the end every message reads as things are', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const rig = BotRig.ready();
        let attempt = 1;
        for (const each of steps) {
          if (each.what === 'incident')
            rig.incident({ id: `inc-${each.id}`, service: `s${each.id}`, ...(each.isOver ? { status: 'resolved', resolved_at: iso(rig.now) } : {}) });
          else if (each.what === 'action') {
            // Attempts only ever grow.
            attempt = Math.max(attempt, each.attempt);
            rig.action(each.status as 'pending', { attempt });
          } else if (each.what === 'fault') rig.fault = each.fault as Rig['fault'];
          else if (each.what === 'death') rig.dies = each.moment as Rig['dies'];
          else rig.pass(each.ms);
          if (rig.isDead) rig.restart();
        }
        [rig.fault, rig.dies] = [null, null];
        rig.pass(60 * minuteMs);
        expect(once(rig) || rig.texts().every((text) => text.includes('attempt'))).toBe(true);
        for (const id of [1, 2, 3]) expect(rig.texts().filter((text) => text.includes(`s${id} on vps`)).length).toBeLessThanOrEqual(2);
        for (const thread of rig.state.threads.values()) {
          const copy = rig.state.copies.get(`${home} ${thread.key}`);
          const shown = rig.messages().find((message) => message.id === copy?.messageId);
          expect(shown?.versions.at(-1)).toEqual(thread.message);
        }
      }),
      { numRuns: 150 },
    );
  });
});
