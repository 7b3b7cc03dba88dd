/** Every kind of file of the declared homelab: where it is, what it must look like, and what it is for. */
import type { z } from 'zod';
import { AccessFile } from './access.ts';
import { CapabilitiesFile } from './capabilities.ts';
import { NetworkingFile, NodeFile, PathsFile, ServicesFile } from './host.ts';
import { MaintenanceFile } from './maintenance.ts';
import { ServiceFile } from './service.ts';
import { TopologyFile } from './topology.ts';

export const inventoryFiles = {
  topology: {
    path: 'inventory/topology.yaml',
    schema: TopologyFile,
    schemaName: 'TopologyFile',
    means: 'sites, their brokers and uplinks, and which node is where',
  },
  access: { path: 'inventory/access.yaml', schema: AccessFile, schemaName: 'AccessFile', means: 'who may approve, and who may only read' },
  maintenance: {
    path: 'inventory/maintenance.yaml',
    schema: MaintenanceFile,
    schemaName: 'MaintenanceFile',
    means: 'recurring windows in which nothing is proposed',
  },
  services: { path: 'hosts/<node>/services.yaml', schema: ServicesFile, schemaName: 'ServicesFile', means: 'what should run on a node' },
  capabilities: { path: 'hosts/<node>/capabilities.yaml', schema: CapabilitiesFile, schemaName: 'CapabilitiesFile', means: 'what a node is' },
  node: { path: 'hosts/<node>/node.yaml', schema: NodeFile, schemaName: 'NodeFile', means: 'how a node is deployed to' },
  networking: {
    path: 'hosts/<node>/networking.yaml',
    schema: NetworkingFile,
    schemaName: 'NetworkingFile',
    means: 'devices and taken ports around a node; only where needed',
  },
  paths: { path: 'hosts/<node>/paths.yaml', schema: PathsFile, schemaName: 'PathsFile', means: 'where files lie on a node; only where it differs' },
  service: { path: 'services/<service>/service.yaml', schema: ServiceFile, schemaName: 'ServiceFile', means: 'what is the same of a service wherever it runs' },
} as const satisfies Record<string, { readonly path: string; readonly schema: z.ZodType; readonly schemaName: string; readonly means: string }>;

export type InventoryFileKind = keyof typeof inventoryFiles;

/** Compose files and the others of a service have no contract of ours; these are their names. */
export const serviceFolderFiles = ['docker-compose.yml', 'service.yaml', 'README.md', 'env.example', 'healthcheck.sh'] as const;
export const overridePath = (node: string, service: string): string => `hosts/${node}/runtime/${service}/docker-compose.override.yml`;
