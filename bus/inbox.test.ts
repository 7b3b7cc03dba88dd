import { expect, it } from 'vitest';
import { StepClock } from '../test/kit/step-clock.ts';
import { Inbox } from './inbox.ts';
import { silentLog } from './log.ts';
import { Quarantine } from './quarantine.ts';

const head = { status: 'stored', summary: '', ts: '2026-03-01T12:00:00.000Z', session: 1 };

/** What an outbox is told by what arrives at `vps`. */
function heard(): { readonly told: unknown[]; readonly problems: string[]; hear(topic: string, document: object | null): void } {
  const clock = new StepClock();
  const told: unknown[] = [];
  const problems: string[] = [];
  const inbox = new Inbox({
    node: 'vps',
    clock,
    quarantine: new Quarantine(clock, silentLog, ({ detail }) => problems.push(detail)),
    reads: [],
    deliver: () => expect.unreachable('nothing is read'),
    onCursor: (store, positions) => told.push([store, positions]),
  });
  return {
    told,
    problems,
    hear: (topic, document) => {
      inbox.onMessage(topic, { topic, payload: Buffer.from(document === null ? '' : JSON.stringify(document)), retained: false });
    },
  };
}
const cursor = (site: string, node: string, seq: number) => ({ ...head, rev: seq, site, node, positions: { executor: { urgent: seq, info: 0 } } });

it('tells the outbox how far each store is with the events of its own node, and only once', () => {
  const { told, hear } = heard();
  hear('cursors/hub/vps', cursor('hub', 'vps', 1));
  hear('cursors/hub/vps', cursor('hub', 'vps', 1));
  hear('cursors/upstream/vps', cursor('upstream', 'vps', 2));
  hear('cursors/hub/piha', cursor('hub', 'piha', 3));
  expect(told).toEqual([
    ['hub', { executor: { urgent: 1, info: 0 } }],
    ['upstream', { executor: { urgent: 2, info: 0 } }],
  ]);
});

it('tells the outbox that a store is no more when its cursor says gone, and not when the broker has lost it', () => {
  const { told, hear } = heard();
  hear('cursors/upstream/vps', cursor('upstream', 'vps', 1));
  hear('cursors/upstream/vps', null);
  expect(told).toHaveLength(1);
  hear('cursors/upstream/vps', { ...head, rev: 2, status: 'gone' });
  hear('cursors/upstream/vps', null);
  expect(told.slice(1)).toEqual([['upstream', null]]);
});

it('learns from the manifest of the store that its cursor went while nobody listened', () => {
  const { told, hear } = heard();
  const listed = (rev: number, ...topics: string[]) => ({ ...head, status: 'complete', session: rev, rev, topics });
  hear('cursors/upstream/vps', cursor('upstream', 'vps', 1));
  hear('manifests/chelsty-infra/bridge', listed(1, 'cursors/upstream/piha', 'cursors/upstream/vps'));
  hear('manifests/chelsty-infra/bridge', listed(2, 'cursors/upstream/vps'));
  expect(told).toHaveLength(1);
  hear('manifests/chelsty-infra/bridge', listed(3));
  expect(told.slice(1)).toEqual([['upstream', null]]);
});

it('leaves the outbox alone when a cursor does not fit its contract', () => {
  const { told, problems, hear } = heard();
  hear('cursors/hub/vps', { ...cursor('hub', 'vps', 1), positions: { executor: { urgent: -1, info: 0 } } });
  expect(told).toEqual([]);
  expect(problems).toEqual([expect.stringContaining('positions.executor.urgent')]);
});
