/** The files of one machine: hosts/<node>/services.yaml, node.yaml, networking.yaml, paths.yaml. */
import { z } from 'zod';
import { Level } from '../common.ts';
import { AbsolutePath, DeclaredServiceName, DeclaredSiteName, Exposure, ExternalDependency, Port, PortProtocol } from './words.ts';

/** One hour, the life of an approval: a repair that may take longer could not be agreed to. */
const secondsMax = 3600;

const deploymentModels = ['docker-compose', 'systemd', 'virtual-machine', 'external'] as const;

const DependsOn = z.strictObject({
  local: z
    .array(DeclaredServiceName)
    .default([])
    .describe('services of the same node')
    .meta({ examples: [['mosquitto']] }),
  external: z.array(ExternalDependency).default([]).describe('services of other nodes as `<node>/<service>`, or addresses outside the homelab'),
});

const RuntimePaths = z.strictObject({
  config_path: AbsolutePath.optional()
    .describe('configuration; backed by Git, may be read-only')
    .meta({ examples: ['/opt/homelab/config/mosquitto'] }),
  data_path: AbsolutePath.optional()
    .describe('what must never be lost')
    .meta({ examples: ['/opt/homelab/data/mosquitto'] }),
  logs_path: AbsolutePath.optional()
    .describe('what may be lost')
    .meta({ examples: ['/opt/homelab/logs/mosquitto'] }),
});

export const HostService = z.strictObject({
  role: z
    .string()
    .default('application')
    .describe('what it is for here, in a word')
    .meta({ examples: ['message-broker'] }),
  deployment_model: z.enum(deploymentModels).default('docker-compose').describe('how it is started; only `docker-compose` can be watched and repaired'),
  in_repository: z
    .boolean()
    .default(true)
    .describe('false: its Compose file is kept somewhere else, so there is no `services/<service>`; it is watched and restarted all the same'),
  exposure: Exposure.default('local-only'),
  offline_required: z.boolean().default(false).describe('must work while the site has no uplink: then it may need nothing from another site'),
  depends_on: DependsOn.prefault({}).describe('what it needs: their trouble explains its own, and they are restarted first'),
  runtime: RuntimePaths.prefault({}).describe('where its files are on this node'),
  monitor: z.boolean().default(true).describe('false: shown, never missing, never proposed for repair'),
  repair_risk: z.enum(['low', 'guarded']).default('low').describe('what a restart of it risks; `guarded` asks for a second, deliberate step'),
  grace_s: z
    .number()
    .nonnegative()
    .max(secondsMax)
    .optional()
    .describe('how long trouble must last before an incident; absent: 20')
    .meta({ unit: 's', examples: [60] }),
  verify_window_s: z
    .number()
    .positive()
    .max(secondsMax)
    .optional()
    .describe('how long a repair may take until healthy; absent: 120')
    .meta({ unit: 's', examples: [300] }),
});
export type HostService = z.infer<typeof HostService>;

/** hosts/<node>/services.yaml */
export const ServicesFile = z.strictObject({
  services: z
    .record(DeclaredServiceName, HostService.nullable().describe('nothing after the name means all defaults'))
    .nullable()
    .describe('what should run here, by name; empty: nothing should'),
  agents: z
    .array(Level)
    .optional()
    .describe('actors expected on this node; []: none, so no heartbeat is expected; absent: those of the process that reads this')
    .meta({ examples: [['node-agent', 'executor']] }),
  site: DeclaredSiteName.optional().describe('only where there is no inventory/topology.yaml, which decides'),
});
export type ServicesFile = z.infer<typeof ServicesFile>;

/** hosts/<node>/node.yaml */
export const NodeFile = z.strictObject({
  description: z.string().optional().describe('for people'),
  deploy_autonomy: z.boolean().default(false).describe('may be deployed to without a person at the machine'),
  git_control: z.boolean().default(false).describe('may commit to this repository'),
  ssh_user: z
    .string()
    .optional()
    .describe('login for deployment')
    .meta({ examples: ['deploy'] }),
  first_contact: z.iso
    .date()
    .optional()
    .describe('day of its first contact, in quotes')
    .meta({ examples: ['2026-06-01'] }),
  tailscale: z
    .strictObject({ hostname: Level.describe('its name in the mesh') })
    .optional()
    .describe('absent: not in the mesh'),
});
export type NodeFile = z.infer<typeof NodeFile>;

/** hosts/<node>/networking.yaml */
export const NetworkingFile = z.strictObject({
  lan: z
    .strictObject({
      subnet: z
        .cidrv4()
        .optional()
        .describe('local network')
        .meta({ examples: ['192.0.2.0/24'] }),
    })
    .optional()
    .describe('local network; absent: not said'),
  devices: z
    .record(
      DeclaredServiceName.meta({ title: 'device name', examples: ['coordinator'] }),
      z.strictObject({
        host: z
          .string()
          .describe('name or address in the local network')
          .meta({ examples: ['slzb-06u.lan'] }),
        port: Port.describe('TCP').meta({ examples: [6638] }),
        used_by: DeclaredServiceName.optional().describe('service that talks to it'),
      }),
    )
    .default({})
    .describe('devices in the local network that services need, by name'),
  reserved_ports: z
    .array(z.strictObject({ port: Port.describe('taken'), protocol: PortProtocol, by: z.string().describe('by what') }))
    .default([])
    .describe('ports of this machine that something outside of the containers listens on'),
});
export type NetworkingFile = z.infer<typeof NetworkingFile>;

/** hosts/<node>/paths.yaml */
export const PathsFile = z.strictObject({
  root: AbsolutePath.default('/opt/homelab')
    .describe('where everything of the homelab lies')
    .meta({ examples: ['/srv/homelab'] }),
  config: AbsolutePath.optional()
    .describe('absent: `<root>/config`')
    .meta({ examples: ['/srv/homelab/config'] }),
  data: AbsolutePath.optional()
    .describe('absent: `<root>/data`')
    .meta({ examples: ['/srv/homelab/data'] }),
  logs: AbsolutePath.optional()
    .describe('absent: `<root>/logs`')
    .meta({ examples: ['/srv/homelab/logs'] }),
  state: AbsolutePath.optional()
    .describe('absent: `<root>/state`')
    .meta({ examples: ['/srv/homelab/state'] }),
});
export type PathsFile = z.infer<typeof PathsFile>;
