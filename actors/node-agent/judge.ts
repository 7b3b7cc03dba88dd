/**
 * From containers to services: judges every container anew, picks the one that stands for its service, and says what
 * changed. Level-triggered: it looks at everything known each time (100 containers cost well below a millisecond), so it
 * does not matter which event brought it here. Changes the memory it is given.
 */
import { groupByService, isGhost } from '../../contracts/canonical-name.ts';
import type { ServiceStatus } from '../../contracts/health.ts';
import { servicesDigest } from '../../contracts/services-digest.ts';
import { classify, type Verdict } from './classify.ts';
import { nodeBody, removedEvent, type ServiceBody, type Standing, serviceBody, standingEvent, standingOf, unknownBody } from './documents.ts';
import type { EngineRequest, Memory, NodeAgentCommand, SaidService, Watched } from './memory.ts';
import type { ContainerFacts } from './ports.ts';

/** A recreate removes the old container before the new one runs: a service that is back within this long was never gone. */
const removalHoldMs = 3_000;

/** A service of several containers is as bad as its worst one; a stopped replica beside healthy ones was stopped by somebody, and shows. */
const badness: Record<ServiceStatus, number> = { gone: 0, healthy: 1, stopped: 2, starting: 3, unknown: 4, unhealthy: 5, down: 6 };

interface Output {
  readonly commands: NodeAgentCommand[];
  readonly requests: EngineRequest[];
}
type Said = NonNullable<Watched['said']>;

/** Judges all containers. Only while the engine answers and a list has made the set whole. */
export function judge(memory: Memory): Output {
  const output: Output = { commands: [], requests: [] };
  memory.wakeAtMs = null;
  const groups = groupByService([...memory.containers.values()].map((watched) => watched.facts));
  let isPending = false;
  for (const [service, containers] of groups) {
    const real = containers.filter((each) => !isGhost(each));
    const said = (real.length > 0 ? real : containers).map((facts) => judgeContainer(memory, facts, output)).filter((each) => each !== null);
    const worst = said.reduce<Said | null>((bad, each) => (bad === null || badness[each.verdict.status] > badness[bad.verdict.status] ? each : bad), null);
    if (worst === null) {
      isPending = true;
      const entry = memory.services.get(service);
      if (entry !== undefined) memory.services.set(service, { ...entry, vanishedAtMs: null });
    } else {
      const before = memory.services.get(service)?.lastKnown ?? null;
      sayService(memory, serviceBody({ node: memory.node, service, ...worst, before, now: memory.now }), output);
    }
  }
  for (const service of [...memory.services.keys()]) if (!groups.has(service)) vanish(memory, service, output);
  sayNodeIfChanged(memory, output);
  if (memory.completeOwed && !isPending) {
    memory.completeOwed = false;
    output.commands.push({ type: 'complete' });
  }
  return output;
}

/** What is said of a container now: what was said before while more is about to be known, null when nothing can be said yet. */
function judgeContainer(memory: Memory, facts: ContainerFacts, output: Output): Said | null {
  const watched = memory.containers.get(facts.id);
  if (watched === undefined) return null;
  const judgement = classify({
    facts,
    hints: memory.hints.get(facts.id) ?? [],
    known: knownDeath(memory, watched),
    outages: memory.outages,
    // Without a time of death there is nothing to ask for (a container the engine can list, and not inspect).
    recalled: facts.finishedAt === null || watched.recalledFor === facts.finishedAt,
    now: memory.now,
  });
  switch (judgement.kind) {
    case 'said':
      wakeAt(memory, judgement.reviewAtMs);
      watched.said = { facts, verdict: judgement.verdict };
      break;
    case 'wait':
      wakeAt(memory, judgement.untilMs);
      break;
    case 'recall':
      if (watched.askedFor !== facts.finishedAt) {
        watched.askedFor = facts.finishedAt;
        output.requests.push({ type: 'recall', id: facts.id, sinceMs: judgement.sinceMs });
      }
      break;
  }
  return watched.said;
}

