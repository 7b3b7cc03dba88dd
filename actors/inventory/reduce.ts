/**
 * The declared truth, checked and published; on a machine without one, what was seen running.
 *
 * Reads: readings of the directory, health documents and manifest of the own node's node-agent, and the time. Writes, as
 * commands: `desired/<node>`, `inventory_invalid` and `inventory_valid`. Remembers (declared.json, adopted.json, written
 * before anything is published): the last good version of each file, the problems already told, and what was adopted.
 * Fails: a bad file is a problem with file and line and stops nothing else. The `health` map is mutated in place.
 */
import type { Delivery } from '../../bus/actor.ts';
import type { Reduction } from '../../bus/reducer.ts';
import type { EventDraft } from '../../contracts/event.ts';
import { eventTypes } from '../../contracts/event-types.table.ts';
import type { NodeHealth, ServiceHealth } from '../../contracts/health.ts';
import type { AdoptedMemory, DeclaredMemory, InventoryProblem } from '../../contracts/inventory/memory.ts';
import { topics } from '../../contracts/topics.ts';
import { adoptedNow } from './adoption.ts';
import { type Declared, nothingDeclared, takeReading } from './declared.ts';
import { adoptedBody, type DesiredBody, declaredBody, placeOf } from './desired-documents.ts';
import type { Checkout } from './ports.ts';
import { readingOf } from './reading.ts';

export type InventoryEvent =
  | { readonly type: 'filesChanged'; readonly now: number }
  | { readonly type: 'filesRead'; readonly checkout: Checkout; readonly now: number }
  | { readonly type: 'delivery'; readonly delivery: Delivery; readonly now: number }
  | { readonly type: 'wake'; readonly now: number };

export type InventoryCommand =
  | { readonly type: 'read' }
  | { readonly type: 'tell'; readonly draft: EventDraft }
  | { readonly type: 'rememberDeclared'; readonly memory: DeclaredMemory }
  | { readonly type: 'rememberAdopted'; readonly memory: AdoptedMemory }
  | { readonly type: 'publish'; readonly node: string; readonly body: DesiredBody }
  | { readonly type: 'remove'; readonly node: string }
  /** The set of desired documents is whole. */
  | { readonly type: 'complete' };

export interface InventoryOptions {
  readonly node: string;
  readonly site: string;
  readonly agents: readonly string[];
  /** false: there is no directory to read at all. */
  readonly hasDirectory: boolean;
}

export interface InventoryState {
  readonly options: InventoryOptions;
  readonly declared: Declared;
  readonly adopted: readonly string[];
  readonly hasSynced: boolean;
  readonly health: Map<string, ServiceHealth>;
  readonly nodeHealth: NodeHealth | null;
  /** Services of the own node that its node-agent's manifest lists. */
  readonly listed: ReadonlySet<string> | null;
  /** Desired documents as last said, as JSON, by node. */
  readonly said: ReadonlyMap<string, string>;
  readonly isComplete: boolean;
  readonly readAgainAtMs: number | null;
}

/** Watching may miss a change (network shares, no inotify watches left); a minute is soon enough for those. */
const readEveryMs = 60_000;

export function initialState(
  options: InventoryOptions,
  memory: { readonly declared: DeclaredMemory | null; readonly adopted: AdoptedMemory | null },
): InventoryState {
  const { declared, adopted } = memory;
  const remembered: Declared = declared === null ? nothingDeclared : { ...nothingDeclared, ...declared, nodes: new Map(Object.entries(declared.nodes)) };
  return {
    options,
    // Without a directory what was remembered of one counts no more.
    declared: options.hasDirectory ? remembered : { ...nothingDeclared, hosts: 'absent' },
    adopted: adopted?.services ?? [],
    hasSynced: false,
    health: new Map(),
    nodeHealth: null,
    listed: null,
    said: new Map(),
    isComplete: false,
    readAgainAtMs: null,
  };
}

export const wakeAt = ({ readAgainAtMs }: InventoryState): number | null => readAgainAtMs;

