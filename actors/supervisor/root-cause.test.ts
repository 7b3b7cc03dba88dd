/** One proposal for one root cause: dependents, what another incident explains, flapping, and a broker that answers nobody. */
import { describe, expect, it } from 'vitest';
import { iso, minuteMs, moved, SupervisorWorld, startMs } from '../../test/kit/supervisor-world.ts';

const db = 'container-restart-vps-db';
const web = 'container-restart-vps-web';

/** web needs db; both are down, each with an incident of its own. */
function bothDown(services: Parameters<SupervisorWorld['desired']>[0] = [{ name: 'db' }, { name: 'web', depends_on: ['vps/db'] }]): SupervisorWorld {
  const w = new SupervisorWorld().desired(services).node();
  for (const name of ['db', 'web']) w.service('down', {}, name).incident({}, name);
  return w;
}
const dbRestart = (w: SupervisorWorld, status: string, params: object = { dependents: ['web'] }): SupervisorWorld =>
  w.action(status, { service: 'db', params, evidence: { trigger_type: 'containers_not_running', incident_id: 'inc-1-vps-db-down' } }, db);

describe('a service that others need', () => {
  it('is proposed with those that may be restarted after it', () => {
    const w = bothDown().synced();
    const restart = w.asked.flatMap(({ command }) => (command.type === 'propose' && command.id === db ? command.proposal : []))[0];
    expect(restart).toMatchObject({ service: 'db', params: { dependents: ['web'] } });
  });

  it('that nobody needs is proposed without parameters', () => {
    expect(new SupervisorWorld().down().synced().proposal).not.toHaveProperty('params');
  });

  it.each(['pending', 'approved', 'running'])('comes first: while its restart is %s, those named in it get none of their own', (status) => {
    const w = dbRestart(bothDown(), status).synced().pass(minuteMs);
    expect(w.proposed).toEqual([]);
    expect(w.why('web')).toBe(`down (containers_not_running); ${db} is ${status} and comes first`);
    expect(w.decision('web')).toBe('blocked');
  });

  it.each([
    ['itself', ['db']],
    ['a service that nobody knows', ['nobody']],
    ['one that does not need it', ['other']],
    ['no list of names', 'web'],
    ['no names', [7, null]],
  ])('and whose restart, proposed by a person, names %s, holds nothing else back', (_what, dependents) => {
    const w = bothDown([{ name: 'db' }, { name: 'other' }, { name: 'web', depends_on: ['vps/db'] }]);
    w.service('down', {}, 'other').incident({}, 'other');
    w.action(
      'pending',
      { service: 'db', params: { dependents }, proposed_by: 'anna', evidence: { trigger_type: 'requested', incident_id: null } },
      db,
    ).synced();
    expect(w.decision('db')).toBe('proposed');
    expect(w.proposed).toEqual(['container-restart-vps-other', web]);
  });

  it('and whose restart, proposed by a person, names one that is not restarted with others, leaves that one to itself', () => {
    const w = bothDown([{ name: 'db' }, { name: 'web', depends_on: ['vps/db'], repairable: false }]);
    expect(dbRestart(w, 'running').synced().proposed).toEqual([web]);
  });

  it('takes the place of what was pending for those named in its restart', () => {
    const w = dbRestart(bothDown().action('pending'), 'pending').synced();
    expect(w.withdrawn).toEqual([`${web} drift_resolved_auto`]);
  });

  it.each(['completed', 'failed', 'rejected'])('that is %s leaves them to themselves at once', (status) => {
    const w = dbRestart(bothDown(), 'running').synced().forgetAsked();
    dbRestart(w, status);
    expect(w.proposed).toEqual([web]);
  });

  it('is proposed again when others need it now than the pending proposal names, as another attempt', () => {
    const w = dbRestart(bothDown(), 'pending').synced().forgetAsked();
    w.desired([{ name: 'db' }, { name: 'web', depends_on: ['vps/db'] }, { name: 'api', depends_on: ['vps/web'] }]);
    expect(w.proposal).toMatchObject({ service: 'db', params: { dependents: ['web', 'api'] } });
    dbRestart(w, 'pending', { dependents: ['web', 'api'] })
      .forgetAsked()
      .pass(60 * minuteMs);
    expect(w.proposed).toEqual([]);
  });

  it('and needs them too: the first by name is the cause, and nothing is proposed to and fro', () => {
    const circle = [
      { name: 'db', depends_on: ['vps/web'] },
      { name: 'web', depends_on: ['vps/db'] },
    ];
    const w = dbRestart(bothDown(circle), 'pending')
      .action('pending', { params: { dependents: ['db'] } })
      .synced();
    expect([w.proposed, w.withdrawn]).toEqual([[], [`${web} drift_resolved_auto`]]);
    w.action('cancelled')
      .forgetAsked()
      .pass(60 * minuteMs);
    expect([w.proposed, w.withdrawn]).toEqual([[], []]);
  });
});

