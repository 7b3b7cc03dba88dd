/** The connection that forwards payloads unread, on real brokers: reading a subtree back, giving it up, and a broker that goes. */
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../bus/clock.ts';
import { silentLog } from '../../bus/log.ts';
import { RawConnection, type RawLink, type RawMessage } from '../../bus/raw-connection.ts';
import { TestClient } from '../kit/conformance-brokers.ts';
import { type RestartableBroker, restartableBrokers } from '../kit/restartable-brokers.ts';
import { waitFor } from '../kit/wait.ts';

describe.each(restartableBrokers)('on $name', ({ available, start }) => {
  const stops: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  });

  async function connected(broker: RestartableBroker): Promise<{ links: RawLink[]; heard: RawMessage[]; said: string[]; link: () => RawLink }> {
    const links: RawLink[] = [];
    const heard: RawMessage[] = [];
    const said: string[] = [];
    const raw = new RawConnection({
      ...{ transport: broker.transport, clock: systemClock, log: silentLog, random: () => -0.4, root: 'homelab', keepaliveS: 57 },
      identity: { clientId: 'homelab-bridge-chelsty-infra-far', username: 'bridge-chelsty-infra' },
      will: () => ({ topic: 'links/chelsty', payload: `down after ${links.length}` }),
      handlers: {
        onUp: (link) => {
          links.push(link);
          said.push('up');
        },
        onDown: () => said.push('down'),
        onMessage: (message) => heard.push(message),
      },
    });
    raw.start();
    stops.push(() => raw.stop());
    await waitFor('the connection', () => links.length > 0);
    return { links, heard, said, link: () => links.at(-1) ?? expect.unreachable('no link') };
  }

  it.skipIf(!available)('reads everything retained back behind a fence, gives the filters up, and forwards bytes as they are', async () => {
    const broker = await start();
    stops.push(() => broker.stop());
    const writer = await TestClient.connect(broker.transport, { clientId: 'writer' });
    stops.push(() => writer.link.close());
    const bytes = Buffer.from([0x00, 0xff, 0xfe, 0x7b]);
    await Promise.all(Array.from({ length: 500 }, (_, n) => writer.link.publish(`homelab/health/n${n}`, bytes, { retain: true })));
    const { link, heard } = await connected(broker);
    const subscribed = link().subscribe(['health/#']);
    await link().fence();
    await subscribed;
    expect(heard.filter(({ retained, payload }) => retained && payload.equals(bytes))).toHaveLength(500);
    await link().unsubscribe(['health/#']);
    await link().publish('health/n1', bytes, true);
    await link().publish('health/n2', '', true);
    await link().fence();
    expect(heard).toHaveLength(500);
    await link().subscribe(['health/n1', 'health/n2']);
    await link().fence();
    expect(heard.slice(500)).toEqual([{ relative: 'health/n1', payload: bytes, retained: true }]);
  });

  it.skipIf(!available)('says its will when it is dropped, and comes back by itself, also to a broker that was away', async () => {
    const broker = await start();
    stops.push(() => broker.stop());
    const { links, link, said } = await connected(broker);
    const witness = await TestClient.connect(broker.transport, { clientId: 'witness' });
    await witness.link.subscribe(['homelab/links/+']);
    await link().drop();
    await witness.until('down after 0');
    await waitFor('the second link', () => links.length === 2);
    await expect(links[0]?.fence()).rejects.toMatchObject({ name: 'LinkClosedError' });
    await link().fence();
    await broker.restart('kept');
    await waitFor('the third link', () => links.length === 3);
    await link().fence();
    expect(said).toEqual(['up', 'down', 'up', 'down', 'up']);
  });
});
