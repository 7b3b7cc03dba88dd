/**
 * Once every fault is healed: what in the documents does not agree with the engines yet, or with each other; and what does
 * not by design, for a known time. How long each may last says `run-seed.ts`.
 */
import type { Container } from '../../adapters/simulated/container.ts';
import type { Action, Decisions } from '../../contracts/action.ts';
import type { DesiredNode } from '../../contracts/desired.ts';
import type { Incident } from '../../contracts/incident.ts';
import { findTopic } from '../../contracts/topics.ts';
import type { SiteSummary } from '../../contracts/world.ts';
import { root, type Site, siteName } from './site.ts';

interface Head {
  readonly status: string;
}

const isDocument = (topic: string): boolean => findTopic(topic)?.row.retained === true;

/** The documents that are retained, by topic without the root. */
class Documents {
  /** Retained where nothing may be. */
  readonly strays: string[] = [];
  private readonly docs: Map<string, Head>;

  constructor(site: Site) {
    this.docs = new Map();
    for (const [absolute, text] of site.broker.retainedTopics) {
      const topic = absolute.slice(root.length + 1);
      if (isDocument(topic)) this.docs.set(topic, JSON.parse(text) as Head);
      else this.strays.push(topic);
    }
  }

  get topics(): readonly string[] {
    return [...this.docs.keys()];
  }

  get<D>(topic: string): D | undefined {
    return this.docs.get(topic) as D | undefined;
  }

  status(topic: string): string {
    return this.docs.get(topic)?.status ?? 'not there';
  }

  under<D>(prefix: string): readonly D[] {
    return [...this.docs].filter(([topic]) => topic.startsWith(prefix)).map(([, doc]) => doc as unknown as D);
  }
}

type Complain = (what: string) => void;

/** In words, one line each. */
export interface Differences {
  readonly wrong: readonly string[];
  /** Open although its service is well: it flapped, and has to be quiet for a while. */
  readonly settling: readonly string[];
  /** Stored on a request topic, and lost on its way to the ledger, which cannot clear what it does not know of. */
  readonly unheard: readonly string[];
}

export function differences(site: Site): Differences {
  const found: string[] = [];
  const unheard: string[] = [];
  const settling: string[] = [];
  const complain: Complain = (what) => found.push(what);
  const docs = new Documents(site);
  for (const topic of docs.strays) (site.overseer.requests.isUnheard(topic) ? unheard : found).push(`${topic} is retained`);
  for (const { node, name } of site.processes) expect(complain, docs, `actors/${node}/${name}`, ['online']);
  const incidents = docs.under<Incident>('world/incidents/').filter(({ status }) => status === 'active');
  const standing = incidents.filter((incident) => isTrue(site, incident));
  for (const incident of incidents)
    if (!standing.includes(incident)) (incident.flapping ? settling : found).push(`${incident.id} is open, and the engine contradicts it`);
  for (const { name, engine } of site.machines) {
    expect(complain, docs, `health/${name}`, ['online']);
    expect(complain, docs, `world/nodes/${name}`, ['online']);
    expect(complain, docs, `desired/${name}`, [site.isAdopted ? 'adopted' : 'declared']);
    const containers = engine.world.all();
    for (const container of containers) compareService(complain, docs, { node: name, container, incidents: standing, isAdopted: site.isAdopted });
    const there = new Set(containers.map((each) => each.name));
    for (const topic of docs.topics) {
      const service = [`health/${name}/`, `world/services/${name}/`]
        .map((prefix) => (topic.startsWith(prefix) ? topic.slice(prefix.length) : null))
        .find((each) => each !== null);
      if (service !== undefined && service !== null && !there.has(service)) complain(`${topic} is ${docs.status(topic)}, and there is no such container`);
    }
  }
  found.push(...site.overseer.events.differences((node) => docs.get(`cursors/${siteName}/${node}`)));
  for (const action of docs.under<Action>('world/actions/')) compareAction(complain, action, incidents);
  const summary = docs.get<SiteSummary>(`world/sites/${siteName}`);
  const shouldBe = incidents.length === 0 ? ['nominal'] : ['degraded', 'critical'];
  if (!shouldBe.includes(summary?.status ?? ''))
    complain(`the site is ${summary?.status ?? 'not there'} (${summary?.worst ?? ''}), with ${incidents.length} incidents open`);
  return { wrong: found, settling, unheard };
}

