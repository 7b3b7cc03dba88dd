/** Times and numbers that the supervisor goes by, just before, at and just after, where no other test has them: documents in, requests and decisions out. */
import { describe, expect, it } from 'vitest';
import { iso, minuteMs, moved, SupervisorWorld, startMs } from '../../test/kit/supervisor-world.ts';

const second = 1_000;
const hour = 60 * minuteMs;
const restartId = 'container-restart-vps-web';
const world = (): SupervisorWorld => new SupervisorWorld().synced();

describe('decisions about many services', () => {
  it.each([
    [299, 299],
    [300, 300],
    [301, 1],
  ])('of %d list %d: beyond 300 those with nothing to say are only counted', (count, listed) => {
    const names = Array.from({ length: count }, (_, at) => `s${String(at).padStart(3, '0')}`);
    const w = new SupervisorWorld()
      .desired(names.map((name) => ({ name })))
      .node()
      .service('down', {}, 's000');
    w.incident({}, 's000').synced();
    const decisions = w.decisions.get('vps');
    expect(decisions?.services).toHaveLength(listed);
    expect(Object.values(decisions?.counts ?? {}).reduce((sum, each) => sum + each, 0)).toBe(count);
  });
});

describe('a request that no document shows', () => {
  it.each([
    [10 * second - 1, 1],
    [10 * second, 2],
    [10 * second + 1, 2],
  ])('has after %d ms been sent %d times', (ms, times) => {
    expect(world().down().pass(ms).proposed).toHaveLength(times);
  });
});

describe('an answer', () => {
  it.each(['rejected', 'expired', 'failed'] as const)('%s holds for an hour', (status) => {
    const w = world()
      .down()
      .action(status, { evidence: { trigger_type: 'containers_not_running', incident_id: 'inc-1-vps-web-down' } })
      .forgetAsked();
    expect(w.pass(hour - 1).proposed).toEqual([]);
    expect(w.pass(1).proposed).toEqual([restartId]);
  });

  it.each([
    [2, 0, 'container_restart'],
    [3, 0, 'collect_diagnostics'],
    [3, 1, 'container_restart'],
  ])('of %d restarts, the oldest of them %d ms more than an hour ago but one, asks for %s', (count, beyondMs, type) => {
    // The oldest counts as long as it is less than an hour ago.
    const oldestMs = startMs - hour + 1 - beyondMs;
    const begun = Array.from({ length: count }, (_, at) => oldestMs + at * 10 * minuteMs);
    const history = begun.flatMap((atMs) => [moved('approved', 'running', atMs), moved('running', 'completed', atMs + second)]);
    const w = new SupervisorWorld()
      .desired([{ name: 'web' }])
      .node()
      .service('down');
    w.incident({ started_at: iso(startMs - minuteMs), last_occurrence: iso(startMs) });
    w.action('completed', { transition_history: history, evidence: { trigger_type: 'containers_not_running', incident_id: 'inc-0' } });
    expect(w.synced().proposal?.type).toBe(type);
  });
});
