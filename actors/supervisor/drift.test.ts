import { describe, expect, it } from 'vitest';
import { topics } from '../../contracts/topics.ts';
import { iso, SupervisorWorld, startMs } from '../../test/kit/supervisor-world.ts';

const world = (): SupervisorWorld => new SupervisorWorld().synced();

describe('drift', () => {
  it('proposes one restart when a container exited and its incident is open', () => {
    const w = world().down();
    expect(w.proposed).toEqual(['container-restart-vps-web']);
    expect(w.asked.find(({ command }) => command.type === 'propose')?.command).toMatchObject({
      proposal: {
        type: 'container_restart',
        node: 'vps',
        service: 'web',
        evidence: { trigger_type: 'containers_not_running', message: 'exit code 137', incident_id: 'inc-1-vps-web-down' },
      },
    });
  });

  it('proposes nothing without an incident: the grace belongs to the observer', () => {
    const w = world()
      .desired([{ name: 'web' }])
      .node()
      .service('down');
    expect(w.proposed).toEqual([]);
    expect(w.why()).toBe('down, no incident: it may pass within its grace');
  });

  it.each(['healthy', 'starting', 'unknown'])('proposes nothing for a service that is %s, even while an incident is open', (status) => {
    const w = world()
      .desired([{ name: 'web' }])
      .node()
      .service(status)
      .incident();
    expect(w.proposed).toEqual([]);
    expect(w.decision()).toBe('nothing');
  });

  it.each([
    ['offline', 'up'],
    ['unknown', 'up'],
    ['unmonitored', 'none'],
    ['online', 'unreachable'],
    ['online', 'hung'],
    ['degraded', 'unreachable'],
  ])('proposes nothing on a node that is %s with its engine %s', (status, engine) => {
    const w = world().down();
    w.forgetAsked().node(status, engine);
    w.pass(60_000);
    expect(w.proposed).toEqual([]);
    expect(w.decision()).toBe('nothing');
  });

  it('goes on proposing on a node that is degraded for another reason than its engine', () => {
    const w = world().down().node('degraded', 'up');
    expect(w.decision()).toBe('propose');
  });

  it('proposes nothing for an incident that another one explains, and names that one', () => {
    const w = world()
      .desired([{ name: 'web' }])
      .node()
      .service('down')
      .incident({ suppressed_by: 'inc-1-vps-node_offline' });
    expect(w.proposed).toEqual([]);
    expect(w.why()).toBe('down, explained by inc-1-vps-node_offline');
  });

  it('names the cause of a consequence, which has no incident of its own', () => {
    const w = world()
      .desired([{ name: 'web' }])
      .node()
      .service('down', { incident_id: 'inc-1-vps-db-down' });
    expect(w.proposed).toEqual([]);
    expect(w.why()).toBe('down, explained by inc-1-vps-db-down');
  });

  it('counts an unsuppressed incident beside a suppressed one', () => {
    const w = world()
      .desired([{ name: 'web' }])
      .node()
      .service('unhealthy')
      .incident({ suppressed_by: 'inc-0' });
    w.incident({ id: 'inc-2-vps-web-unhealthy', kind: 'unhealthy', trigger_type: 'healthcheck_failed' });
    expect(w.proposed).toEqual(['redeploy-vps-web']);
  });

  it('takes a missing service for drift only with its own kind of incident', () => {
    const w = world()
      .desired([{ name: 'web' }])
      .node()
      .service('missing')
      .incident();
    expect(w.proposed).toEqual([]);
    w.incident({ id: 'inc-2-vps-web-missing', kind: 'missing', trigger_type: 'service_missing' });
    expect(w.proposed).toEqual(['redeploy-vps-web']);
  });

  it('a monitor:false service does not flood the desk with proposals (R13)', () => {
    const w = world()
      .desired([{ name: 'web', monitor: false }])
      .node()
      .service('down')
      .incident();
    w.pass(600_000);
    expect(w.proposed).toEqual([]);
    expect(w.why()).toBe('not monitored');
  });

  it('takes a stop of a declared service for drift, once there is an incident', () => {
    const w = world()
      .desired([{ name: 'web' }])
      .node()
      .service('stopped', { reason: 'stopped_by_person' });
    expect(w.proposed).toEqual([]);
    w.incident();
    expect(w.proposed).toEqual(['container-restart-vps-web']);
  });

  it.each([
    ['stopped_by_person', 'stopped by a person'],
    ['completed', 'its job ended well'],
  ])('leaves an adopted service alone that is stopped because of %s', (reason, why) => {
    const w = world()
      .desired([{ name: 'web', origin: 'adopted' }])
      .node()
      .service('stopped', { reason })
      .incident();
    expect(w.proposed).toEqual([]);
    expect(w.why()).toBe(why);
  });

  it('leaves an adopted service alone that is missing', () => {
    const w = world()
      .desired([{ name: 'web', origin: 'adopted' }])
      .node()
      .service('missing')
      .incident({ kind: 'missing', trigger_type: 'service_missing' });
    expect(w.proposed).toEqual([]);
    expect(w.why()).toContain('let go');
  });

  it('judges no node of another site', () => {
    const w = world();
    w.down().desired([{ name: 'web' }], { site: 'chelsty' });
    w.forgetAsked().pass(600_000);
    expect(w.proposed).toEqual([]);
    expect(w.decisions.size).toBe(0);
  });

  it('ignores world documents of another site', () => {
    const w = world()
      .desired([{ name: 'web' }])
      .node()
      .service('down')
      .incident({ site: 'chelsty' });
    expect(w.proposed).toEqual([]);
  });

  it('a world that is not whole proposes nothing (R21)', () => {
    const w = world().desired([{ name: 'web' }]);
    expect(w.why()).toBe('the observer has not spoken of its node yet');
    w.node();
    expect(w.why()).toBe('the observer has not spoken of it yet');
    w.incident();
    w.pass(600_000);
    expect(w.proposed).toEqual([]);
  });
});

