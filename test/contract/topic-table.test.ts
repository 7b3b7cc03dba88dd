/** The topic table: one owner for each topic, no topic in two rows, documents retained and nothing else, heads first. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { actorNames } from '../../contracts/actor-names.ts';
import { levelPattern } from '../../contracts/common.ts';
import type { Topic } from '../../contracts/topic.ts';
import { allTopics, findTopic, type TopicName, topics } from '../../contracts/topics.ts';

type Levels = Readonly<Record<string, string>>;
type LooseTopic = Omit<Topic, 'build' | 'filter' | 'match'> & {
  build(levels: Levels): string;
  filter(levels?: Levels): string;
  match(topic: string): Levels | null;
};
const rows = allTopics as unknown as readonly (readonly [TopicName, LooseTopic])[];

const levelNames = (pattern: string): readonly string[] => [...pattern.matchAll(/\{(.+?)\}/g)].map((match) => match[1]!);

/** Levels as homelabs have them, names that collide with words of the table, and anything else that may stand in a topic. */
const words = [...new Set(rows.flatMap(([, row]) => row.pattern.split('/').filter((part) => !part.startsWith('{'))))];
const level = fc.oneof(
  fc.constantFrom('vps', 'chelsty-infra', 'web', 'my.app', 'shop_db-1', 'ünïcode', 'approved', ...words),
  fc.string({ minLength: 1, maxLength: 128, unit: 'grapheme' }).filter((text) => levelPattern.test(text)),
);
const rowOf = (name: TopicName): LooseTopic => rows.find(([each]) => each === name)![1];
const anyName = fc.constantFrom(...rows.map(([name]) => name));
/** Names, not rows, so that a counterexample is one line. */
const topicLevels = anyName.chain((name) => {
  const names = levelNames(rowOf(name).pattern);
  return fc.tuple(...names.map(() => level)).map((values) => ({ name, levels: Object.fromEntries(names.map((each, at) => [each, values[at]!])) }));
});

/** MQTT 3.1.1, 4.7: `+` stands for exactly one level, `#` for the rest. */
function brokerMatches(filter: string, topic: string): boolean {
  const wanted = filter.split('/');
  const got = topic.split('/');
  if (wanted.at(-1) === '#') return wanted.slice(0, -1).every((part, at) => part === '+' || part === got[at]);
  return wanted.length === got.length && wanted.every((part, at) => part === '+' || part === got[at]);
}

describe('building, matching and filtering agree', () => {
  it('gives back the levels that a topic was built from', () => {
    fc.assert(
      fc.property(topicLevels, ({ name, levels }) => {
        const row = rowOf(name);
        expect(row.match(row.build(levels))).toEqual(levels);
      }),
    );
  });

  it('finds a topic in its own row and in no other', () => {
    fc.assert(
      fc.property(topicLevels, ({ name, levels }) => {
        const topic = rowOf(name).build(levels);
        expect(rows.filter(([, each]) => each.match(topic) !== null).map(([each]) => each)).toEqual([name]);
        expect(findTopic(topic)).toMatchObject({ name, levels });
      }),
    );
  });

  it('subscribes to what it builds, whichever levels are given', () => {
    fc.assert(
      fc.property(topicLevels, fc.infiniteStream(fc.boolean()), ({ name, levels }, given) => {
        const row = rowOf(name);
        const some = Object.fromEntries(Object.entries(levels).filter(() => given.next().value));
        expect(brokerMatches(row.filter(some), row.build(levels))).toBe(true);
        expect(brokerMatches(row.filter(), row.build(levels))).toBe(true);
      }),
    );
  });

  it('does not subscribe to other rows', () => {
    fc.assert(
      fc.property(anyName, topicLevels, (name, other) => {
        fc.pre(name !== other.name);
        expect(brokerMatches(rowOf(name).filter(), rowOf(other.name).build(other.levels))).toBe(false);
      }),
    );
  });

  it('refuses to build from anything that is not one level', () => {
    const notALevel = fc.oneof(
      fc.constantFrom('', '+', '#', 'a/b', '/', 'a b', ' ', 'a\n', '\u0000', '$SYS', 'a+', '#a', '\ud800', 'x'.repeat(129)),
      fc.tuple(level, fc.constantFrom('/', '+', '#', ' ', '\t', '\u0007'), level).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(topicLevels, notALevel, fc.nat(), ({ name, levels }, bad, at) => {
        fc.pre(Object.keys(levels).length > 0);
        const key = Object.keys(levels)[at % Object.keys(levels).length]!;
        expect(() => rowOf(name).build({ ...levels, [key]: bad })).toThrow(`"${key}"`);
      }),
    );
  });

  it('refuses to build while a level is missing', () => {
    fc.assert(
      fc.property(topicLevels, fc.nat(), ({ name, levels }, at) => {
        fc.pre(Object.keys(levels).length > 0);
        const key = Object.keys(levels)[at % Object.keys(levels).length]!;
        const { [key]: _, ...rest } = levels;
        expect(() => rowOf(name).build(rest)).toThrow(`level "${key}" is missing`);
      }),
    );
  });

  it('matches nothing that has a wildcard, an empty level or a root in it', () => {
    for (const topic of ['events/+', 'events/#', 'events/', '/events/vps', 'events', 'events/a/b', 'homelab/events/vps', 'health//web', '']) {
      expect(findTopic(topic), topic).toBeNull();
    }
  });
});

