import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StepClock, settlePromises } from '../test/kit/step-clock.ts';
import type { Link, Will } from './link.ts';
import { silentLog } from './log.ts';
import { MemoryBroker } from './memory-broker.ts';
import type { Fault, Passage } from './memory-broker-connection.ts';
import { RawConnection, type RawConnectionOptions, type RawLink, type RawMessage } from './raw-connection.ts';

let clock: StepClock;
let broker: MemoryBroker;
let fault: (passage: Passage) => Fault;
const stops: (() => Promise<void>)[] = [];
beforeEach(() => {
  clock = new StepClock();
  fault = () => ({ kind: 'pass' });
  broker = new MemoryBroker({ clock, fault: (passage) => fault(passage) });
});
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop();
});

interface Started {
  readonly raw: RawConnection;
  readonly links: RawLink[];
  readonly heard: RawMessage[];
  readonly said: string[];
  link(): RawLink;
}

/** Connected, unless the broker is down. `random` makes each back-off exactly what it is before the jitter. */
async function started(options: Partial<Omit<RawConnectionOptions, 'handlers'>> & { readonly onUp?: (link: RawLink) => void } = {}): Promise<Started> {
  const links: RawLink[] = [];
  const heard: RawMessage[] = [];
  const said: string[] = [];
  const { onUp, ...rest } = options;
  const raw = new RawConnection({
    ...{ transport: broker.transport(), clock, log: silentLog, random: () => 0.5, root: 'homelab', keepaliveS: 57 },
    identity: { clientId: 'homelab-bridge-chelsty-infra-far', username: 'bridge-chelsty-infra' },
    handlers: {
      onUp: (link) => {
        said.push('up');
        links.push(link);
        onUp?.(link);
      },
      onDown: () => said.push('down'),
      onMessage: (message) => heard.push(message),
    },
    ...rest,
  });
  stops.push(() => raw.stop());
  raw.start();
  await settlePromises();
  return { raw, links, heard, said, link: () => links.at(-1) ?? expect.unreachable('not connected') };
}

async function person(clientId = 'person'): Promise<{ readonly link: Link; readonly texts: string[] }> {
  const texts: string[] = [];
  const link = await broker
    .transport()
    .connect(
      { clientId, clean: true, keepaliveS: 30, connectTimeoutMs: 1_000 },
      { onMessage: ({ payload }) => texts.push(payload.toString()), onClose: () => undefined },
    );
  return { link, texts };
}

