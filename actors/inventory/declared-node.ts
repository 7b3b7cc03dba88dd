/**
 * What `desired/<node>` says of a declared node and each of its containers, from the files that declare it. Pure.
 * Says only what is not the usual, so that a node with thirty containers stays a small document.
 */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../../contracts/canonical-json.ts';
import type { DesiredMaintenance, DesiredService } from '../../contracts/desired.ts';
import { HostService, type ServicesFile } from '../../contracts/inventory/host.ts';
import type { DeclaredNode, NodeTopology } from '../../contracts/inventory/memory.ts';
import { olderExposure } from '../../contracts/inventory/words.ts';
import { containersOf, type DeclaredContainer } from './containers.ts';
import { memoryLimitBytes } from './memory-limit.ts';
import { contentOf, type DeclaredTree } from './tree.ts';

export interface DeclaredNodeContext {
  readonly tree: DeclaredTree;
  readonly commit: string | null;
  readonly topology: NodeTopology | undefined;
  /** false: services.yaml may say the site. */
  readonly hasTopology: boolean;
  /** Containers that a declared service of a node is known to have; asked where its own files do not parse. */
  readonly lastContainers: (node: string, service: string) => readonly string[];
  readonly maintenance: readonly DesiredMaintenance[];
}

type DeclaredService = Omit<DesiredService, 'origin'>;

/** 48 bits: nobody searches for collisions here, and it is said once for each container. */
const digestChars = 12;

export function declaredNode(node: string, file: ServicesFile, context: DeclaredNodeContext): DeclaredNode {
  const { tree, topology, maintenance, commit } = context;
  const cleanupClass = contentOf(tree.hosts.get(node)?.capabilities ?? 'absent')?.operational.cleanup_class;
  const site = context.hasTopology ? topology?.site : file.site;
  return {
    site: site ?? null,
    ...(commit === null ? {} : { commit }),
    ...(topology?.roles === undefined ? {} : { roles: topology.roles }),
    ...(topology?.location === undefined ? {} : { location: topology.location }),
    ...(topology?.aliases === undefined ? {} : { aliases: topology.aliases }),
    ...(topology?.uplink === undefined ? {} : { uplink: topology.uplink }),
    ...(cleanupClass === undefined ? {} : { cleanup_class: cleanupClass }),
    agents: file.agents ?? null,
    services: declaredServices(file).flatMap(([name, entry]) => containersOf(tree, node, name).map((container) => service(container, entry, context))),
    ...(maintenance.length === 0 ? {} : { maintenance: [...maintenance] }),
  };
}

/** Names and entries of a services.yaml; nothing after a name means all defaults. */
export const declaredServices = (file: ServicesFile): readonly (readonly [string, HostService])[] =>
  Object.entries(file.services ?? {}).map(([name, entry]) => [name, entry ?? HostService.parse({})] as const);

function service(container: DeclaredContainer, entry: HostService, context: DeclaredNodeContext): DeclaredService {
  const dependsOn = dependencies(container, entry, context);
  const envExample = context.tree.services.get(container.stack)?.envExample ?? null;
  const memory = container.compose === null ? null : memoryLimitBytes(container.compose, envExample);
  const exposure = entry.exposure === olderExposure.word ? olderExposure.means : entry.exposure;
  return {
    name: container.name,
    ...(container.stack === container.name ? {} : { stack: container.stack }),
    monitor: entry.monitor,
    ...(entry.deployment_model === 'docker-compose' ? {} : { repairable: false }),
    ...(entry.repair_risk === 'low' ? {} : { repair_risk: entry.repair_risk }),
    ...(entry.offline_required ? { offline_required: true } : {}),
    ...(exposure === 'local-only' ? {} : { exposure }),
    ...(dependsOn.length === 0 ? {} : { depends_on: [...dependsOn] }),
    ...(memory === null ? {} : { memory_limit_bytes: memory }),
    ...(entry.verify_window_s === undefined ? {} : { verify_window_ms: Math.max(1, Math.round(entry.verify_window_s * 1000)) }),
    ...(entry.grace_s === undefined ? {} : { grace_ms: Math.round(entry.grace_s * 1000) }),
    contract: contractOf(container, entry, context.tree),
  };
}

/** Equal for equal declarations, however they are laid out in their files. */
function contractOf({ stack, compose }: DeclaredContainer, entry: HostService, tree: DeclaredTree): string {
  const parts = { entry, service: contentOf(tree.services.get(stack)?.service ?? 'absent'), compose };
  return createHash('sha256').update(canonicalJson(parts)).digest('hex').slice(0, digestChars);
}

/** `<node>/<container>` of all it needs here and elsewhere; a dependency on a stack means all its containers. */
function dependencies(container: DeclaredContainer, entry: HostService, context: DeclaredNodeContext): readonly string[] {
  const { tree } = context;
  const { node, stack } = container;
  const everywhere = (contentOf(tree.services.get(stack)?.service ?? 'absent')?.service.dependencies ?? []).filter((name) => isDeclared(tree, node, name));
  const elsewhere = entry.depends_on.external.flatMap((reference): (readonly [string, string])[] => {
    const [other, name, ...rest] = reference.split('/');
    // Addresses are outside the homelab: nothing here has a health for them.
    return other === undefined || name === undefined || rest.length > 0 ? [] : [[other, name]];
  });
  const named = [...[...entry.depends_on.local, ...everywhere].map((name) => [node, name] as const), ...elsewhere];
  const parts = new Set(containersOf(tree, node, stack).map(({ name }) => name));
  const outside = named.flatMap(([where, name]) =>
    containerNames(where, name, context).flatMap((each) => (where === node && parts.has(each) ? [] : [`${where}/${each}`])),
  );
  const given = container.compose?.depends_on ?? [];
  const inside = (Array.isArray(given) ? given : Object.keys(given)).filter((name) => parts.has(name)).map((name) => `${node}/${name}`);
  return [...new Set([...outside, ...inside])];
}

const isDeclared = (tree: DeclaredTree, node: string, name: string): boolean =>
  Object.hasOwn(contentOf(tree.hosts.get(node)?.services ?? 'absent')?.services ?? {}, name);

/** Containers of a declared service; or the one container that somebody named itself. */
function containerNames(node: string, name: string, { tree, lastContainers }: DeclaredNodeContext): readonly string[] {
  const isBroken = tree.hosts.get(node)?.services === 'broken' || tree.services.get(name)?.compose === 'broken';
  const last = isBroken ? lastContainers(node, name) : [];
  if (last.length > 0) return last;
  return isDeclared(tree, node, name) ? containersOf(tree, node, name).map((each) => each.name) : [name];
}
