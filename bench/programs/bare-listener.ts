/**
 * What listening costs by itself: `bare-listener.mjs <broker url> <filter>…` subscribes as an actor does, and drops what comes. Says
 * `ready`; ends at SIGTERM.
 */
import { connect } from 'node:net';
import { MqttClient } from 'mqtt';

const [url = '', ...filters] = process.argv.slice(2);
const { hostname, port } = new URL(url);

const client = new MqttClient(() => connect({ host: hostname, port: Number(port), noDelay: true }), {
  clientId: `bare-listener-${process.pid}`,
  keepalive: 30,
  protocolVersion: 4,
  reconnectPeriod: 0,
});
client.on('message', () => undefined);
client.subscribe(filters, { qos: 0 }, (error) => {
  if (error) throw error;
  process.stdout.write('ready\n');
});
