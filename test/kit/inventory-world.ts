/** A world for the inventory's reducer: readings and documents are handed in, and what it does about them is collected. */
import type { DesiredBody } from '../../actors/inventory/desired-documents.ts';
import type { InventoryReading, ReadNode } from '../../actors/inventory/ports.ts';
import { type InventoryCommand, type InventoryEvent, type InventoryState, initialState, mode, reduce } from '../../actors/inventory/reduce.ts';
import type { Delivery } from '../../bus/actor.ts';
import type { AdoptedMemory, DeclaredMemory, InventoryProblem } from '../../contracts/inventory.ts';
import type { LevelsOf, PayloadOf, Topic } from '../../contracts/topic.ts';
import { allTopics, topics } from '../../contracts/topics.ts';

const now = Date.parse('2026-03-01T12:00:00.000Z');
const since = new Date(now).toISOString();

type Loose<T extends Topic> = { readonly [K in keyof PayloadOf<T>]?: unknown };

export const readNode = (node: string, services: readonly string[], rest: Partial<ReadNode> = {}): ReadNode => ({
  file: `hosts/${node}/services.yaml`,
  services: services.map((name) => ({ name, monitor: true })),
  agents: null,
  site: null,
  lines: Object.fromEntries(services.map((name, at) => [name, at + 2])),
  ...rest,
});

export const reading = (nodes: readonly ReadNode[], rest: Partial<InventoryReading> = {}): InventoryReading => {
  const named = nodes.map((node) => [node.file.split('/')[1] ?? '', node] as const);
  return { hosts: 'listed', present: named.map(([name]) => name), nodes: Object.fromEntries(named), access: null, problems: [], ...rest };
};

export const problem = (node: string | null, detail = 'not YAML', line = 3): InventoryProblem => ({
  file: node === null ? 'hosts' : `hosts/${node}/services.yaml`,
  node,
  line,
  column: 1,
  detail,
});

/** A reading in which some files do not parse. */
export const brokenReading = (broken: readonly string[], nodes: readonly ReadNode[] = []): InventoryReading => {
  const whole = reading(nodes);
  return { ...whole, present: [...whole.present, ...broken], problems: broken.map((node) => problem(node)) };
};

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

  read(what: InventoryReading): this {
    return this.send({ type: 'filesRead', reading: what, now });
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
