/** inventory/topology.yaml: sites, their brokers and uplinks, and which node is where. */
import { z } from 'zod';
import { Level } from '../common.ts';
import { Broker } from './broker.ts';
import { DeclaredNodeName, DeclaredServiceName, DeclaredSiteName } from './words.ts';

const uplinkKinds = ['none', 'wired', 'lte'] as const;

const Uplink = z.strictObject({
  kind: z.enum(uplinkKinds).describe('`lte` is metered and expected to go away: its absence is not an alarm at once; `none`: the site is the hub'),
  to: DeclaredSiteName.optional().describe('site whose broker it is bridged to; absent: the site named `hub`'),
  quiet_min: z
    .number()
    .nonnegative()
    .max(1440)
    .optional()
    .describe('how long the link may be away before that is an incident: a warning for `lte`, an error for `wired`; absent: 15 for `lte`, 5 for `wired`')
    .meta({ unit: 'minutes', examples: [15] }),
});

const Site = z.strictObject({
  description: z.string().optional().describe('for people'),
  broker: Broker.describe('the MQTT broker that every actor of the site talks to'),
  uplink: Uplink.prefault({ kind: 'none' }).describe('how the site reaches the hub'),
});

const Mesh = z.strictObject({
  kind: z.enum(['tailscale', 'wireguard', 'none']).describe('what joins the nodes of different places'),
  domain: z
    .string()
    .optional()
    .describe('name suffix of nodes in the mesh')
    .meta({ examples: ['homelab.example'] }),
});

const TopologyNode = z.strictObject({
  site: DeclaredSiteName.describe('site whose broker this node talks to'),
  roles: z
    .array(Level)
    .default([])
    .describe('what it is for, in words')
    .meta({ examples: [['edge', 'ingress', 'control-plane']] }),
  location: Level.optional()
    .describe('place where it stands, shown with its alerts')
    .meta({ examples: ['ken'] }),
  aliases: z
    .array(Level)
    .default([])
    .describe('other names under which messages may call it')
    .meta({ examples: [['node-1']] }),
  services: z.array(DeclaredServiceName).optional().describe("a reader's overview; hosts/<node>/services.yaml is what counts, and a difference is reported"),
});

export const TopologyFile = z.strictObject({
  sites: z.record(DeclaredSiteName, Site).describe('sets of nodes, each around one broker'),
  mesh: Mesh.prefault({ kind: 'none' }).describe('network between the sites'),
  nodes: z.record(DeclaredNodeName, TopologyNode).describe('machines by name'),
});
export type TopologyFile = z.infer<typeof TopologyFile>;
