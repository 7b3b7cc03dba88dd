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

  it('on an SD card is cleaned again 24 h after the beginning of the last, and not a moment before', () => {
    const w = new SupervisorWorld().desired([], { cleanup_class: 'sd_card' }).node();
    cleanup(w, 'completed', 0, { evidence: { ...evidence, incident_id: 'inc-0' } });
    diskIncident(w).synced();
    expect(w.other('disk')).toEqual({ decision: 'blocked', code: 'cleanup_too_soon', until: iso(startMs + 24 * hour) });
    w.pass(24 * hour - 1);
    expect(w.proposed).toEqual([]);
    w.pass(1);
    expect(w.proposed).toEqual(['disk-cleanup-vps']);
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
