/** The form in which the inventory holds and remembers what the files say, and what is wrong with a file. */
import { z } from 'zod';
import { Count, Level, ServiceName, SiteName } from '../common.ts';
import { AccessList, DesiredMaintenance, DesiredService, DesiredUplink } from '../desired.ts';
import { CleanupClass } from './capabilities.ts';

/** A declared node as the inventory holds it. */
export const DeclaredNode = z.object({
  services: z.array(DesiredService.omit({ origin: true })),
  agents: z.array(Level).nullable().describe('null = the file does not say'),
  site: SiteName.nullable().describe('null = the files do not say'),
  roles: z.array(Level).optional(),
  location: Level.optional(),
  aliases: z.array(Level).optional(),
  uplink: DesiredUplink.optional(),
  cleanup_class: CleanupClass.optional(),
  maintenance: z.array(DesiredMaintenance).optional(),
  commit: z.string().optional().describe('of the checkout that this version was read from'),
});
export type DeclaredNode = z.infer<typeof DeclaredNode>;

/** What inventory/topology.yaml says of a node. */
export const NodeTopology = z.object({
  site: SiteName,
  roles: z.array(Level).optional(),
  location: Level.optional(),
  aliases: z.array(Level).optional(),
  uplink: DesiredUplink.optional(),
});
export type NodeTopology = z.infer<typeof NodeTopology>;

/** What is wrong with a file, in the words that a person needs to mend it. */
export const InventoryProblem = z.object({
  file: z.string().describe('relative to the inventory directory'),
  node: z.string().nullable().describe('null = not the file of one node'),
  line: Count.nullable().describe('from 1'),
  column: Count.nullable().describe('from 1'),
  detail: z.string().describe('what was found and what was expected'),
  rule: z.string().optional().describe('`unknown-key`: the rest of the file counts; absent: remembered by an older version'),
  holds: z.array(Level).optional().describe('nodes whose last good version stays in force because of it'),
});
export type InventoryProblem = z.infer<typeof InventoryProblem>;

/** declared.json of the inventory: the last good version of every file, and the problems already told. */
export const DeclaredMemory = z.object({
  nodes: z.record(Level, DeclaredNode),
  topology: z.record(Level, NodeTopology).nullable().optional().describe('null = there is no topology.yaml; absent: not known'),
  access: AccessList.nullable(),
  problems: z.array(InventoryProblem),
});
export type DeclaredMemory = z.infer<typeof DeclaredMemory>;

/** adopted.json of the inventory. */
export const AdoptedMemory = z.object({ services: z.array(ServiceName) });
export type AdoptedMemory = z.infer<typeof AdoptedMemory>;
