/**
 * Once every fault is healed and people have done their part: what is not well yet, or what is said that is not so; and what is not over
 * by design, for a known time. How long each may last says `run-seed.ts`.
 *
 * In the end every container runs, nothing is open, the site is nominal, and what is retained is what its writers say, no more and no less.
 */

import { contentOf } from '../../bus/document-text.ts';
import type { Action, Decisions } from '../../contracts/action.ts';
import { openStates } from '../../contracts/action.ts';
import type { ActorStatus, Manifest } from '../../contracts/actor-status.ts';
import type { DesiredNode } from '../../contracts/desired.ts';
import type { Incident } from '../../contracts/incident.ts';
import { findTopic, topics } from '../../contracts/topics.ts';
import type { Machine } from './machine.ts';
import type { Site } from './site.ts';
import { isBrought } from './territory.ts';

interface Head {
  readonly status: string;
}

/** The documents that are retained, by topic without the root. */
class Documents {
  /** Retained where nothing may be. */
  readonly strays: string[] = [];
  private readonly docs = new Map<string, Head>();
  /** Brought by the bridge: what is said of them is said on the other side. */
  private readonly brought = new Set<string>();

  constructor({ broker, root, overseer: { territory } }: Site) {
    for (const [absolute, text] of broker.retainedTopics) {
      const topic = absolute.slice(root.length + 1);
      const found = findTopic(topic);
      if (found?.row.retained !== true) this.strays.push(topic);
      else this.docs.set(topic, JSON.parse(text) as Head);
      if (found !== null && isBrought(territory, found)) this.brought.add(topic);
    }
    // Of the link of another site the bridge speaks, without anybody's help.
    if (territory.bridge !== null && territory.site !== territory.bridge.site) this.brought.add(topics.link.build({ site: territory.bridge.site }));
  }

  /** Those that the site itself says. */
  get topics(): readonly string[] {
    return [...this.docs.keys()].filter((topic) => !this.brought.has(topic));
  }

  get<D>(topic: string): D | undefined {
    return this.docs.get(topic) as D | undefined;
  }

  content(topic: string): string | null {
    const doc = this.docs.get(topic);
    return doc === undefined ? null : contentOf(doc as unknown as Record<string, unknown>);
  }

  status(topic: string): string {
    return this.docs.get(topic)?.status ?? 'not there';
  }

  under<D>(prefix: string): readonly D[] {
    return [...this.docs].filter(([topic]) => topic.startsWith(prefix) && !this.brought.has(topic)).map(([, doc]) => doc as unknown as D);
  }
}

type Complain = (what: string) => void;

/** In words, one line each. */
export interface Differences {
  readonly wrong: readonly string[];
  /** Open although its subject is well: it flapped, and has to be quiet for a while. */
  readonly settling: readonly string[];
  /** Stored on a request topic, and lost on its way to the ledger, which cannot clear what it does not know of. */
  readonly unheard: readonly string[];
}

export function differences(site: Site): Differences {
  const found: string[] = [];
  const unheard: string[] = [];
  const complain: Complain = (what) => found.push(what);
  const docs = new Documents(site);
  for (const topic of docs.strays) (site.overseer.requests.isUnheard(topic) ? unheard : found).push(`${topic} is retained`);
  for (const { node, name } of site.processes) expect(complain, docs, `actors/${node}/${name}`, ['online']);
  const incidents = docs.under<Incident>('world/incidents/').filter(({ status }) => status === 'active');
  const flapping = incidents.filter((incident) => incident.flapping);
  for (const incident of incidents) if (!incident.flapping) complain(`${incident.id} is open: ${incident.message}`);
  for (const machine of site.machines) compareMachine(complain, docs, { machine, site, flapping });
  for (const action of docs.under<Action>('world/actions/'))
    if (openStates.some((state) => state === action.status)) complain(`${action.id} is still ${action.status}`);
  const summary = docs.status(topics.site.pattern.replace('{site}', site.name));
  if (summary !== 'nominal' && flapping.length === 0) complain(`the site is ${summary}, with ${incidents.length} incidents open`);
  found.push(...site.overseer.events.differences((node) => docs.get(topics.cursor.build({ site: site.name, node }))));
  // The dearest comparison, and of no use before the others agree.
  if (found.length === 0) compareTruth(complain, docs, site);
  return { wrong: found, settling: flapping.map(({ id }) => `${id} is open, and flapping`), unheard };
}

