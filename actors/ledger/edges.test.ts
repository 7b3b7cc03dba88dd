/** Every time and number that the desk goes by, just before, at and just after: requests in, answers and documents out. */
import { describe, expect, it } from 'vitest';
import { desiredNode, deskStartMs, minuteMs, nonce, outcomes, TestDesk } from '../../test/kit/ledger-desk.ts';

const second = 1_000;
const hour = 60 * minuteMs;
const day = 24 * hour;
const id = 'container-restart-vps-web';
const iso = (ms: number): string => new Date(ms).toISOString();
const web = { type: 'container_restart', node: 'vps', service: 'web', evidence: { trigger_type: 'containers_not_running', message: 'exit 137' } };
const supervisor = 'supervisor-vps';

/** A desk with an action about web on vps in that state. */
function deskWith(state: Parameters<TestDesk['bring']>[0]): TestDesk {
  const desk = TestDesk.ready();
  desk.bring(state);
  return desk;
}

describe('an approval, valid for an hour', () => {
  it.each([
    [hour - 1, 'approved'],
    [hour, 'expired'],
    [hour + 1, 'expired'],
  ])('after %d ms is %s', (ms, state) => {
    const desk = deskWith('approved');
    desk.pass(ms);
    expect(desk.action(id).state).toBe(state);
  });
});

describe('a claim, leased for its verify window of 2 min and 5 min more', () => {
  it.each([
    [7 * minuteMs - 1, 'running'],
    [7 * minuteMs, 'failed'],
    [7 * minuteMs + 1, 'failed'],
  ])('after %d ms is %s', (ms, state) => {
    const desk = deskWith('running');
    desk.pass(ms);
    expect(desk.action(id)).toMatchObject({ state, ...(state === 'failed' ? { outcome: { code: 'outcome_unknown' } } : {}) });
  });

  it('that is given up is not completed by a late word, which is noted', () => {
    const desk = deskWith('running');
    desk.pass(7 * minuteMs);
    expect(desk.ask('executor-vps', 'completed', { id, attempt: 1, nonce, outcome: outcomes.completed })?.code).toBe('noted');
    expect(desk.action(id).state).toBe('failed');
  });
});

describe('a verify window, at most a day', () => {
  it.each([
    [day - 1, day - 1],
    [day, day],
    [day + 1, day],
  ])('of %d ms is %d ms', (declaredMs, grantedMs) => {
    const desk = TestDesk.ready();
    desk.desired(desiredNode({ node: 'vps', verifyWindowMs: declaredMs }));
    desk.ask(supervisor, 'pending', web);
    expect(desk.action(id).verify_window_ms).toBe(grantedMs);
  });
});

describe('a program that proposes again what was answered', () => {
  it.each(['rejected', 'failed', 'expired'] as const)('after %s is refused for an hour', (state) => {
    for (const [ms, code] of [
      [hour - 1, 'cooling_down'],
      [hour, 'proposed'],
      [hour + 1, 'proposed'],
    ] as const) {
      const desk = TestDesk.ready();
      desk.ask(supervisor, 'pending', web);
      if (state === 'rejected') desk.ask('anna', 'rejected', { id });
      else desk.ask('anna', 'approved', { id });
      if (state === 'failed') {
        desk.ask('executor-vps', 'running', { id, attempt: 1, nonce });
        desk.ask('executor-vps', 'failed', { id, attempt: 1, nonce, outcome: outcomes.failed });
      }
      if (state === 'expired') desk.pass(hour);
      expect(desk.action(id).state).toBe(state);
      desk.now += ms;
      expect(desk.ask(supervisor, 'pending', web)?.code, `${ms} ms later`).toBe(code);
    }
  });
});

describe('evidence of one kind', () => {
  it.each([
    [minuteMs - 1, 'exit 137'],
    [minuteMs, 'exit 1'],
    [minuteMs + 1, 'exit 1'],
  ])('%d ms after the last is taken down as %s', (ms, message) => {
    const desk = TestDesk.ready();
    desk.ask(supervisor, 'pending', web);
    desk.now += ms;
    desk.ask(supervisor, 'pending', { ...web, evidence: { ...web.evidence, message: 'exit 1' } });
    expect(desk.action(id).evidence.message).toBe(message);
  });

  it.each([
    [10 * minuteMs - 1, 1],
    [10 * minuteMs, 2],
    [10 * minuteMs + 1, 2],
  ])('that goes on for %d ms has %d lines of history', (ms, lines) => {
    const desk = TestDesk.ready();
    desk.ask(supervisor, 'pending', web);
    desk.now += ms;
    desk.ask(supervisor, 'pending', web);
    expect(desk.action(id).transition_history).toHaveLength(lines);
  });
});

describe('a closed action, on the bus for seven days', () => {
  it.each([
    [7 * day - 1, true],
    [7 * day, false],
    [7 * day + 1, false],
  ])('after %d ms is there: %s', (ms, isThere) => {
    const desk = deskWith('completed');
    desk.pass(ms);
    expect(desk.documents.has(`world/actions/vps/${id}`)).toBe(isThere);
  });
});

describe('maintenance', () => {
  it.each([
    [30 * day - 1, true],
    [30 * day, true],
    [30 * day + 1, false],
  ])('for %d ms is granted: %s', (ms, ok) => {
    expect(TestDesk.ready().maintain('anna', { node: 'vps', until: iso(deskStartMs + ms), reason: 'disk' })?.ok).toBe(ok);
  });

  it('is granted for twenty services of a node, and not for one more', () => {
    const desk = TestDesk.ready();
    const names = Array.from({ length: 21 }, (_, at) => `s${at}`);
    desk.desired(desiredNode({ node: 'vps', serviceNames: names }));
    const granted = names.map((service) => desk.maintain('anna', { node: 'vps', service, until: iso(deskStartMs + hour), reason: '' })?.ok);
    expect(granted).toEqual([...names.slice(0, 20).map(() => true), false]);
    // One that takes the place of another is no further one.
    expect(desk.maintain('anna', { node: 'vps', service: 's0', until: iso(deskStartMs + 2 * hour), reason: '' })?.ok).toBe(true);
  });

  it.each([
    [hour - 1, 1],
    [hour, 0],
    [hour + 1, 0],
  ])('until in an hour is, after %d ms, %d windows', (ms, count) => {
    const desk = TestDesk.ready();
    desk.maintain('anna', { node: 'vps', until: iso(deskStartMs + hour), reason: '' });
    desk.pass(ms);
    expect(desk.windows('vps')).toHaveLength(count);
  });
});

describe('a refusal', () => {
  it.each([
    [60 * second - 1, 1],
    [60 * second, 2],
    [60 * second + 1, 2],
  ])('repeated after %d ms is an event %d times', (ms, times) => {
    const desk = deskWith('pending');
    desk.ask('anna', 'approved', { id: 'no-such-action' });
    desk.now += ms;
    desk.ask('anna', 'approved', { id: 'no-such-action' });
    expect(desk.events.filter(({ type }) => type === 'action_refused')).toHaveLength(times);
  });
});
