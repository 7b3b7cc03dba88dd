/** What the page is tried on is what the bus would carry. */
import { describe, expect, it } from 'vitest';
import { findTopic } from '../../contracts/topics.ts';
import { pageWorld } from './page-world.ts';

const nowMs = Date.parse('2026-03-01T12:00:00Z');

describe('the homelab of the page', () => {
  it.each([{}, { isWell: true }, { linkDownMinutes: 37 }, { extraServices: 500 }])('fits the contracts: %j', (options) => {
    const faults = [...pageWorld({ nowMs, ...options })].flatMap(([topic, doc]) => {
      const found = findTopic(topic);
      if (found === null) return [`${topic} is in no row`];
      const parsed = found.row.schema.safeParse(doc);
      return parsed.success ? [] : [`${topic}: ${parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`).join('; ')}`];
    });
    expect(faults).toEqual([]);
  });
});
