/** What should be: written by the inventory, from files or from what it adopted. */
import { z } from 'zod';
import { documentHead, Level, Login, NodeName, ServiceName, SiteName } from './common.ts';

const roles = ['operator', 'delegate', 'reader'] as const;
/** `operator` may approve; `delegate` may approve on behalf of a named person; `reader` may only read. */
export const PersonRole = z.enum(roles);
export type PersonRole = z.infer<typeof PersonRole>;

export const AccessList = z.record(Login, PersonRole).describe('logins of people and front ends; logins and roles only, no secrets');
export type AccessList = z.infer<typeof AccessList>;

export const DesiredService = z.object({
  name: ServiceName,
  origin: z.enum(['declared', 'adopted']).describe('declared in hosts/<node>/services.yaml, or adopted because it was seen running'),
  monitor: z.boolean().default(true).describe('false excludes it from drift proposals'),
  verify_window_ms: z.int().positive().optional().describe('how long a repair may take until healthy; default 120 s'),
  grace_ms: z.int().nonnegative().optional().describe('how long trouble must last before an incident; default 20 s'),
});
export type DesiredService = z.infer<typeof DesiredService>;

export const DesiredNode = z.object({
  ...documentHead,
  status: z.enum(['declared', 'adopted', 'gone']),
  node: NodeName,
  site: SiteName,
  agents: z.array(Level).default([]).describe('actors expected on this node; heartbeats are expected where node-agent is among them'),
  services: z.array(DesiredService),
  access: AccessList.nullable().default(null).describe("the site's access list; null = no inventory/access.yaml"),
});
export type DesiredNode = z.infer<typeof DesiredNode>;