/** reading: not read yet; degraded: a file is broken, its last good version is in force; declared, adopting: this node is. */
export function mode({ declared, options }: InventoryState): 'reading' | 'degraded' | 'declared' | 'adopting' {
  if (declared.hosts === 'unread') return 'reading';
  if (declared.problems.some(isFault)) return 'degraded';
  return declared.nodes.has(options.node) ? 'declared' : 'adopting';
}

/** With a key that nobody knows the rest of the file counts; with anything else something is not in force. */
const isFault = ({ rule }: InventoryProblem): boolean => rule !== 'unknown-key';

/** ActorStatus.detail takes 300 characters; this leaves room for a long path and for how many more there are. */
const faultCharsMax = 270;

/** Where the first fault is and what it is, as `homelab validate` says it; null: there is none. */
export function detail({ declared }: InventoryState): string | null {
  const [first, ...others] = declared.problems.filter(isFault);
  if (first === undefined) return null;
  const more = others.length === 0 ? '' : ` (and ${others.length} more)`;
  return `${`${placeOf(first)}: ${first.detail}`.slice(0, faultCharsMax)}${more}`;
}

export function reduce(state: InventoryState, event: InventoryEvent): Reduction<InventoryState, InventoryCommand> {
  switch (event.type) {
    case 'filesChanged':
    case 'wake':
      if (!state.options.hasDirectory) return settle(state, state);
      return { state: { ...state, readAgainAtMs: event.now + readEveryMs }, commands: [{ type: 'read' }] };
    case 'filesRead':
      return settle(state, { ...state, declared: takeReading(state.declared, readingOf(event.checkout, state.declared)) });
    case 'delivery':
      return settle(state, hear(state, event.delivery));
    default: // xstate says `xstate.stop` to every logic that is stopped
      return { state, commands: [] };
  }
}

function hear(state: InventoryState, delivery: Delivery): InventoryState {
  if (delivery.kind === 'synced') return { ...state, hasSynced: true };
  if (delivery.kind !== 'document') return state;
  const { node } = state.options;
  if (delivery.name === 'serviceHealth' && delivery.levels.node === node) {
    const { service } = delivery.levels;
    if (delivery.doc === null) {
      state.health.delete(service);
      // The bus says so only of a removal that it has seen, or that the writer's manifest proves.
      return { ...state, adopted: state.adopted.filter((name) => name !== service) };
    }
    state.health.set(service, delivery.doc);
    return state;
  }
  if (delivery.name === 'nodeHealth' && delivery.levels.node === node) return { ...state, nodeHealth: delivery.doc };
  if (delivery.name === 'manifest' && delivery.levels.node === node && delivery.levels.actor === 'node-agent') {
    const services = delivery.doc?.topics.flatMap((topic) => topics.serviceHealth.match(topic)?.service ?? []);
    return { ...state, listed: services === undefined ? null : new Set(services) };
  }
  return state;
}

/** Compares what should be said with what was said; what must be remembered comes before what is published. */
function settle(before: InventoryState, heard: InventoryState): Reduction<InventoryState, InventoryCommand> {
  const state = adopt(heard);
  const commands: InventoryCommand[] = tellProblems(before.declared.problems, state.declared.problems);
  const declaredMemory = memoryOf(state.declared);
  if (state.declared !== before.declared && JSON.stringify(declaredMemory) !== JSON.stringify(memoryOf(before.declared))) {
    commands.push({ type: 'rememberDeclared', memory: declaredMemory });
  }
  if (state.adopted.join('/') !== before.adopted.join('/')) commands.push({ type: 'rememberAdopted', memory: { services: [...state.adopted] } });
  const bodies = desiredBodies(state);
  const said = new Map<string, string>();
  for (const [node, body] of bodies) {
    const json = JSON.stringify(body);
    if (state.said.get(node) !== json) commands.push({ type: 'publish', node, body });
    said.set(node, json);
  }
  for (const node of state.said.keys()) if (!bodies.has(node)) commands.push({ type: 'remove', node });
  const completes = !state.isComplete && isWhole(state);
  if (completes) commands.push({ type: 'complete' });
  return { state: { ...state, said, isComplete: state.isComplete || completes }, commands };
}

