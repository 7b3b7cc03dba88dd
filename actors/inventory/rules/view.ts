/**
 * The declared homelab as the rules look at it: which service is placed on which node, and what containers that makes.
 *
 * Pure; made once per tree. A file that is broken or missing has its own finding, so whatever hangs on it is left out here
 * and never taken for wrong: one fault is named once.
 */
import type { ComposeFile, ComposeService } from '../../../contracts/inventory/compose.ts';
import { HostService, type ServicesFile } from '../../../contracts/inventory/host.ts';
import { containersOf } from '../containers.ts';
import { contentOf, type DeclaredTree, type HostFiles, type MaybeFile, type ReadFile, type ServiceFiles } from '../tree.ts';
import { at, type Fault } from './rule.ts';

export interface PlacedContainer {
  /** null: of a service that no node declares, or of what all nodes share. */
  readonly node: string | null;
  readonly service: string;
  /** Its key in the Compose file. */
  readonly name: string;
  /** Base with the node's override laid over it. */
  readonly compose: ComposeService;
  readonly base: ReadFile<ComposeFile> | null;
  readonly override: ReadFile<ComposeFile> | null;
}

export interface Placement {
  readonly node: string;
  readonly service: string;
  readonly host: HostFiles;
  /** hosts/<node>/services.yaml */
  readonly file: ReadFile<ServicesFile>;
  readonly declared: HostService;
  /** null: there is no directory services/<service>. */
  readonly files: ServiceFiles | null;
  /** Of docker-compose services whose files can be read; of others none. */
  readonly containers: readonly PlacedContainer[];
  /** A Compose file of it is broken or missing, so its containers are not known. */
  readonly isUnclear: boolean;
}

export interface View {
  readonly placements: readonly Placement[];
  /** Every container that runs somewhere, and those of services that surely no node declares. */
  readonly containers: readonly PlacedContainer[];
  /** Names of nodes from the topology and from hosts/. */
  readonly nodes: ReadonlySet<string>;
  /** False: a file that names nodes is broken, so that a name which is not in `nodes` may still be one. */
  readonly allNodesKnown: boolean;
}

const views = new WeakMap<DeclaredTree, View>();

export function viewOf(tree: DeclaredTree): View {
  let view = views.get(tree);
  if (view === undefined) {
    view = makeView(tree);
    views.set(tree, view);
  }
  return view;
}

function makeView(tree: DeclaredTree): View {
  const placements = [...tree.hosts.values()].flatMap((host) => placementsOn(tree, host));
  const placed = new Set(placements.map(({ service }) => service));
  // What a node that is not clear declares may be any of them, with an override that nobody can foresee.
  const isAnyUnclear = hasUnclearNode(tree);
  const unplaced = (isAnyUnclear ? [] : [...tree.services.keys()])
    .filter((service) => !placed.has(service))
    .flatMap((service) => containersIn(tree, null, service));
  return {
    placements,
    containers: [...placements.flatMap(({ containers }) => containers), ...unplaced],
    nodes: new Set([...tree.hosts.keys(), ...Object.keys(contentOf(tree.topology)?.nodes ?? {})]),
    allNodesKnown: tree.topology !== 'broken' && tree.hostsDirectory !== 'unreadable',
  };
}

function placementsOn(tree: DeclaredTree, host: HostFiles): readonly Placement[] {
  const { services: file, node } = host;
  if (typeof file === 'string') return [];
  return Object.entries(file.value.services ?? {}).map(([service, given]) => {
    const declared = given ?? HostService.parse({});
    const files = tree.services.get(service) ?? null;
    const isComposed = declared.deployment_model === 'docker-compose';
    const isUnclear = isComposed && (typeof (files?.compose ?? 'absent') === 'string' || host.overrides.get(service) === 'broken');
    const containers = isComposed && !isUnclear ? containersIn(tree, node, service) : [];
    return { node, service, host, file, declared, files, containers, isUnclear };
  });
}

/** Its services.yaml is broken, or missing where the topology says that there should be one: what it declares is not known. */
export function isUnclearNode(tree: DeclaredTree, node: string): boolean {
  const services = tree.hosts.get(node)?.services ?? 'absent';
  const isExpected = tree.hosts.has(node) || contentOf(tree.topology)?.nodes[node] !== undefined;
  return services === 'broken' || (services === 'absent' && isExpected && tree.topology !== 'absent');
}

