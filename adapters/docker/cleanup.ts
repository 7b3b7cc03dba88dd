/**
 * Removing what nobody uses from the engine: implements CleanupPorts (docs/decisions/0011).
 *
 * Reads containers; removes stopped containers one by one, dangling images and unused build cache. Remembers nothing. Fails with
 * ControlError: unreachable, timeout, refused. Out of reach by construction: no call here can name a volume, force anything, or mean all images.
 */
import type Docker from 'dockerode';
import { type CleanupCandidate, type CleanupPorts, ControlError, type Freed } from '../../actors/executor/ports.ts';
import { ask, inspect, rethrow, short } from './control-calls.ts';
import { type Engine, isHttpStatus, listRows, understood } from './engine.ts';
import { containerFacts, rowName } from './facts.ts';

/** The engine unlinks the layers of one image in seconds; an SD card with dozens of them needs more than a minute. */
const pruneDeadlineMs = 90_000;
/** Its writable layer and its log. */
const removeDeadlineMs = 30_000;

export function createDockerCleanup(engine: Engine): CleanupPorts {
  return {
    listCandidates: () => listCandidates(engine),
    removeStopped: (container) => removeStopped(engine, container),
    removeDanglingImages: (olderThanMs) => removeDanglingImages(engine, olderThanMs),
    removeBuildCache: () => removeBuildCache(engine),
  };
}

const isStopped = (status: string): boolean => status === 'exited' || status === 'dead';

async function listCandidates(engine: Engine): Promise<readonly CleanupCandidate[]> {
  const rows = await listRows(engine).catch(rethrow);
  const candidates: CleanupCandidate[] = [];
  for (const row of rows) {
    // Those that run stay whatever their facts are: they are here for their names.
    const facts = isStopped(row.State) ? await factsOf(engine, row.Id) : null;
    const named = { id: row.Id, name: rowName(row), labels: row.Labels ?? {} };
    if (facts === null) candidates.push({ ...named, status: row.State, stoppedAtMs: null, restartPolicy: 'unknown' });
    else candidates.push({ ...named, ...facts });
  }
  return candidates;
}

type Stopped = Pick<CleanupCandidate, 'status' | 'stoppedAtMs' | 'restartPolicy'>;

/** null: it is gone, or the engine cannot tell, so it stays. */
async function factsOf(engine: Engine, id: string): Promise<Stopped | null> {
  try {
    const { status, finishedAt, restartPolicy } = containerFacts(await inspect(engine, id));
    return { status, stoppedAtMs: isStopped(status) && finishedAt !== null ? Date.parse(finishedAt) : null, restartPolicy };
  } catch (error) {
    if (error instanceof ControlError && (error.code === 'container_missing' || error.code === 'refused')) return null;
    throw error;
  }
}

async function removeStopped(engine: Engine, { id, stoppedAtMs }: CleanupCandidate): Promise<Freed | null> {
  const now = await factsOf(engine, id);
  if (now === null || now.stoppedAtMs === null || now.stoppedAtMs !== stoppedAtMs) return null;
  const bytes = await writableBytes(engine, id);
  try {
    // Neither `v` nor `force`: volumes stay, and the engine refuses one that has been started since.
    await engine.call(`removal of ${short(id)}`, (docker, abortSignal) => docker.getContainer(id).remove({ abortSignal }), { deadlineMs: removeDeadlineMs });
  } catch (error) {
    // Removed or started by somebody else.
    if (isHttpStatus(error, 404) || isHttpStatus(error, 409)) return null;
    rethrow(error);
  }
  return { count: 1, bytes };
}

/** Of its writable layer; 0 where the engine cannot tell. */
async function writableBytes(engine: Engine, id: string): Promise<number> {
  try {
    const found = await ask(engine, `size of ${short(id)}`, (docker, abortSignal) => docker.getContainer(id).inspect({ size: true, abortSignal } as object));
    const { SizeRw } = found as { readonly SizeRw?: unknown };
    return typeof SizeRw === 'number' && SizeRw > 0 ? SizeRw : 0;
  } catch {
    return 0;
  }
}

/** `dangling`: without a tag, and used by no container. */
async function removeDanglingImages(engine: Engine, olderThanMs: number): Promise<Freed> {
  const what = 'removal of dangling images';
  const filters = { dangling: ['true'], until: [`${Math.ceil(olderThanMs / 1000)}s`] };
  // Cutting it off would leave the engine half-way through an image.
  const pruned: unknown = await ask(engine, what, (docker) => docker.pruneImages({ filters }), { deadlineMs: pruneDeadlineMs, cut: false });
  const { ImagesDeleted, SpaceReclaimed } = understood(what, () => pruned as Partial<Docker.PruneImagesInfo>);
  const removed = (ImagesDeleted ?? []).filter((each) => each.Deleted !== undefined);
  return { count: removed.length, bytes: SpaceReclaimed ?? 0 };
}

/** dockerode sends no options with this request, so that it can never mean all of the cache. */
async function removeBuildCache(engine: Engine): Promise<Freed> {
  const pruned: unknown = await ask(engine, 'removal of build cache', (docker) => docker.pruneBuilder(), { deadlineMs: pruneDeadlineMs, cut: false });
  const { CachesDeleted, SpaceReclaimed } = pruned as { readonly CachesDeleted?: readonly string[] | null; readonly SpaceReclaimed?: number };
  return { count: CachesDeleted?.length ?? 0, bytes: SpaceReclaimed ?? 0 };
}
