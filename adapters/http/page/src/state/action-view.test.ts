/** What is said before a yes, and what of it is offered. */
import { describe, expect, it } from 'vitest';
import type { ActionType } from '../../../../../contracts/action.ts';
import { pageWorld } from '../../../../../test/kit/page-world.ts';
import { choicesOf, courseOf, diffOf, effectsOf, phraseOf, progressOf, stepsOf } from './action-view.ts';
import { worldOf } from './documents.ts';

const nowMs = Date.parse('2026-03-01T12:00:00Z');
const world = worldOf('hub', pageWorld({ nowMs }));
const action = (id: string) => {
  const found = world.actions.find((each) => each.id === id);
  if (found === undefined) throw new Error(`there is no ${id}`);
  return found;
};
const restart = action('container-restart-vps-outline-postgres');
const cleanup = action('disk-cleanup-piha');
const running = action('container-restart-vps-joplin');
const operator = { login: 'anna', role: 'operator' };

describe('what a yes does', () => {
  it('names what else is restarted', () => {
    expect(phraseOf(restart)).toBe('restart outline-postgres on vps');
    expect(effectsOf(restart).join(' ')).toContain('restarted too: outline.');
    expect(effectsOf(running).join(' ')).toContain('Nothing else is restarted.');
  });

  it('names bytes and containers of a clean-up', () => {
    expect(effectsOf(cleanup).join(' ')).toMatch(/at least 537 MB\. 2 stopped containers go: old-grafana, clever_turing\./);
    expect(effectsOf({ ...cleanup, evidence: { ...cleanup.evidence, estimate_bytes: null } }).join(' ')).toContain('not known before');
  });
});

describe('when it counts as done', () => {
  const endOf = (type: ActionType): string => effectsOf({ ...restart, type }).join(' ');

  it.each(['container_restart', 'redeploy'] as const)('a %s only once it is healthy again', (type) => {
    expect(endOf(type)).toContain('It is done when it is healthy again, within 2 min; otherwise it failed.');
    expect(stepsOf({ ...restart, type }).at(-1)?.word).toBe('healthy again');
  });

  it.each([
    ['disk_cleanup', 'when that is removed', 'cleaned up'],
    ['collect_diagnostics', 'when the file is written', 'file written'],
    ['rerun_healthcheck', 'when the check has run', 'check has run'],
  ] as const)('a %s when it was carried out, whatever is healthy then', (type, said, end) => {
    expect(endOf(type)).toContain(said);
    expect(endOf(type)).not.toContain('healthy again');
    expect(stepsOf({ ...restart, type }).at(-1)?.word).toBe(end);
    // There is no time in which it must prove itself.
    expect(progressOf({ ...running, type }, nowMs)).toBeNull();
  });

  it('a notice once it was seen: nothing runs', () => {
    expect(endOf('alert_only')).not.toContain('It is done');
    expect(stepsOf({ ...restart, type: 'alert_only' }).map(({ word }) => word)).toEqual(['proposed', 'a yes or no', 'seen']);
  });

  it('what this version can not do, never', () => {
    expect(endOf('rollback')).toContain('Nobody can do it: this version keeps no older one to go back to');
    expect(endOf('rollback')).not.toContain('The version before this one is put back');
  });
});

describe('what time has to do with it', () => {
  it('waits, or runs, since when', () => {
    const approved = { ...running, status: 'approved', claim: null } as const;
    expect([restart, approved, running, action('container-restart-vps-mail')].map((each) => courseOf(each).phase)).toEqual([
      'waits',
      'approved',
      'runs',
      'proposed',
    ]);
    expect(courseOf(running).at).toBe(running.claim?.at);
    expect(courseOf(restart).at).toBe(restart.proposed_at);
  });
});

