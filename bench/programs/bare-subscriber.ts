/**
 * The reference of throughput: a bare MQTT.js subscriber that counts. Told over IPC what to subscribe to and how many
 * messages to expect; says `subscribed`, and `all` when they have come. Ends when its parent does.
 */
import { connect } from 'node:net';
import { MqttClient } from 'mqtt';

export interface SubscriberOrder {
  readonly url: string;
  readonly filter: string;
  /** Messages after which to say `all`, again and again. */
  readonly count: number;
}

process.once('disconnect', () => process.exit(0));
process.once('message', ({ url, filter, count }: SubscriberOrder) => {
  const { hostname, port } = new URL(url);
  const client = new MqttClient(() => connect({ host: hostname, port: Number(port), noDelay: true }), {
    clientId: `bare-subscriber-${process.pid}`,
    clean: false,
    protocolVersion: 4,
    reconnectPeriod: 0,
  });
  let received = 0;
  client.on('message', () => {
    received += 1;
    if (received % count === 0) process.send?.('all');
  });
  client.subscribe(filter, { qos: 1 }, () => process.send?.('subscribed'));
});
