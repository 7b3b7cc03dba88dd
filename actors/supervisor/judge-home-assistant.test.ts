/** Events of Home Assistant: what each asks for, when again, and what is only a consequence of its container's trouble. */
import { describe, expect, it } from 'vitest';
import { haAlertCooldownMs, haTransitionWindowMs } from '../../contracts/defaults.ts';
import { topics } from '../../contracts/topics.ts';
import { iso, minuteMs, moved, SupervisorWorld, startMs } from '../../test/kit/supervisor-world.ts';
import type { HaRules } from './judge-home-assistant.ts';
import { haAlerts } from './routing.ts';

const second = 1_000;
const settle = 30 * second;
const dead = 'ha_websocket_dead';
const recovered = 'ha_websocket_recovered';
const restartId = 'container-restart-vps-homeassistant';
const live: HaRules = { shadowMode: false, alertCooldownMs: haAlertCooldownMs, transitionWindowMs: haTransitionWindowMs };

/** Home Assistant is declared on vps, not monitored as usual, and everything is read. */
function home(haRules: HaRules = live): SupervisorWorld {
  return new SupervisorWorld({ haRules })
    .desired([{ name: 'homeassistant', monitor: false }])
    .node()
    .synced();
}
/** An action about Home Assistant, moved to `status` at this moment. */
const acted = (w: SupervisorWorld, status: string, id = restartId, trigger_type = dead, rest: object = {}): SupervisorWorld =>
  w.action(status, { service: 'homeassistant', evidence: { trigger_type, incident_id: null }, ...rest }, id);
const stopped = (w: SupervisorWorld, rest: object = {}): SupervisorWorld => w.incident(rest, 'homeassistant');