describe('a trouble that another incident explains', () => {
  it('gets no proposal; what is pending for it is taken back, and asked for again when the cause is over', () => {
    const w = bothDown([{ name: 'db' }, { name: 'web' }])
      .action('pending')
      .synced()
      .forgetAsked();
    w.incident({ suppressed_by: 'inc-1-vps-db-down' });
    expect(w.withdrawn).toEqual([`${web} drift_resolved_auto`]);
    w.action('cancelled').forgetAsked();
    w.service('healthy', {}, 'db').incident({ status: 'resolved', resolved_by: 'service_healthy' }, 'db').incident();
    expect(w.proposed).toEqual([web]);
  });
});

describe('a flapping service', () => {
  const flapping = { flapping: true };

  it('gets one proposal, whatever its flaps', () => {
    const w = new SupervisorWorld().down().incident(flapping).synced();
    w.action('pending');
    for (let flap = 0; flap < 20; flap += 1)
      w.service(flap % 2 === 0 ? 'healthy' : 'down')
        .incident(flapping)
        .pass(30_000);
    expect([w.proposed, w.withdrawn]).toEqual([[web], []]);
  });

  const decided = (w: SupervisorWorld) => w.decisions.get('vps')?.services.find(({ service }) => service === 'web');
  const wellNow = (status: string, rest: Parameters<SupervisorWorld['action']>[1] = {}): SupervisorWorld =>
    new SupervisorWorld().down().incident(flapping).action(status, rest).service('healthy').synced();

  it.each([
    ['pending', 'waiting', 'waits for a person'],
    ['approved', 'under_way', `${web} is approved`],
    ['running', 'under_way', `${web} is running`],
  ])('that is well at the moment names its proposal that is %s, and lets it stand', (status, code, ends) => {
    const w = wellNow(status).pass(9 * minuteMs);
    const why = `healthy at the moment, and flapping: its incident closes after 10 quiet minutes; ${ends}`;
    expect(decided(w)).toMatchObject({ decision: 'proposed', code, why, action_id: web, incident_id: 'inc-1-vps-web-down' });
    expect([w.proposed, w.withdrawn, w.decisions.get('vps')?.status]).toEqual([[], [], 'proposing']);
  });

  it('that is well at the moment names what a person proposed, and keeps both where two are open', () => {
    const w = wellNow('pending', { proposed_by: 'anna', evidence: { trigger_type: 'requested', incident_id: null } });
    w.action('pending', {}, 'collect-diagnostics-vps-web').pass(minuteMs);
    expect([decided(w)?.action_id, w.withdrawn]).toEqual([web, []]);
  });

  it.each(['rejected', 'completed'])('that is well at the moment, and whose proposal is %s, needs nothing, and says when it closes', (status) => {
    const why = 'healthy at the moment, and flapping: its incident closes after 10 quiet minutes';
    expect(decided(wellNow(status))).toMatchObject({ decision: 'nothing', code: 'closing', why, action_id: null });
  });

  it('that is well at the moment takes back what is pending for another incident, which has ended', () => {
    const w = wellNow('pending', { evidence: { trigger_type: 'service_unhealthy', incident_id: 'inc-0' } });
    expect(w.withdrawn).toEqual([]);
    w.incident({ id: 'inc-0', kind: 'unhealthy', status: 'resolved', resolved_by: 'service_healthy' });
    expect(w.withdrawn).toEqual([`${web} recovered`]);
    expect(decided(w)?.decision).toBe('nothing');
  });

  it('that flaps no more says so: its incident closes a moment after', () => {
    const w = new SupervisorWorld().down().action('pending').service('healthy').synced();
    expect(decided(w)).toMatchObject({ decision: 'nothing', code: 'closing', why: 'healthy; its incident is still open' });
    expect(w.withdrawn).toEqual([]);
  });

  it('that flaps on after it was repaired gets diagnostics, once for its incident', () => {
    const history = [moved(null, 'pending', startMs), moved('approved', 'running', startMs), moved('running', 'completed', startMs)];
    const w = new SupervisorWorld().down().incident(flapping).action('completed', { transition_history: history }).synced();
    expect(w.proposed).toEqual(['collect-diagnostics-vps-web']);
    expect(w.why()).toContain('flapping, also after it was repaired');
    w.action('completed', {}, 'collect-diagnostics-vps-web')
      .forgetAsked()
      .pass(12 * 60 * minuteMs);
    expect(w.proposed).toEqual([]);
    expect(w.decision()).toBe('blocked');
  });

  it('that was repaired before this incident began gets a repair', () => {
    const before = startMs - 2 * 60 * minuteMs;
    const history = [moved('approved', 'running', before), moved('running', 'completed', before)];
    const evidence = { trigger_type: 'containers_not_running', incident_id: 'inc-0' };
    expect(new SupervisorWorld().down().incident(flapping).action('completed', { transition_history: history, evidence }).synced().proposed).toEqual([web]);
  });
});