describe('the table', () => {
  it.each(rows)('%s has one owner and says what it is', (_, row) => {
    expect(row.owner).toMatch(/^\S.*\S$/);
    expect(row.owner).not.toMatch(/,| and | or |\+/);
    expect(row.means.length).toBeGreaterThan(10);
  });

  it('has no pattern twice, whatever its levels are called', () => {
    const shapes = rows.map(([, row]) => row.pattern.replaceAll(/\{.+?\}/g, '+'));
    expect(shapes.filter((shape, at) => shapes.indexOf(shape) !== at)).toEqual([]);
  });

  it('retains documents and announcements and nothing else, all at QoS 1', () => {
    for (const [name, row] of rows) expect([name, row.retained, row.qos]).toEqual([name, row.kind === 'document' || row.kind === 'announcement', 1]);
  });

  it('never retains requests, and ends them with who asks', () => {
    const requests = rows.filter(([, row]) => row.kind === 'request');
    expect(requests.map(([name]) => name).toSorted()).toEqual(['anonymousRequest', 'maintenanceRequest', 'request']);
    for (const [name, row] of requests) {
      expect(row.retained).toBe(false);
      if (name !== 'anonymousRequest') expect(row.pattern.endsWith('/{requester}')).toBe(true);
    }
  });

  it('never lets the bridge carry raw requests, replies or probes', () => {
    for (const name of ['request', 'anonymousRequest', 'maintenanceRequest', 'reply', 'probe', 'cursor'] as const) expect(topics[name].bridge).toBe('none');
  });

  it("carries nowhere what is another program's, and only reads it, unless it is an announcement by one of ours", () => {
    for (const [name, row] of rows.filter(([, each]) => each.foreign === true || each.kind === 'announcement')) {
      expect([name, row.foreign, row.bridge]).toEqual([name, true, 'none']);
      expect([name, row.kind]).toEqual([name, (actorNames as readonly string[]).includes(row.owner) ? 'announcement' : 'message']);
    }
    expect(rows.filter(([, each]) => each.kind === 'announcement').map(([name]) => name)).toEqual(['homeAssistantDevice']);
  });

  it('keeps requests and the documents they are about apart', () => {
    expect(topics.request.build({ state: 'approved', requester: 'alice' })).toBe('actions/approved/alice');
    expect(topics.anonymousRequest.build({ state: 'approved' })).toBe('actions/approved');
    expect(topics.action.build({ node: 'vps', id: 'container-restart-vps-web' })).toBe('world/actions/vps/container-restart-vps-web');
    expect(topics.anonymousRequest.match('actions/approved/alice')).toBeNull();
    expect(topics.nodeHealth.match('health/vps/web')).toBeNull();
    expect(topics.serviceHealth.match('health/vps')).toBeNull();
  });
});

interface JsonShape {
  readonly shape?: Readonly<Record<string, z.ZodType>>;
}
/** Key names of a schema, and of everything in it, in order. */
function keysIn(schema: unknown, seen = new Set<unknown>()): readonly string[] {
  if (typeof schema !== 'object' || schema === null || seen.has(schema)) return [];
  seen.add(schema);
  const { shape } = schema as JsonShape;
  if (shape !== undefined) return Object.entries(shape).flatMap(([key, value]) => [key, ...keysIn(value, seen)]);
  const definition = (schema as { readonly def?: Readonly<Record<string, unknown>> }).def ?? {};
  return Object.values(definition).flatMap((part) => (Array.isArray(part) ? part : [part]).flatMap((each) => keysIn(each, seen)));
}

describe('payloads', () => {
  const documents = rows.filter(([, row]) => row.kind === 'document');

  it.each(documents)('%s is an object that begins with status, summary, ts, session and rev', (_, row) => {
    expect(Object.keys((row.schema as JsonShape).shape ?? {}).slice(0, 5)).toEqual(['status', 'summary', 'ts', 'session', 'rev']);
  });

  it.each(documents)('%s can be ended by saying gone', (name, row) => {
    const status = (row.schema as JsonShape).shape?.['status'];
    expect(status?.safeParse('gone').success, name).toBe(true);
  });

  it.each(rows)('%s has no key that contains a dot, and none called state in a document', (_, row) => {
    const keys = keysIn(row.schema);
    expect(keys.length).toBeGreaterThan(0);
    expect(keys.filter((key) => key.includes('.'))).toEqual([]);
    if (row.kind === 'document') expect(keys).not.toContain('state');
  });

  it('walks into arrays, records, unions and defaults when it looks for keys', () => {
    expect(keysIn(topics.action.schema)).toEqual(expect.arrayContaining(['transition_history', 'to', 'nonce', 'began_at', 'trigger_type']));
    expect(keysIn(topics.decisions.schema)).toEqual(expect.arrayContaining(['decision', 'why']));
    expect(keysIn(topics.request.schema)).toEqual(expect.arrayContaining(['nonce', 'on_behalf_of', 'outcome']));
  });
});
