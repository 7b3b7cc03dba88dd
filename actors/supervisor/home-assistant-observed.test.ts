/** Home Assistant's case with the documents of the real observer: what its silence is a consequence of, its windows at their edges, shadow mode, recovery, cooldown. */
import { describe, expect, it } from 'vitest';
import { haAlertCooldownMs, haTransitionWindowMs } from '../../contracts/defaults.ts';
import { ObservedSupervisor } from '../../test/kit/observed-supervisor.ts';
import { iso, minuteMs, moved } from '../../test/kit/supervisor-world.ts';
import type { HaRules } from './judge-home-assistant.ts';
import { haAlerts } from './routing.ts';

const second = 1_000;
const settle = 30 * second;
const dead = 'ha_websocket_dead';
const restartId = 'container-restart-vps-homeassistant';
const live: HaRules = { shadowMode: false, alertCooldownMs: haAlertCooldownMs, transitionWindowMs: haTransitionWindowMs };

/** On vps; with a database that it needs there, and a broker on piha. */
function home(options: { readonly rules?: HaRules; readonly monitor?: boolean } = {}): ObservedSupervisor {
  const needs = ['vps/recorder', 'piha/mosquitto'];
  return new ObservedSupervisor(options.rules ?? live)
    .declare('vps', [{ name: 'homeassistant', monitor: options.monitor ?? true, depends_on: needs }, { name: 'recorder' }])
    .declare('piha', [{ name: 'mosquitto' }])
    .synced();
}

/** Said again every ten minutes, as its agent does. */
function silent(world: ObservedSupervisor, ms: number, node = 'vps'): ObservedSupervisor {
  for (let left = ms; left > 0; left -= 10 * minuteMs) {
    world.say(dead, node);
    world.pass(Math.min(left, 10 * minuteMs));
  }
  return world;
}

const proposed = ({ supervisor }: ObservedSupervisor): readonly string[] => [...new Set(supervisor.proposed)];
const active = ({ observer }: ObservedSupervisor): readonly string[] =>
  observer.incidents().map((each) => ['node', 'service', 'kind'].map((key) => String(each[key] as string | null)).join(' '));

describe('a Home Assistant that is silent and nothing else', () => {
  it('gets one restart, half a minute later', () => {
    const w = home().say(dead);
    expect(proposed(w.pass(settle - 1))).toEqual([]);
    expect(proposed(w.pass(1))).toEqual([restartId]);
    expect(active(w)).toEqual([]);
  });

  it('in shadow mode gets a notice', () => {
    const w = home({ rules: { ...live, shadowMode: true } })
      .say(dead)
      .pass(settle);
    expect(w.supervisor.proposal).toMatchObject({ type: 'alert_only', params: { instead_of: 'container_restart' } });
    expect(proposed(w)).toEqual([restartId]);
  });

  it.each([true, false])('that speaks again has its pending restart taken back; in shadow mode: %s', (shadowMode) => {
    const w = home({ rules: { ...live, shadowMode } })
      .say(dead)
      .pass(settle);
    const shadow = shadowMode ? { type: 'alert_only', params: { instead_of: 'container_restart' } } : {};
    w.supervisor.action('pending', { service: 'homeassistant', evidence: { trigger_type: dead, incident_id: null }, ...shadow }, restartId);
    w.pass(minuteMs).say('ha_websocket_recovered');
    expect(w.supervisor.withdrawn).toEqual([`${restartId} recovered`]);
  });

  it('after a restart is left alone for 30 minutes from its completion, not from its beginning', () => {
    const w = home().say(dead).pass(settle);
    const begunMs = w.now;
    w.pass(2 * minuteMs);
    const history = [moved('approved', 'running', begunMs, 'executor-vps'), moved('running', 'completed', w.now, 'executor-vps')];
    const done = { service: 'homeassistant', evidence: { trigger_type: dead, incident_id: null }, transition_history: history };
    w.supervisor.action('completed', done, restartId).forgetAsked();
    const doneMs = w.now;
    silent(w, 29 * minuteMs);
    w.pass(doneMs + 30 * minuteMs - 1 - w.now);
    expect([proposed(w), w.supervisor.other(dead)]).toEqual([[], { decision: 'blocked', code: 'cooldown', until: iso(doneMs + 30 * minuteMs) }]);
    expect(proposed(w.pass(1))).toEqual([restartId]);
  });
});

