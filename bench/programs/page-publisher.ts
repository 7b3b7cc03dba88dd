/**
 * The homelab of the figure `page`: `page-publisher.mjs <broker url> <root> <services>` publishes so many healthy services and
 * everything around them, retained, and says `ready`. Then, as told over IPC, makes one service worse or well again, or repeats what grows
 * old. Answers each order with when it began to publish. Ends when its parent does.
 */
import { connect } from 'node:net';
import { MqttClient } from 'mqtt';
import { topics } from '../../contracts/topics.ts';
import { pageWorld } from '../../test/kit/page-world.ts';

/** What pageWorld has without more of them. */
const ownServices = 30;

export type PagePublisherOrder = { readonly flip: { readonly node: string; readonly service: string; readonly isWell: boolean } } | { readonly refresh: true };
export interface PagePublisherAnswer {
  /** By the clock of the machine, milliseconds; `ready` when everything is there. */
  readonly did: 'ready' | 'published';
  readonly atMs: number;
}

const [url = '', root = '', services = ''] = process.argv.slice(2);
const { hostname, port } = new URL(url);
const tree = pageWorld({ nowMs: Date.now(), isWell: true, extraServices: Number(services) - ownServices });
const client = new MqttClient(() => connect({ host: hostname, port: Number(port), noDelay: true }), {
  clientId: `page-publisher-${process.pid}`,
  protocolVersion: 4,
  reconnectPeriod: 0,
});
/** Who reads drops what is not newer than what it has. */
let rev = 10;
const publish = (topic: string, doc: object): Promise<unknown> => {
  rev += 1;
  return client.publishAsync(`${root}/${topic}`, JSON.stringify({ ...tree.get(topic), ...doc, rev, ts: new Date().toISOString() }), { qos: 1, retain: true });
};
const answer = (did: PagePublisherAnswer['did'], atMs: number): void => {
  process.send?.({ did, atMs } satisfies PagePublisherAnswer);
};

process.once('disconnect', () => process.exit(0));
process.on('message', (order: PagePublisherOrder) => {
  const atMs = Date.now();
  obey(order).then(
    () => answer('published', atMs),
    (error: unknown) => {
      throw error;
    },
  );
});

async function obey(order: PagePublisherOrder): Promise<void> {
  const now = new Date().toISOString();
  if ('refresh' in order) {
    await publish(topics.site.build({ site: 'hub' }), { last_update: now });
    await publish(topics.link.build({ site: 'chelsty' }), {});
    return;
  }
  const { node, service, isWell } = order.flip;
  const status = isWell ? 'healthy' : 'unhealthy';
  const reason = isWell ? 'running' : 'health_check_failed';
  await publish(topics.worldService.build({ node, service }), { status, reason, summary: `${service} on ${node} is ${status}`, since: now, last_update: now });
}

client.once('connect', () => {
  Promise.all([...tree].map(([topic]) => publish(topic, {}))).then(
    () => answer('ready', Date.now()),
    (error: unknown) => {
      throw error;
    },
  );
});
