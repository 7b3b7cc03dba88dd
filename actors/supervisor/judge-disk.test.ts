/** A full disk: whether a clean-up is proposed, for which machines, and when again. */
import { describe, expect, it } from 'vitest';
import { topics } from '../../contracts/topics.ts';
import { iso, minuteMs, moved, SupervisorWorld, startMs } from '../../test/kit/supervisor-world.ts';

const hour = 60 * minuteMs;
const incidentId = 'inc-1-vps-disk';
const evidence = { trigger_type: 'disk_usage_high', incident_id: incidentId };

function full(cleanup_class: string | undefined, rest: object = {}): SupervisorWorld {
  const w = new SupervisorWorld().desired([], { cleanup_class, ...rest }).node();
  return diskIncident(w).synced();
}

function diskIncident(w: SupervisorWorld, rest: object = {}): SupervisorWorld {
  return w.incident({ id: incidentId, service: null, kind: 'disk', trigger_type: 'disk_usage_high', message: '/ is 97 % full', ...rest });
}

/** A clean-up in some state, `agoMs` after which it is now. */
const cleanup = (w: SupervisorWorld, status: string, agoMs = 0, rest: object = {}): SupervisorWorld => {
  const at = w.now - agoMs;
  const transition_history = [moved(null, 'pending', at), moved('approved', 'running', at, 'executor-vps'), moved('running', status, at, 'executor-vps')];
  return w.action(status, { service: null, evidence, transition_history, ...rest }, 'disk-cleanup-vps');
};

