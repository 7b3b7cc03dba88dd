/**
 * Reads the declared homelab: every file of ours below inventory/, hosts/ and services/, with the places of its parts.
 *
 * Reads: those files. Writes and remembers: nothing. Fails: never because of what the files hold; a file that cannot be
 * read, is no YAML or does not fit its contract is `broken`, and each fault is a finding with its place.
 * The only reader of these files; what is wrong with their meaning is for the rules (actors/inventory/rules/).
 */
import { basename, dirname } from 'node:path';
import type { z } from 'zod';
import type { OwnAccess } from '../../actors/inventory/ports.ts';
import type { DeclaredTree, Finding, HostFiles, MaybeFile, ServiceFiles, TextFile } from '../../actors/inventory/tree.ts';
import { ServiceName } from '../../contracts/common.ts';
import { ComposeFile } from '../../contracts/inventory/compose.ts';
import { type InventoryFileKind, inventoryFiles, overridePath } from '../../contracts/inventory/files.table.ts';
import { DeclaredServiceName, isNodeDirectoryName } from '../../contracts/inventory/words.ts';
import { BoundedFiles } from './bounded-files.ts';
import { checkContract } from './contract-findings.ts';
import { parseLocatedYaml } from './located-yaml.ts';
import type { Dialect } from './yaml-dialects.ts';

/** A service's own configuration is a few small files; what is larger, deeper or more is data that does not belong here. */
const otherCharsMax = 256 * 1024;
const othersMax = 200;
const othersDepth = 4;

/** `directory` holds inventory/, hosts/ and services/. Any of them may be missing. */
export async function readTree(directory: string): Promise<DeclaredTree> {
  const reader = new TreeReader(new BoundedFiles(directory));
  return await reader.tree();
}

/** The access list outside of a declared homelab, a file of the same form. */
export async function readOwnAccess(file: string): Promise<OwnAccess> {
  const reader = new TreeReader(new BoundedFiles(dirname(file)));
  return await reader.accessAt(basename(file));
}

type Parsed<K extends InventoryFileKind> = MaybeFile<z.output<(typeof inventoryFiles)[K]['schema']>>;

class TreeReader {
  private readonly files: BoundedFiles;
  private readonly findings: Finding[] = [];

  constructor(files: BoundedFiles) {
    this.files = files;
  }

  async tree(): Promise<DeclaredTree> {
    const [topology, access, maintenance, hosts, services] = await Promise.all([
      this.declared('topology', {}),
      this.declared('access', {}),
      this.declared('maintenance', {}),
      this.folders('hosts', (name) => this.host(name)),
      this.folders('services', (name) => this.service(name)),
    ]);
    return {
      topology,
      access,
      maintenance,
      hostsDirectory: hosts.state,
      hosts: hosts.entries,
      servicesDirectory: services.state,
      services: services.entries,
      // In parallel they come in any order; a reader wants them by file, and two readings must be alike.
      findings: this.findings.sort((a, b) => (a.file === b.file ? placeOrder(a, b) : a.file < b.file ? -1 : 1)),
    };
  }

  async accessAt(path: string): Promise<OwnAccess> {
    return { access: await this.yaml(path, inventoryFiles.access.schema, 'plain'), findings: this.findings };
  }

  /** Each directory below `hosts` or `services`. */
  private async folders<T>(
    path: 'hosts' | 'services',
    read: (name: string) => Promise<T | null>,
  ): Promise<{ readonly state: DeclaredTree['hostsDirectory']; readonly entries: ReadonlyMap<string, T> }> {
    const listing = await this.files.list(path);
    if (listing.state === 'unreadable') this.find('unreadable', path, `${listing.detail}; expected one directory for each ${path.slice(0, -1)}`);
    if (listing.state !== 'listed') return { state: listing.state, entries: new Map() };
    const names = listing.names.filter((name) => !name.startsWith('.'));
    const entries = await Promise.all(names.map(async (name) => [name, await read(name)] as const));
    return { state: 'listed', entries: new Map(entries.flatMap(([name, entry]) => (entry === null ? [] : [[name, entry] as const]))) };
  }

  private async host(node: string): Promise<HostFiles | null> {
    const path = `hosts/${node}`;
    const listing = await this.files.list(path);
    // A plain file, such as a README.
    if (listing.state === 'absent' || (listing.state === 'unreadable' && listing.isOther)) return null;
    if (listing.state === 'unreadable') {
      this.find('unreadable', path, listing.detail);
      const broken = { services: 'broken', capabilities: 'broken', nodeFile: 'broken', networking: 'broken', paths: 'broken' } as const;
      return isNodeDirectoryName(node) ? { node, ...broken, overrides: new Map(), others: [] } : null;
    }
    if (!isNodeDirectoryName(node)) {
      const [file] = listing.names.filter((name) => hostFileNames.includes(name));
      if (file !== undefined) this.find('contract', `${path}/${file}`, nodeNameProblem(node));
      return null;
    }
    const runtimes = await this.files.list(`${path}/runtime`);
    // Then nobody knows which overrides count, so that what should run here is not known either.
    const isBlind = runtimes.state === 'unreadable';
    if (isBlind) this.find('unreadable', `${path}/runtime`, runtimes.detail);
    const runtimeNames = runtimes.state === 'listed' ? runtimes.names : [];
    const [services, capabilities, nodeFile, networking, paths, others, ...overrides] = await Promise.all([
      isBlind ? ('broken' as const) : this.declared('services', { node }),
      this.declared('capabilities', { node }),
      this.declared('node', { node }),
      this.declared('networking', { node }),
      this.declared('paths', { node }),
      this.others(path, (file) => hostFileNames.includes(file) || file.endsWith('/docker-compose.override.yml')),
      ...runtimeNames.map(async (name) => [name, await this.yaml(overridePath(node, name), ComposeFile, 'compose')] as const),
    ]);
    const overridden = new Map(overrides.filter(([, file]) => file !== 'absent'));
    const hasAny = [services, capabilities, nodeFile, networking, paths].some((file) => file !== 'absent') || overridden.size > 0;
    return hasAny ? { node, services, capabilities, nodeFile, networking, paths, overrides: overridden, others } : null;
  }

