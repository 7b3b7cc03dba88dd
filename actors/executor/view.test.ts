import { describe, expect, it } from 'vitest';
import { type ActionView, declarationIn, holdsLease, isGranted, isGrantedToAnother, isOver, type Proof, provesEffect } from './view.ts';

const view = (changes: Partial<ActionView> = {}): ActionView => ({
  id: 'container-restart-vps-web',
  attempt: 2,
  status: 'running',
  type: 'container_restart',
  service: 'web',
  verifyWindowMs: 120_000,
  nonce: 'nonce-0001',
  leaseUntilMs: 5_000,
  dependents: [],
  listedContainers: [],
  paramsProblem: null,
  lastCompletedAtMs: null,
  ...changes,
});
const mine = { attempt: 2, nonce: 'nonce-0001' };

describe('a grant', () => {
  it.each([
    ['running with our nonce', view(), true, false],
    ['running with another nonce', view({ nonce: 'nonce-0002' }), false, true],
    ['running without a nonce', view({ nonce: null }), false, true],
    ['running in another attempt', view({ attempt: 3 }), false, false],
    ['still approved', view({ status: 'approved' }), false, false],
    ['already failed', view({ status: 'failed' }), false, false],
    ['deleted', null, false, false],
  ] as const)('%s', (_, seen, granted, another) => {
    expect({ granted: isGranted(seen, mine), another: isGrantedToAnother(seen, mine) }).toEqual({ granted, another });
  });

  it('is nobody else’s before we have a nonce, and never ours then', () => {
    expect(isGranted(view({ nonce: null }), { attempt: 2, nonce: null })).toBe(false);
  });

  it('holds until its lease, and not without one', () => {
    expect([holdsLease(view(), 4_999), holdsLease(view(), 5_000), holdsLease(view({ leaseUntilMs: null }), 0), holdsLease(null, 0)]).toEqual([
      true,
      false,
      false,
      false,
    ]);
  });
});

it.each([
  ['pending', 2, false],
  ['approved', 2, false],
  ['running', 2, false],
  ['completed', 2, true],
  ['failed', 2, true],
  ['rejected', 2, true],
  ['cancelled', 2, true],
  ['expired', 2, true],
  ['completed', 1, false],
  ['pending', 3, true],
] as const)('a document that is %s in attempt %i is over for attempt 2: %s', (status, attempt, over) => {
  expect(isOver(view({ status, attempt }), mine)).toBe(over);
});

const seen = (status: 'healthy' | 'starting', startedAtMs: number | null, containerId: string | null = 'b'.repeat(12)) => ({
  status,
  containerId,
  startedAtMs,
});

it.each([
  ['declared', { origin: 'declared' }, { node: 'vps', stack: 'web', service: 'web' }],
  ['declared as a part of a stack', { origin: 'declared', stack: 'wiki' }, { node: 'vps', stack: 'wiki', service: 'web' }],
  ['only adopted', { origin: 'adopted' }, null],
  ['not run by docker-compose', { origin: 'declared', repairable: false }, null],
  ['called something else', { origin: 'declared', name: 'other' }, null],
] as const)('a service that is %s', (_, changes, declaration) => {
  expect(declarationIn({ node: 'vps', services: [{ name: 'web', monitor: true, ...changes }] }, 'web')).toEqual(declaration);
});

describe('the proof of a restart that began at 100 s, of a container started at 50 s', () => {
  const proof = (changes: Partial<Proof>): Proof => ({
    health: { status: 'healthy', containerId: 'b'.repeat(12), startedAtMs: 101_000 },
    begunAtMs: 100_000,
    previousStartMs: 50_000,
    effectStartMs: null,
    replaced: null,
    ...changes,
  });

  it.each([
    ['healthy, started later', {}, true],
    ['no health', { health: null }, false],
    ['not healthy', { health: seen('starting', 101_000) }, false],
    ['healthy, never started', { health: seen('healthy', null) }, false],
    ['healthy, started before', { health: seen('healthy', 60_000) }, false],
    ['healthy, a second before: a clock set back a little', { health: seen('healthy', 99_000) }, true],
    ['healthy, more than a second before', { health: seen('healthy', 98_999) }, false],
    ['the container that was there', { health: seen('healthy', 99_500), previousStartMs: 99_500 }, false],
    ['one that had never started before', { previousStartMs: null }, true],
    ['the start that the engine reported', { effectStartMs: 101_000 }, true],
    ['a start after that', { effectStartMs: 100_900 }, true],
    ['another container than the one that had to go', { replaced: 'a'.repeat(12) }, true],
    ['the container that had to go, started again', { replaced: 'b'.repeat(12) }, false],
    ['nobody says which container, and one had to go', { replaced: 'a'.repeat(12), health: seen('healthy', 101_000, null) }, false],
    ['a start between the beginning and the effect', { effectStartMs: 101_500 }, false],
  ] satisfies [string, Partial<Proof>, boolean][])('%s', (_, changes, proven) => {
    expect(provesEffect(proof(changes))).toBe(proven);
  });
});
