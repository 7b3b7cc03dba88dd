import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FilterTree } from './broker-filter-tree.ts';
import { topicMatches } from './broker-topic-filter.ts';

const level = fc.constantFrom('a', 'b', '', '$x', '__proto__');
const filterOf = fc
  .tuple(fc.array(fc.oneof(level, fc.constant('+')), { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([levels, rest]) => [...levels, ...(rest ? ['#'] : [])].join('/'));
const topicOf = fc.array(level, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'));

describe('a tree of filters', () => {
  it('finds whoever a list of filters would find, under the highest QoS, also after some were removed', () => {
    const entry = fc.record({
      filter: filterOf,
      client: fc.constantFrom('one', 'two', '__proto__'),
      qos: fc.integer({ min: 0, max: 2 }),
      removed: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 20 }), topicOf, (entries, topic) => {
        const tree = new FilterTree();
        const list = new Map<string, { filter: string; client: string; qos: number }>();
        for (const each of entries) {
          tree.add(each.filter, each.client, each.qos);
          list.set(`${each.client} ${each.filter}`, each);
        }
        for (const { filter, client, removed } of entries) {
          if (!removed) continue;
          tree.remove(filter, client);
          list.delete(`${client} ${filter}`);
        }
        const expected = new Map<string, number>();
        for (const { filter, client, qos } of list.values()) if (topicMatches(filter, topic)) expected.set(client, Math.max(qos, expected.get(client) ?? 0));
        expect(new Map(tree.match(topic))).toEqual(expected);
        expect(tree.hasMatch(topic)).toBe(expected.size > 0);
      }),
      { numRuns: 500 },
    );
  });
});