describe('a silent Home Assistant', () => {
  it('gets one restart, half a minute after it was heard of', () => {
    const w = home().event(dead);
    expect(w.other(dead)).toEqual({ decision: 'blocked', code: 'settling', until: iso(startMs + settle) });
    w.pass(settle - 1);
    expect(w.proposed).toEqual([]);
    w.pass(1);
    expect(w.proposed).toEqual([restartId]);
    expect(w.proposal).toMatchObject({ type: 'container_restart', node: 'vps', service: 'homeassistant', evidence: { trigger_type: dead, at: iso(startMs) } });
    acted(w, 'pending')
      .event(dead)
      .pass(10 * minuteMs)
      .event(dead)
      .pass(10 * minuteMs);
    expect(w.proposed).toEqual([restartId]);
  });

  it('that speaks again within the half minute gets none', () => {
    const w = home()
      .event(dead)
      .pass(settle - 1)
      .event(recovered)
      .pass(60 * minuteMs);
    expect(w.proposed).toEqual([]);
  });

  it('that speaks again has its pending restart taken back as recovered', () => {
    const w = acted(home().event(dead).pass(settle), 'pending');
    w.event(recovered);
    expect(w.withdrawn).toEqual([`${restartId} recovered`]);
  });

  it('was silent before it spoke, in whichever order the two are heard', () => {
    const w = home()
      .event(recovered)
      .event(dead, { agoMs: 1 })
      .pass(60 * minuteMs);
    expect(w.proposed).toEqual([]);
  });

  it.each(['approved', 'running'])('that speaks again leaves what is %s to those who agreed', (status) => {
    const w = acted(home().event(dead).pass(settle), status);
    expect(w.event(recovered).withdrawn).toEqual([]);
  });

  it('is not restarted again until 30 minutes after the completion', () => {
    const w = acted(home().event(dead).pass(settle), 'completed').forgetAsked();
    const doneMs = w.now;
    for (let minutes = 10; minutes < 30; minutes += 10) w.pass(10 * minuteMs).event(dead);
    expect(w.other(dead)).toEqual({ decision: 'blocked', code: 'cooldown', until: iso(doneMs + 30 * minuteMs) });
    w.pass(10 * minuteMs - 1);
    expect(w.proposed).toEqual([]);
    w.pass(1);
    expect(w.proposed).toEqual([restartId]);
  });

  it.each(['rejected', 'expired', 'failed'])('after %s is left alone for an hour', (status) => {
    const w = acted(home().event(dead).pass(settle), status).forgetAsked();
    for (let minutes = 0; minutes < 60; minutes += 10)
      w.event(dead)
        .pass(10 * minuteMs - 1)
        .pass(0)
        .event(dead)
        .pass(minutes === 50 ? 0 : 1);
    expect(w.proposed).toEqual([]);
    w.pass(1);
    expect(w.proposed).toEqual([restartId]);
  });

  it('not said to be silent again for a quarter of an hour is history: nothing new is asked, nothing taken back', () => {
    const late = home()
      .event(dead, { agoMs: 15 * minuteMs })
      .pass(minuteMs);
    expect([late.proposed, late.other(dead)?.code]).toEqual([[], 'history']);
    const justInTime = home()
      .event(dead, { agoMs: 15 * minuteMs - settle - 1 })
      .pass(settle);
    expect(justInTime.proposed).toEqual([restartId]);
    const pending = acted(home().event(dead).pass(settle), 'pending').forgetAsked();
    expect([pending.pass(60 * minuteMs).proposed, pending.withdrawn]).toEqual([[], []]);
  });

  it('on a node without an agent of its own is found by its declaration', () => {
    const w = new SupervisorWorld({ haRules: live }).synced().desired([], {}, 'infra').node('online', 'up', 'infra');
    w.desired([{ name: 'homeassistant', monitor: false }], { agents: [] }, 'ha').node('unmonitored', 'none', 'ha');
    w.event(dead, { node: 'infra' }).pass(settle);
    expect(w.proposed).toEqual(['container-restart-ha-homeassistant']);
    expect(w.proposal).toMatchObject({ node: 'ha', service: 'homeassistant' });
    expect(w.other(dead, 'ha')?.decision).toBe('propose');
  });

  it('of which there are two is the one that the agent names', () => {
    const w = new SupervisorWorld({ haRules: live }).synced().desired([], {}, 'infra');
    for (const node of ['attic', 'cellar']) w.desired([{ name: 'homeassistant' }], {}, node).node('online', 'up', node);
    w.event(dead, { node: 'infra', payload: { target_node: 'cellar' } }).pass(settle);
    expect(w.proposed).toEqual(['container-restart-cellar-homeassistant']);
  });

  it('that nobody declared is told of: only a person can restart it', () => {
    const w = new SupervisorWorld({ haRules: live }).synced().desired([]).node().event(dead).pass(settle);
    expect(w.proposal).toMatchObject({ type: 'alert_only', service: 'homeassistant', params: { wanted: 'container_restart' } });
    acted(w, 'pending', 'alert-only-vps-homeassistant', dead, { params: { wanted: 'container_restart' } }).event(recovered);
    expect(w.withdrawn).toEqual(['alert-only-vps-homeassistant recovered']);
  });

  it('of another site is the business of its own supervisor', () => {
    const w = home()
      .desired([{ name: 'homeassistant' }], { site: 'chelsty' }, 'far')
      .event(dead, { node: 'far' })
      .event(dead, { node: 'never-heard-of' });
    expect(w.pass(60 * minuteMs).proposed).toEqual([]);
  });

  it.each(['offline', 'unknown'])('on a node that is %s is not judged', (status) => {
    expect(home().node(status).event(dead).pass(minuteMs).proposed).toEqual([]);
  });

  it('in maintenance is left alone until its end', () => {
    const w = home();
    const windows = [{ service: 'homeassistant', until: iso(startMs + 5 * minuteMs), reason: 'update' }];
    w.put(topics.maintenance, { node: 'vps' }, { status: 'maintenance', node: 'vps', windows });
    w.event(dead).pass(5 * minuteMs - 1);
    expect(w.proposed).toEqual([]);
    w.pass(1);
    expect(w.proposed).toEqual([restartId]);
  });
});

