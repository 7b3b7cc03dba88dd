/** The evaluator says what Jinja 3.1 says of the same templates, with the filters of Home Assistant. */
import { expect, it } from 'vitest';
import { render } from './ha-template.ts';

const scope = {
  value_json: { status: 'online', count: 2, none: null, offered: { id: 'a', risk: 'low' }, list: [{ k: 'x' }, { k: 'y' }] },
  states: { person: [{ name: 'Anna', attributes: { user_id: 'u1' } }] },
  now: () => ({ timestamp: () => 12.5 }),
};

it.each([
  ["{{ value_json.status if value_json is defined and value_json.status != 'gone' else 'None' }}", 'online'],
  ["{{ value_json.missing | default('None') }}", 'None'],
  ['{{ value_json.none }}', 'None'],
  ["{{ ('ON' if value_json.status in ['online', 'degraded'] else 'OFF') if value_json is defined else 'None' }}", 'ON'],
  ["{{ dict({'a': value_json.count, 'b': value_json.missing | default(none)}) | to_json }}", '{"a":2,"b":null}'],
  ["{% set by = dict(name='x') if value_json.count else {} %}{{ dict(dict(id=1), **by) | to_json }}", '{"id":1,"name":"x"}'],
  ["{{ states.person | selectattr('attributes.user_id', 'eq', 'u1') | map(attribute='name') | list | first | default('nobody') }}", 'Anna'],
  ["{{ states.person | selectattr('attributes.user_id', 'eq', 'u2') | map(attribute='name') | list | first | default('nobody') }}", 'nobody'],
  ["{{ 'what ' ~ value_json['missing'] | default('nobody') ~ ' began' }}", 'what nobody began'],
  ['{{ now().timestamp() - 10 >= 2.5 and not value_json.none }}', 'True'],
  ["{{ 'abcdef'[:3] }} and {{ [] or 'else' }}", 'abc and else'],
  ['{{ value_json.offered | to_json if value_json.offered else {} }}', '{"id":"a","risk":"low"}'],
])('%s', (template, expected) => {
  expect(render(template, scope)).toBe(expected);
});

it.each([['{{ x | upper }}'], ['{{ value_json.missing.more }}'], ['{{ (1 }}'], ['{{ 1 2 }}'], ['{{ x is odd }}'], ['{{ ! }}']])(
  'refuses what it does not know: %s',
  (template) => {
    expect(() => render(template, scope)).toThrow(Error);
  },
);
