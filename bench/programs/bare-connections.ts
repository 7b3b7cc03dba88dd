/**
 * What the connections of a node cost by themselves: `bare-connections.mjs <broker url> <engine socket> <connections>` holds
 * that many MQTT.js connections and dockerode's event stream, and does nothing. Says `ready`; ends at SIGTERM.
 */
import { connect } from 'node:net';
import Docker from 'dockerode';
import { MqttClient } from 'mqtt';

const [url = '', socketPath = '', count = '1'] = process.argv.slice(2);
const { hostname, port } = new URL(url);

const clients = Array.from({ length: Number(count) }, (_, at) => {
  const stream = () => connect({ host: hostname, port: Number(port), noDelay: true });
  return new MqttClient(stream, { clientId: `bare-${process.pid}-${at}`, keepalive: 30, protocolVersion: 4, reconnectPeriod: 0 });
});
const connected = Promise.all(clients.map((client) => new Promise<void>((resolve) => client.once('connect', () => resolve()))));
const docker = new Docker({ socketPath });
const events = await docker.getEvents({ filters: { type: ['container'] } });
events.resume();
await docker.listContainers({ all: true });
await connected;
process.stdout.write('ready\n');