describe('in shadow mode', () => {
  const shadow: HaRules = { ...live, shadowMode: true };

  it('a restart is a notice under the same id, marked as what it is', () => {
    const w = home(shadow).event(dead).pass(settle);
    expect(w.proposal).toMatchObject({ type: 'alert_only', service: 'homeassistant', params: { instead_of: 'container_restart' } });
    expect(w.proposal?.evidence.message).toMatch(/^\[SHADOW MODE\] would restart homeassistant on vps/);
    expect(w.proposed).toEqual([restartId]);
  });

  it('the notice has the cooldown of the restart, and goes when Home Assistant speaks again', () => {
    const notice = { type: 'alert_only', params: { instead_of: 'container_restart' } };
    const w = acted(home(shadow).event(dead).pass(settle), 'completed', restartId, dead, notice).forgetAsked();
    for (let minutes = 0; minutes < 30; minutes += 10) w.event(dead).pass(10 * minuteMs - (minutes === 20 ? 1 : 0));
    expect(w.proposed).toEqual([]);
    w.pass(1);
    expect(w.proposed).toEqual([restartId]);
    acted(w, 'pending', restartId, dead, notice).event(recovered);
    expect(w.withdrawn).toEqual([`${restartId} recovered`]);
  });

  it('which ends while a notice waits, the notice turns into the restart', () => {
    const notice = { type: 'alert_only', params: { instead_of: 'container_restart' } };
    const w = acted(home().event(dead), 'pending', restartId, dead, notice).pass(settle);
    expect(w.proposal?.type).toBe('container_restart');
  });

  it('is what happens when nobody says otherwise', () => {
    const w = new SupervisorWorld()
      .desired([{ name: 'homeassistant' }])
      .node()
      .synced()
      .event(dead)
      .pass(settle);
    expect(w.proposal?.type).toBe('alert_only');
  });
});

describe('the other events of Home Assistant', () => {
  it.each([...haAlerts])('%s is one notice of its own', (type) => {
    const w = home().event(type).pass(settle);
    const id = `alert-only-vps-homeassistant-${type.replaceAll('_', '-')}`;
    expect(w.proposed).toEqual([id]);
    expect(w.proposal).toMatchObject({ type: 'alert_only', params: { about: type }, evidence: { trigger_type: type, message: `${type} said` } });
  });

  const type = 'ha_automation_failing';
  const id = 'alert-only-vps-homeassistant-ha-automation-failing';
  const told = (w: SupervisorWorld, status: string): SupervisorWorld =>
    w.action(status, { service: 'homeassistant', evidence: { trigger_type: type, at: iso(startMs) } }, id).forgetAsked();

  it('are told once an hour: what comes meanwhile is told at its end', () => {
    const w = told(home().event(type), 'completed')
      .pass(10 * minuteMs)
      .event(type);
    expect(w.other(type)).toMatchObject({ decision: 'blocked', code: 'cooldown', until: iso(startMs + 60 * minuteMs) });
    w.pass(50 * minuteMs - 1);
    expect(w.proposed).toEqual([]);
    w.pass(1);
    expect(w.proposed).toEqual([id]);
    expect(w.proposal?.evidence.at).toBe(iso(startMs + 10 * minuteMs));
  });

  it('said once are told once, however often they are delivered', () => {
    const w = told(home().event(type), 'completed');
    w.pass(minuteMs)
      .event(type, { agoMs: minuteMs })
      .pass(25 * 60 * minuteMs);
    expect(w.proposed).toEqual([]);
  });

  it('bring a notice that waits up to date instead of adding one', () => {
    const w = told(home().event(type), 'pending')
      .pass(5 * minuteMs)
      .event(type);
    expect(w.proposed).toEqual([id]);
    expect(w.proposal?.evidence.at).toBe(iso(startMs + 5 * minuteMs));
  });

  it('that are a day old ask for nothing any more', () => {
    const day = 24 * 60 * minuteMs;
    expect(home().event(type, { agoMs: day }).pass(minuteMs).proposed).toEqual([]);
    expect(
      home()
        .event(type, { agoMs: day - settle - 1 })
        .pass(settle).proposed,
    ).toEqual([id]);
  });

  it('of types that nobody knows change nothing', () => {
    expect(
      home()
        .event('ha_moon_full')
        .pass(60 * minuteMs)
        .asked.filter(({ command }) => command.type === 'propose'),
    ).toEqual([]);
  });
});

