import { describe, expect, it } from 'vitest';
import { topics } from '../../contracts/topics.ts';
import { iso, minuteMs, SupervisorWorld, startMs } from '../../test/kit/supervisor-world.ts';

/** A restart is pending for a service that is down. */
const pending = (rest: Parameters<SupervisorWorld['action']>[1] = {}): SupervisorWorld => new SupervisorWorld().down().action('pending', rest).synced();

const resolved = (by: string | null): object => ({ status: 'resolved', resolved_at: iso(startMs), resolved_by: by });

describe('a pending proposal whose reason is gone', () => {
  it.each(['service_healthy', 'service_recovered'])('pending actions do not grow forever (R11): the service is well again, by %s', (by) => {
    const w = pending().service('healthy').incident(resolved(by));
    expect(w.withdrawn).toEqual(['container-restart-vps-web recovered']);
  });

  it.each(['service_present', 'incident_resolved', null])('pending actions do not grow forever (R11): the incident ended otherwise, by %s', (by) => {
    const w = pending().service('starting').incident(resolved(by));
    expect(w.withdrawn).toEqual(['container-restart-vps-web drift_resolved_auto']);
  });

  it('is withdrawn when its incident is not known any more and the service is healthy', () => {
    const w = pending({ evidence: { trigger_type: 'containers_not_running', incident_id: 'inc-0' } });
    w.put(topics.incident, { node: 'vps', id: 'inc-1-vps-web-down' }, null);
    expect(w.withdrawn).toEqual([]);
    w.service('healthy');
    expect(w.withdrawn).toEqual(['container-restart-vps-web drift_resolved_auto']);
  });

  it('is withdrawn when a person stops the adopted service meanwhile', () => {
    const w = new SupervisorWorld().down('adopted').action('pending').synced().service('stopped', { reason: 'stopped_by_person' });
    expect(w.withdrawn).toEqual(['container-restart-vps-web drift_resolved_auto']);
  });

  it('removed services do not keep their actions (R12)', () => {
    expect(pending().desired([]).withdrawn).toEqual(['container-restart-vps-web service_removed_from_desired_state']);
  });

  it.each(['anna', 'planner-vps'])('removed services do not keep their actions (R12): not those that %s proposed either', (proposed_by) => {
    expect(pending({ proposed_by }).desired([]).withdrawn).toEqual(['container-restart-vps-web service_removed_from_desired_state']);
  });

  it('removed services do not keep their actions (R12): the whole node left', () => {
    const w = pending();
    w.put(topics.desired, { node: 'vps' }, null);
    expect(w.withdrawn).toEqual(['container-restart-vps-web service_removed_from_desired_state']);
    expect(w.decisions.size).toBe(0);
  });

  it('is withdrawn when the service is no longer monitored (R13)', () => {
    expect(pending().desired([{ name: 'web', monitor: false }]).withdrawn).toEqual(['container-restart-vps-web service_removed_from_desired_state']);
  });

  it('is withdrawn when the node moved to another site', () => {
    expect(pending().desired([{ name: 'web' }], { site: 'chelsty' }).withdrawn).toEqual(['container-restart-vps-web node_moved']);
  });

  it('gives way when other evidence asks for another action', () => {
    const w = pending().service('missing').incident({ id: 'inc-2-vps-web-missing', kind: 'missing', trigger_type: 'service_missing' });
    expect(w.proposed).toEqual(['redeploy-vps-web']);
    expect(w.withdrawn).toEqual(['container-restart-vps-web drift_resolved_auto']);
  });

  it('is withdrawn again every 10 s until the document shows it', () => {
    const w = pending().service('healthy').incident(resolved('service_healthy'));
    w.pass(9_999);
    expect(w.withdrawn).toHaveLength(1);
    w.pass(1);
    expect(w.withdrawn).toHaveLength(2);
    w.action('cancelled').pass(minuteMs);
    expect(w.withdrawn).toHaveLength(2);
  });

  it('is judged by a desired document that never came only after five minutes', () => {
    const w = new SupervisorWorld().action('pending').synced();
    w.pass(5 * minuteMs - 1);
    expect(w.withdrawn).toEqual([]);
    w.pass(1);
    expect(w.withdrawn).toEqual(['container-restart-vps-web service_removed_from_desired_state']);
  });

  it('is not withdrawn before everything is read', () => {
    const w = new SupervisorWorld().action('pending').desired([]);
    expect(w.withdrawn).toEqual([]);
  });
});

describe('a pending proposal stays', () => {
  it('while its incident is open', () => {
    expect(pending().pass(10 * minuteMs).withdrawn).toEqual([]);
  });

  it.each(['starting', 'healthy'])('while its incident is open and the service is %s', (status) => {
    expect(pending().service(status).withdrawn).toEqual([]);
  });

  it('when its node goes offline: unknown is not recovered', () => {
    expect(pending().node('offline', 'up').service('unknown').withdrawn).toEqual([]);
  });

  it('when its incident is explained by another one', () => {
    expect(pending().incident({ suppressed_by: 'inc-0' }).withdrawn).toEqual([]);
  });

  it('when a new incident asks for the same', () => {
    const w = pending();
    w.incident({ id: 'inc-2-vps-web-down' }).incident(resolved('service_healthy'));
    expect(w.withdrawn).toEqual([]);
  });

  it.each(['anna', 'planner-vps', 'anonymous'])('when %s proposed it', (proposed_by) => {
    const w = pending({ proposed_by }).service('healthy').incident(resolved('service_healthy'));
    expect(w.withdrawn).toEqual([]);
    expect(w.desired([{ name: 'web', monitor: false }]).withdrawn).toEqual([]);
  });

  it('when a person wants to look at something that nobody declared', () => {
    const proposed = { type: 'collect_diagnostics', service: 'experiment', proposed_by: 'anna' };
    const w = new SupervisorWorld()
      .desired([{ name: 'web' }])
      .action('pending', proposed, 'collect-diagnostics-vps-experiment')
      .synced();
    expect(w.withdrawn).toEqual([]);
  });

  it.each(['approved', 'running'])('when it is %s already', (status) => {
    const w = new SupervisorWorld().down().action(status).synced().service('healthy').incident(resolved('service_healthy')).desired([]);
    expect(w.withdrawn).toEqual([]);
  });

  it('when it is about a node and not a service', () => {
    const w = new SupervisorWorld().action('pending', { service: null, type: 'disk_cleanup' }, 'disk-cleanup-vps').synced().desired([]);
    expect(w.withdrawn).toEqual([]);
  });

  it('when another site owns it', () => {
    expect(pending({ site: 'chelsty' }).desired([]).withdrawn).toEqual([]);
  });
});
