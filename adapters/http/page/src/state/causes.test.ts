/** One outage is one line. */
import { describe, expect, it } from 'vitest';
import { topics } from '../../../../../contracts/topics.ts';
import { isServiceTrouble } from '../../../../../contracts/trouble.ts';
import { pageWorld } from '../../../../../test/kit/page-world.ts';
import { causesOf, countsOf, looseTroubles } from './causes.ts';
import { worldOf } from './documents.ts';
import { barsOf } from './incident-chart.ts';

const nowMs = Date.parse('2026-03-01T12:00:00Z');
const hourMs = 3_600_000;
const tree = pageWorld({ nowMs });
const world = worldOf('hub', tree);
const ids = (causes: ReturnType<typeof causesOf>): readonly string[] => causes.map(({ incident }) => incident.id);

describe('causes', () => {
  it('come loudest first, with what they explain and the action about them', () => {
    const causes = causesOf(world);
    expect(causes.map(({ incident }) => incident.node)).toEqual(['vps', 'solaria', 'piha']);
    expect(causes[0]?.action?.id).toBe('container-restart-vps-outline-postgres');
    expect(causes[1]).toMatchObject({ action: null, more: 0 });
    expect(causes[1]?.consequences).toHaveLength(5);
  });

  it('fold in an incident of its own that they explain, and count what is not listed', () => {
    const [cause, ...rest] = world.incidents.filter(({ status }) => status === 'active');
    if (cause === undefined || rest[0] === undefined) throw new Error('there are several');
    const explained = { ...rest[0], suppressed_by: cause.id };
    const causes = causesOf({ incidents: [{ ...cause, consequences_count: 14 }, explained], actions: [] });
    expect(ids(causes)).toEqual([cause.id]);
    expect(causes[0]?.explained.map(({ id }) => id)).toEqual([explained.id]);
    expect(causes[0]?.more).toBe(14 - cause.consequences.length);
  });

  it('hide nothing whose cause has left the bus', () => {
    const [incident] = world.incidents.filter(({ status }) => status === 'active');
    if (incident === undefined) throw new Error('there is one');
    expect(ids(causesOf({ incidents: [{ ...incident, suppressed_by: 'inc-0-gone' }], actions: [] }))).toEqual([incident.id]);
  });
});

describe('what belongs to no incident', () => {
  it('is nothing while every trouble is explained', () => {
    expect(looseTroubles(world)).toEqual([]);
  });

  it('is a service within its grace, and a node that nobody explained, without its services', () => {
    const loose = new Map(tree);
    for (const [topic, doc] of tree) if (topic.includes('inc-') || doc['incident_id'] != null) loose.set(topic, { ...doc, incident_id: null });
    for (const topic of tree.keys()) if (topic.includes('/inc-')) loose.delete(topic);
    expect(looseTroubles(worldOf('hub', loose)).map(({ node, service }) => [node, service])).toEqual([
      ['solaria', null],
      ['vps', 'outline'],
      ['vps', 'outline-postgres'],
    ]);
  });
});

describe('trouble', () => {
  it.each([
    [{ status: 'stopped', desired: 'adopted' }, false],
    [{ status: 'stopped', desired: 'declared' }, true],
    [{ status: 'down', monitor: false }, false],
    [{ status: 'starting' }, false],
    [{ status: 'missing' }, true],
    [{ status: 'down', desired: 'no' }, false],
  ] as const)('of a service: %j is %s', (change, expected) => {
    const service = world.services.find((each) => each.service === 'mail');
    if (service === undefined) throw new Error('there is one');
    expect(isServiceTrouble({ ...service, ...change })).toBe(expected);
  });
});

it('counts what should run, and nodes that should report', () => {
  expect(countsOf(world, new Set())).toEqual({ healthy: 22, wanted: 29, online: 5, expected: 6 });
  // What is not known any more is not counted as well.
  expect(countsOf(world, new Set(['chelsty']))).toEqual({ healthy: 17, wanted: 29, online: 3, expected: 6 });
});

describe('the chart', () => {
  it('has a bar for each cause of its span, from its beginning to its end', () => {
    const bars = barsOf(world.incidents, { nowMs, spanMs: 24 * hourMs });
    expect(bars).toHaveLength(6);
    const mail = bars.find(({ incident }) => incident.service === 'mail');
    expect(mail?.left).toBeCloseTo((15 / 24) * 100);
    expect(mail?.width).toBeCloseTo((0.4 / 24) * 100);
  });

  it('leaves out what ended before, and shows what began before from its edge', () => {
    const bars = barsOf(world.incidents, { nowMs, spanMs: hourMs / 2 });
    expect(bars.map(({ incident }) => incident.node)).toEqual(['vps', 'solaria', 'piha']);
    expect(bars.at(-1)).toMatchObject({ left: 0, width: 100 });
  });
});

it('is about topics that the table knows', () => {
  expect(topics.incident.match([...tree.keys()].find((topic) => topic.includes('/inc-')) ?? '')).not.toBeNull();
});
