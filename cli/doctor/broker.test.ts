import { afterEach, describe, expect, it } from 'vitest';
import { type Clock, systemClock } from '../../bus/clock.ts';
import type { Link, Transport } from '../../bus/link.ts';
import { MemoryBroker } from '../../bus/memory-broker.ts';
import { ConnectionRefusedError } from '../../bus/mqtt-link.ts';
import { type BrokerAsked, type BrokerPorts, checkBroker } from './broker.ts';

const asked: BrokerAsked = {
  url: 'mqtt://broker.example.org:1883',
  host: 'broker.example.org',
  port: 1883,
  shown: 'mqtt://broker.example.org:1883',
  login: 'anna',
  password: undefined,
  topicRoot: 'homelab',
  isDefault: false,
};
/** Deadlines pass at once: whatever hangs has hung long enough. */
const impatient: Clock = { ...systemClock, setTimeout: (fn) => setTimeout(fn, 20) };
const never = <T>(): Promise<T> => new Promise<T>(() => undefined);

let broker = new MemoryBroker();
let nonces = 0;
const ports = (over: Partial<BrokerPorts> = {}): BrokerPorts => ({
  resolve: () => Promise.resolve('192.0.2.10'),
  reach: () => Promise.resolve(),
  certificate: () => Promise.reject(new Error('no TLS')),
  transport: () => broker.transport(),
  clock: systemClock,
  nonce: () => {
    nonces += 1;
    return `nonce-${nonces}`;
  },
  ...over,
});
/** The same broker, with something done to each link. */
const spoilt = (spoil: (link: Link) => Link): Transport => ({
  description: 'spoilt',
  connect: async (options, handlers) => spoil(await broker.transport().connect(options, handlers)),
});
const levels = async (over: Partial<BrokerPorts>, about: BrokerAsked = asked): Promise<readonly string[]> =>
  (await checkBroker(ports(over), about)).map(({ name, level }) => `${name}: ${level}`);

afterEach(() => {
  broker = new MemoryBroker();
});

describe('a broker', () => {
  it('passes every step, and no probe is left behind', async () => {
    expect(await levels({})).toEqual(['broker name: ok', 'broker connection: ok', 'broker round trip: ok', 'broker retained: ok']);
    expect(broker.retainedTopics).toEqual(new Map());
  });

  it('whose name nobody knows is not asked any further', async () => {
    const found = await checkBroker(ports({ resolve: () => Promise.reject(new Error('getaddrinfo ENOTFOUND')) }), asked);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ name: 'broker name', level: 'error', mend: expect.stringContaining('getent hosts broker.example.org') });
  });

  it('whose name server hangs costs its deadline only', async () => {
    expect(await levels({ resolve: never, clock: impatient })).toEqual(['broker name: error']);
  });

  it.each([
    ['named by nobody', true, 'homelab up'],
    ['named by HOMELAB_BROKER_URL', false, 'nc -vz broker.example.org 1883'],
  ])('that is not there, %s, is mended by its own command', async (_, isDefault, mend) => {
    const found = await checkBroker(ports({ reach: () => Promise.reject(new Error('connect ECONNREFUSED')) }), { ...asked, isDefault });
    expect(found.at(-1)).toMatchObject({ name: 'broker connection', level: 'error', mend: expect.stringContaining(mend) });
  });

  it('behind a firewall that swallows packets costs its deadline only', async () => {
    expect(await levels({ reach: never, clock: impatient })).toEqual(['broker name: ok', 'broker connection: error']);
  });

  it.each([
    [5, undefined, 'no password is known for anna', 'HOMELAB_CREDENTIALS'],
    [4, 'wrong', 'the password of anna is wrong', 'HOMELAB_CREDENTIALS'],
    [1, undefined, 'refuses MQTT 3.1.1', 'restart mosquitto'],
  ])('that refuses with code %i says why', async (code, password, means, mend) => {
    const refusing: Transport = { description: '', connect: () => Promise.reject(new ConnectionRefusedError('mqtt://x', 'Not authorized', code)) };
    const found = await checkBroker(ports({ transport: () => refusing }), { ...asked, password });
    expect(found.at(-1)).toMatchObject({
      name: 'broker connection',
      level: 'error',
      means: expect.stringContaining(means),
      mend: expect.stringContaining(mend),
    });
  });

  it('that takes messages and delivers none fails the round trip', async () => {
    const deaf = spoilt((link) => ({ ...bound(link), publish: () => Promise.resolve() }));
    const found = await checkBroker(ports({ transport: () => deaf, clock: impatient }), asked);
    expect(found.at(-1)).toMatchObject({ name: 'broker round trip', level: 'error', mend: expect.stringContaining('pattern readwrite homelab/probes/%u') });
  });

  it('that keeps no documents fails the last step', async () => {
    const forgetful = spoilt((link) => ({ ...bound(link), publish: (topic, payload) => link.publish(topic, payload, { retain: false }) }));
    const found = await checkBroker(ports({ transport: () => forgetful }), asked);
    expect(found.at(-1)).toMatchObject({ name: 'broker retained', level: 'error', found: 'a retained document is not kept' });
  });

  it('that does not let go of documents fails the last step, and its will tries once more', async () => {
    const clinging = spoilt((link) => ({
      ...bound(link),
      publish: (topic, payload, options) => (payload === '' ? Promise.resolve() : link.publish(topic, payload, options)),
    }));
    const found = await checkBroker(ports({ transport: () => clinging }), asked);
    expect(found.at(-1)).toMatchObject({ level: 'error', found: 'a retained document cannot be cleared', mend: expect.stringContaining('mosquitto_pub') });
    expect(broker.retainedTopics.size).toBe(0);
  });

  it('that breaks off while the probe is retained is rid of it by the will', async () => {
    const cut = spoilt((link) => ({
      ...bound(link),
      publish: async (topic, payload, options) => {
        await link.publish(topic, payload, options);
        if (options.retain && payload !== '') await link.close({ abrupt: true });
      },
    }));
    expect(await levels({ transport: () => cut, clock: impatient })).toContain('broker retained: error');
    expect(broker.retainedTopics.size).toBe(0);
  });
});

const bound = (link: Link): Link => ({
  publish: (...all) => link.publish(...all),
  subscribe: (filters) => link.subscribe(filters),
  unsubscribe: (filters) => link.unsubscribe(filters),
  close: (options) => link.close(options),
});
