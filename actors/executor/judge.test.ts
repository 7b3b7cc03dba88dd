import { expect, it } from 'vitest';
import type { ClaimRecord } from './claims.ts';
import { type Active, executionsMax, startsNow } from './judge.ts';
import type { ActionView } from './view.ts';

const action = (id: string, changes: Partial<ActionView> = {}): ActionView => ({
  id,
  attempt: 2,
  status: 'approved',
  type: 'container_restart',
  service: id,
  verifyWindowMs: 120_000,
  nonce: null,
  leaseUntilMs: null,
  dependents: [],
  listedContainers: [],
  paramsProblem: null,
  lastCompletedAtMs: null,
  ...changes,
});
const record = (id: string, changes: Partial<ClaimRecord> = {}): ClaimRecord => ({
  id,
  attempt: 2,
  nonce: `nonce-of-${id}`,
  claimedAtMs: 0,
  steps: [],
  lastBegunAtMs: null,
  outcome: null,
  settled: false,
  ...changes,
});
const byId = <T extends { readonly id: string }>(...all: readonly T[]): Record<string, T> => Object.fromEntries(all.map((each) => [each.id, each]));
const active = (service: string | null, phase: Active['phase'] = 'working'): Active => ({ attempt: 1, services: service === null ? [] : [service], phase });
const names = (situation: Parameters<typeof startsNow>[0]) =>
  startsNow(situation).map(({ action: { id }, record: known }) => `${id}${known === null ? '' : ' resumed'}`);

it.each([
  ['approved', null, ['web']],
  ['pending', null, []],
  ['running', null, []],
  ['completed', null, []],
  ['approved', record('web'), ['web resumed']],
  ['running', record('web'), ['web resumed']],
  ['failed', record('web'), ['web resumed']],
  ['approved', record('web', { settled: true }), []],
  ['approved', record('web', { attempt: 1, settled: true }), ['web']],
  ['approved', record('web', { attempt: 1 }), ['web resumed']],
  ['approved', record('web', { attempt: 3 }), []],
  ['running', record('web', { attempt: 3 }), []],
  ['approved', record('web', { attempt: 3, settled: true }), []],
] as const)('%s, remembering %o, starts %o', (status, known, expected) => {
  expect(names({ documents: byId(action('web', { status })), records: known === null ? {} : byId(known), active: {} })).toEqual(expected);
});

it('starts nothing twice, and nothing on a service that is busy', () => {
  const documents = byId(
    action('a'),
    action('b', { service: 'shared' }),
    action('c', { service: 'shared' }),
    action('d', { service: null }),
    action('e', { service: null }),
  );
  expect(names({ documents, records: {}, active: { a: active('a'), x: active('shared') } })).toEqual(['d']);
  expect(names({ documents, records: {}, active: {} })).toEqual(['a', 'b', 'd']);
});

it('starts as many as are free, what was begun in an earlier life first', () => {
  const ids = ['a', 'b', 'c', 'd', 'e', 'f'];
  const documents = byId(...ids.map((id) => action(id)));
  expect(names({ documents, records: byId(record('f')), active: { x: active('x') } })).toEqual(['f resumed', 'a', 'b']);
  expect(names({ documents, records: {}, active: { x: active('x', 'reporting') } })).toHaveLength(executionsMax);
});
