import { describe, expect, it } from 'vitest';
import { topics } from '../../contracts/topics.ts';
import { iso, minuteMs, moved, SupervisorWorld, startMs } from '../../test/kit/supervisor-world.ts';

const world = (): SupervisorWorld => new SupervisorWorld().synced();
const hour = 60 * minuteMs;

/** A world with a closed action of the id that the open incident asks for. */
const answeredWorld = (status: string, rest: Parameters<SupervisorWorld['action']>[1] = {}): SupervisorWorld => {
  const w = new SupervisorWorld();
  w.action(status, rest);
  return w.synced().down();
};

describe('maintenance', () => {
  const maintained = (windows: readonly object[]): SupervisorWorld => {
    const w = world();
    w.put(topics.maintenance, { node: 'vps' }, { status: 'active', node: 'vps', windows });
    return w.down();
  };

  it('proposes nothing until the very end of a window, then at once', () => {
    const w = maintained([{ service: 'web', until: iso(startMs + 5 * minuteMs), reason: 'new disk' }]);
    expect(w.why()).toBe('down; maintenance until 2026-03-01T12:05Z: new disk');
    w.pass(5 * minuteMs - 1);
    expect(w.proposed).toEqual([]);
    w.pass(1);
    expect(w.proposed).toEqual(['container-restart-vps-web']);
  });

  it('covers all services of the node where the window names none', () => {
    expect(maintained([{ service: null, until: iso(startMs + minuteMs) }]).proposed).toEqual([]);
  });

  it('does not cover another service', () => {
    expect(maintained([{ service: 'db', until: iso(startMs + minuteMs) }]).proposed).toEqual(['container-restart-vps-web']);
  });

  it('leaves what is pending to the people who are at work', () => {
    const w = world().down().action('pending');
    w.put(topics.maintenance, { node: 'vps' }, { status: 'active', node: 'vps', windows: [{ until: iso(startMs + minuteMs) }] });
    expect(w.withdrawn).toEqual([]);
  });
});

describe('the time after an answer', () => {
  it.each(['rejected', 'expired', 'failed'])('does not propose again for 60 minutes after %s, and does at the 60th', (status) => {
    const w = answeredWorld(status);
    expect(w.decision()).toBe('blocked');
    expect(w.why()).toContain(`${status} at 2026-03-01T12:00Z`);
    w.pass(hour - 1);
    expect(w.proposed).toEqual([]);
    w.pass(1);
    expect(w.proposed).toEqual(['container-restart-vps-web']);
  });

  it.each(['rejected', 'expired', 'failed'])('proposes at once after %s when the evidence changed kind', (status) => {
    const w = answeredWorld(status, { evidence: { trigger_type: 'healthcheck_failed', incident_id: 'inc-0' } });
    expect(w.proposed).toEqual(['container-restart-vps-web']);
  });

  const byHand = { trigger_type: 'requested', incident_id: null };

  it.each([
    ['rejected', 'anna via operator-ui-vps'],
    ['expired', 'anna via operator-ui-vps'],
    ['failed', 'anna via operator-ui-vps'],
    ['rejected', 'anonymous'],
    ['rejected', 'planner-b via telegram-bot-vps'],
  ])('keeps to the 60 minutes after %s when %s had proposed it by hand, whatever the trigger', (status, proposed_by) => {
    const w = answeredWorld(status, { proposed_by, evidence: byHand });
    expect(w.why()).toContain(`${status} at 2026-03-01T12:00Z`);
    w.pass(hour - 1);
    expect(w.proposed).toEqual([]);
    w.pass(1);
    expect(w.proposed).toEqual(['container-restart-vps-web']);
  });

  it('keeps to them also when a person took up the proposal of a program, and not when that was in an earlier life', () => {
    const born = moved(null, 'pending', startMs);
    const spoken = [born, moved('pending', 'pending', startMs, 'anna'), moved('pending', 'rejected', startMs, 'anna')];
    const w = answeredWorld('rejected', { evidence: byHand, transition_history: spoken });
    w.pass(hour - 1);
    expect(w.proposed).toEqual([]);
    const earlier = [...spoken, moved('rejected', 'pending', startMs), moved('pending', 'rejected', startMs, 'anna')];
    expect(answeredWorld('rejected', { evidence: byHand, transition_history: earlier }).proposed).toEqual(['container-restart-vps-web']);
  });

  it('counts from the move itself, not from a note that came later', () => {
    const history = [moved(null, 'pending', startMs), moved('running', 'failed', startMs), moved('failed', 'failed', startMs + 30 * minuteMs)];
    const w = answeredWorld('failed', { transition_history: history });
    w.pass(hour);
    expect(w.proposed).toEqual(['container-restart-vps-web']);
  });

  it('takes a cancelling by a person for a no', () => {
    const w = answeredWorld('cancelled', { transition_history: [moved(null, 'pending', startMs), moved('approved', 'cancelled', startMs, 'anna')] });
    w.pass(hour - 1);
    expect(w.proposed).toEqual([]);
    w.pass(1);
    expect(w.proposed).toEqual(['container-restart-vps-web']);
  });

  /** A person asked for it while all was well, or for the trouble that stood, and took it back. */
  const takenBack = (rest: Parameters<SupervisorWorld['action']>[1] = {}): SupervisorWorld => {
    const history = [moved(null, 'pending', startMs, 'anna'), moved('pending', 'cancelled', startMs, 'anna')];
    return new SupervisorWorld().action('cancelled', { proposed_by: 'anna', evidence: byHand, transition_history: history, ...rest });
  };
  const downLater = (w: SupervisorWorld): SupervisorWorld =>
    w
      .synced()
      .pass(6 * minuteMs)
      .down();

  it('proposes at once for trouble that comes after a person took back an own request', () => {
    expect(downLater(takenBack()).proposed).toEqual(['container-restart-vps-web']);
  });

  it('proposes at once also where the incident has the id of one that had ended', () => {
    const w = takenBack()
      .desired([{ name: 'web' }])
      .node()
      .service('down')
      .synced()
      .pass(6 * minuteMs);
    w.incident({ started_at: iso(startMs - minuteMs), reopened_at: iso(w.now) });
    expect(w.proposed).toEqual(['container-restart-vps-web']);
  });

  it('takes it for a no where the trouble stood when it was taken back', () => {
    const w = takenBack().synced().down();
    w.pass(hour - 1);
    expect(w.proposed).toEqual([]);
    w.pass(1);
    expect(w.proposed).toEqual(['container-restart-vps-web']);
  });

  it('takes it for a no where a supervisor had spoken for it, or it was asked for because of this incident', () => {
    const joined = [moved(null, 'pending', startMs, 'anna'), moved('pending', 'pending', startMs), moved('pending', 'cancelled', startMs, 'anna')];
    expect(downLater(takenBack({ transition_history: joined })).proposed).toEqual([]);
    expect(downLater(takenBack({ evidence: { ...byHand, incident_id: 'inc-1-vps-web-down' } })).proposed).toEqual([]);
  });

  it('proposes at once after its own cancelling', () => {
    expect(answeredWorld('cancelled').proposed).toEqual(['container-restart-vps-web']);
  });

  it('proposes at once for a new incident after completed', () => {
    expect(answeredWorld('completed', { evidence: { trigger_type: 'containers_not_running', incident_id: 'inc-0' } }).proposed).toEqual([
      'container-restart-vps-web',
    ]);
  });

  it('gives the incident of a completed action time to close', () => {
    const w = answeredWorld('completed');
    expect(w.why()).toContain('completed, and its incident is still open');
    w.pass(hour - 1);
    expect(w.proposed).toEqual([]);
    w.pass(1);
    expect(w.proposed).toEqual(['container-restart-vps-web']);
  });

  it('proposes at once when the same incident goes on after the completion', () => {
    const w = answeredWorld('completed');
    w.pass(1000);
    w.incident({ started_at: iso(startMs) });
    expect(w.proposed).toEqual(['container-restart-vps-web']);
  });
});

