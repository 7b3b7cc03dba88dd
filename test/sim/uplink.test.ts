import { describe, expect, it } from 'vitest';
import type { Link } from '../../bus/link.ts';
import { MemoryBroker } from '../../bus/memory-broker.ts';
import { Random } from '../kit/random.ts';
import { StepClock } from '../kit/step-clock.ts';
import { SimUplink } from './uplink.ts';

const keepaliveS = 55;
/** Within it the broker has given a silent client up: 1.5 times the keep-alive, and a sweep. */
const givenUpMs = 90_000;
const will = { topic: 'links/chelsty', payload: 'down' };

class Rig {
  readonly clock = new StepClock();
  readonly broker = new MemoryBroker({ clock: this.clock });
  readonly uplink = new SimUplink({ clock: this.clock, random: new Random(3), far: this.broker.transport() });
  readonly heard: string[] = [];
  link: Link | null = null;
  isClosed = false;

  async connect(): Promise<this> {
    const handlers = {
      onMessage: ({ payload }: { readonly payload: Buffer }) => void this.heard.push(payload.toString()),
      onClose: () => {
        this.isClosed = true;
      },
    };
    const options = { clientId: 'bridge', clean: true, keepaliveS, connectTimeoutMs: 10_000, will };
    this.uplink
      .transport()
      .connect(options, handlers)
      .then(
        (link) => {
          this.link = link;
        },
        () => undefined,
      );
    await this.clock.run(20_000);
    return this;
  }

  say(text: string): void {
    this.link?.publish('events/chelsty', text, { retain: true }).catch(() => undefined);
  }

  at(topic: string): string | undefined {
    return this.broker.retainedTopics.get(topic);
  }
}

describe('a simulated uplink', () => {
  it('holds up what is sent while nothing passes, and brings it once it works, if both ends still hold the connection', async () => {
    const rig = await new Rig().connect();
    rig.uplink.cut('silent');
    rig.say('held up');
    await rig.clock.run(10_000);
    expect(rig.at('events/chelsty')).toBeUndefined();
    rig.uplink.mend();
    await rig.clock.run(10_000);
    expect(rig.at('events/chelsty')).toBe('held up');
    expect(rig.isClosed).toBe(false);
  });

  it.each(['silent', 'to-hub'] as const)('is given up by the broker, with the will, when nothing comes for one and a half keep-alives (%s)', async (how) => {
    const rig = await new Rig().connect();
    rig.uplink.cut(how);
    await rig.clock.run(20_000);
    expect(rig.at(will.topic)).toBeUndefined();
    await rig.clock.run(givenUpMs);
    expect(rig.at(will.topic)).toBe(will.payload);
    expect(rig.isClosed).toBe(how === 'to-hub');
  });

  it('brings nothing back while only the way to the site is dead, and the broker hears all', async () => {
    const rig = await new Rig().connect();
    rig.uplink.cut('to-site');
    rig.say('one way');
    await rig.clock.run(givenUpMs);
    expect(rig.at('events/chelsty')).toBe('one way');
    expect(rig.at(will.topic)).toBeUndefined();
  });

  it('tells both ends at once of a clean close, and takes nobody until it works', async () => {
    const rig = await new Rig().connect();
    rig.uplink.cut('refused');
    await rig.clock.run(1_000);
    expect([rig.isClosed, rig.at(will.topic)]).toEqual([true, will.payload]);
    rig.link = null;
    expect((await rig.connect()).link).toBeNull();
    rig.uplink.mend();
    expect((await rig.connect()).link).not.toBeNull();
  });

  it('leaves the broker waiting when the machine at this end loses its power', async () => {
    const rig = await new Rig().connect();
    rig.uplink.forsake();
    await rig.clock.run(20_000);
    expect(rig.at(will.topic)).toBeUndefined();
    await rig.clock.run(givenUpMs);
    expect(rig.at(will.topic)).toBe(will.payload);
  });
});
