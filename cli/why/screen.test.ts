/** `homelab why`, from what the supervisor really says to what a person reads. */
import { describe, expect, it } from 'vitest';
import { type Action, type Decisions, Decisions as DecisionsDocument, decisionCodes } from '../../contracts/action.ts';
import type { DesiredNode } from '../../contracts/desired.ts';
import { iso, minuteMs, SupervisorWorld, startMs } from '../../test/kit/supervisor-world.ts';
import { UsageError } from '../settings.ts';
import { advice } from './advice.table.ts';
import { questionOf } from './question.ts';
import { type Answer, adviceOf, answerScreen, isCalm, nodeScreen } from './screen.ts';

/** What somebody reads about everything on vps in this world. */
function answersIn(w: SupervisorWorld): readonly Answer[] {
  const body = w.decisions.get('vps');
  const { services, others = [] } = DecisionsDocument.parse({ ...body, ts: iso(w.now), session: 1 });
  const { incidents, actions } = w.state.knowledge;
  return [...services.map((each) => ({ about: 'service', ...each })), ...others].map(({ about, service, ...decision }) => ({
    node: 'vps',
    service,
    about,
    ...decision,
    incident: incidents.get(decision.incident_id ?? '') ?? null,
    cause_incident: incidents.get(decision.cause ?? '') ?? null,
    action: (actions.get(decision.action_id ?? '') as Action | undefined) ?? null,
    what_would_change_it: adviceOf(decision),
  }));
}
const screenOf = (w: SupervisorWorld): string =>
  answersIn(w)
    .flatMap((answer) => answerScreen(answer, w.now))
    .join('\n');

describe('the answer to why', () => {
  it('names incident, proposal and what would change it', () => {
    const w = new SupervisorWorld()
      .down()
      .action('pending')
      .synced()
      .pass(5 * minuteMs);
    expect(screenOf(w)).toBe(
      [
        'web on vps: proposed',
        '  because   down (containers_not_running); waits for a person',
        '  incident  inc-1-vps-web-down: down, error, for 5 min; exit code 137',
        '  proposal  container-restart-vps-web: pending, low risk; proposed by supervisor-vps',
        '  changes   your yes or no: homelab approve container-restart-vps-web, or homelab reject container-restart-vps-web',
      ].join('\n'),
    );
  });

  it('names an incident of something that its service needs, though that explains nothing', () => {
    const w = new SupervisorWorld().down().incident({ related: 'inc-0-vps-db-unhealthy' }).synced();
    expect(screenOf(w)).toContain('; see also inc-0-vps-db-unhealthy');
  });

  it('names the guard with the time at which it ends', () => {
    const w = new SupervisorWorld()
      .down()
      .action('rejected')
      .synced()
      .pass(10 * minuteMs);
    expect(screenOf(w)).toContain('web on vps: nothing is proposed, although something is wrong');
    expect(screenOf(w)).toContain('  until     2026-03-01T13:00:00Z (in 50 min)');
  });

  it('names the cause of what is only a consequence', () => {
    const w = new SupervisorWorld().down().incident({ suppressed_by: 'inc-0' }).synced();
    w.incident({ id: 'inc-0', kind: 'broker', message: 'no answer' }, 'mosquitto');
    expect(screenOf(w)).toMatch(/cause {5}inc-0: broker, error, for 0 s; no answer/);
    expect(screenOf(w)).toContain('the end of its cause');
  });

  it('says of a healthy service that nothing is proposed, and is calm', () => {
    const w = new SupervisorWorld()
      .desired([{ name: 'web' }])
      .node()
      .service('healthy')
      .synced();
    expect(screenOf(w)).toBe('web on vps: nothing is proposed\n  because  healthy\n  changes  trouble that outlives its grace');
    expect(answersIn(w).every(isCalm)).toBe(true);
  });

  it('for a whole node shows what is wrong and counts the rest; its disks and Home Assistant are among it', () => {
    const w = new SupervisorWorld()
      .down()
      .desired([{ name: 'db' }, { name: 'web' }], { cleanup_class: 'lte_node' })
      .service('healthy', {}, 'db');
    w.incident({ id: 'inc-disk', service: null, kind: 'disk', trigger_type: 'disk_usage_high' }).event('ha_recorder_lag').synced();
    const screen = nodeScreen('vps', answersIn(w), w.now);
    expect(screen.filter((line) => !line.startsWith(' ') && line !== '')).toEqual([
      'web on vps: a proposal is on its way',
      'the disks of vps: nothing is proposed',
      'ha_recorder_lag of homeassistant on vps: nothing is proposed, although something is wrong',
      '1 of 4 on vps need nothing',
    ]);
    expect(screen.join('\n')).toContain('never a clean-up on a node of class lte_node');
  });

  it('has a word on what would change each code', () => {
    expect(Object.keys(advice).toSorted()).toEqual(decisionCodes.toSorted());
    expect(startMs).toBeGreaterThan(0);
  });
});

describe('the question', () => {
  const desired = (node: string, names: readonly string[], aliases: readonly string[] = []): DesiredNode =>
    ({ node, site: 'hub', aliases, services: names.map((name) => ({ name })) }) as unknown as DesiredNode;
  const known = { desired: [desired('vps', ['web', 'mosquitto'], ['node-2']), desired('piha', ['redis', 'mosquitto'])], decisions: [] as readonly Decisions[] };

  it.each([
    ['vps', 'web'],
    ['vps/web', undefined],
    ['node-2', 'web'],
    // On one node only: there is no other that could be meant.
    ['web', undefined],
  ])('%s %s is understood', (node, service) => {
    expect(questionOf(known, node, service)).toMatchObject({ desired: { node: 'vps' }, service: 'web', decisions: null });
  });

  it.each([
    ['phia-', undefined, 'no node is called "phia-"; there are piha, vps'],
    ['pihaa', undefined, 'no node is called "pihaa"; did you mean piha?; there are piha, vps'],
    ['mosquitto', undefined, '"mosquitto" is a service, not a node: homelab why vps mosquitto'],
    ['vps', 'mosquito', 'no service "mosquito" is desired on vps; did you mean mosquitto?'],
    ['vps', 'redis', 'no service "redis" is desired on vps; it is desired on piha'],
    ['vps', 'nextcloud', 'no service "nextcloud" is desired on vps'],
  ])('%s %s is answered with what was probably meant', (node, service, says) => {
    expect(() => questionOf(known, node, service)).toThrow(new UsageError(says));
  });
});