describe('the crash loop', () => {
  const restarts = (...agoMs: readonly number[]): SupervisorWorld => {
    const history = agoMs.flatMap((ago) => [
      moved('approved', 'running', startMs - ago, 'executor-vps'),
      moved('running', 'completed', startMs - ago + 1, 'executor-vps'),
    ]);
    return answeredWorld('completed', { evidence: { trigger_type: 'containers_not_running', incident_id: 'inc-0' }, transition_history: history });
  };

  it('restarts a third time', () => {
    expect(restarts(50 * minuteMs, 10 * minuteMs).proposed).toEqual(['container-restart-vps-web']);
  });

  it('collects diagnostics instead of restarting a fourth time, and says so', () => {
    const w = restarts(50 * minuteMs, 30 * minuteMs, 10 * minuteMs);
    expect(w.proposed).toEqual(['collect-diagnostics-vps-web']);
    expect(w.why()).toContain('crash loop: 3 restarts within 60 min');
  });

  it('counts a restart until it is 60 minutes old', () => {
    expect(restarts(hour - 1, 30 * minuteMs, 10 * minuteMs).proposed).toEqual(['collect-diagnostics-vps-web']);
    expect(restarts(hour, 30 * minuteMs, 10 * minuteMs).proposed).toEqual(['container-restart-vps-web']);
  });

  it('does not count notes about a running restart', () => {
    const w = answeredWorld('failed', {
      evidence: { trigger_type: 'healthcheck_failed', incident_id: 'inc-0' },
      transition_history: [
        moved('approved', 'running', startMs - minuteMs),
        moved('running', 'running', startMs),
        moved('running', 'running', startMs),
        moved('running', 'failed', startMs),
      ],
    });
    expect(w.proposed).toEqual(['container-restart-vps-web']);
  });

  it('returns to restarts when the oldest of the three is 60 minutes old', () => {
    const w = restarts(50 * minuteMs, 30 * minuteMs, 10 * minuteMs);
    w.action('pending', {}, 'collect-diagnostics-vps-web').forgetAsked();
    w.pass(10 * minuteMs - 1);
    expect(w.proposed).toEqual([]);
    w.pass(1);
    expect(w.proposed).toEqual(['container-restart-vps-web']);
    expect(w.withdrawn).toEqual(['collect-diagnostics-vps-web drift_resolved_auto']);
  });

  it('asks for diagnostics once for each incident', () => {
    const w = restarts(30 * minuteMs, 20 * minuteMs, 10 * minuteMs);
    w.action('completed', {}, 'collect-diagnostics-vps-web').forgetAsked();
    w.pass(1000);
    w.incident({ started_at: iso(startMs) });
    expect(w.proposed).toEqual([]);
    expect(w.decision()).toBe('blocked');
  });

  it('waits for a third restart that still runs', () => {
    const history = [50, 30, 1].map((ago) => moved('approved', 'running', startMs - ago * minuteMs));
    const w = answeredWorld('running', { transition_history: history });
    expect(w.proposed).toEqual([]);
    expect(w.why()).toContain('container-restart-vps-web is running');
  });
});
