/** What Debian's default mosquitto does to our data when it stops: the tests of other parts rest on it. */
import { describe, expect, it } from 'vitest';
import { TestClient, transportTo } from '../kit/conformance-brokers.ts';
import { haveMosquitto, startMosquitto } from '../kit/mosquitto.ts';

describe.skipIf(!haveMosquitto())('mosquitto with the default configuration of Debian', () => {
  it('keeps retained messages through a restart, and loses them to a kill -9', async () => {
    const mosquitto = await startMosquitto();
    try {
      const retained = async (): Promise<readonly string[]> => {
        const reader = await TestClient.connect(transportTo(mosquitto.url), { clientId: 'reader' });
        await reader.link.subscribe(['#']);
        await reader.link.publish('fence', 'fence', { retain: false });
        await reader.until('fence');
        await reader.link.close();
        return reader.texts.slice(0, -1);
      };
      const writer = await TestClient.connect(transportTo(mosquitto.url), { clientId: 'writer' });
      await writer.link.publish('a', 'saved', { retain: true });
      await mosquitto.restart();
      expect(await writer.closed()).toBeInstanceOf(Error);
      expect(await retained()).toEqual(['saved']);
      const again = await TestClient.connect(transportTo(mosquitto.url), { clientId: 'writer' });
      await again.link.publish('b', 'not saved', { retain: true });
      await mosquitto.kill9();
      await mosquitto.restart();
      expect(await retained()).toEqual(['saved']);
    } finally {
      await mosquitto.stop();
    }
  });
});
