import { describe, expect, it } from 'vitest';
import { newCounters } from './broker-counters.ts';
import { type BrokerLimits, defaultBrokerLimits } from './broker-limits.ts';
import { RetainedMessages } from './broker-retained.ts';
import { topicMatches } from './broker-topic-filter.ts';

const message = (topic: string, text = topic): { topic: string; payload: Buffer; qos: 1; retain: boolean } => ({
  topic,
  payload: Buffer.from(text),
  qos: 1,
  retain: true,
});

function holding(topics: readonly string[], limits: Partial<BrokerLimits> = {}): { retained: RetainedMessages; counters: ReturnType<typeof newCounters> } {
  const counters = newCounters();
  const retained = new RetainedMessages({ ...defaultBrokerLimits, ...limits }, counters);
  for (const topic of topics) if (retained.admits(message(topic))) retained.store(message(topic));
  return { retained, counters };
}

const topics = ['a', 'a/b', 'a/b/c', 'a//c', 'a/', '/', '/a', 'b', '$SYS/x', 'a/$x', '__proto__', 'a/constructor/c', 'a/b/c/d'];

describe('retained messages', () => {
  it.each([
    'a',
    'a/b',
    '#',
    '+',
    'a/#',
    'a/+',
    'a/+/c',
    '+/+',
    '/+',
    '+/',
    '$SYS/#',
    '$SYS/+',
    '+/x',
    'a/+/#',
    '__proto__',
    '+/constructor/#',
    'nothing',
    'a/b/c/d/e',
  ])('are found under %s as the definition of filters says', (filter) => {
    const { retained } = holding(topics);
    const found = retained.matching(filter).map((each) => each.topic);
    expect(found.toSorted()).toEqual(topics.filter((topic) => topicMatches(filter, topic)).toSorted());
  });

  it('cost one step per level for an exact topic among 100,000, and only their own subtree for a wildcard', () => {
    const many = Array.from({ length: 100_000 }, (_, at) => `root/room-${at % 100}/sensor-${Math.floor(at / 100)}/state`);
    const { retained } = holding(many);
    expect(retained.matching('root/room-42/sensor-123/state')).toHaveLength(1);
    expect(retained.visited).toBe(5);
    retained.visited = 0;
    expect(retained.matching('root/room-42/#')).toHaveLength(1_000);
    expect(retained.visited).toBe(2_003);
    retained.visited = 0;
    expect(retained.matching('root/absent/x')).toHaveLength(0);
    expect(retained.visited).toBeLessThanOrEqual(3);
  });

  it('go with an empty payload, and leave nothing behind', () => {
    const { retained } = holding(topics);
    for (const topic of topics) retained.store(message(topic, ''));
    retained.store(message('never/stored', ''));
    expect([retained.count, retained.bytes, retained.matching('#').length]).toEqual([0, 0, 0]);
    retained.visited = 0;
    retained.matching('#');
    expect(retained.visited).toBe(1);
  });

  it('are replaced by a later one on the same topic', () => {
    const { retained } = holding(['a', 'a']);
    retained.store(message('a', 'later'));
    expect([retained.count, retained.bytes, retained.matching('a')[0]?.payload.toString()]).toEqual([1, 6, 'later']);
  });

  it('beyond the limit are refused and counted; those that replace or clear are not', () => {
    const { retained, counters } = holding(['a', 'b', 'c'], { retainedMessagesMax: 2 });
    expect([retained.count, counters.retainedRefused]).toEqual([2, 1]);
    expect([retained.admits(message('a', 'new')), retained.admits(message('c', '')), retained.admits(message('d'))]).toEqual([true, true, false]);
    expect(holding(['aaaa', 'bbbb'], { retainedBytesMax: 10 }).retained.count).toBe(1);
  });
});
