import { describe, expect, it } from 'vitest';
import { TestDesk } from '../../test/kit/ledger-desk.ts';
import { resolveName, whyNamed } from './naming.ts';
import type { ActionRecord } from './record.ts';

const web = { node: 'vps', service: 'web' };
const webhook = { node: 'vps', service: 'webhook' };
const db = { node: 'piha', service: 'db' };

const records = (...states: readonly (readonly [{ readonly node: string; readonly service: string }, ActionRecord['state']])[]): readonly ActionRecord[] =>
  states.map(([target, state]) => {
    const template = TestDesk.ready().bring('pending');
    return { ...template, ...target, id: `container-restart-${target.node}-${target.service}`, state };
  });

const found = (name: string, among: readonly ActionRecord[]): string => {
  const resolved = resolveName(name, among);
  return resolved.ok ? resolved.record.id : resolved.code;
};

it('takes an exact id, trimmed and in any case', () => {
  expect(found('  Container-Restart-VPS-web\n', records([web, 'pending']))).toBe('container-restart-vps-web');
});

it('prefers an exact id to a longer one that begins with it', () => {
  expect(found('container-restart-vps-web', records([webhook, 'pending'], [web, 'completed']))).toBe('container-restart-vps-web');
});

it('takes a prefix that reaches past the type', () => {
  expect(found('container-restart-p', records([web, 'pending'], [db, 'pending']))).toBe('container-restart-piha-db');
});

it.each(['container-restart-', 'container-restart', 'cont', 'c', '', 'redeploy-vps', '"'])('finds nothing for %j', (name) => {
  expect(found(name, records([web, 'pending']))).toBe('unknown_action');
});

it('looks among the open ones before it looks among all', () => {
  expect(found('container-restart-v', records([web, 'completed'], [webhook, 'pending']))).toBe('container-restart-vps-webhook');
  expect(found('container-restart-v', records([web, 'completed'], [db, 'pending']))).toBe('container-restart-vps-web');
  expect(found('container-restart-v', records([web, 'completed'], [webhook, 'failed']))).toBe('ambiguous');
});

it('names at most three candidates of an ambiguous prefix', () => {
  const many = records(...['a', 'b', 'c', 'd', 'e'].map((service) => [{ node: 'vps', service }, 'pending'] as const));
  const resolved = resolveName('container-restart-vps', many);
  expect(resolved).toMatchObject({ ok: false, code: 'ambiguous' });
  expect(resolved.ok ? '' : resolved.why).toBe(
    '"container-restart-vps" could be container-restart-vps-a, container-restart-vps-b, container-restart-vps-c and 2 more; say which',
  );
});

it('takes "next" when exactly one action waits for a yes', () => {
  expect(found('next', records([web, 'pending'], [db, 'approved']))).toBe('container-restart-vps-web');
  expect(found(' NEXT ', records([web, 'pending']))).toBe('container-restart-vps-web');
  expect(found('next', records([web, 'approved']))).toBe('unknown_action');
  expect(found('next', records([web, 'pending'], [db, 'pending']))).toBe('ambiguous');
});

describe('a yes by the bare word next', () => {
  const guarded = { id: 'redeploy-vps-web', risk: 'guarded' } as const;
  it.each([
    ['approved', 'next', undefined, guarded, false],
    ['approved', ' NEXT ', undefined, guarded, false],
    ['approved', 'next', 'ab12', guarded, true],
    ['approved', 'redeploy-vps-w', undefined, guarded, true],
    ['approved', 'next', undefined, { ...guarded, risk: 'low' } as const, true],
    ['rejected', 'next', undefined, guarded, true],
    ['cancelled', 'next', undefined, guarded, true],
  ])('%s %s (digest %s) of %j counts: %s', (state, name, digest, action, counts) => {
    expect(whyNamed({ state, name, digest }, action) === null).toBe(counts);
  });
});