describe('desired against actual', () => {
  it('of a service says where they differ', () => {
    const rows = diffOf(restart, world);
    expect(rows.find(({ label }) => label === 'State')).toEqual({
      label: 'State',
      desired: 'runs (declared 804b746)',
      actual: 'down, out of memory, exit code 137',
      differs: true,
    });
    expect(rows.find(({ label }) => label === 'Container')?.differs).toBe(false);
  });

  it('of a service that needs others says how these are', () => {
    const rows = diffOf({ node: 'vps', service: 'outline' }, world);
    expect(rows.find(({ label }) => label === 'Needs vps/outline-postgres')).toMatchObject({ actual: 'down', differs: true });
    expect(rows.find(({ label }) => label === 'Needs vps/outline-redis')).toMatchObject({ actual: 'healthy', differs: false });
  });

  it('of memory is in the unit of its declaration', () => {
    expect(diffOf({ node: 'vps', service: 'outline' }, world).find(({ label }) => label === 'Memory limit')?.desired).toBe('256 MiB');
  });

  it('of a node is its disk and its engine', () => {
    expect(diffOf(cleanup, world).find(({ label }) => label === 'Disk used')).toMatchObject({
      desired: 'below 90 %',
      actual: '93 %, 1.9 GB free',
      differs: true,
    });
    expect(diffOf({ node: 'nowhere', service: null }, world)).toEqual([]);
  });
});

describe('the way of an action', () => {
  const way = (each: typeof restart): readonly string[] => stepsOf(each).map(({ word, state }) => `${word}: ${state}`);

  it('shows what was, what is now, and what comes', () => {
    expect(way(restart)).toEqual(['proposed: now', 'a yes or no: next', 'running: next', 'healthy again: next']);
    expect(way(running)).toEqual(['proposed: done', 'approved: done', 'running: now', 'healthy again: next']);
    expect(stepsOf(running)[1]?.by).toBe('anna via operator-ui-vps');
  });

  it('ends with what became of it', () => {
    expect(way(action('container-restart-vps-mail'))).toEqual(['proposed: done', 'approved: done', 'done: done']);
    expect(way(action('container-restart-piha-zwave-js')).at(-1)).toBe('failed: bad');
    expect(way(action('container-restart-lustro-magicmirror'))).toEqual(['proposed: done', 'rejected: done']);
  });

  it('shows nothing of the life before', () => {
    const [first] = restart.transition_history;
    if (first === undefined) throw new Error('it was proposed');
    const again = { ...restart, transition_history: [first, { ...first, from: 'pending', to: 'rejected' }, { ...first, from: 'rejected', to: 'pending' }] };
    expect(way(again as typeof restart)).toEqual(way(restart));
  });

  it('shows how much of its time has gone', () => {
    expect(progressOf(running, nowMs)).toBeCloseTo(34 / 120);
    expect(progressOf(running, nowMs + 3_600_000)).toBe(1);
    expect(progressOf(restart, nowMs)).toBeNull();
  });
});

describe('what is offered', () => {
  it('is one press for low risk, and a sheet for what is guarded', () => {
    expect(choicesOf(restart, operator, true)).toEqual({ approve: 'press', reject: true, cancel: false, refused: null });
    expect(choicesOf(cleanup, operator, true)).toMatchObject({ approve: 'sheet', reject: true });
  });

  it('is nothing to a reader, or on what may be old', () => {
    expect(choicesOf(restart, { login: 'eve', role: 'reader' }, true)).toMatchObject({
      approve: null,
      reject: false,
      refused: expect.stringContaining('look'),
    });
    expect(choicesOf(restart, operator, false)).toMatchObject({ approve: null, refused: expect.stringContaining('old') });
  });

  it('is to take back an approval that has not begun, and nothing afterwards', () => {
    expect(choicesOf({ ...restart, status: 'approved' }, operator, true)).toEqual({ approve: null, reject: false, cancel: true, refused: null });
    expect(choicesOf(running, operator, true)).toEqual({ approve: null, reject: false, cancel: false, refused: null });
  });
});