/** Then a service that is placed nowhere may be placed there. */
export const hasUnclearNode = (tree: DeclaredTree): boolean =>
  tree.hostsDirectory === 'unreadable' ||
  [...tree.hosts.keys(), ...Object.keys(contentOf(tree.topology)?.nodes ?? {})].some((node) => isUnclearNode(tree, node));

/** Which containers a service has, on every node that may run it, is known. */
export function isClear(tree: DeclaredTree, service: string): boolean {
  const placements = viewOf(tree).placements.filter((placement) => placement.service === service);
  return placements.length === 0 ? !hasUnclearNode(tree) : placements.every(({ isUnclear }) => !isUnclear);
}

/** `node` null: without any override. */
function containersIn(tree: DeclaredTree, node: string | null, service: string): readonly PlacedContainer[] {
  const base = readable(tree.services.get(service)?.compose);
  const override = node === null ? null : readable(tree.hosts.get(node)?.overrides.get(service));
  return containersOf(tree, node ?? '', service).flatMap(({ name, compose }) => {
    const isLeftOver = base?.value.services?.[name] === undefined && compose?.image === undefined && compose?.build === undefined;
    return compose === null || isLeftOver ? [] : [{ node, service, name, compose, base, override }];
  });
}

const readable = <T>(file: MaybeFile<T> | undefined): ReadFile<T> | null => (file === undefined || typeof file === 'string' ? null : file);

/** Where a key of a container is to be mended: in the override if that says anything about it, else in the service's own file. */
export function inCompose(container: PlacedContainer, path: readonly PropertyKey[], detail: string): Fault {
  const { base, override, name } = container;
  const whole = ['services', name, ...path];
  const file = (override !== null && has(override.value, whole)) || base === null ? override : base;
  if (file === null) throw new Error(`${name}: a container without a Compose file`);
  return at(file, whole, detail);
}

/** Both forms of Compose: a map, and a list of `NAME=value`. */
export function inEnvironment(container: PlacedContainer, variable: string, detail: string): Fault {
  const { base, override, name } = container;
  for (const file of [override, base]) {
    const given = file?.value.services?.[name]?.environment;
    const index = Array.isArray(given) ? given.findIndex((line) => line.startsWith(`${variable}=`)) : -1;
    if (file !== null && index !== -1) return { file: file.path, place: file.placeOf(['services', name, 'environment', index]), detail };
  }
  return inCompose(container, ['environment', variable], detail);
}

function has(value: unknown, path: readonly PropertyKey[]): boolean {
  let here = value;
  for (const step of path) {
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, step)) return false;
    here = (here as Readonly<Record<PropertyKey, unknown>>)[step];
  }
  return true;
}

/** A key of a service in hosts/<node>/services.yaml. */
export const inServices = ({ file, service }: Placement, path: readonly PropertyKey[], detail: string): Fault =>
  at(file, ['services', service, ...path], detail);

/** What its name can be: node, else why it is none. null where that cannot be said. */
export function isUnknownNode(tree: DeclaredTree, name: string): boolean {
  const { nodes, allNodesKnown } = viewOf(tree);
  return allNodesKnown && !nodes.has(name);
}

/** The placement that a name on a node means: a service, or a container of a stack. `unclear`: a broken file may hold it. */
export function placementOf(tree: DeclaredTree, node: string, name: string): Placement | 'none' | 'unclear' {
  const { placements } = viewOf(tree);
  const here = placements.filter((placement) => placement.node === node);
  const found = here.find(({ service }) => service === name) ?? here.find(({ containers }) => containers.some((container) => container.name === name));
  if (found !== undefined) return found;
  const mayBeHidden = isUnclearNode(tree, node) || here.some(({ isUnclear, service }) => isUnclear && name.startsWith(`${service}-`));
  return mayBeHidden ? 'unclear' : 'none';
}

/** Site of a node: the topology decides; without one, its own file. null: not known. */
export function siteOf(tree: DeclaredTree, node: string): string | null {
  if (tree.topology === 'broken') return null;
  return contentOf(tree.topology)?.nodes[node]?.site ?? contentOf(tree.hosts.get(node)?.services ?? 'absent')?.site ?? null;
}

export const usesHostNetwork = ({ compose }: PlacedContainer): boolean => compose.network_mode === 'host';