describe('a broker that runs and answers nobody', () => {
  const unanswered = { kind: 'broker', trigger_type: 'mqtt_unreachable' };
  const silent = (startedAtMs: number | null = startMs - minuteMs): SupervisorWorld =>
    new SupervisorWorld()
      .desired([{ name: 'web' }])
      .node()
      .service('healthy', { started_at: startedAtMs === null ? null : iso(startedAtMs) })
      .incident(unanswered)
      .synced();

  it('is restarted although its engine finds nothing wrong, and it alone', () => {
    const w = silent();
    expect(w.proposed).toEqual([web]);
    expect(w.proposal).toMatchObject({ node: 'vps', service: 'web', evidence: { trigger_type: 'mqtt_unreachable' } });
  });

  it.each([
    ['a moment before the word came', startMs - 1, [web]],
    ['with it', startMs, [web]],
    ['after it: the word came late, and is history', startMs + 1, []],
  ])('that was started %s', (_what, startedAtMs, proposed) => {
    expect(silent(startedAtMs).proposed).toEqual(proposed);
  });

  it.each(['completed', 'failed'])('is restarted once for an incident, and not again after it %s', (status) => {
    const evidence = { trigger_type: 'mqtt_unreachable', incident_id: 'inc-1-vps-web-down' };
    const w = silent().action(status, { evidence }).forgetAsked();
    w.pass(minuteMs)
      .incident({ ...unanswered, started_at: iso(startMs) })
      .pass(24 * 60 * minuteMs);
    expect(w.proposed).toEqual([]);
    expect(w.decision()).toBe('blocked');
    w.incident({ ...unanswered, id: 'inc-2-vps-web-broker' }).incident({ ...unanswered, status: 'resolved' });
    expect(w.proposed).toEqual([web]);
  });

  it.each([
    ['before it was back', 1, [web]],
    ['when it was back', 0, []],
  ])('is restarted again for an incident that ended and is back, if the restart was %s', (_what, laterMs, proposed) => {
    const evidence = { trigger_type: 'mqtt_unreachable', incident_id: 'inc-1-vps-web-down' };
    const restarted = [moved('approved', 'running', startMs), moved('running', 'completed', startMs)];
    const w = silent(startMs).action('completed', { evidence, transition_history: restarted }).forgetAsked().pass(minuteMs);
    w.incident({ ...unanswered, reopened_at: iso(startMs + laterMs) }).pass(minuteMs);
    expect([...new Set(w.proposed)]).toEqual(proposed);
  });
});