describe('a raw connection', () => {
  it('hands topics on without the root, payloads as they are, and nothing of other roots', async () => {
    const { link } = await person();
    const bytes = Buffer.from([0xff, 0x00, 0xc3, 0x28]);
    await link.publish('homelab/health/vps', bytes, { retain: true });
    const { link: raw, heard } = await started();
    await raw().subscribe(['health/+', 'events/#']);
    for (const topic of ['homelab/events/vps', 'homelabs/events/vps', 'events/vps']) await link.publish(topic, topic, { retain: false });
    await settlePromises();
    expect(heard).toEqual([
      { relative: 'health/vps', payload: bytes, retained: true },
      { relative: 'events/vps', payload: Buffer.from('homelab/events/vps'), retained: false },
    ]);
  });

  it('publishes bytes and text under the root, retained or not as it is told, until the filters are given up', async () => {
    const { link: raw, heard } = await started();
    await raw().subscribe(['health/+']);
    await raw().publish('health/vps', Buffer.from([0xff]), true);
    await raw().publish('health/piha', 'text', false);
    await raw().unsubscribe(['health/+']);
    await raw().publish('health/solaria', 'unheard', true);
    await raw().fence();
    expect(heard.map(({ relative, payload }) => [relative, payload.toString('hex')])).toEqual([
      ['health/vps', 'ff'],
      ['health/piha', Buffer.from('text').toString('hex')],
    ]);
    expect([...broker.retainedTopics.keys()]).toEqual(['homelab/health/vps', 'homelab/health/solaria']);
  });

  it('has heard everything retained once its fence has come back, and hands no fence on', async () => {
    const { link } = await person();
    for (let n = 0; n < 200; n += 1) await link.publish(`homelab/health/n${n}`, '{}', { retain: true });
    const { link: raw, heard } = await started();
    const subscribed = raw().subscribe(['#']);
    await Promise.all([raw().fence(), raw().fence()]);
    expect(heard).toHaveLength(200);
    await subscribed;
    await link.publish('homelab/probes/bridge-chelsty-infra', '{"nonce":"of somebody else with this login"}', { retain: false });
    await raw().fence();
    expect(heard).toHaveLength(200);
  });

  it('gives a fence up that does not come back, and stays connected', async () => {
    fault = ({ topic, direction }) => (topic.includes('/probes/') && direction === 'delivery' ? { kind: 'drop' } : { kind: 'pass' });
    const { link: raw, said } = await started();
    const ends: string[] = [];
    for (const deadlineMs of [undefined, 5_000]) {
      raw()
        .fence(deadlineMs)
        .catch((error: Error) => ends.push(`${error.name} ${deadlineMs}`));
    }
    await clock.run(4_999);
    expect(ends).toEqual([]);
    await clock.run(1);
    expect(ends).toEqual(['DeadlineError 5000']);
    await clock.run(25_000);
    expect(ends).toEqual(['DeadlineError 5000', 'DeadlineError undefined']);
    expect(said).toEqual(['up']);
    fault = () => ({ kind: 'pass' });
    await raw().fence();
  });

  it('rejects what is under way when its link ends, comes back, and never speaks on the old one again', async () => {
    fault = ({ topic }) => (topic.includes('slow') || topic.includes('/probes/') ? { kind: 'delay', ms: 60_000 } : { kind: 'pass' });
    const { link: raw, said, links } = await started();
    const publishing = raw().publish('slow', 'x', false);
    const fencing = raw().fence();
    const subscribing = raw().subscribe(['events/#']);
    broker.disconnect('homelab-bridge-chelsty-infra-far');
    for (const each of [publishing, fencing, subscribing]) await expect(each).rejects.toMatchObject({ name: 'LinkClosedError' });
    expect(said).toEqual(['up', 'down']);
    await clock.run(250);
    expect(said).toEqual(['up', 'down', 'up']);
    fault = () => ({ kind: 'pass' });
    await raw().fence();
    await expect(links[0]?.publish('health/vps', 'late', true)).rejects.toMatchObject({ name: 'LinkClosedError' });
    expect(broker.retainedTopics.size).toBe(0);
  });

  it('drops a dead link at once, with its will, and makes another after the back-off', async () => {
    const { link: raw, said, heard } = await started({ will: () => ({ topic: 'links/chelsty', payload: 'down' }) });
    await raw().subscribe(['events/#']);
    fault = () => ({ kind: 'delay', ms: 600_000 });
    const unanswered = raw().publish('events/vps', 'lost', false);
    const dropped = raw().drop();
    await expect(unanswered).rejects.toMatchObject({ name: 'LinkClosedError' });
    await dropped;
    await settlePromises();
    expect(said).toEqual(['up', 'down']);
    expect([...broker.retainedTopics]).toEqual([['homelab/links/chelsty', 'down']]);
    await clock.run(249);
    expect(said).toEqual(['up', 'down']);
    await clock.run(1);
    expect(said).toEqual(['up', 'down', 'up']);
    expect(heard).toEqual([]);
  });

  it('asks for its will once per attempt, and may have none', async () => {
    const wills: (Will | null)[] = [{ topic: 'links/chelsty', payload: 'session 1' }, { topic: 'links/chelsty', payload: 'session 2' }, null];
    let asked = 0;
    broker.stop();
    const { link: raw } = await started({ will: () => Promise.resolve(wills[asked++] ?? null) });
    expect(asked).toBe(1);
    broker.start();
    await clock.run(250);
    expect(asked).toBe(2);
    await raw().drop();
    expect(broker.retainedTopics.get('homelab/links/chelsty')).toBe('session 2');
    await (await person()).link.publish('homelab/links/chelsty', '', { retain: true });
    await clock.run(500);
    expect(asked).toBe(3);
    await raw().drop();
    expect(broker.retainedTopics.size).toBe(0);
  });

  it.each([
    [undefined, [0.25, 0.5, 1, 2, 4, 8, 16, 30, 30]],
    [60_000, [0.25, 0.5, 1, 2, 4, 8, 16, 32, 60, 60]],
  ])('waits twice as long after each failure, up to %s ms', async (backoffMaxMs, seconds) => {
    const attempts: number[] = [];
    broker.stop();
    await started({
      ...(backoffMaxMs === undefined ? {} : { backoffMaxMs }),
      will: () => {
        attempts.push(clock.now());
        return null;
      },
    });
    await clock.run(seconds.reduce((sum, each) => sum + each) * 1_000);
    expect(attempts.slice(1).map((at, before) => (at - (attempts[before] ?? 0)) / 1_000)).toEqual(seconds);
  });

  it('says no will when it stops, says it when it stops abruptly, and leaves no timer behind', async () => {
    const will = (): Will => ({ topic: 'links/chelsty', payload: 'down' });
    const clean = await started({ will });
    await clean.raw.stop();
    expect([clean.said, broker.retainedTopics.size]).toEqual([['up', 'down'], 0]);
    const abrupt = await started({ will });
    await abrupt.raw.stop({ abrupt: true });
    expect(broker.retainedTopics.get('homelab/links/chelsty')).toBe('down');
    broker.stop();
    const waiting = await started({ will });
    await waiting.raw.stop();
    expect([waiting.said, clock.pending]).toEqual([[], 0]);
  });

  it('tries again when its owner throws at a link', async () => {
    let isBroken = true;
    const { said, link: raw } = await started({
      onUp: () => {
        if (isBroken) throw new Error('a bug of the owner');
      },
    });
    await settlePromises();
    expect(said).toEqual(['up', 'down']);
    isBroken = false;
    await clock.run(250);
    expect(said).toEqual(['up', 'down', 'up']);
    await raw().fence();
  });
});
