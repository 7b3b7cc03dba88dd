import { expect, it } from 'vitest';
import type { RelayedRequest } from '../../contracts/link.ts';
import { RelayOracle } from './oracle-relays.ts';

const minuteMs = 60_000;
const verdict = { relay_id: 'r', ok: true, code: 'approved', summary: 'approved', id: null };

/** The rules that a first verdict breaks after so many minutes, and then one that is said once more much later. */
function brokenBy(minutes: number, ok: boolean): readonly string[] {
  let nowMs = 0;
  const broken: string[] = [];
  const oracle = new RelayOracle(
    () => nowMs,
    (rule) => broken.push(rule),
  );
  oracle.onRelayed({ relay_id: 'r', received_at: '2026-03-01T12:00:00.000Z', state: 'approved', request: { id: 'a' } } as RelayedRequest);
  nowMs = minutes * minuteMs;
  oracle.onVerdict({ ...verdict, ok });
  nowMs += 100 * minuteMs;
  oracle.onVerdict({ ...verdict, ok });
  return broken;
}

it('a request that is granted when it is older than an approval may be breaks a rule', () => {
  expect(brokenBy(67, true)).toEqual(['no-stale-yes']);
});

it('one that is refused as late does not, nor one that is granted in time and said once more', () => {
  expect([brokenBy(67, false), brokenBy(59, true)]).toEqual([[], []]);
});
