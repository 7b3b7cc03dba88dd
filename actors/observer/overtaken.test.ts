/** A decision that was on its way to the disk while what it is about ended. */
import { expect, test } from 'vitest';
import { applyEvent } from './apply.ts';
import { derivedSource, type StoredEvent } from './stored-event.ts';
import { createWorld } from './world.ts';

const at = '2026-03-01T12:10:20.004Z';
const cause = { node: 'vps', service: 'mosquitto', kind: 'down', id: null };
const evidence = { kind: 'broker', trigger_type: 'mqtt_unreachable', severity: 'error' };

const suppressed = (payload: Readonly<Record<string, unknown>>): StoredEvent => ({
  ...{ id: '0190a0b0-0000-7000-8000-000000000001', ts: at, stored_at: at, node: 'vps', source: derivedSource, lane: 'info', seq: 1 },
  ...{ type: 'incident_suppressed', severity: 'info', service: 'mosquitto', correlation_id: null, message: 'the broker does not answer', payload },
});

test('that a trouble is a consequence does not bring back the trouble once it is over', () => {
  const world = createWorld('vps');
  applyEvent(world, suppressed({ ...evidence, cause, known: true }));
  expect(world.troubles.size).toBe(0);
});

test('what only health documents say begins with it', () => {
  const world = createWorld('vps');
  applyEvent(world, suppressed({ ...evidence, kind: 'unhealthy', cause }));
  expect([...world.troubles.values()]).toMatchObject([{ kind: 'unhealthy', cause }]);
});
