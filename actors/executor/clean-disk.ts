/**
 * Carries a clean-up out: one kind after the other, each on its own, so that one that fails keeps no other from being done.
 *
 * Rejects only when nothing was done at all, with the trouble of the first kind.
 */
import type { Clock } from '../../bus/clock.ts';
import type { CleanupKind } from '../../contracts/cleanup.ts';
import type { Acted } from './claims.ts';
import { type CleanupPlan, containersToRemove } from './cleanup.ts';
import { ControlError, type ExecutorPorts, type Freed } from './ports.ts';

/** A build in progress has images without a tag that are minutes old. */
const imagesOlderThanMs = 3_600_000;
/** As in the original system: long enough to look into what happened at the weekend. */
const eventsKeptMs = 3 * 86_400_000;
const deployLogsKeptMs = 30 * 86_400_000;
/** Removals of one clean-up; with an inspect each they take the engine seconds. The next clean-up goes on. */
const containersMax = 100;
/** Names in the outcome, which travels in a document that aims below 1.5 kB. */
const namesMax = 10;

type Done = Freed & { readonly names?: readonly string[] };

export async function cleanDisk(ports: ExecutorPorts, plan: CleanupPlan, clock: Clock): Promise<Pick<Acted, 'code' | 'message' | 'result'>> {
  const work: { readonly [K in CleanupKind]: () => Promise<Done> } = {
    stopped_containers: () => removeStopped(ports, plan, clock.now()),
    dangling_images: () => ports.removeDanglingImages(imagesOlderThanMs),
    build_cache: () => ports.removeBuildCache(),
    old_events: () => ports.removeOldEvents(clock.now() - eventsKeptMs),
    deploy_logs: () => ports.removeDeployLogs(clock.now() - deployLogsKeptMs),
  };
  const freed: Partial<Record<CleanupKind, Done>> = {};
  const failed: Partial<Record<CleanupKind, string>> = {};
  let first: unknown = null;
  for (const kind of plan.kinds) {
    try {
      freed[kind] = await work[kind]();
    } catch (error) {
      first ??= error;
      failed[kind] = error instanceof ControlError ? `${error.code}: ${error.message}`.slice(0, 200) : 'internal_error';
    }
  }
  const done = Object.values(freed);
  if (done.length === 0) throw first;
  const bytes = done.reduce((sum, each) => sum + each.bytes, 0);
  const isWhole = Object.keys(failed).length === 0;
  return {
    code: isWhole ? 'cleaned' : 'cleaned_partly',
    message: `${(bytes / 1e6).toFixed(1)} MB freed${isWhole ? '' : `; not done: ${Object.keys(failed).join(', ')}`}`,
    result: { freed_bytes: bytes, freed, ...(isWhole ? {} : { failed }) },
  };
}

/** One at a time, each looked at again: the list may be seconds old. */
async function removeStopped(ports: ExecutorPorts, plan: CleanupPlan, nowMs: number): Promise<Done> {
  const names: string[] = [];
  let bytes = 0;
  for (const container of containersToRemove(await ports.listCandidates(), plan, nowMs).slice(0, containersMax)) {
    const freed = await ports.removeStopped(container);
    if (freed === null) continue;
    bytes += freed.bytes;
    names.push(container.name);
  }
  return { count: names.length, bytes, names: names.slice(0, namesMax) };
}