/** What was said of the same death: by this life of the agent, or by an earlier one in the document that was read back. */
function knownDeath(memory: Memory, { facts, said }: Watched): Verdict | null {
  if (facts.status !== 'exited') return null;
  if (said?.facts.status === 'exited' && (facts.finishedAt === null || said.facts.finishedAt === facts.finishedAt)) return said.verdict;
  if (facts.finishedAt === null) return null;
  const containerId = facts.id.slice(0, 12);
  const finishedAtMs = Date.parse(facts.finishedAt);
  for (const { lastKnown } of memory.services.values()) {
    if (lastKnown?.container_id !== containerId || lastKnown.finished_at === null) continue;
    if (lastKnown.status !== 'down' && lastKnown.status !== 'stopped') continue;
    // A restart loop has a finish time too, and is no explanation of the end of it.
    if (lastKnown.reason === 'restarting' || lastKnown.reason === 'paused' || lastKnown.reason === 'removed') continue;
    if (Date.parse(lastKnown.finished_at) === finishedAtMs) return { status: lastKnown.status, reason: lastKnown.reason };
  }
  return null;
}

/** The event goes before the document: dying in between says the event twice, which readers can bear, instead of never. */
function sayService(memory: Memory, body: ServiceBody, output: Output): void {
  const entry = memory.services.get(body.service);
  const standing = standingNow(entry, body);
  // What was found stopped when first seen is no change, and no trouble.
  const isNews =
    (standing !== null && standing !== entry?.standing && !(standing === 'stopped' && entry === undefined)) ||
    (standing === 'down' && entry?.downReason != null && entry.downReason !== body.reason);
  const downReason = isNews ? (standing === 'down' ? body.reason : null) : (entry?.downReason ?? null);
  if (isNews) output.commands.push({ type: 'announce', draft: standingEvent(body, standing) });
  if (entry?.isOurs !== true || !isSame(entry.body, body)) output.commands.push({ type: 'publish_service', body });
  memory.services.set(body.service, { body, lastKnown: body, standing: standing ?? entry?.standing ?? null, downReason, isOurs: true, vanishedAtMs: null });
}

/**
 * Where it stands, by its status; null while that is neither good nor bad. One that stood well, and which its restart policy
 * has meanwhile started again, is not well until it has settled: otherwise a service that crashes every minute would
 * never be heard of, because it is back before anybody looks.
 */
function standingNow(entry: SaidService | undefined, body: ServiceBody): Standing | null {
  const standing = standingOf(body.status);
  if (standing !== null || body.status !== 'starting' || entry?.standing !== 'good') return standing;
  const { container_id, restart_count } = entry.lastKnown ?? entry.body;
  return container_id === body.container_id && body.restart_count > restart_count ? 'unhealthy' : null;
}

function vanish(memory: Memory, service: string, output: Output): void {
  const entry = memory.services.get(service);
  if (entry === undefined) return;
  const vanishedAtMs = entry.vanishedAtMs ?? memory.now;
  if (memory.now < vanishedAtMs + removalHoldMs) {
    memory.services.set(service, { ...entry, vanishedAtMs });
    wakeAt(memory, vanishedAtMs + removalHoldMs);
    return;
  }
  memory.services.delete(service);
  output.commands.push({ type: 'announce', draft: removedEvent(entry.lastKnown ?? entry.body) }, { type: 'remove_service', service });
}

/** The engine does not answer: nothing is known of any service. */
export function sayAllUnknown(memory: Memory): NodeAgentCommand[] {
  const commands: NodeAgentCommand[] = [];
  memory.wakeAtMs = null;
  for (const [service, entry] of memory.services) {
    const body = unknownBody(entry.body, memory.now);
    memory.services.set(service, { ...entry, body, isOurs: true, vanishedAtMs: null });
    commands.push({ type: 'publish_service', body });
  }
  return commands;
}

/** The node document as it is now, or nothing while the engine has not shown itself in any way. */
export function sayNode(memory: Memory, options: { readonly always: boolean }): NodeAgentCommand[] {
  const { node, engine, metrics, reclaimableBytes } = memory;
  if (engine === null) return [];
  const services = [...memory.services.keys()];
  memory.digestSaid = servicesDigest(services);
  return [{ type: 'publish_node', body: nodeBody({ node, engine, services, metrics, reclaimableBytes }), always: options.always }];
}

function sayNodeIfChanged(memory: Memory, output: Output): void {
  if (servicesDigest(memory.services.keys()) !== memory.digestSaid) output.commands.push(...sayNode(memory, { always: false }));
}

function wakeAt(memory: Memory, atMs: number | null): void {
  if (atMs !== null) memory.wakeAtMs = Math.min(memory.wakeAtMs ?? atMs, atMs);
}

const isSame = (one: ServiceBody, other: ServiceBody): boolean => JSON.stringify(one) === JSON.stringify(other);