describe('while the container of Home Assistant is in trouble', () => {
  it('a restart of Home Assistant is no storm of alarms (R34)', () => {
    const w = stopped(home());
    for (const type of [dead, ...haAlerts]) w.event(type);
    w.pass(haTransitionWindowMs - 1);
    expect(w.proposed).toEqual([]);
    expect(w.other('ha_integration_failed')?.code).toBe('transition');
    w.pass(60 * minuteMs);
    expect(w.proposed.filter((id) => id.startsWith('alert-only'))).toEqual([]);
  });

  it('its silence is a consequence for five minutes from the stop, also when the stop is over, and trouble after that', () => {
    const w = stopped(home(), { status: 'resolved', resolved_at: iso(startMs), resolved_by: 'service_healthy' }).event(dead);
    expect(w.pass(haTransitionWindowMs - 1).proposed).toEqual([]);
    expect(w.other(dead)).toEqual({ decision: 'blocked', code: 'transition', until: iso(startMs + haTransitionWindowMs) });
    expect(w.pass(1).proposed).toEqual([restartId]);
  });

  it('its silence is a consequence for five minutes from its newest stop, where that reopened an incident', () => {
    const w = stopped(home(), { started_at: iso(startMs - 20 * minuteMs), reopened_at: iso(startMs), status: 'resolved', resolved_at: iso(startMs) }).event(
      dead,
    );
    expect(w.pass(haTransitionWindowMs - 1).proposed).toEqual([]);
    expect(w.pass(1).proposed).toEqual([restartId]);
  });

  it.each([
    ['half a minute before its stop', 30 * second, false],
    ['more than that before its stop', 30 * second + 1, true],
  ])('what was said %s is told: %s', (_what, agoMs, isTold) => {
    const w = home().event('ha_integration_failed', { agoMs });
    stopped(w).pass(60 * minuteMs);
    expect(w.proposed.length > 0).toBe(isTold);
  });

  it('other troubles of it do not count, nor stops of something else', () => {
    const w = stopped(home(), { trigger_type: 'healthcheck_failed', kind: 'unhealthy' });
    w.incident({ id: 'inc-web' }, 'web');
    expect(w.event('ha_integration_failed').pass(settle).proposed).toHaveLength(1);
  });

  it('its own restart comes first, and no second one beside it', () => {
    const w = new SupervisorWorld({ haRules: { ...live, shadowMode: true } })
      .desired([{ name: 'homeassistant' }])
      .node()
      .synced();
    stopped(w.service('down', {}, 'homeassistant'))
      .event(dead)
      .pass(haTransitionWindowMs + minuteMs);
    expect(new Set(w.proposed)).toEqual(new Set([restartId]));
    expect(w.proposal?.type).toBe('container_restart');
    expect(w.other(dead)?.code).toBe('explained');
  });
});

describe('what was heard before a restart of the supervisor', () => {
  it('is neither lost nor done twice', () => {
    const before = home().event(dead).event('ha_recorder_lag').pass(settle);
    const after = new SupervisorWorld({ haRules: live, haHeard: before.state.knowledge.haHeard });
    after.now = before.now;
    after.desired([{ name: 'homeassistant', monitor: false }]).node();
    const told = { service: 'homeassistant', evidence: { trigger_type: 'ha_recorder_lag', at: iso(startMs) } };
    after.action('completed', { ...told, transition_history: [moved('approved', 'completed', startMs)] }, 'alert-only-vps-homeassistant-ha-recorder-lag');
    after.event('ha_recorder_lag', { agoMs: settle }).synced();
    expect(after.proposed).toEqual([restartId]);
  });

  it('is taken in while there is no connection, because the broker hands it over once', () => {
    const w = home().disconnected().event(dead);
    expect(w.asked.map(({ command }) => command.type)).toContain('remember');
    expect(w.synced().pass(settle).proposed).toEqual([restartId]);
  });

  it('does not grow: two hundred kinds of events, and none older than a day', () => {
    const w = home();
    for (let at = 0; at < 250; at += 1) w.event(dead, { node: `node-${at}` });
    expect(w.state.knowledge.haHeard.size).toBe(200);
    w.pass(24 * 60 * minuteMs);
    w.node();
    expect(w.state.knowledge.haHeard.size).toBe(0);
  });
});
