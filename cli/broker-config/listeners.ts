/**
 * The listeners of a site's broker for mosquitto 2.0.11 and later, and who gets in: once for all of them, or with each where one lets
 * people in without a login. Pure.
 *
 * WebSocket is another program's inside of mosquitto (libwebsockets 4.1 in Debian 12), with rules of its own; they were looked at with `ss`.
 */
import type { BrokerDoor } from '../../contracts/inventory/broker.ts';
import type { BrokerPaths } from './mosquitto-conf.ts';
import type { SiteBroker } from './site-broker.ts';

/** Of all listeners together: that many stay below the 1,024 open files that a service may have. */
const connectionsMaxOfAll = 800;
/** Of one: a site of ten nodes makes 120, two for each actor. */
const connectionsMaxOfOne = 400;

interface Listener {
  readonly door: BrokerDoor;
  /** `loopback`, `everywhere`, an address or an interface. */
  readonly address: string;
}

export function listenersOf(broker: SiteBroker, paths: BrokerPaths): readonly (readonly string[])[] {
  const all = broker.doors.flatMap((door) => door.listen.map((address): Listener => ({ door, address })));
  const connectionsMax = Math.min(connectionsMaxOfOne, Math.floor(connectionsMaxOfAll / all.length));
  const blocks = all.map((listener) => [...linesOf(broker, paths, listener), `max_connections ${connectionsMax}`]);
  const head = broker.tls === null ? [] : [certificateNote(broker)];
  if (broker.anonymous === null) return [...head, ...blocks, ['# Nobody without a login.', ...logins(paths, false)]];
  return [
    ...head,
    ['# Who gets in is said for each listener: on this machine people may read without a login.', 'per_listener_settings true'],
    ...blocks.map((lines, at) => [...lines, ...logins(paths, isOpen(all[at]))]),
  ];
}

/** Not over WebSocket: mosquitto does not look where a web page comes from, so that any of them could read here through the browser of a person. */
const isOpen = (listener: Listener | undefined): boolean => listener?.address === 'loopback' && !isWebSocket(listener.door);

const logins = (paths: BrokerPaths, allowAnonymous: boolean): readonly string[] => [
  `allow_anonymous ${allowAnonymous}`,
  `password_file ${paths.passwords}`,
  `acl_file ${paths.acl}`,
];

function certificateNote({ tls, doors }: SiteBroker): readonly string[] {
  const names = tls?.names ?? [];
  const port = doors.find(({ scheme }) => scheme === 'mqtts')?.port;
  return [
    `# TLS: \`homelab creds certificate ${names.length === 0 ? '<host…>' : names.join(' ')}\` makes both files; only the user of mosquitto may read the key. A new one counts after`,
    `# a restart. Clients: HOMELAB_BROKER_URL=mqtts://${names[0] ?? '<host>'}:${port}, and HOMELAB_BROKER_CA=<the ca.pem of \`homelab creds ca\`>.`,
  ];
}

function linesOf({ tls }: SiteBroker, paths: BrokerPaths, { door, address }: Listener): readonly string[] {
  const from = isWebSocket(door) ? webSocketAddress(door, address) : tcpAddress(door, address);
  const secured =
    tls !== null && (door.scheme === 'mqtts' || door.scheme === 'wss')
      ? [`certfile ${pathOf(paths, tls.certificate)}`, `keyfile ${pathOf(paths, tls.key)}`]
      : [];
  return [`# ${titles[door.scheme]}: ${whereFrom(address)}`, ...from, ...secured];
}

const titles: Readonly<Record<BrokerDoor['scheme'], string>> = {
  mqtt: 'MQTT in clear',
  mqtts: 'MQTT over TLS',
  ws: 'MQTT over WebSocket, in clear',
  wss: 'MQTT over WebSocket with TLS',
};
const isWebSocket = ({ scheme }: BrokerDoor): boolean => scheme === 'ws' || scheme === 'wss';
const pathOf = ({ tls }: BrokerPaths, file: string): string => (file.startsWith('/') ? file : `${tls}${file}`);
const isAddress = (text: string): boolean => /^[\d.]+$/.test(text);

function whereFrom(address: string): string {
  if (address === 'loopback') return 'this machine.';
  if (address === 'everywhere') return 'every network that this machine is in.';
  return isAddress(address)
    ? `${address}.`
    : `the interface ${address}. The broker does not start while it is down; whatever starts it again does so until it is up.`;
}

function tcpAddress({ port }: BrokerDoor, address: string): readonly string[] {
  if (address === 'everywhere') return [`listener ${port}`];
  if (address === 'loopback') return [`listener ${port} 127.0.0.1`];
  return isAddress(address) ? [`listener ${port} ${address}`] : [`listener ${port}`, `bind_interface ${address}`];
}

/**
 * Without `socket_domain ipv4` the address is passed over and every network gets in (mosquitto issues 2085 and 3045); `bind_interface` is
 * passed over with it too, and an interface is named where an address would stand.
 */
function webSocketAddress({ port }: BrokerDoor, address: string): readonly string[] {
  const said = address === 'loopback' ? '127.0.0.1' : address;
  return address === 'everywhere'
    ? [`listener ${port}`, 'protocol websockets']
    : [`listener ${port} ${said}`, '# Without this line the address is passed over, and every network gets in.', 'socket_domain ipv4', 'protocol websockets'];
}