function expect(complain: Complain, docs: Documents, topic: string, statuses: readonly string[]): void {
  if (!statuses.includes(docs.status(topic))) complain(`${topic} is ${docs.status(topic)}, not ${statuses.join(' or ')}`);
}

/** What a container's service must be called; null while the engine itself is about to change it. */
function truthOf({ status, health }: Container): readonly string[] | null {
  if (status === 'running') return health === null ? ['healthy'] : health === 'starting' ? null : [health];
  return status === 'exited' ? ['down', 'stopped'] : null;
}

interface Subject {
  readonly node: string;
  readonly container: Container;
  /** Those that are true. */
  readonly incidents: readonly Incident[];
  readonly isAdopted: boolean;
}

function compareService(complain: Complain, docs: Documents, { node, container, incidents, isAdopted }: Subject): void {
  const service = container.name;
  const truth = truthOf(container);
  if (truth === null) {
    complain(`${service} on ${node} is still ${container.status}`);
    return;
  }
  expect(complain, docs, `health/${node}/${service}`, truth);
  expect(complain, docs, `world/services/${node}/${service}`, [docs.status(`health/${node}/${service}`)]);
  const own = incidents.filter((each) => each.node === node && each.service === service);
  const said = docs.status(`health/${node}/${service}`);
  const isWanted = docs.get<DesiredNode>(`desired/${node}`)?.services.some((each) => each.name === service) ?? false;
  if (!isWanted && !isAdopted) complain(`${service} on ${node} is declared, and not in desired/${node}`);
  // What was never seen running while somebody looked, or did its job and ended, is not adopted: nobody misses it.
  if (!isWanted) return;
  const isTrouble = said === 'down' || said === 'unhealthy' || (said === 'stopped' && !isAdopted);
  if (isTrouble !== own.length > 0) complain(`${service} on ${node} is ${said}, and has ${own.length} open incidents`);
  const decision = docs.get<Decisions>(`decisions/${node}`)?.services.find((each) => each.service === service);
  const wanted = isTrouble ? ['proposed', 'blocked'] : ['nothing'];
  if (!wanted.includes(decision?.decision ?? ''))
    complain(`${service} on ${node} is ${said}, and is decided: ${decision?.decision ?? 'not there'} (${decision?.why ?? ''})`);
  const action = decision?.action_id == null ? null : docs.status(`world/actions/${node}/${decision.action_id}`);
  if (decision?.decision === 'proposed' && action !== 'pending') complain(`${decision.action_id} is proposed, and ${action ?? 'has no id'}`);
}

function compareAction(complain: Complain, action: Action, incidents: readonly Incident[]): void {
  if (action.status === 'running' || action.status === 'approved') complain(`${action.id} is still ${action.status}`);
  const hasReason = incidents.some((each) => each.node === action.node && each.service === action.service);
  if (action.status === 'pending' && action.proposed_by.startsWith('supervisor-') && !hasReason) complain(`${action.id} is pending, and nothing is wrong`);
}

/** One outage may have two incidents: a service whose check failed before its container ended. Both are true until it is well. */
function isTrue(site: Site, { node, service, kind }: Incident): boolean {
  const container = site.machines
    .find(({ name }) => name === node)
    ?.engine.world.all()
    .find(({ name }) => name === service);
  if (container === undefined || (kind !== 'down' && kind !== 'unhealthy')) return false;
  return container.status !== 'running' || container.health === 'unhealthy';
}