function expect(complain: Complain, docs: Documents, topic: string, statuses: readonly string[]): void {
  if (!statuses.includes(docs.status(topic))) complain(`${topic} is ${docs.status(topic)}, not ${statuses.join(' or ')}`);
}

interface Subject {
  readonly machine: Machine;
  readonly site: Site;
  readonly flapping: readonly Incident[];
}

function compareMachine(complain: Complain, docs: Documents, { machine, site, flapping }: Subject): void {
  const { name, engine, shape } = machine;
  const { isAdopted } = site.shape;
  expect(complain, docs, `health/${name}`, ['online']);
  expect(complain, docs, `world/nodes/${name}`, ['online']);
  expect(complain, docs, `desired/${name}`, [isAdopted ? 'adopted' : 'declared']);
  const desired = docs.get<DesiredNode>(`desired/${name}`)?.services ?? [];
  for (const { name: service } of shape.services) {
    const container = engine.world.find(service);
    if (container?.status !== 'running' || (container.health ?? 'healthy') !== 'healthy')
      complain(`${service} on ${name} is ${container?.status ?? 'removed'} (${container?.health ?? 'no health check'})`);
    expect(complain, docs, `health/${name}/${service}`, ['healthy']);
    // What ended before anybody looked is not adopted until somebody sees it run.
    if (!desired.some((each) => each.name === service)) complain(`${service} on ${name} runs, and is not in desired/${name}`);
    const decision = docs.get<Decisions>(`decisions/${name}`)?.services.find((each) => each.service === service);
    // An incident that flaps does not say in its document whether it is well just now.
    const isSettling = flapping.some((each) => each.node === name && each.service === service);
    if (decision?.decision !== 'nothing' && !isSettling)
      complain(`${service} on ${name} is well, and is decided: ${decision?.decision ?? 'not there'} (${decision?.why ?? ''})`);
  }
  for (const topic of docs.topics) {
    const service = serviceIn(topic, name);
    if (service === null) continue;
    if (engine.world.find(service) === undefined) complain(`${topic} is ${docs.status(topic)}, and there is no such container`);
    else expect(complain, docs, `world/services/${name}/${service}`, [docs.status(`health/${name}/${service}`)]);
  }
}

/** The service of this machine that a topic is about. */
function serviceIn(topic: string, machine: string): string | null {
  for (const prefix of [`health/${machine}/`, `world/services/${machine}/`]) if (topic.startsWith(prefix)) return topic.slice(prefix.length);
  return null;
}

/** What every process says now, against what the broker holds: content by content, and in its manifest. */
function compareTruth(complain: Complain, docs: Documents, { processes }: Site): void {
  const owned = new Set<string>();
  for (const { node, name, login, truth } of processes) {
    const said = truth.documents();
    const status = topics.actorStatus.build({ node, actor: name });
    const manifest = topics.manifest.build({ node, actor: name });
    for (const [topic, content] of said) {
      owned.add(topic);
      if (docs.content(topic) !== content) complain(`${topic} is retained as ${docs.content(topic) ?? 'nothing'}, and ${login} says ${content}`);
    }
    for (const topic of truth.isComplete ? [status, manifest] : [status]) owned.add(topic);
    const listed = [...(docs.get<Manifest>(manifest)?.topics ?? [])].sort().join(' ');
    const expected = [...said.keys(), status].sort().join(' ');
    if (truth.isComplete && listed !== expected) complain(`${manifest} lists ${listed}, and ${login} has said ${expected}`);
    if (docs.get<ActorStatus>(status)?.actor !== name) complain(`${status} is not what ${login} says of itself`);
  }
  for (const topic of docs.topics) if (!owned.has(topic)) complain(`${topic} is retained, and nobody says so`);
}
