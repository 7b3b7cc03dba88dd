/** `homelab doctor` about clients of MQTT 5, as Home Assistant is one as it comes: at the built-in broker, and at mosquitto, which takes them. */
import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { startBroker } from '../../bus/broker.ts';
import { systemClock } from '../../bus/clock.ts';
import { silentLog } from '../../bus/log.ts';
import { createMqttTransport } from '../../bus/mqtt-link.ts';
import type { BrokerAsked } from '../../cli/doctor/broker.ts';
import { checkMqtt5, readMqtt5 } from '../../cli/doctor/mqtt5.ts';
import { packet } from '../kit/broker-fuzz-inputs.ts';
import { haveMosquitto, startMosquitto } from '../kit/mosquitto.ts';
import { RawClient } from '../kit/raw-client.ts';

const ports = { transport: (url: string) => createMqttTransport({ urls: [url], log: silentLog }), nonce: () => randomUUID(), clock: systemClock };
const asked = (port: number): BrokerAsked => {
  const at = { url: `mqtt://127.0.0.1:${port}`, host: '127.0.0.1', port, shown: `mqtt://127.0.0.1:${port}` };
  return { ...at, login: 'anna', password: undefined, topicRoot: 'homelab', isDefault: true };
};
const findings = async (port: number) => checkMqtt5(await readMqtt5(ports, asked(port)));

const text = (value: string): Buffer => Buffer.from([0, value.length, ...Buffer.from(value)]);
/** CONNECT of MQTT 5: protocol level 5, clean start, keep alive, no properties. */
const versionFive = packet(0x10, text('MQTT'), Buffer.from([5, 2, 0, 30, 0]), text('3kVwGo\u001b[31m'));

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0)) await end();
});

describe('the line about clients of MQTT 5', () => {
  it('says how to set Home Assistant, once the built-in broker has refused one', async () => {
    const broker = await startBroker({ host: '127.0.0.1', dataDir: null, port: 0, log: silentLog });
    ends.push(() => broker.close());
    expect(await findings(broker.port)).toMatchObject([{ level: 'ok', mend: null }]);
    for (let times = 0; times < 2; times += 1) {
      const raw = await RawClient.open(broker.port);
      raw.socket.write(versionFive);
      await raw.closed();
    }
    const [line, ...others] = await findings(broker.port);
    expect(others).toEqual([]);
    expect(line).toMatchObject({ level: 'warning', found: '2 connections refused since the broker started, the last one of 3kVwGo??31m from 127.0.0.1' });
    expect(line?.mend).toMatch(/^# .*Home Assistant: .*MQTT protocol: 3\.1\.1$/);
  });

  it.skipIf(!haveMosquitto())('is not there with mosquitto, which takes them', async () => {
    const mosquitto = await startMosquitto();
    ends.push(() => mosquitto.stop());
    expect(await findings(mosquitto.port)).toEqual([]);
  });
});
