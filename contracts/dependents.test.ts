import { expect, it } from 'vitest';
import { dependentsMax, dependentsOf } from './dependents.ts';
import type { DesiredService } from './desired.ts';

const service = (name: string, needs: readonly string[] = [], rest: Partial<DesiredService> = {}): DesiredService => ({
  name,
  origin: 'declared',
  monitor: true,
  depends_on: needs.map((need) => (need.includes('/') ? need : `vps/${need}`)),
  ...rest,
});
const of = (name: string, ...services: readonly DesiredService[]) => dependentsOf({ node: 'vps', services: [...services] }, name);

it('names whoever needs it, also through others, what is needed first', () => {
  expect(of('db', service('web', ['api']), service('api', ['db']), service('db'), service('lone'))).toEqual(['api', 'web']);
  expect(of('db', service('a', ['z']), service('z', ['db']), service('db'))).toEqual(['z', 'a']);
});

it('names nobody twice, nor the service itself, in a circle', () => {
  expect(of('a', service('a', ['c']), service('b', ['a']), service('c', ['b']))).toEqual(['b', 'c']);
});

it('leaves services of other nodes out, on either side', () => {
  expect(of('db', service('db'), service('web', ['piha/db']))).toEqual([]);
});

it('does not name what asks for a yes of its own, cannot be restarted or is not watched, and goes on behind it', () => {
  const behind = service('web', ['api']);
  for (const odd of [{ repair_risk: 'guarded' }, { repairable: false }, { monitor: false }] as const) {
    expect(of('db', service('db'), service('api', ['db'], odd), behind)).toEqual(['web']);
  }
});

it('names at most eight, those that are needed most', () => {
  const many = Array.from({ length: dependentsMax + 3 }, (_, n) => service(`s${String(n).padStart(2, '0')}`, ['db']));
  expect(of('db', service('db'), ...many, service('a-last', ['s10']))).toEqual(many.slice(0, dependentsMax).map(({ name }) => name));
});

it('does not depend on the order of the declaration', () => {
  const services = [service('db'), service('api', ['db']), service('web', ['api', 'db']), service('cron', ['db'])];
  expect(of('db', ...services)).toEqual(of('db', ...services.toReversed()));
});
