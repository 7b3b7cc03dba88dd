/** The table of event types: names that fit the contract, incidents that can end, lanes by severity. */
import { describe, expect, it } from 'vitest';
import { severities } from '../../contracts/common.ts';
import { EventType, laneOf } from '../../contracts/event.ts';
import { eventTypeRow, eventTypes } from '../../contracts/event-types.table.ts';
import { incidentKinds } from '../../contracts/incident.ts';

const rows = Object.keys(eventTypes).map((type) => [type, eventTypeRow(type)!] as const);

describe('the table of event types', () => {
  it.each(rows)('%s has a name that the contract accepts, a severity and a meaning', (type, row) => {
    expect(EventType.safeParse(type).success).toBe(true);
    expect(severities).toContain(row.severity);
    expect(row.means.length).toBeGreaterThan(8);
    for (const kind of [row.opens, ...(row.closes ?? [])].filter((each) => each !== undefined)) expect(incidentKinds).toContain(kind);
  });

  it('never opens and closes with one event', () => {
    expect(rows.filter(([, row]) => row.opens !== undefined && row.closes !== undefined)).toEqual([]);
  });

  it('can end every kind of incident that it can open', () => {
    const opened = new Set(rows.flatMap(([, row]) => (row.opens === undefined ? [] : [row.opens])));
    const closed = new Set(rows.flatMap(([, row]) => row.closes ?? []));
    expect([...opened].filter((kind) => !closed.has(kind))).toEqual([]);
  });

  it('opens nothing with an event that is not urgent', () => {
    expect(rows.filter(([, row]) => row.opens !== undefined && laneOf(row.severity) !== 'urgent')).toEqual([]);
  });

  it('emits one opening event for a stopped container: containers_not_running', () => {
    expect(rows.filter(([, row]) => row.opens === 'down').map(([type]) => type)).toEqual(['containers_not_running']);
  });

  it('does not know what is not in it, nor what every object has', () => {
    for (const type of ['a_type_nobody_knows', 'constructor', 'toString', '__proto__']) expect(eventTypeRow(type)).toBeUndefined();
  });

  it('puts warnings and above in the urgent lane', () => {
    expect(severities.map(laneOf)).toEqual(['info', 'urgent', 'urgent', 'urgent']);
  });
});
