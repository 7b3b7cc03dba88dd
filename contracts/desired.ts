/** What should be: written by the inventory, from files or from what it adopted. */
import { z } from 'zod';
import { Bytes, documentHead, Level, Login, NodeName, ServiceName, SiteName } from './common.ts';
import { CleanupClass } from './inventory/capabilities.ts';
import { recurrence } from './inventory/maintenance.ts';
import { Exposure, TimeZone } from './inventory/words.ts';

const roles = ['operator', 'delegate', 'reader'] as const;
/** `operator` may approve; `delegate` may approve on behalf of a named person; `reader` may only read. */
export const PersonRole = z.enum(roles);
export type PersonRole = z.infer<typeof PersonRole>;

export const AccessList = z.record(Login, PersonRole).describe('logins of people and front ends; logins and roles only, no secrets');
export type AccessList = z.infer<typeof AccessList>;

/** What says nothing beyond the usual is left out, so that a node with thirty services stays small. */
export const DesiredService = z.object({
  name: ServiceName,
  origin: z.enum(['declared', 'adopted']).describe('declared in hosts/<node>/services.yaml, or adopted because it was seen running'),
  stack: ServiceName.optional().describe('the declared service (directory in services/) that this container is a part of; absent: its own name'),
  monitor: z.boolean().default(true).describe('false excludes it from drift proposals'),
  repairable: z.boolean().optional().describe('false: not started by docker-compose, so no container can be restarted; absent: true'),
  repair_risk: z.enum(['low', 'guarded']).optional().describe('what a restart of it risks; absent: low'),
  offline_required: z.boolean().optional().describe('must work while the site has no uplink; absent: false'),
  exposure: Exposure.optional().describe('who can reach it; absent: local-only, or (adopted) not known'),
  depends_on: z.array(z.string()).optional().describe('<node>/<service> that it needs, by the names under which they are published; absent: nothing'),
  memory_limit_bytes: Bytes.optional().describe('of its container; absent: none'),
  contract: z.string().optional().describe('digest of everything that declares it (12 hex digits): equal digests, equal declaration'),
  verify_window_ms: z.int().positive().optional().describe('how long a repair may take until healthy; default 120 s'),
  grace_ms: z.int().nonnegative().optional().describe('how long trouble must last before an incident; default 20 s'),
});
export type DesiredService = z.infer<typeof DesiredService>;

/** A recurring window in which nothing is proposed. */
export const DesiredMaintenance = z.object({
  service: ServiceName.optional().describe('only this service, or the containers of this stack; absent: the whole node'),
  time_zone: TimeZone,
  ...recurrence,
  days: recurrence.days.unwrap().optional().describe('days on which it begins; absent: every day'),
});
export type DesiredMaintenance = z.infer<typeof DesiredMaintenance>;

/** How the site of a node reaches the hub. Whoever sees the link of a site judges by this how long it may be away. */
export const DesiredUplink = z.object({
  kind: z.enum(['wired', 'lte']),
  quiet_ms: z.int().nonnegative().describe('how long it may be away before that is an incident'),
});
export type DesiredUplink = z.infer<typeof DesiredUplink>;

export const DesiredNode = z.object({
  ...documentHead,
  status: z.enum(['declared', 'adopted', 'gone']),
  node: NodeName,
  site: SiteName,
  commit: z.string().optional().describe('Git commit of the checkout, with `+` where files differ from it; absent: not from a checkout'),
  roles: z.array(Level).optional().describe('what the node is for'),
  location: Level.optional().describe('place where it stands; absent: not said'),
  aliases: z.array(Level).optional().describe('other names under which messages may call it'),
  uplink: DesiredUplink.optional().describe('how its site reaches the hub; absent: it is the hub, or nobody says'),
  cleanup_class: CleanupClass.optional().describe('which disk clean-up may be proposed; absent: none'),
  agents: z.array(Level).default([]).describe('actors expected on this node; heartbeats are expected where node-agent is among them'),
  services: z.array(DesiredService),
  maintenance: z.array(DesiredMaintenance).optional().describe('recurring windows in which nothing is proposed'),
  access: AccessList.nullable().default(null).describe("the site's access list; null = no inventory/access.yaml"),
});
export type DesiredNode = z.infer<typeof DesiredNode>;
