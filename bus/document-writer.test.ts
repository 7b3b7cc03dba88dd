import { expect, it } from 'vitest';
import { topics } from '../contracts/topics.ts';
import { systemClock } from './clock.ts';
import { DocumentWriter } from './document-writer.ts';
import type { Link } from './link.ts';
import { silentLog } from './log.ts';

const topic = 'manifests/vps/observer';

/** A broker with a memory: what it was sent, in order, and the newest of it. */
function broker(): { readonly link: Link; readonly heard: { summary: string; session: number; rev: number }[]; stored(): Buffer } {
  const texts: string[] = [];
  return {
    link: {
      publish: (_topic: string, text: string) => {
        texts.push(text);
        return Promise.resolve();
      },
    } as unknown as Link,
    get heard() {
      return texts.map((text) => JSON.parse(text) as { summary: string; session: number; rev: number });
    },
    stored: () => Buffer.from(texts.at(-1) ?? ''),
  };
}

const newWriter = (): DocumentWriter =>
  new DocumentWriter({ clock: systemClock, log: silentLog, node: 'vps', actor: 'other', topicOf: (relative) => relative, onDuplicate: () => undefined });
const say = (writer: DocumentWriter, summary: string): void => {
  writer.set(topics.manifest, { node: 'vps', actor: 'observer' }, { status: 'complete', summary, topics: [] });
};
function connect(writer: DocumentWriter, session: number, to: ReturnType<typeof broker>): void {
  writer.end();
  writer.begin(session);
  if (to.heard.length > 0) writer.onOwnTopic(topic, { topic, payload: to.stored(), retained: true });
  writer.reconcile(to.link, new Set());
}

it('whoever saw the change at another broker does not stay with it: what is again as it was is said anew', () => {
  const [own, standby] = [broker(), broker()];
  const writer = newWriter();
  say(writer, 'healthy');
  connect(writer, 1, own);
  connect(writer, 2, standby);
  say(writer, 'down');
  writer.end();
  say(writer, 'healthy');
  connect(writer, 3, own);
  expect(own.heard).toMatchObject([
    { summary: 'healthy', session: 1 },
    { summary: 'healthy', session: 3 },
  ]);
  writer.close();
});

it('a broker that has what was said last is told nothing again', () => {
  const own = broker();
  const writer = newWriter();
  say(writer, 'healthy');
  connect(writer, 1, own);
  connect(writer, 2, own);
  expect(own.heard).toHaveLength(1);
  writer.close();
});

it('after a restart of the writer the copy of its earlier life stands, if it is right', () => {
  const own = broker();
  const before = newWriter();
  say(before, 'healthy');
  connect(before, 1, own);
  before.close();
  const writer = newWriter();
  say(writer, 'healthy');
  connect(writer, 2, own);
  expect(own.heard).toHaveLength(1);
  writer.close();
});

it('what another site clears while it reads back is not ended once more in its own name', () => {
  const own = broker();
  const writer = newWriter();
  writer.begin(5);
  const theirs = 'world/maintenance/cabin-1';
  const gone = { status: 'gone', summary: 'removed', ts: '2026-03-01T12:00:00.000Z', session: 2, rev: 2, site: 'cabin' };
  for (const text of [JSON.stringify(gone), '']) writer.onOwnTopic(theirs, { topic: theirs, payload: Buffer.from(text), retained: false }, 'hub');
  writer.complete();
  writer.reconcile(own.link, new Set());
  expect(own.heard).toMatchObject([{ status: 'complete', topics: [] }]);
  writer.close();
});

it('a number that no connection has is rubbish on its topic, and is overwritten instead of being outdone', () => {
  const own = broker();
  const writer = newWriter();
  writer.begin(5);
  const rubbish = { status: 'complete', summary: 'mine', ts: '2026-03-01T12:00:00.000Z', session: Number.MAX_SAFE_INTEGER, rev: 1, topics: [] };
  writer.onOwnTopic(topic, { topic, payload: Buffer.from(JSON.stringify(rubbish)), retained: true });
  expect(writer.sessionInTheWay()).toBe(null);
  say(writer, 'healthy');
  writer.reconcile(own.link, new Set());
  expect(own.heard).toMatchObject([{ summary: 'healthy', session: 5 }]);
  writer.close();
});