describe('a full disk', () => {
  it.each(['standard', 'sd_card', 'ai_node'])('on a node of class %s asks for one clean-up', (cleanup_class) => {
    const w = full(cleanup_class);
    expect(w.proposed).toEqual(['disk-cleanup-vps']);
    expect(w.proposal).toMatchObject({ type: 'disk_cleanup', node: 'vps', service: null, evidence });
    expect(w.proposal).not.toHaveProperty('params');
  });

  it.each(['lte_node', undefined])('a node on LTE is never cleaned, nor one that declares no class: %s', (cleanup_class) => {
    const w = full(cleanup_class).pass(48 * hour);
    expect(w.proposed).toEqual([]);
    expect(w.other('disk')).toMatchObject({ decision: 'nothing', code: 'cleanup_not_allowed' });
  });

  it('tells what a clean-up would free at least, as the node-agent measured it', () => {
    const w = new SupervisorWorld().desired([], { cleanup_class: 'standard' }).node();
    w.put(topics.nodeHealth, { node: 'vps' }, { status: 'online', reclaimable_bytes: 4_000_000 });
    expect(diskIncident(w).synced().proposal?.evidence.estimate_bytes).toBe(4_000_000);
    expect(full('standard').proposal?.evidence.estimate_bytes).toBeNull();
  });

  describe('lists the stopped containers that would go', () => {
    /** Stopped for two hours, without a restart policy: an experiment. */
    function stopped(w: SupervisorWorld, name: string, rest: object = {}): SupervisorWorld {
      const id = name.length.toString(16).padStart(2, '0').repeat(6);
      const finished_at = iso(w.now - 2 * hour);
      const doc = {
        status: 'stopped',
        node: 'vps',
        service: name,
        reason: 'completed',
        container: name,
        container_id: id,
        finished_at,
        since: finished_at,
        ...rest,
      };
      w.put(topics.serviceHealth, { node: 'vps', service: name }, doc);
      return w;
    }
    const standard = () => new SupervisorWorld().desired([{ name: 'web' }], { cleanup_class: 'standard' }).node();
    const listed = (w: SupervisorWorld) => diskIncident(w).synced().proposal?.evidence;

    it('by name and id, and says so in words that a phone shows', () => {
      const evidence = listed(stopped(stopped(standard(), 'experiment'), 'tried'));
      expect(evidence?.containers).toEqual({ names: ['experiment', 'tried'], ids: ['0a'.repeat(6), '05'.repeat(6)] });
      expect(evidence?.message).toBe('2 stopped containers would go: experiment, tried; / is 97 % full');
    });

    it('at most ten by name, and fifty in all', () => {
      const w = standard();
      for (let at = 1; at <= 60; at += 1) stopped(w, 'x'.repeat(at));
      const evidence = listed(w);
      expect(evidence?.containers?.names).toHaveLength(10);
      expect(evidence?.containers?.ids).toHaveLength(50);
      expect(evidence?.message).toMatch(/^50 stopped containers would go: .* and 40 more; \/ is 97 % full$/);
      expect(JSON.stringify(evidence).length).toBeLessThan(1_500);
    });

    it.each([
      ['is desired', 'web', {}],
      ['runs', 'experiment', { status: 'healthy', reason: 'running' }],
      ['is paused', 'experiment', { reason: 'paused' }],
      ['should be started again', 'experiment', { restart_policy: 'unless-stopped' }],
      ['stopped an hour ago', 'experiment', { finished_at: '2026-03-01T11:00:00.000Z' }],
      ['belongs to the project of a desired service', 'init', { project: 'web' }],
    ])('and none that %s', (_, name, rest) => {
      const evidence = listed(stopped(standard(), name, rest));
      expect(evidence?.containers).toEqual({ names: [], ids: [] });
      expect(evidence?.message).toBe('no stopped container would go; / is 97 % full');
    });

    it('and none any more that was removed', () => {
      const w = stopped(standard(), 'experiment');
      w.put(topics.serviceHealth, { node: 'vps', service: 'experiment' }, null);
      expect(listed(w)?.containers).toEqual({ names: [], ids: [] });
    });

    it('and keeps to that list while the proposal waits, whatever stops meanwhile', () => {
      const containers = { names: ['experiment'], ids: ['0a'.repeat(6)] };
      const w = stopped(standard(), 'another');
      cleanup(w, 'pending', 0, { evidence: { ...evidence, incident_id: 'inc-0-vps-disk', containers } });
      expect(listed(w)).toMatchObject({ containers, message: '1 stopped container would go: experiment; / is 97 % full' });
    });
  });

  it.each(['disk_pressure', 'disk_inodes_high', 'disk_filling'])('reported as %s is routed the same way', (trigger_type) => {
    const w = new SupervisorWorld().desired([], { cleanup_class: 'standard' }).node();
    expect(diskIncident(w, { trigger_type }).synced().proposed).toEqual(['disk-cleanup-vps']);
  });

  it.each(['pending', 'approved', 'running'])('is never cleaned twice: one is %s, under whatever name (R3)', (status) => {
    const w = new SupervisorWorld().desired([], { cleanup_class: 'standard' }).node();
    w.action(status, { service: null, type: 'disk_cleanup', evidence }, 'disk-cleanup-of-old');
    expect(
      diskIncident(w)
        .synced()
        .pass(2 * minuteMs).proposed,
    ).toEqual([]);
    expect(w.other('disk')?.decision).toBe('proposed');
  });

  it('on an SD card is cleaned again 24 h after the last, and not a moment before', () => {
    const w = new SupervisorWorld().desired([], { cleanup_class: 'sd_card' }).node();
    cleanup(w, 'completed', 0, { evidence: { ...evidence, incident_id: 'inc-0' } });
    diskIncident(w).synced();
    expect(w.other('disk')).toEqual({ decision: 'blocked', code: 'cleanup_too_soon', until: iso(startMs + 24 * hour) });
    w.pass(24 * hour - 1);
    expect(w.proposed).toEqual([]);
    w.pass(1);
    expect(w.proposed).toEqual(['disk-cleanup-vps']);
  });

  describe('that was cleaned, and where an attempt by hand failed since,', () => {
    const byHand = { proposed_by: 'anna', evidence: { trigger_type: 'requested', incident_id: null } };
    const lives = (completedMs: number, failedMs: number) => [
      moved(null, 'pending', completedMs),
      moved('approved', 'running', completedMs - minuteMs, 'executor-vps'),
      moved('running', 'completed', completedMs, 'executor-vps'),
      moved('completed', 'pending', failedMs, 'anna'),
      moved('approved', 'running', failedMs, 'executor-vps'),
      moved('running', 'failed', failedMs, 'executor-vps'),
    ];
    const attempted = (cleanup_class: string, incidentStartMs: number): SupervisorWorld => {
      const w = new SupervisorWorld().desired([], { cleanup_class }).node();
      w.action('failed', { service: null, ...byHand, transition_history: lives(startMs, startMs + hour) }, 'disk-cleanup-vps').pass(2 * hour);
      return diskIncident(w, { started_at: iso(incidentStartMs) }).synced();
    };

    it('keeps to the interval of its class, for a new incident too', () => {
      const w = attempted('sd_card', startMs + hour);
      expect(w.other('disk')).toEqual({ decision: 'blocked', code: 'cleanup_too_soon', until: iso(startMs + 24 * hour) });
      w.pass(22 * hour - 1);
      expect(w.proposed).toEqual([]);
      w.pass(1);
      expect(w.proposed).toEqual(['disk-cleanup-vps']);
    });

    it('waits a day if it did not help, and not for an incident that began after it', () => {
      const w = attempted('standard', startMs);
      expect(w.other('disk')).toEqual({ decision: 'blocked', code: 'still_open', until: iso(startMs + 24 * hour) });
      w.pass(22 * hour - 1);
      expect(w.proposed).toEqual([]);
      w.pass(1);
      expect(w.proposed).toEqual(['disk-cleanup-vps']);
      expect(attempted('standard', startMs + 1).proposed).toEqual(['disk-cleanup-vps']);
    });
  });

  it('that a clean-up did not help gets no other one for a day; a new incident does at once', () => {
    const w = new SupervisorWorld().desired([], { cleanup_class: 'standard' }).node();
    cleanup(diskIncident(w), 'completed').synced();
    w.pass(24 * hour - 1);
    expect(w.proposed).toEqual([]);
    w.pass(1);
    expect(w.proposed).toEqual(['disk-cleanup-vps']);
    const other = new SupervisorWorld().desired([], { cleanup_class: 'standard' }).node();
    cleanup(other, 'completed', 0, { evidence: { ...evidence, incident_id: 'inc-0' } });
    expect(diskIncident(other).synced().proposed).toEqual(['disk-cleanup-vps']);
  });

  it.each(['rejected', 'failed', 'expired'])('after %s waits for an hour', (status) => {
    const w = new SupervisorWorld().desired([], { cleanup_class: 'standard' }).node();
    cleanup(diskIncident(w), status).synced();
    w.pass(hour - 1);
    expect(w.proposed).toEqual([]);
    w.pass(1);
    expect(w.proposed).toEqual(['disk-cleanup-vps']);
  });

  it.each(['offline', 'unknown'])('of a node that is %s asks for nothing, and takes nothing back', (status) => {
    const w = full('standard').forgetAsked();
    cleanup(w, 'pending').node(status).pass(hour);
    expect([w.proposed, w.withdrawn]).toEqual([[], []]);
    expect(w.other('disk')?.code).toBe('node_unknown');
  });

  it('in maintenance of the whole node asks for nothing until its end; maintenance of one service is another matter', () => {
    const w = new SupervisorWorld().desired([], { cleanup_class: 'standard' }).node();
    w.put(topics.maintenance, { node: 'vps' }, { status: 'maintenance', node: 'vps', windows: [{ until: iso(startMs + minuteMs), reason: 'new disk' }] });
    diskIncident(w)
      .synced()
      .pass(minuteMs - 1);
    expect(w.proposed).toEqual([]);
    w.pass(1);
    expect(w.proposed).toEqual(['disk-cleanup-vps']);
    const other = new SupervisorWorld().desired([], { cleanup_class: 'standard' }).node();
    other.put(topics.maintenance, { node: 'vps' }, { status: 'maintenance', node: 'vps', windows: [{ service: 'web', until: iso(startMs + minuteMs) }] });
    expect(diskIncident(other).synced().proposed).toEqual(['disk-cleanup-vps']);
  });

  it('that has room again takes its pending clean-up back, with the reason', () => {
    const w = cleanup(full('standard'), 'pending').forgetAsked();
    expect(w.withdrawn).toEqual([]);
    diskIncident(w, { status: 'resolved', resolved_at: iso(startMs), resolved_by: 'disk_usage_normal' });
    expect(w.withdrawn).toEqual(['disk-cleanup-vps drift_resolved_auto']);
    expect(w.other('disk')).toBeNull();
  });

  it('explained by another incident asks for nothing', () => {
    const w = new SupervisorWorld().desired([], { cleanup_class: 'standard' }).node();
    expect(diskIncident(w, { suppressed_by: 'inc-0' }).synced().proposed).toEqual([]);
    expect(w.other('disk')?.code).toBe('explained');
  });

  it('where nobody can act is told of once, by the notice that the ledger makes of it', () => {
    const w = full('standard', { agents: ['node-agent'] });
    expect(w.proposed).toEqual(['disk-cleanup-vps']);
    w.action('pending', { service: null, evidence }, 'alert-only-vps').pass(hour);
    expect(w.proposed).toEqual(['disk-cleanup-vps']);
    expect(w.other('disk')?.decision).toBe('proposed');
  });
});
