import { describe, expect, it } from 'vitest';
import { filterProblem, topicMatches } from './broker-topic-filter.ts';

describe('a subscription filter', () => {
  it.each([
    ['a/b', 'a/b'],
    ['a/+', 'a/b'],
    ['+/b', 'a/b'],
    ['#', 'a/b/c'],
    ['a/#', 'a/b/c'],
    ['a/#', 'a'],
    ['a/+/c', 'a//c'],
    ['$SYS/#', '$SYS/broker/uptime'],
    ['+', ''],
  ])('%s matches %s', (filter, topic) => {
    expect(topicMatches(filter, topic)).toBe(true);
  });

  it.each([
    ['a/b', 'a/c'],
    ['a/+', 'a'],
    ['a/+', 'a/b/c'],
    ['a/#', 'ab'],
    ['a/b', 'a/b/c'],
    ['#', '$SYS/broker/uptime'],
    ['+/broker', '$SYS/broker'],
  ])('%s does not match %s', (filter, topic) => {
    expect(topicMatches(filter, topic)).toBe(false);
  });

  it('says why it is not one', () => {
    expect(filterProblem('a/#/b')).toContain('end');
    expect(filterProblem('a/b#')).toContain('#');
    expect(filterProblem('a/b+/c')).toContain('+');
    expect(filterProblem('')).toContain('empty');
    expect(filterProblem('a/+/#')).toBeNull();
  });
});
