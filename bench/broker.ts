/** Which broker a figure runs on, and a plain subscriber and publisher at it. */

import type { Link } from '../bus/link.ts';
import { silentLog } from '../bus/log.ts';
import { createMqttTransport } from '../bus/mqtt-link.ts';
import { findTopic, type TopicName } from '../contracts/topics.ts';
import { freePort } from '../test/kit/mosquitto.ts';
import { wallMs } from './engine.ts';
import type { Session } from './session.ts';

export type BrokerKind = 'own' | 'mosquitto';
export const brokerNames: Readonly<Record<BrokerKind, string>> = { own: 'its own broker', mosquitto: 'mosquitto' };

/** What tells `homelab up` which broker to use, and where that is. */
export async function brokerFor(session: Session, kind: BrokerKind): Promise<{ readonly url: string; readonly env: Readonly<Record<string, string>> }> {
  if (kind === 'mosquitto') {
    const { url } = await session.mosquitto();
    return { url, env: { HOMELAB_BROKER_URL: url } };
  }
  const port = await freePort();
  return { url: `mqtt://127.0.0.1:${port}`, env: { HOMELAB_BROKER_PORT: String(port) } };
}

export interface Heard {
  readonly name: TopicName;
  readonly levels: Readonly<Record<string, string>>;
  readonly doc: Readonly<Record<string, unknown>>;
  /** Wall clock of this process. */
  readonly atMs: number;
}

/** Generous: what is waited for takes milliseconds, or a grace of some seconds. */
const deadlineMs = 60_000;

/** Somebody at the broker who is no actor: hears documents as they come, and says what people say. */
export class Bystander {
  /** The newest of each topic. */
  readonly docs = new Map<string, Heard>();
  private readonly root: string;
  private link: Link | null = null;
  private readonly listeners = new Set<(heard: Heard) => void>();

  private constructor(root: string) {
    this.root = root;
  }

  static async at(
    session: Session,
    url: string,
    options: { readonly root: string; readonly login: string; readonly filters: readonly string[] },
  ): Promise<Bystander> {
    const { root, login, filters } = options;
    const bystander = new Bystander(root);
    const linkOptions = { clientId: `bench-${login}-${process.pid}-${Date.now()}`, clean: true, username: login, keepaliveS: 60, connectTimeoutMs: 10_000 };
    const link = await createMqttTransport({ urls: [url], log: silentLog }).connect(linkOptions, {
      onMessage: ({ topic, payload }) => {
        bystander.hear(topic, payload);
      },
      onClose: () => undefined,
    });
    bystander.link = link;
    session.defer(() => link.close());
    await link.subscribe(filters.map((filter) => `${root}/${filter}`));
    return bystander;
  }

  async say(topic: string, payload: unknown): Promise<void> {
    await this.link?.publish(`${this.root}/${topic}`, JSON.stringify(payload), { retain: false });
  }

  /** A retained document. */
  async keep(topic: string, payload: unknown): Promise<void> {
    await this.link?.publish(`${this.root}/${topic}`, JSON.stringify(payload), { retain: true });
  }

  /** The first document that fits, of those that come from now on. Ask before causing it. */
  next(what: string, fits: (heard: Heard) => boolean): Promise<Heard> {
    return new Promise((resolve, reject) => {
      const listener = (heard: Heard): void => {
        if (!fits(heard)) return;
        clearTimeout(timer);
        this.listeners.delete(listener);
        resolve(heard);
      };
      const timer = setTimeout(() => {
        this.listeners.delete(listener);
        reject(new Error(`waited ${deadlineMs} ms for ${what}`));
      }, deadlineMs);
      this.listeners.add(listener);
    });
  }

  private hear(topic: string, payload: Buffer): void {
    const atMs = wallMs();
    const found = findTopic(topic.slice(this.root.length + 1));
    if (found === null || payload.length === 0) return;
    const heard = { name: found.name, levels: found.levels, doc: JSON.parse(payload.toString('utf8')) as Readonly<Record<string, unknown>>, atMs };
    this.docs.set(topic, heard);
    for (const listener of this.listeners) listener(heard);
  }
}
