/** A world for the inventory's reducer: readings and documents are handed in, and what it does about them is collected. */
import type { DesiredBody } from '../../actors/inventory/desired-documents.ts';
import { type InventoryCommand, type InventoryEvent, type InventoryState, initialState, mode, reduce } from '../../actors/inventory/reduce.ts';
import { type DeclaredTree, emptyTree, type Finding, type HostFiles, type ReadFile } from '../../actors/inventory/tree.ts';
import type { Delivery } from '../../bus/actor.ts';
import type { PersonRole } from '../../contracts/desired.ts';
import { HostService } from '../../contracts/inventory/host.ts';
import type { AdoptedMemory, DeclaredMemory } from '../../contracts/inventory/memory.ts';
import type { LevelsOf, PayloadOf, Topic } from '../../contracts/topic.ts';
import { allTopics, topics } from '../../contracts/topics.ts';

const now = Date.parse('2026-03-01T12:00:00.000Z');
const since = new Date(now).toISOString();

type Loose<T extends Topic> = { readonly [K in keyof PayloadOf<T>]?: unknown };

/** A file that fits its contract; its line n declares the nth key of what the path leads to. */
export const readFile = <T>(path: string, value: T, keys: readonly string[] = []): ReadFile<T> => ({
  path,
  text: '',
  value,
  placeOf: (steps) => ({ line: keys.indexOf(String(steps.at(-1))) + 2, column: 1 }),
  tags: () => [],
});

export interface NodeSettings {
  readonly agents?: readonly string[];
  readonly site?: string;
  readonly entries?: Readonly<Record<string, object>>;
}

/** The files of a node that runs these services. */
export const readNode = (node: string, services: readonly string[], { agents, site, entries = {} }: NodeSettings = {}): HostFiles => {
  const value = {
    services: Object.fromEntries(services.map((name) => [name, HostService.parse(entries[name] ?? {})])),
    ...(agents === undefined ? {} : { agents: [...agents] }),
    ...(site === undefined ? {} : { site }),
  };
  return hostFiles(node, readFile(`hosts/${node}/services.yaml`, value, services));
};

const hostFiles = (node: string, services: HostFiles['services']): HostFiles => {
  const absent = { capabilities: 'absent', nodeFile: 'absent', networking: 'absent', paths: 'absent' } as const;
  return { node, services, ...absent, overrides: new Map(), others: [] };
};

export interface ReadingSettings extends Partial<Omit<DeclaredTree, 'access' | 'hosts'>> {
  readonly access?: Readonly<Record<string, PersonRole>> | 'unreadable';
}

export const reading = (nodes: readonly HostFiles[], { access, ...rest }: ReadingSettings = {}): DeclaredTree => ({
  ...emptyTree,
  access: access === undefined ? 'absent' : access === 'unreadable' ? 'broken' : readFile('inventory/access.yaml', { logins: { ...access } }),
  hosts: new Map(nodes.map((files) => [files.node, files])),
  ...rest,
});

export const problem = (node: string | null, detail = 'not YAML', line = 3): Finding => ({
  rule: 'not-yaml',
  severity: 'error',
  file: node === null ? 'hosts' : `hosts/${node}/services.yaml`,
  place: { line, column: 1 },
  detail,
});

/** A reading in which some services.yaml do not parse. */
export const brokenReading = (broken: readonly string[], nodes: readonly HostFiles[] = []): DeclaredTree =>
  reading([...nodes, ...broken.map((node) => hostFiles(node, 'broken'))], { findings: broken.map((node) => problem(node)) });

export class InventoryWorld {
  state: InventoryState;
  readonly commands: InventoryCommand[] = [];
  readonly desired = new Map<string, DesiredBody>();
  /** As on disk. */
  memory: { declared: DeclaredMemory | null; adopted: AdoptedMemory | null };
  private rev = 0;

  constructor(
    options: { readonly hasDirectory?: boolean; readonly memory?: { readonly declared: DeclaredMemory | null; readonly adopted: AdoptedMemory | null } } = {},
  ) {
    this.memory = { declared: null, adopted: null, ...options.memory };
    this.state = initialState({ node: 'vps', site: 'hub', agents: ['node-agent', 'executor'], hasDirectory: options.hasDirectory ?? true }, this.memory);
  }

  /** The same machine after a restart: only what is on disk is left. */
  restarted(): InventoryWorld {
    return new InventoryWorld({ hasDirectory: this.state.options.hasDirectory, memory: this.memory });
  }

  send(event: InventoryEvent): this {
    const { state, commands } = reduce(this.state, event);
    this.state = state;
    this.commands.push(...commands);
    for (const command of commands) {
      if (command.type === 'publish') this.desired.set(command.node, command.body);
      if (command.type === 'remove') this.desired.delete(command.node);
      if (command.type === 'rememberDeclared') this.memory.declared = structuredClone(command.memory);
      if (command.type === 'rememberAdopted') this.memory.adopted = structuredClone(command.memory);
    }
    return this;
  }

  read(tree: DeclaredTree, commit: string | null = null): this {
    return this.send({ type: 'filesRead', checkout: { tree, commit }, now });
  }

  synced(): this {
    return this.send({ type: 'delivery', delivery: { kind: 'synced', session: 1, at: now }, now });
  }

  put<P extends string, T extends Topic<P>>(topic: T, levels: LevelsOf<P>, body: Loose<T> | null): this {
    const name = allTopics.find(([, row]) => (row as unknown) === topic)?.[0];
    this.rev += 1;
    const doc = body === null ? null : topic.schema.parse({ summary: '', ts: since, session: 1, rev: this.rev, ...body });
    const delivery = { kind: 'document', name, topic: topic.build(levels), levels, doc, will: false, retained: false, at: now };
    return this.send({ type: 'delivery', delivery: delivery as unknown as Delivery, now });
  }

  /** A compose service, unless `rest` says otherwise. */
  health(service: string, status: string, rest: Loose<typeof topics.serviceHealth> = {}, node = 'vps'): this {
    return this.put(topics.serviceHealth, { node, service }, { status, reason: 'running', node, service, project: 'stack', since, ...rest });
  }

  removed(service: string): this {
    return this.put(topics.serviceHealth, { node: 'vps', service }, null);
  }

  nodeHealth(services_count: number, rest: Loose<typeof topics.nodeHealth> = {}): this {
    return this.put(topics.nodeHealth, { node: 'vps' }, { status: 'online', engine: 'up', node: 'vps', services_count, ...rest });
  }

  manifest(services: readonly string[]): this {
    return this.put(
      topics.manifest,
      { node: 'vps', actor: 'node-agent' },
      { status: 'complete', topics: ['health/vps', ...services.map((each) => `health/vps/${each}`)] },
    );
  }

  get mode(): string {
    return mode(this.state);
  }

  /** Names of the services desired on a node; null when nothing is published for it. */
  services(node = 'vps'): readonly string[] | null {
    return this.desired.get(node)?.services.map(({ name }) => name) ?? null;
  }

  /** `<type> <message>` of each event so far. */
  get told(): readonly string[] {
    return this.commands.flatMap((command) => (command.type === 'tell' ? `${command.draft.type} ${command.draft.message}` : []));
  }

  get kinds(): readonly string[] {
    return this.commands.map(({ type }) => type);
  }
}
