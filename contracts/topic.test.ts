/** A row of the topic table, with patterns of its own: the table itself is tested in test/contract. */
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineTopic } from './topic.ts';

const row = { schema: z.object({}), owner: 'somebody', bridge: 'none', means: 'an example' } as const;
const thing = defineTopic({ ...row, pattern: 'things/{node}/parts/{part}', kind: 'document' });
const shout = defineTopic({ ...row, pattern: 'shouts/{node}', kind: 'event' });

describe('a topic', () => {
  it('is built from its levels, in the order of the pattern', () => {
    expect(thing.build({ part: 'lid', node: 'vps' })).toBe('things/vps/parts/lid');
  });

  it('keeps characters that are harmless in MQTT as they are', () => {
    expect(shout.build({ node: 'Ünï.cödé_1-2@x' })).toBe('shouts/Ünï.cödé_1-2@x');
  });

  it.each(['+', '#', 'a/b', 'a b', '', '$SYS', 'a\u0000', 'tab\there', '\udc00', 'x'.repeat(129)])('cannot be built from %j', (node) => {
    expect(() => shout.build({ node })).toThrow(/topic shouts\/\{node\}: level "node" cannot be /);
  });

  it('names the level that is missing', () => {
    expect(() => thing.build({ node: 'vps' } as never)).toThrow('topic things/{node}/parts/{part}: level "part" is missing');
  });

  it('is subscribed to with + for what is not given', () => {
    expect(thing.filter()).toBe('things/+/parts/+');
    expect(thing.filter({ node: 'vps' })).toBe('things/vps/parts/+');
    expect(thing.filter({ node: '+', part: 'lid' })).toBe('things/+/parts/lid');
  });

  it('cannot be subscribed to with half a wildcard or several levels', () => {
    for (const node of ['#', 'a/#', 'a+', 'a b', '']) expect(() => shout.filter({ node }), node).toThrow('level "node"');
  });

  it('knows its own topics and their levels, and no others', () => {
    expect(thing.match('things/vps/parts/lid')).toEqual({ node: 'vps', part: 'lid' });
    for (const other of ['things/vps', 'things/vps/pieces/lid', 'things/vps/parts/lid/x', 'things//parts/lid', 'things/+/parts/lid', '']) {
      expect(thing.match(other), other).toBeNull();
    }
  });

  it('is retained exactly when it is a document', () => {
    const kinds = ['document', 'event', 'request', 'message'] as const;
    expect(kinds.map((kind) => defineTopic({ ...row, pattern: 'a/{b}', kind }).retained)).toEqual([true, false, false, false]);
  });
});
