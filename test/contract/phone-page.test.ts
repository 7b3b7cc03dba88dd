/** docs/phone.md: every topic of a tile is one of the table, every text a request that the ledger reads, and every figure one that is published. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { z } from 'zod';
import { startBroker } from '../../bus/broker.ts';
import { silentLog } from '../../bus/log.ts';
import { parseActionRequest } from '../../contracts/action-request.ts';
import { topicRoot } from '../../contracts/defaults.ts';
import { findTopic } from '../../contracts/topics.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/phone.md'), 'utf8');
const rowOf = (topic: string) => findTopic(topic.slice(topicRoot.length + 1).replaceAll(/<\w+>|\+/g, 'x'))?.row;
const named = [...new Set([...page.matchAll(/`(homelab\/[^`]+)`/g)].map(([, topic]) => topic ?? ''))];

it('names topics of the table', () => {
  expect(named.length).toBeGreaterThan(8);
  expect(named.filter((topic) => rowOf(topic) === undefined)).toEqual([]);
});

it('asks with texts that mean something on the topic beside them', () => {
  const sent = [...page.matchAll(/`homelab\/actions\/(approved|rejected)\/anna` [|·] (?:Payload |Message )?`(\S+)`/g)];
  expect(sent.length).toBe(8);
  for (const [, state, text] of sent)
    expect(parseActionRequest(state as 'approved' | 'rejected', text ?? '')).toEqual({ ok: true, state, request: { id: 'next' } });
});

it('shows and plots fields that the documents have, plots only numbers', () => {
  const shapeOf = (topic: string): Readonly<Record<string, z.ZodType>> => {
    const schema = rowOf(topic)?.schema as { readonly shape?: Readonly<Record<string, z.ZodType>> } | undefined;
    return schema?.shape ?? {};
  };
  for (const topic of named.filter((each) => /\/(replies|inbox|sites)\//.test(each))) expect([topic, 'summary' in shapeOf(topic)]).toEqual([topic, true]);
  const plots = [...page.matchAll(/((?:`\w+`(?:, | and )?)+) of\s+`(homelab\/[^`]+)`/g)];
  expect(plots).toHaveLength(5);
  for (const [, fields = '', topic = ''] of plots) {
    for (const [, field = ''] of fields.matchAll(/`(\w+)`/g)) expect([topic, field, shapeOf(topic)[field]?.safeParse(1).success]).toEqual([topic, field, true]);
  }
});

it('promises figures that the statistics of MQTT Explorer read, and that the built-in broker has', async () => {
  // Its panel (app/src/components/SettingsDrawer/BrokerStatistics.tsx).
  const read = [
    'version',
    'clients/total',
    'subscriptions/count',
    'messages/received',
    'messages/sent',
    'load/messages/received/5min',
    'load/messages/sent/5min',
    'heap/current',
    'heap/maximum',
  ];
  const broker = await startBroker({ host: '127.0.0.1', port: 0, dataDir: null, log: silentLog });
  try {
    const figures = broker.figures();
    expect(read.filter((name) => figures[name] === undefined)).toEqual([]);
  } finally {
    await broker.close();
  }
});
