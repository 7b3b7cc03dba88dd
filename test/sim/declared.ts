/** The declared truth of simulated sites: the tree that the inventory reads, as if from files. Pure. */
import type { DeclaredTree, HostFiles, ReadFile } from '../../actors/inventory/tree.ts';
import type { CleanupClass } from '../../contracts/inventory/capabilities.ts';
import { CapabilitiesFile } from '../../contracts/inventory/capabilities.ts';
import { ServicesFile } from '../../contracts/inventory/host.ts';
import { TopologyFile } from '../../contracts/inventory/topology.ts';
import { brokerService, type MachineShape, type ServiceShape, type SiteShape } from './shape.ts';

export const declaredTree = (sites: readonly SiteShape[], agentsOf: (node: string) => readonly string[]): DeclaredTree => ({
  topology: sites.length === 1 ? 'absent' : read('inventory/topology.yaml', topology(sites)),
  access: 'absent',
  maintenance: 'absent',
  hostsDirectory: 'listed',
  hosts: new Map(sites.flatMap(({ machines }) => machines.map((machine) => [machine.name, hostFiles(machine, agentsOf(machine.name))] as const))),
  servicesDirectory: 'absent',
  services: new Map(),
  findings: [],
});

const topology = (sites: readonly SiteShape[]): TopologyFile =>
  TopologyFile.parse({
    sites: Object.fromEntries(
      sites.map(({ name, machines, uplink }) => [
        name,
        {
          broker: { node: machines[0]?.name, service: brokerService },
          ...(uplink === null ? {} : { uplink: { kind: uplink.kind, quiet_min: uplink.quietMs / 60_000 } }),
        },
      ]),
    ),
    nodes: Object.fromEntries(sites.flatMap(({ name, machines }) => machines.map((machine) => [machine.name, { site: name }]))),
  });

const read = <T>(path: string, value: T): ReadFile<T> => ({ path, text: '', value, placeOf: () => ({ line: 1, column: 1 }), tags: () => [] });

function hostFiles({ name, services, cleanupClass }: MachineShape, agents: readonly string[]): HostFiles {
  const entries = Object.fromEntries(services.map((service) => [service.name, entryOf(name, service)]));
  return {
    node: name,
    services: read(`hosts/${name}/services.yaml`, ServicesFile.parse({ agents, services: entries })),
    capabilities: cleanupClass === null ? 'absent' : read(`hosts/${name}/capabilities.yaml`, capabilities(cleanupClass)),
    nodeFile: 'absent',
    networking: 'absent',
    paths: 'absent',
    overrides: new Map(),
    others: [],
  };
}

function entryOf(node: string, { needs, repairRisk }: ServiceShape): unknown {
  const local = needs.filter((need) => need.startsWith(`${node}/`)).map((need) => need.slice(node.length + 1));
  return { depends_on: { local, external: needs.filter((need) => !need.startsWith(`${node}/`)) }, repair_risk: repairRisk };
}

/** The machine itself is nobody's business here; only the class counts. */
const capabilities = (cleanupClass: CleanupClass): CapabilitiesFile =>
  CapabilitiesFile.parse({
    hardware: { cpu: { arch: 'amd64', cores: 4 }, memory: { total_gb: 4 } },
    storage: { persistence: 'persistent', type: 'ssd', capacity_gb: 32 },
    networking: { reachability: 'lan-only', bandwidth: 'high' },
    runtime: { container_engine: 'docker', os: 'debian-12' },
    operational: { connectivity: 'stable', availability_target: 'medium', cleanup_class: cleanupClass },
  });
