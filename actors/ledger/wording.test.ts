/** What a person reads before saying yes: all that the yes would mean. */
import { describe, expect, it } from 'vitest';
import { desiredNode, TestDesk } from '../../test/kit/ledger-desk.ts';
import { actionDocument } from './documents.ts';

const needs = (name: string) => ({ name, origin: 'declared' as const, monitor: true, depends_on: ['vps/web'] });
const node = { ...desiredNode({ node: 'vps' }), cleanup_class: 'sd_card' as const };
const withDependents = { ...node, services: [...node.services, ...['a', 'b', 'c', 'd'].map(needs)] };

function proposed(proposal: object): { readonly summary: string; readonly answer: string } {
  const desk = TestDesk.ready();
  desk.desired(withDependents);
  const id = desk.ask('supervisor-vps', 'pending', { node: 'vps', ...proposal })?.id ?? '';
  const { summary } = actionDocument(desk.action(id));
  return { summary, answer: desk.ask('alice', 'approved', id)?.summary ?? '' };
}

describe('what a yes means', () => {
  it.each([
    ['nothing but the restart', {}, 'restart web on vps: waiting for a yes'],
    ['the restart of one that needs it', { params: { dependents: ['a'] } }, 'restart web on vps, then what needs it and stays unwell (a): waiting'],
    ['of many', { params: { dependents: ['a', 'b', 'c', 'd'] } }, 'restart web on vps, then what needs it and stays unwell (a, b, c, and 1 more): waiting'],
  ])('%s', (_, rest, start) => {
    const { summary, answer } = proposed({ type: 'container_restart', service: 'web', ...rest });
    expect(summary.startsWith(start)).toBe(true);
    expect(answer).toContain(start.slice(0, start.indexOf(':')));
  });

  it.each([
    ['not known', undefined, 'clean up the disk of vps: waiting'],
    ['in megabytes', 312_400_000, 'clean up the disk of vps, at least 312 MB: waiting'],
    ['in gigabytes', 1_240_000_000, 'clean up the disk of vps, at least 1.2 GB: waiting'],
  ])('how much a clean-up frees: %s', (_, estimate_bytes, start) => {
    const { summary } = proposed({
      type: 'disk_cleanup',
      evidence: { trigger_type: 'disk_usage_high', ...(estimate_bytes === undefined ? {} : { estimate_bytes }) },
    });
    expect(summary.startsWith(start)).toBe(true);
  });
});