describe('routing', () => {
  const proposedFor = (origin: 'declared' | 'adopted', status: string, kind: string, trigger_type: string): readonly string[] =>
    world()
      .desired([{ name: 'web', origin }])
      .node()
      .service(status)
      .incident({ kind, trigger_type }).proposed;

  it.each([
    ['down', 'down', 'containers_not_running', 'container-restart-vps-web'],
    ['unhealthy', 'broker', 'mqtt_unreachable', 'container-restart-vps-web'],
    ['unhealthy', 'unhealthy', 'service_unhealthy', 'redeploy-vps-web'],
    ['unhealthy', 'unhealthy', 'healthcheck_failed', 'redeploy-vps-web'],
    ['missing', 'missing', 'service_missing', 'redeploy-vps-web'],
    ['down', 'down', 'something_new', 'redeploy-vps-web'],
  ])('a container that only stopped is restarted, not redeployed (R1): %s, %s, %s', (status, kind, trigger, id) => {
    expect(proposedFor('declared', status, kind, trigger)).toEqual([id]);
  });

  it.each([
    ['down', 'down', 'containers_not_running'],
    ['unhealthy', 'unhealthy', 'healthcheck_failed'],
    ['unhealthy', 'unhealthy', 'service_unhealthy'],
  ])('restarts an adopted service, which nothing could redeploy: %s, %s, %s', (status, kind, trigger) => {
    expect(proposedFor('adopted', status, kind, trigger)).toEqual(['container-restart-vps-web']);
  });

  /** A declared service whose health check fails, and what its node-agent says of the container. */
  const failingIn = (project: string | null): SupervisorWorld => {
    const w = new SupervisorWorld().desired([{ name: 'web' }]).node();
    const container = { container: 'web', container_id: '0a'.repeat(6), project, since: iso(startMs) };
    w.put(
      topics.serviceHealth,
      { node: 'vps', service: 'web' },
      { status: 'unhealthy', node: 'vps', service: 'web', reason: 'health_check_failed', ...container },
    );
    return w.synced();
  };

  it('restarts a declared service whose container Compose did not make, and says why', () => {
    const w = failingIn(null).service('unhealthy').incident({ kind: 'unhealthy', trigger_type: 'healthcheck_failed', message: 'no answer' });
    expect(w.proposed).toEqual(['container-restart-vps-web']);
    expect(w.why()).toContain('its container was not made by Compose, so it cannot be redeployed');
    expect(w.proposal?.evidence.message).toContain('no answer');
  });

  it('redeploys one that Compose made, and one whose container is gone, however that was made', () => {
    const unhealthy = { kind: 'unhealthy', trigger_type: 'healthcheck_failed' };
    expect(failingIn('web').service('unhealthy').incident(unhealthy).proposed).toEqual(['redeploy-vps-web']);
    const missing = { kind: 'missing', trigger_type: 'service_missing' };
    expect(failingIn(null).service('missing').incident(missing).proposed).toEqual(['redeploy-vps-web']);
  });

  it('believes the stopped process before the failing check when both incidents are open', () => {
    const w = world()
      .desired([{ name: 'web' }])
      .node();
    w.incident({ id: 'inc-2-vps-web-unhealthy', kind: 'unhealthy', trigger_type: 'healthcheck_failed' }).incident();
    expect(w.service('down').proposed).toEqual(['container-restart-vps-web']);
  });
});
