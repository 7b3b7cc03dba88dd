/** A reader that was away learns from the manifest of a living writer what is no more; it has to be of the writer's present session. */
import { expect, it } from 'vitest';
import { topics } from '../contracts/topics.ts';
import { systemClock } from './clock.ts';
import { DocumentWriter } from './document-writer.ts';
import type { Link } from './link.ts';
import { silentLog } from './log.ts';

const manifestTopic = 'manifests/vps/ledger';

it('says its manifest anew at each connect, after its documents, also when nothing has changed', () => {
  const retained = new Map<string, string>();
  const sent: string[] = [];
  const link = {
    publish: (topic: string, text: string) => {
      sent.push(topic);
      retained.set(topic, text);
      return Promise.resolve();
    },
  } as unknown as Link;
  const writer = new DocumentWriter({
    clock: systemClock,
    log: silentLog,
    node: 'vps',
    actor: 'ledger',
    topicOf: (relative) => relative,
    onDuplicate: () => undefined,
  });
  const connect = (session: number): void => {
    writer.end();
    writer.begin(session);
    for (const [topic, text] of retained) writer.onOwnTopic(topic, { topic, payload: Buffer.from(text), retained: true });
    sent.length = 0;
    writer.reconcile(link, new Set(['actors/vps/ledger']));
  };
  writer.set(topics.actorStatus, { node: 'vps', actor: 'ledger' }, {
    status: 'online',
    summary: 'ledger',
    actor: 'ledger',
    node: 'vps',
    mode: 'idle',
  } as never);
  writer.complete();
  connect(1);
  connect(2);
  expect(sent).toEqual(['actors/vps/ledger', manifestTopic]);
  expect(JSON.parse(retained.get(manifestTopic) ?? '{}')).toMatchObject({ session: 2, topics: ['actors/vps/ledger'] });
  writer.close();
});