const memoryOf = ({ nodes, topology, access, problems }: Declared): DeclaredMemory => ({
  nodes: Object.fromEntries(nodes),
  ...(topology === undefined ? {} : { topology: { ...topology } }),
  access,
  problems: [...problems],
});

/** A file for this node, good or not, or a directory that cannot be looked into: then nothing new is adopted. */
const mayAdopt = ({ declared, options }: InventoryState): boolean =>
  (declared.hosts === 'listed' || declared.hosts === 'absent') && !declared.present.has(options.node) && !declared.nodes.has(options.node);

function adopt(state: InventoryState): InventoryState {
  // Before the first reading nobody knows whether there is an inventory, before the first sync not what runs.
  if (state.declared.hosts === 'unread' || !state.hasSynced) return state;
  if (state.declared.nodes.has(state.options.node)) return { ...state, adopted: [] };
  return { ...state, adopted: adoptedNow(state.adopted, { health: state.health, existing: existingServices(state), mayAdopt: mayAdopt(state) }) };
}

/**
 * All services the node-agent has now, or null when that is not certain. A removal that nobody here was up to hear is
 * proved by a manifest that does not list it, as long as its writer is alive, sees its engine, and counts as many.
 */
function existingServices({ listed, nodeHealth }: InventoryState): ReadonlySet<string> | null {
  if (listed === null || nodeHealth?.status !== 'online' || nodeHealth.engine !== 'up') return null;
  return nodeHealth.services_count === listed.size ? listed : null;
}

function desiredBodies(state: InventoryState): ReadonlyMap<string, DesiredBody> {
  const { declared, options, adopted, hasSynced } = state;
  const bodies = new Map([...declared.nodes].map(([node, version]) => [node, declaredBody(node, version, declared, options)]));
  if (declared.hosts === 'unread' || !hasSynced || declared.nodes.has(options.node)) return bodies;
  // What stands is not taken back because a first services.yaml is still broken.
  const stands = adopted.length > 0 || state.said.has(options.node);
  if (mayAdopt(state) || stands) bodies.set(options.node, adoptedBody(options.node, adopted, declared, options));
  return bodies;
}

/** Nothing is missing from what is said, so that leftovers of an earlier life may go. */
function isWhole({ declared, hasSynced, options }: InventoryState): boolean {
  const knowsFiles =
    declared.hosts === 'listed' ? [...declared.present].every((node) => declared.nodes.has(node)) : declared.hosts === 'absent' && declared.nodes.size === 0;
  return knowsFiles && (hasSynced || declared.nodes.has(options.node));
}

/** A whole tree of broken files is one trouble, not an event for each line of it; `homelab validate` lists them all. */
const toldAtOnceMax = 20;

/** Each fault once: told again only when it changes, or comes back after its file was well. */
function tellProblems(before: readonly InventoryProblem[], after: readonly InventoryProblem[]): InventoryCommand[] {
  const told = new Set(before.map(faultOf));
  const standing = new Set(after.map(({ file }) => file));
  const fresh = after.filter((problem) => !told.has(faultOf(problem)));
  const mended = [...new Set(before.map(({ file }) => file))].filter((file) => !standing.has(file));
  const drafts = [...fresh.slice(0, toldAtOnceMax).map((problem) => invalid(problem)), ...mended.map(valid)];
  const last = fresh[toldAtOnceMax];
  if (last !== undefined) drafts.push(invalid(last, ` (and ${fresh.length - toldAtOnceMax - 1} more faults)`));
  return drafts.map((draft) => ({ type: 'tell', draft }));
}

const faultOf = ({ file, line, column, detail }: InventoryProblem): string => JSON.stringify([file, line, column, detail]);

const invalid = (problem: InventoryProblem, more = ''): EventDraft => ({
  type: 'inventory_invalid',
  severity: eventTypes.inventory_invalid.severity,
  message: `${placeOf(problem)}: ${problem.detail}${more}`.slice(0, 2000),
  payload: { ...problem },
});

const valid = (file: string): EventDraft => ({
  type: 'inventory_valid',
  severity: eventTypes.inventory_valid.severity,
  message: `${file} is well again`,
  payload: { file },
});
