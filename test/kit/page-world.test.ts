/** What the page is tried on is what the bus would carry. */
import { describe, expect, it } from 'vitest';
import { findTopic } from '../../contracts/topics.ts';
import { longWordsWorld } from './page-long-words.ts';
import { pageWorld, type Tree } from './page-world.ts';

const nowMs = Date.parse('2026-03-01T12:00:00Z');

describe('the homelab of the page', () => {
  it.each<[string, Tree]>([
    ['in trouble', pageWorld({ nowMs })],
    ['well', pageWorld({ nowMs, isWell: true })],
    ['cut off', pageWorld({ nowMs, linkDownMinutes: 37 })],
    ['large', pageWorld({ nowMs, extraServices: 500 })],
    ['full of long words', longWordsWorld({ nowMs, linkDownMinutes: 37 })],
  ])('fits the contracts: %s', (_, tree) => {
    const faults = [...tree].flatMap(([topic, doc]) => {
      const found = findTopic(topic);
      if (found === null) return [`${topic} is in no row`];
      const parsed = found.row.schema.safeParse(doc);
      return parsed.success ? [] : [`${topic}: ${parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('; ')}`];
    });
    expect(faults).toEqual([]);
  });
});