  private async service(name: string): Promise<ServiceFiles | null> {
    const path = `services/${name}`;
    const listing = await this.files.list(path);
    if (listing.state === 'absent' || (listing.state === 'unreadable' && listing.isOther)) return null;
    const isNamed = DeclaredServiceName.safeParse(name);
    if (!isNamed.success) {
      const reason = ServiceName.safeParse(name).success ? isNamed.error.issues[0]?.message : 'a service name';
      this.find('contract', path, `${JSON.stringify(name)} cannot be a service's name; expected ${reason ?? 'a service name'}`);
      return null;
    }
    if (listing.state === 'unreadable') {
      this.find('unreadable', path, listing.detail);
      return { name, service: 'broken', compose: 'broken', readme: null, envExample: null, healthcheck: null, others: [] };
    }
    const [service, compose, readme, envExample, healthcheck, others] = await Promise.all([
      this.declared('service', { service: name }),
      this.yaml(`${path}/docker-compose.yml`, ComposeFile, 'compose'),
      this.text(`${path}/README.md`),
      this.text(`${path}/env.example`),
      this.text(`${path}/healthcheck.sh`),
      this.others(path, (file) => serviceFileNames.includes(file)),
    ]);
    return { name, service, compose, readme, envExample, healthcheck, others };
  }

  private declared<K extends InventoryFileKind>(kind: K, names: { readonly node?: string; readonly service?: string }): Promise<Parsed<K>> {
    const { path, schema } = inventoryFiles[kind];
    const file = path.replace('<node>', names.node ?? '').replace('<service>', names.service ?? '');
    return this.yaml(file, schema as unknown as z.ZodType<z.output<(typeof inventoryFiles)[K]['schema']>>, 'plain');
  }

  private async yaml<T>(path: string, schema: z.ZodType<T>, dialect: Dialect): Promise<MaybeFile<T>> {
    const file = await this.files.read(path);
    if (file.state === 'absent') return 'absent';
    if (file.state === 'unreadable') {
      this.find('unreadable', path, file.detail);
      return 'broken';
    }
    const parsed = parseLocatedYaml(file.text, dialect);
    if (!parsed.ok) {
      this.findings.push({ rule: 'not-yaml', severity: 'error', file: path, place: parsed.place, detail: parsed.detail });
      return 'broken';
    }
    const { value, faults } = checkContract(parsed.value, schema, parsed.placeOf);
    for (const fault of faults) this.findings.push({ ...fault, file: path });
    return value === null ? 'broken' : { path, text: file.text, value, placeOf: parsed.placeOf, tags: parsed.tags };
  }

  private async text(path: string): Promise<TextFile | null> {
    const file = await this.files.read(path);
    if (file.state === 'unreadable') this.find('unreadable', path, file.detail);
    return file.state === 'read' ? { path, text: file.text, isExecutable: file.isExecutable } : null;
  }

  private async others(path: string, isKnown: (file: string) => boolean): Promise<readonly TextFile[]> {
    const files = await this.files.filesBelow(path, othersDepth, othersMax);
    const read = await Promise.all(
      files.filter((file) => !isKnown(file.slice(path.length + 1))).map(async (file) => [file, await this.files.read(file)] as const),
    );
    return read.flatMap(([file, content]) => {
      if (content.state !== 'read' || content.text.length > otherCharsMax || content.text.includes('\0')) return [];
      return [{ path: file, text: content.text, isExecutable: content.isExecutable }];
    });
  }

  private find(rule: string, file: string, detail: string): void {
    this.findings.push({ rule, severity: 'error', file, place: null, detail });
  }
}

const hostFileNames = ['services.yaml', 'capabilities.yaml', 'node.yaml', 'networking.yaml', 'paths.yaml'];
const serviceFileNames = ['docker-compose.yml', 'service.yaml', 'README.md', 'env.example', 'healthcheck.sh'];

const placeOrder = (a: Finding, b: Finding): number =>
  (a.place?.line ?? 0) - (b.place?.line ?? 0) || (a.place?.column ?? 0) - (b.place?.column ?? 0) || (a.detail < b.detail ? -1 : 1);

const nodeNameProblem = (entry: string): string => {
  const better = entry.toLowerCase();
  const hint = better !== entry && isNodeDirectoryName(better) ? `; rename it to ${JSON.stringify(better)}` : '';
  return `${JSON.stringify(entry)} cannot be a node's name: lower case, no / + # or spaces, at most 128 characters, not beginning with "site-"${hint}`;
};
