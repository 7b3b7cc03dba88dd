/** Words that several files of the declared homelab share: names, exposure, references, paths. */
import { z } from 'zod';
import { levelPattern, ServiceName, SiteName } from '../common.ts';

/** Node directories: a topic level in lower case. `site-<site>` is reserved for the troubles of a site itself. */
export const isNodeDirectoryName = (name: string): boolean => levelPattern.test(name) && name === name.toLowerCase() && !name.startsWith('site-');

export const DeclaredNodeName = z
  .string()
  .refine(isNodeDirectoryName, 'a node name: lower case, no / + # or spaces, at most 128 characters, not beginning with "site-"')
  .meta({ title: 'node name', examples: ['vps', 'chelsty-infra'] });

export const DeclaredSiteName = SiteName.regex(/^[a-z0-9-]+$/, 'a site name: lower case letters, digits and -').meta({
  title: 'site name',
  examples: ['hub', 'chelsty'],
});

/** Also the name of the directory in services/, of the container and of its topics. */
export const DeclaredServiceName = ServiceName.regex(
  /^[a-z0-9][a-z0-9_.-]*$/,
  'a service name: lower case letters, digits, - _ . and first a letter or digit',
).meta({
  title: 'service name',
  examples: ['mosquitto', 'node-agent'],
});

export const exposures = ['local-only', 'tailscale-internal', 'public'] as const;
/** `private` is the older word for `tailscale-internal`; it is accepted and reported. */
export const olderExposure = { word: 'private', means: 'tailscale-internal' } as const;
export const Exposure = z
  .enum([...exposures, olderExposure.word])
  .describe('who can reach it: this machine or its LAN, the mesh, or everybody; the older word `private` is accepted and reported')
  .meta({ examples: ['tailscale-internal'] });

/** `<node>/<service>`. */
const RemoteServiceReference = z
  .string()
  .regex(/^[a-z0-9][a-z0-9-]*\/[a-z0-9][a-z0-9_.-]*$/, 'expected <node>/<service>')
  .meta({ title: '<node>/<service>', examples: ['vps/mosquitto'] });

/** A dependency outside this node: another node's service, or the address of something that is not part of the homelab. */
export const ExternalDependency = z
  .union(
    [RemoteServiceReference, z.url({ protocol: /^(https|http|mqtts|mqtt|tcp)$/ })],
    'expected <node>/<service>, or an address such as https://api.example.org',
  )
  .meta({ title: '<node>/<service> or address', examples: ['vps/mosquitto', 'https://api.example.org'] });

export const AbsolutePath = z
  .string()
  .regex(/^\/[^\s:]*$/, 'an absolute path without spaces or colons')
  .meta({ title: 'absolute path', examples: ['/opt/homelab/data/mosquitto'] });

export const Port = z
  .int()
  .min(1, 'a port, 1 to 65535')
  .max(65_535, 'a port, 1 to 65535')
  .meta({ title: 'port', examples: [1883] });
export const PortProtocol = z.enum(['tcp', 'udp']).default('tcp').describe('transport');

/** Wall-clock time of a day, 24 hours. */
export const TimeOfDay = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time of day in quotes, such as "03:30"')
  .meta({ title: 'time of day', examples: ['03:30'] });

/** Whether the machine knows this IANA time zone. */
function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
export const TimeZone = z
  .string()
  .refine(isTimeZone, 'an IANA time zone such as Europe/Warsaw')
  .meta({ title: 'time zone', examples: ['Europe/Warsaw'] });
