/**
 * Watches the directories in which the declared homelab is written, each by itself (recursive watching on Linux walks
 * everything below, the whole checkout here). A hint only: inotify misses network shares and may run out of watches.
 */
import { type FSWatcher, watch } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** An editor's save is several file events: 200 ms after the first all of them are over, and no person has noticed. */
const gatherMs = 200;

/** Then nothing is watched, and the reading at intervals covers it. */
const notArmed = (): void => undefined;

const namesIn = (path: string): Promise<readonly string[]> => readdir(path).catch(() => []);

/** Everything that holds a file of ours, and the directories above it, where new ones appear. */
async function watchedDirectories(directory: string): Promise<ReadonlySet<string>> {
  const hosts = join(directory, 'hosts');
  const services = join(directory, 'services');
  const [nodes, names] = await Promise.all([namesIn(hosts), namesIn(services)]);
  const runtimes = nodes.map((node) => join(hosts, node, 'runtime'));
  const overrides = await Promise.all(runtimes.map(async (runtime) => (await namesIn(runtime)).map((name) => join(runtime, name))));
  return new Set([
    directory,
    join(directory, 'inventory'),
    hosts,
    ...nodes.map((node) => join(hosts, node)),
    ...runtimes,
    ...overrides.flat(),
    services,
    ...names.map((name) => join(services, name)),
  ]);
}

/** Calls back once it watches, and some time after anything may have changed. Returns how to stop. */
export function watchTree(directory: string, onChange: () => void): () => void {
  const watchers = new Map<string, FSWatcher>();
  let timer: NodeJS.Timeout | null = null;
  let stopped = false;
  const forget = (path: string): void => {
    watchers.get(path)?.close();
    watchers.delete(path);
  };
  // First the watches, then the reading: what is written into a new directory before its watch stands is read.
  const armThenTell = (): void => {
    arm().then(() => {
      if (!stopped) onChange();
    }, notArmed);
  };
  const touched = (): void => {
    // Not put off again by further changes: something that writes all the time must not hide the rest.
    if (stopped || timer !== null) return;
    timer = setTimeout(() => {
      timer = null;
      armThenTell();
    }, gatherMs);
  };
  const arm = async (): Promise<void> => {
    const wanted = await watchedDirectories(directory);
    for (const path of [...watchers.keys()]) if (!wanted.has(path)) forget(path);
    for (const path of wanted) {
      const isDirectory = await stat(path).then(
        (found) => found.isDirectory(),
        () => false,
      );
      if (!isDirectory) forget(path);
      else if (!watchers.has(path) && !stopped) watchOne(path);
    }
  };
  const watchOne = (path: string): void => {
    try {
      const watcher = watch(path, { persistent: false });
      watchers.set(path, watcher);
      watcher.on('change', (kind, name) => {
        // A directory that was replaced keeps a dead watch: look again at every rename.
        if (kind === 'rename' && name !== null) forget(join(path, name.toString()));
        touched();
      });
      watcher.on('error', () => {
        forget(path);
      });
    } catch {
      // Out of watches, or gone meanwhile: the reading at intervals covers it.
      watchers.delete(path);
    }
  };
  armThenTell();
  return () => {
    stopped = true;
    if (timer !== null) clearTimeout(timer);
    for (const path of [...watchers.keys()]) forget(path);
  };
}
