/** Somebody who looks at one broker of the edge rig and stays: every message since he came, and the documents as he saw them last. */
import { topicRoot } from '../../contracts/defaults.ts';
import type { TestClient } from './conformance-brokers.ts';
import { waitFor } from './wait.ts';

export type Doc = Readonly<Record<string, unknown>> & { readonly status?: string };

export class EdgeSight {
  private readonly client: TestClient;

  private constructor(client: TestClient) {
    this.client = client;
  }

  static async open(connecting: Promise<TestClient>): Promise<EdgeSight> {
    const client = await connecting;
    await client.link.subscribe([`${topicRoot}/#`]);
    return new EdgeSight(client);
  }

  /** Every text of a topic without the root, in order. */
  texts(topic: string, from = 0): readonly string[] {
    return this.client.seen.slice(from).flatMap((each) => (each.topic === `${topicRoot}/${topic}` ? [each.text] : []));
  }

  /** The documents below a prefix as they are now, by topic without the root. */
  documents(prefix: string): ReadonlyMap<string, Doc> {
    const found = new Map<string, Doc>();
    for (const { topic, text } of this.client.seen) {
      const relative = topic.slice(topicRoot.length + 1);
      if (!relative.startsWith(prefix)) continue;
      if (text === '') found.delete(relative);
      else found.set(relative, JSON.parse(text) as Doc);
    }
    return found;
  }

  /** What a document has said, each status once in a row. */
  statuses(topic: string): readonly string[] {
    const all = this.texts(topic).flatMap((text) => (text === '' ? [] : [(JSON.parse(text) as Doc).status ?? '']));
    return all.filter((status, at) => status !== all[at - 1]);
  }

  /** Waits for a document whose topic begins with `prefix`. */
  see(prefix: string, fits: (doc: Doc) => boolean, deadlineMs = 30_000): Promise<Doc> {
    return waitFor(`a document of ${prefix}`, () => [...this.documents(prefix).values()].find(fits), {
      emitter: this.client,
      deadlineMs,
      state: () => [...this.documents(prefix)].map(([topic, doc]) => `${topic} ${JSON.stringify(doc).slice(0, 400)}`),
    }) as Promise<Doc>;
  }

  /** Waits for a message after position `from`. */
  hear(topic: string, fits: (doc: Doc) => boolean, { from = 0, deadlineMs = 30_000 } = {}): Promise<Doc> {
    const heard = (): readonly Doc[] => this.texts(topic, from).map((text) => JSON.parse(text) as Doc);
    return waitFor(`word on ${topic}`, () => heard().find(fits), { emitter: this.client, deadlineMs, state: heard }) as Promise<Doc>;
  }

  get position(): number {
    return this.client.seen.length;
  }

  async say(topic: string, payload: string | object): Promise<void> {
    await this.client.link.publish(`${topicRoot}/${topic}`, typeof payload === 'string' ? payload : JSON.stringify(payload), { retain: false });
  }

  close(): Promise<void> {
    return this.client.link.close();
  }
}
