/** Everything that the declared homelab says about one service on one machine, as data. Pure. */
import { type Placement, siteOf, viewOf } from '../../actors/inventory/rules/view.ts';
import { contentOf, type DeclaredTree, type Finding } from '../../actors/inventory/tree.ts';
import { incidentGraceMs, verifyWindowMs } from '../../contracts/defaults.ts';
import { overridePath } from '../../contracts/inventory/files.table.ts';
import { brokerOf, type Graph, keyOf, needsOn, type Reached, reachedFrom } from '../declared/graph.ts';
import { linesOf, type MemoryBudget, memoryBudget } from '../declared/memory.ts';
import { portsOf } from '../declared/ports.ts';
import { aboutFiles, locationOf, type Window, windowsOf } from './place.ts';

export interface Dependency {
  /** `<node>/<service>`, or an address. */
  readonly name: string;
  readonly where: string;
  /** 1: directly. */
  readonly steps: number;
  /** Through which one, where not directly. */
  readonly through: string | null;
  readonly isDeclared: boolean;
  readonly declaredAt: string;
}

export interface ServiceExplained {
  readonly kind: 'service';
  readonly name: string;
  readonly node: string;
  readonly service: string;
  readonly site: string | null;
  readonly role: string;
  readonly description: string | null;
  readonly declaredAt: readonly string[];
  readonly deployment: string;
  readonly containers: readonly { readonly name: string; readonly image: string | null; readonly memoryBytes: number | null }[];
  readonly exposure: string;
  readonly ports: readonly string[];
  readonly offlineRequired: boolean;
  readonly workload: string | null;
  readonly needsInternet: boolean;
  readonly needs: readonly Dependency[];
  readonly neededBy: readonly Dependency[];
  readonly memory: Pick<MemoryBudget, 'sumBytes' | 'budgetBytes' | 'machineBytes'>;
  readonly repair: { readonly monitor: boolean; readonly risk: string; readonly graceS: number; readonly verifyWindowS: number };
  readonly windows: readonly Window[];
  readonly findings: readonly Finding[];
  readonly without: readonly string[];
}

export function explainService(tree: DeclaredTree, graph: Graph, placement: Placement, findings: readonly Finding[]): ServiceExplained {
  const { node, service, declared, file, files } = placement;
  const own = contentOf(files?.service ?? 'absent')?.service;
  const { sumBytes, budgetBytes, machineBytes } = memoryBudget(tree, node);
  return {
    kind: 'service',
    name: keyOf(placement),
    node,
    service,
    site: siteOf(tree, node),
    role: declared.role,
    description: own?.description ?? null,
    declaredAt: [locationOf(file, ['services', service]), ...filesOf(tree, placement)],
    deployment: declared.deployment_model,
    containers: containersOf(placement),
    exposure: declared.exposure,
    ports: portsOf(placement),
    offlineRequired: declared.offline_required,
    workload: own?.workload ?? null,
    needsInternet: own?.needs_internet ?? false,
    needs: reachedFrom(graph, placement, 'down').map((reached) => dependency(reached, 'down')),
    neededBy: reachedFrom(graph, placement, 'up').map((reached) => dependency(reached, 'up')),
    memory: { sumBytes, budgetBytes, machineBytes },
    repair: {
      monitor: declared.monitor,
      risk: declared.repair_risk,
      graceS: declared.grace_s ?? incidentGraceMs / 1000,
      verifyWindowS: declared.verify_window_s ?? verifyWindowMs / 1000,
    },
    windows: windowsOf(tree, node).filter((window) => window.service === null || window.service === service),
    findings: aboutFiles(findings, placement, tree),
    without: withoutService(tree, graph, placement),
  };
}

function containersOf(placement: Placement): ServiceExplained['containers'] {
  const limits = linesOf(placement);
  return placement.containers.map(({ name, compose }, at) => ({ name, image: compose.image ?? null, memoryBytes: limits[at]?.limitBytes ?? null }));
}

function filesOf(tree: DeclaredTree, { node, service, files }: Placement): readonly string[] {
  const override = tree.hosts.get(node)?.overrides.get(service) ?? 'absent';
  return [
    ...(files?.service === undefined || files.service === 'absent' ? [] : [`services/${service}/service.yaml`]),
    ...(files?.compose === undefined || files.compose === 'absent' ? [] : [`services/${service}/docker-compose.yml`]),
    ...(override === 'absent' ? [] : [overridePath(node, service)]),
  ];
}

function dependency({ need, steps }: Reached, direction: 'down' | 'up'): Dependency {
  const end = direction === 'down' ? need.to : need.from;
  const through = direction === 'down' ? keyOf(need.from) : need.to === null ? need.name : keyOf(need.to);
  return {
    name: end === null ? need.name : keyOf(end),
    where: need.distance,
    steps,
    through: steps === 1 ? null : through,
    isDeclared: end !== null || need.distance === 'outside',
    declaredAt: `${need.file}:${need.line}`,
  };
}

function withoutService(tree: DeclaredTree, graph: Graph, placement: Placement): readonly string[] {
  const { node, service, declared } = placement;
  const up = reachedFrom(graph, placement, 'up').map(({ need }) => need.from);
  const nodes = new Set(up.map((each) => each.node));
  const brokers = brokerOf(tree, placement);
  return [
    ...brokerOf(tree, placement).map(
      (site) => `${site} has no broker: its actors (${nodesOfSite(tree, site).join(', ')}) hear and say nothing; containers go on running`,
    ),
    up.length === 0
      ? 'nothing else that is declared needs it'
      : `${up.length} other${up.length === 1 ? '' : 's'} on ${[...nodes].sort().join(', ')} would lack what they need (${needsOn(graph, placement).length} directly)`,
    ...mustWorkOffline(up),
    brokers.length > 0 ? 'homelab talks through it: it could report and propose nothing until it is back' : reaction(declared, node, service),
  ];
}

const mustWorkOffline = (placements: readonly Placement[]): readonly string[] => {
  const names = placements.filter(({ declared }) => declared.offline_required).map(keyOf);
  return names.length === 0 ? [] : [`among them, to work without an uplink: ${names.join(', ')}`];
};

const nodesOfSite = (tree: DeclaredTree, site: string): readonly string[] => [...viewOf(tree).nodes].filter((each) => siteOf(tree, each) === site).sort();

/** What homelab itself would do about it. */
function reaction({ monitor, deployment_model, repair_risk, grace_s }: Placement['declared'], node: string, service: string): string {
  if (!monitor) return 'homelab would show it and propose nothing (monitor: false)';
  if (deployment_model !== 'docker-compose') return `homelab could not see or restart it (${deployment_model})`;
  const after = grace_s ?? incidentGraceMs / 1000;
  return `homelab would open an incident after ${after} s and propose ${repair_risk === 'low' ? 'a restart' : 'a guarded restart'} of ${service} on ${node}`;
}
