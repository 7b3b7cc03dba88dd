/**
 * The declared homelab as it was read: every file with its content and the places of its parts, whether it is right or not.
 *
 * Made by adapters/files/tree.ts. Read by the rules (rules/), by the inventory itself, and by the commands that explain.
 * Paths of files are relative to the inventory directory, with `/`.
 */
import type { AccessFile } from '../../contracts/inventory/access.ts';
import type { CapabilitiesFile } from '../../contracts/inventory/capabilities.ts';
import type { ComposeFile } from '../../contracts/inventory/compose.ts';
import type { NetworkingFile, NodeFile, PathsFile, ServicesFile } from '../../contracts/inventory/host.ts';
import type { MaintenanceFile } from '../../contracts/inventory/maintenance.ts';
import type { ServiceFile } from '../../contracts/inventory/service.ts';
import type { TopologyFile } from '../../contracts/inventory/topology.ts';

export interface Place {
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

/** One thing that is wrong, in the words that a person needs to mend it. */
export interface Finding {
  /** Which rule found it, kebab-case: `unknown-dependency`. Problems with the form of a file: `unreadable`, `not-yaml`, `contract`, `unknown-key`. */
  readonly rule: string;
  /** A warning is worth a look and fails nothing. */
  readonly severity: 'error' | 'warning';
  readonly file: string;
  /** null: the file as a whole, or one that is not there. */
  readonly place: Place | null;
  /** What was found and what was expected, one line, without the place. */
  readonly detail: string;
}

/** A tag of an application, such as the `!reset` of Compose. */
export interface YamlTag {
  readonly tag: string;
  readonly path: readonly string[];
  readonly place: Place;
}

/** A YAML file that fits its contract. */
export interface ReadFile<T> {
  readonly path: string;
  readonly text: string;
  /** Defaults are filled in, unknown keys left out. */
  readonly value: T;
  /** Place of a key or list item; of its nearest parent where the file stops short of it. */
  placeOf(path: readonly PropertyKey[]): Place;
  /** In Compose files only; in ours a tag is an error. What bears `!reset` is there with the value undefined. */
  tags(): readonly YamlTag[];
}

/** absent: there is no such file; broken: there is one, and its findings say what is wrong. */
export type MaybeFile<T> = ReadFile<T> | 'absent' | 'broken';

/** A file that is not YAML: README.md, env.example, healthcheck.sh. */
export interface TextFile {
  readonly path: string;
  readonly text: string;
  readonly isExecutable: boolean;
}

export interface HostFiles {
  readonly node: string;
  readonly services: MaybeFile<ServicesFile>;
  readonly capabilities: MaybeFile<CapabilitiesFile>;
  readonly nodeFile: MaybeFile<NodeFile>;
  readonly networking: MaybeFile<NetworkingFile>;
  readonly paths: MaybeFile<PathsFile>;
  /** hosts/<node>/runtime/<service>/docker-compose.override.yml, by service. */
  readonly overrides: ReadonlyMap<string, MaybeFile<ComposeFile>>;
  /** Every other text file below the directory, as in ServiceFiles. */
  readonly others: readonly TextFile[];
}

export interface ServiceFiles {
  readonly name: string;
  readonly service: MaybeFile<ServiceFile>;
  readonly compose: MaybeFile<ComposeFile>;
  readonly readme: TextFile | null;
  readonly envExample: TextFile | null;
  readonly healthcheck: TextFile | null;
  /** Every other file below the directory that is text and small enough to look into, for secrets. */
  readonly others: readonly TextFile[];
}

export interface DeclaredTree {
  readonly topology: MaybeFile<TopologyFile>;
  readonly access: MaybeFile<AccessFile>;
  readonly maintenance: MaybeFile<MaintenanceFile>;
  /** absent: there is no hosts directory; unreadable: there is one. Then absence of a node says nothing. */
  readonly hostsDirectory: 'listed' | 'absent' | 'unreadable';
  /** Directories of hosts/ with at least one file of ours, by name. */
  readonly hosts: ReadonlyMap<string, HostFiles>;
  /** As hostsDirectory. */
  readonly servicesDirectory: 'listed' | 'absent' | 'unreadable';
  /** Directories of services/, by name. */
  readonly services: ReadonlyMap<string, ServiceFiles>;
  /** What is wrong with the form of files. */
  readonly findings: readonly Finding[];
}

/** The content of a file that is there and right. */
export const contentOf = <T>(file: MaybeFile<T>): T | null => (typeof file === 'string' ? null : file.value);

/**
 * Whether a directory that nobody named is about this machine, so that it counts: the one judge of it. Where there is a topology.yaml only that
 * decides: a directory hosts/<node> beside the homelab of somebody else does not make that homelab this machine's. What nobody could look into
 * may name it.
 */
export function isAbout({ topology, hostsDirectory, hosts }: Pick<DeclaredTree, 'topology' | 'hostsDirectory' | 'hosts'>, node: string): boolean {
  const placed = contentOf(topology);
  if (placed !== null) return Object.hasOwn(placed.nodes, node);
  return hosts.has(node) || (hostsDirectory === 'unreadable' && topology === 'broken');
}

/** A directory in which nothing is declared. */
export const emptyTree: DeclaredTree = {
  topology: 'absent',
  access: 'absent',
  maintenance: 'absent',
  hostsDirectory: 'listed',
  hosts: new Map(),
  servicesDirectory: 'absent',
  services: new Map(),
  findings: [],
};

/** A directory that does not answer at all: nothing in it is known to be absent. */
export const unreadableTree = (detail: string): DeclaredTree => ({
  topology: 'broken',
  access: 'broken',
  maintenance: 'broken',
  hostsDirectory: 'unreadable',
  hosts: new Map(),
  servicesDirectory: 'unreadable',
  services: new Map(),
  findings: [{ rule: 'unreadable', severity: 'error', file: 'hosts', place: null, detail }],
});
