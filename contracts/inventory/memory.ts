/**
 * The files a person writes, `hosts/<node>/services.yaml` and `inventory/access.yaml`, and the form in which the
 * inventory holds and remembers them. Keys of the original system that nothing here uses yet are accepted as they are.
 */
import { z } from 'zod';
import { Count, Level, Login, levelPattern, ServiceName, SiteName } from './common.ts';
import { AccessList, PersonRole } from './desired.ts';

/** Node directories: a topic level in lower case. `site-<site>` is reserved for the troubles of a site itself. */
export const isNodeDirectoryName = (name: string): boolean => levelPattern.test(name) && name === name.toLowerCase() && !name.startsWith('site-');

/** One hour, the life of an approval: a repair that may take longer could not be agreed to. */
const secondsMax = 3600;

const InventoryService = z.looseObject({
  monitor: z.boolean().default(true).describe('false excludes the service from drift proposals'),
  verify_window_s: z.number().positive().max(secondsMax).optional().describe('seconds a repair may take until healthy; default 120'),
  grace_s: z.number().nonnegative().max(secondsMax).optional().describe('seconds trouble must last before an incident; default 20'),
  role: z.unknown().optional(),
  deployment_model: z.unknown().optional(),
  exposure: z.unknown().optional(),
  offline_required: z.unknown().optional(),
  depends_on: z.unknown().optional(),
  runtime: z.unknown().optional(),
});

/** hosts/<node>/services.yaml */
export const ServicesFile = z.looseObject({
  services: z
    .record(ServiceName, InventoryService.nullable().describe('nothing after the name means all defaults'))
    .nullable()
    .describe('services by canonical name; empty = nothing should run here'),
  agents: z
    .array(Level)
    .optional()
    .describe('actors expected on this node; [] = none, so no heartbeat is expected; default: those of the process that reads this'),
  site: SiteName.optional().describe('site of this node; default: the site of the process that reads this'),
});
export type ServicesFile = z.infer<typeof ServicesFile>;

/** inventory/access.yaml */
export const AccessFile = z.looseObject({
  logins: z.record(Login, PersonRole).nullable().describe('operator, delegate or reader, by broker login'),
});

/** A declared node as the inventory holds it. */
export const DeclaredNode = z.object({
  services: z.array(
    z.object({
      name: ServiceName,
      monitor: z.boolean(),
      verify_window_ms: z.int().positive().optional(),
      grace_ms: z.int().nonnegative().optional(),
    }),
  ),
  agents: z.array(Level).nullable().describe('null = the file does not say'),
  site: SiteName.nullable().describe('null = the file does not say'),
});
export type DeclaredNode = z.infer<typeof DeclaredNode>;

/** What is wrong with a file, in the words that a person needs to mend it. */
export const InventoryProblem = z.object({
  file: z.string().describe('relative to the inventory directory'),
  node: z.string().nullable().describe('null = not the file of one node'),
  line: Count.nullable().describe('from 1'),
  column: Count.nullable().describe('from 1'),
  detail: z.string().describe('what was found and what was expected'),
});
export type InventoryProblem = z.infer<typeof InventoryProblem>;

/** declared.json of the inventory: the last good version of every file, and the problems already told. */
export const DeclaredMemory = z.object({
  nodes: z.record(Level, DeclaredNode),
  access: AccessList.nullable(),
  problems: z.array(InventoryProblem),
});
export type DeclaredMemory = z.infer<typeof DeclaredMemory>;

/** adopted.json of the inventory. */
export const AdoptedMemory = z.object({ services: z.array(ServiceName) });
export type AdoptedMemory = z.infer<typeof AdoptedMemory>;