describe('its container', () => {
  it('that is down is the one alarm, and the one restart', () => {
    const w = silent(home().stop('homeassistant'), 20 * minuteMs);
    for (const type of haAlerts) w.say(type);
    w.pass(20 * minuteMs);
    expect(active(w)).toEqual(['vps homeassistant down']);
    expect(proposed(w)).toEqual([restartId]);
    expect(w.supervisor.proposal).toMatchObject({ type: 'container_restart', evidence: { trigger_type: 'containers_not_running' } });
    expect(w.supervisor.other(dead)?.code).toBe('history');
  });

  it('names its incident while it is down', () => {
    const w = home()
      .stop('homeassistant')
      .pass(25 * second)
      .say(dead);
    expect(w.supervisor.other(dead)).toMatchObject({ decision: 'nothing', code: 'explained' });
    expect(w.supervisor.decisions.get('vps')?.others?.find(({ about }) => about === dead)?.cause).toBe(w.observer.incidents()[0]?.['id']);
  });

  it('whose incident has ended is starting for five minutes from its stop or start, whichever is later', () => {
    const w = home()
      .stop('homeassistant')
      .pass(40 * second)
      .start('homeassistant');
    const startedMs = w.now;
    w.pass(20 * second).say(dead);
    w.pass(startedMs + haTransitionWindowMs - 1 - w.now);
    expect(active(w)).toEqual([]);
    expect([proposed(w).filter((id) => id !== restartId), w.supervisor.other(dead)]).toEqual([
      [],
      { decision: 'blocked', code: 'transition', until: iso(startedMs + haTransitionWindowMs) },
    ]);
    w.supervisor.forgetAsked();
    expect(proposed(w.pass(1))).toEqual([restartId]);
  });

  it('that was restarted within its grace has no incident, and is starting all the same: no storm of alarms (R34)', () => {
    const w = home()
      .stop('homeassistant')
      .pass(2 * second)
      .say(dead);
    for (const type of haAlerts) w.say(type);
    w.pass(8 * second).start('homeassistant');
    const startedMs = w.now;
    w.pass(startedMs + haTransitionWindowMs - 1 - w.now);
    expect([active(w), proposed(w)]).toEqual([[], []]);
    // Silent for so long after a start is trouble; what was said meanwhile never is.
    expect(proposed(w.pass(1))).toEqual([restartId]);
    expect(proposed(w.pass(20 * minuteMs))).toEqual([restartId]);
  });

  it.each([
    [haTransitionWindowMs - 1, 0],
    [haTransitionWindowMs, 1],
    [haTransitionWindowMs + 1, 1],
  ])('what is said %d ms after its start is told %d times', (afterMs, times) => {
    const w = home()
      .stop('homeassistant')
      .pass(10 * second)
      .start('homeassistant')
      .pass(afterMs)
      .say('ha_integration_failed')
      .pass(10 * minuteMs);
    expect(proposed(w)).toHaveLength(times);
  });

  it('that nobody monitors holds its silence back all the same', () => {
    const w = home({ monitor: false })
      .stop('homeassistant')
      .pass(10 * second)
      .say(dead);
    expect(proposed(w.pass(4 * minuteMs))).toEqual([]);
  });
});

describe('what it runs on, and what it needs', () => {
  it('a node that is lost is the one alarm, also for an agent that watches from elsewhere', () => {
    const w = home();
    w.alive.delete('vps');
    w.pass(5 * second);
    silent(w, 20 * minuteMs, 'piha');
    for (const type of haAlerts) w.say(type, 'piha');
    w.pass(10 * minuteMs);
    expect([active(w), proposed(w)]).toEqual([['vps null node_offline'], []]);
    expect(w.supervisor.other('ha_integration_failed')).toMatchObject({ decision: 'nothing', code: 'node_unknown' });
  });

  it('a node that has spoken since is not lost: watched from elsewhere it gets its restart', () => {
    const w = home()
      .pass(5 * second)
      .say(dead, 'piha');
    expect(proposed(w.pass(settle - 1))).toEqual([]);
    expect(proposed(w.pass(1))).toEqual([restartId]);
  });

  it.each([
    ['on its own node', 'recorder', 'vps'],
    ['on another node', 'mosquitto', 'piha'],
  ])('something that it needs, %s, is the one alarm while it is down', (_where, service, node) => {
    const w = home().stop(service, node);
    silent(w, 20 * minuteMs);
    for (const type of haAlerts) w.say(type);
    w.pass(10 * minuteMs);
    expect(active(w)).toEqual([`${node} ${service} down`]);
    expect(proposed(w)).toEqual([`container-restart-${node}-${service}`]);
    expect(w.supervisor.other('ha_integration_failed')).toMatchObject({ decision: 'nothing', code: 'explained' });
  });

  it('the node of something that it needs is the one alarm while it is lost', () => {
    const w = home();
    w.alive.delete('piha');
    w.pass(80 * second);
    w.pass(10 * second);
    silent(w, 20 * minuteMs);
    expect([active(w), proposed(w)]).toEqual([['piha null node_offline'], []]);
  });

  it('when that is well again, Home Assistant has half a minute to follow', () => {
    const w = home()
      .stop('mosquitto', 'piha')
      .pass(60 * second)
      .say(dead)
      .pass(60 * second)
      .start('mosquitto', 'piha')
      .pass(0);
    w.supervisor.forgetAsked();
    const endedMs = w.now;
    expect(proposed(w.pass(settle - 1))).toEqual([]);
    expect(w.supervisor.other(dead)?.code).toBe('explained');
    expect(proposed(w.pass(1))).toEqual([restartId]);
    expect(w.now).toBe(endedMs + settle);
  });

  it('its container, down with what it needs, is a consequence, and so is its silence', () => {
    const w = home().stop('mosquitto', 'piha').stop('homeassistant');
    silent(w, 20 * minuteMs);
    expect(active(w)).toEqual(['piha mosquitto down']);
    expect(proposed(w)).toEqual(['container-restart-piha-mosquitto']);
  });
});
