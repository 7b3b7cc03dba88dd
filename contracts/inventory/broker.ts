/** The broker of a site, as inventory/topology.yaml declares it: where it takes connections, plain and with TLS, over TCP and over WebSocket. */
import { z } from 'zod';
import { DeclaredNodeName, DeclaredServiceName, Port } from './words.ts';

/** Interface names of Linux have at most 15 characters. */
const ListenAddress = z
  .string()
  .regex(/^(loopback|everywhere|\d{1,3}(\.\d{1,3}){3}|[a-z][a-z0-9._-]{0,14})$/, 'expected loopback, everywhere, an IPv4 address or the name of an interface')
  .meta({ title: 'loopback, everywhere, address or interface', examples: ['loopback', 'tailscale0'] });

/** A line of mosquitto.conf ends at its end, and begins a comment with #. */
const BrokerFile = z
  .string()
  .regex(/^[^\s#:]+$/, 'expected a file name, or a path from /, without spaces')
  .meta({ title: 'file name or absolute path', examples: ['server.pem'] });

/** As it stands behind mqtts://. */
const ClientHost = z
  .string()
  .regex(
    /^([a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*|[0-9a-f]*:[0-9a-f:.]+)$/,
    'expected a host name in lower case, or an address, as clients write it behind mqtts://',
  )
  .meta({ title: 'host name or address', examples: ['vps.example.org', '192.0.2.1'] });

const Tls = z
  .strictObject({
    port: Port.default(8883).describe('MQTT over TLS'),
    websocket_port: Port.optional().describe('MQTT over WebSocket with TLS (`wss://`); absent: none'),
    standby_port: Port.optional().describe('where the standby opens with TLS when the broker itself is down; absent: nowhere'),
    listen: z
      .array(ListenAddress)
      .min(1)
      .default(['everywhere'])
      .describe('from where its machine takes connections with TLS; anything but `loopback` needs inventory/access.yaml')
      .meta({ examples: [['everywhere']] }),
    names: z
      .array(ClientHost)
      .min(1)
      .optional()
      .describe('what clients call it, as `homelab creds certificate` was told; absent: not known, and no address is held against it')
      .meta({ examples: [['vps', 'vps.example.org']] }),
    certificate: BrokerFile.optional().describe(
      'certificate (PEM) with those that signed it behind it, as the broker sees it: a path, or a name beside its password file; absent: `server.pem`',
    ),
    key: BrokerFile.optional().describe('its key (PEM); absent: `server-key.pem`'),
  })
  .refine(({ certificate, key }) => (certificate === undefined) === (key === undefined), {
    message: 'expected both, `certificate` and `key`, or neither: then they are server.pem and server-key.pem',
  });

export const Broker = z
  .strictObject({
    node: DeclaredNodeName.describe('node on which the broker of this site runs'),
    service: DeclaredServiceName.default('mosquitto').describe('its service there'),
    port: Port.default(1883).describe('MQTT over TCP, without TLS'),
    websocket_port: Port.optional().describe('MQTT over WebSocket (`ws://`), without TLS; absent: none'),
    standby_port: Port.optional().describe('where the standby listener opens when the broker itself is down; absent: none'),
    listen: z
      .array(ListenAddress)
      .default(['loopback'])
      .describe('from where its machine takes connections without TLS; anything but `loopback` needs inventory/access.yaml; empty: from nowhere, TLS only')
      .meta({ examples: [['loopback', 'tailscale0']] }),
    tls: Tls.optional().describe('where it listens with TLS; absent: nowhere'),
    anonymous_on_loopback: z.boolean().default(false).describe('true: whoever is on its machine may read without a login; nobody else ever may'),
  })
  .refine(({ listen, tls }) => listen.length > 0 || tls !== undefined, {
    message: 'expected an address, or `tls` beside it: nobody could connect',
    path: ['listen'],
  })
  .refine(({ listen, websocket_port: port }) => listen.length > 0 || port === undefined, {
    message: 'expected `tls.websocket_port` instead: `listen` is empty, so that nothing is without TLS',
    path: ['websocket_port'],
  });
export type Broker = z.infer<typeof Broker>;

export interface BrokerDoor {
  readonly scheme: 'mqtt' | 'mqtts' | 'ws' | 'wss';
  readonly port: number;
  readonly listen: readonly string[];
  /** Below `broker`: where the port is said. */
  readonly path: readonly string[];
}

/** Where it takes connections, TCP before WebSocket. Without the standby, which is another program's. */
export function doorsOf({ port, websocket_port: webSocketPort, listen, tls }: Broker): readonly BrokerDoor[] {
  return [
    ...(listen.length === 0 ? [] : [{ scheme: 'mqtt', port, listen, path: ['port'] } as const]),
    ...(tls === undefined ? [] : [{ scheme: 'mqtts', port: tls.port, listen: tls.listen, path: ['tls', 'port'] } as const]),
    ...(listen.length === 0 || webSocketPort === undefined ? [] : [{ scheme: 'ws', port: webSocketPort, listen, path: ['websocket_port'] } as const]),
    ...(tls?.websocket_port === undefined ? [] : [{ scheme: 'wss', port: tls.websocket_port, listen: tls.listen, path: ['tls', 'websocket_port'] } as const]),
  ];
}
