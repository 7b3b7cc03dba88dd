/**
 * The load of throughput: prepares events of some nodes, and publishes them when told, as fast as the broker takes them.
 * Over IPC: an order to prepare, answered with `prepared`; then the root to publish under, answered with `published`.
 */
import { connect } from 'node:net';
import { MqttClient } from 'mqtt';
import { topics } from '../../contracts/topics.ts';
import { type Load, loadEvents } from '../load.ts';

export type PublisherOrder = { readonly url: string } | { readonly prepare: Load } | { readonly publishUnder: string };

/** As bus/mqtt-link.ts: what may be on its way at once. */
const windowMax = 1_000;

let client: MqttClient | null = null;
let prepared: readonly (readonly [topic: string, payload: string])[] = [];

process.once('disconnect', () => process.exit(0));
process.on('message', (order: PublisherOrder) => {
  if ('url' in order) open(order.url);
  else if ('prepare' in order) {
    prepared = loadEvents(order.prepare).map((event) => [topics.events.build({ node: event.node }), JSON.stringify(event)]);
    process.send?.('prepared');
  } else publish(order.publishUnder);
});

function open(url: string): void {
  const { hostname, port } = new URL(url);
  client = new MqttClient(() => connect({ host: hostname, port: Number(port), noDelay: true }), {
    clientId: `bench-publisher-${process.pid}`,
    protocolVersion: 4,
    reconnectPeriod: 0,
  });
  client.once('connect', () => process.send?.('connected'));
}

function publish(root: string): void {
  let next = 0;
  let acknowledged = 0;
  const onAcknowledged = (): void => {
    acknowledged += 1;
    if (acknowledged === prepared.length) process.send?.('published');
    else pump();
  };
  const pump = (): void => {
    for (let message = prepared[next]; message !== undefined && next - acknowledged < windowMax; message = prepared[next]) {
      next += 1;
      client?.publish(`${root}/${message[0]}`, message[1], { qos: 1 }, onAcknowledged);
    }
  };
  pump();
}
