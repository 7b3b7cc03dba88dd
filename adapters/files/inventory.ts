/**
 * The inventory's port on files: reads `hosts/<node>/services.yaml` and `inventory/access.yaml` of a directory, and watches them.
 *
 * Reads: those files. Writes and remembers: nothing. Fails: a file that cannot be read or does not fit becomes a problem
 * with file, line and column; a hosts directory that cannot be listed makes the whole reading say so.
 * Watching is a hint (inotify misses network shares and may run out of watches): the actor reads again by itself.
 */
import { type FSWatcher, watch } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import type { InventoryPorts, InventoryReading, ReadNode } from '../../actors/inventory/ports.ts';
import { AccessFile, type InventoryProblem, isNodeDirectoryName, ServicesFile } from '../../contracts/inventory.ts';
import { type LocatedYaml, type Place, parseLocatedYaml } from './located-yaml.ts';

/** An editor's save is several file events: 200 ms after the first all of them are over, and no person has noticed. */
const gatherMs = 200;
/** A services.yaml of a hundred services is about 10 kB; a megabyte is something else under that name. */
const fileBytesMax = 1024 * 1024;

const hostsDirectory = 'hosts';
const accessFile = 'inventory/access.yaml';

export function createInventoryFiles(options: { readonly directory: string }): InventoryPorts {
  const { directory } = options;
  return {
    readInventory: () => readInventory(directory),
    watchInventory: (onChange) => watchInventory(directory, onChange),
  };
}

async function readInventory(directory: string): Promise<InventoryReading> {
  const hosts = await listHosts(directory);
  const problems: InventoryProblem[] = hosts.problem === null ? [] : [hosts.problem];
  const present: string[] = [];
  const nodes: Record<string, ReadNode> = {};
  for (const entry of hosts.entries) {
    const file = `${hostsDirectory}/${entry}/services.yaml`;
    const content = await readYaml(directory, file, ServicesFile);
    if (content === 'absent') continue;
    if (!isNodeDirectoryName(entry)) {
      problems.push({ file, node: null, line: null, column: null, detail: nameProblem(entry) });
      continue;
    }
    present.push(entry);
    if (content.ok) nodes[entry] = readNode(file, content);
    else problems.push({ file, node: entry, line: content.place?.line ?? null, column: content.place?.column ?? null, detail: content.detail });
  }
  const access = await readYaml(directory, accessFile, AccessFile);
  if (access !== 'absent' && !access.ok) {
    problems.push({ file: accessFile, node: null, line: access.place?.line ?? null, column: access.place?.column ?? null, detail: access.detail });
  }
  const logins = access === 'absent' ? null : access.ok ? (access.value.logins ?? {}) : 'unreadable';
  return { hosts: hosts.state, present, nodes, access: logins, problems };
}

interface HostsListing {
  readonly state: InventoryReading['hosts'];
  readonly entries: readonly string[];
  readonly problem: InventoryProblem | null;
}

async function listHosts(directory: string): Promise<HostsListing> {
  try {
    return { state: 'listed', entries: (await readdir(join(directory, hostsDirectory))).sort(), problem: null };
  } catch (error) {
    const code = codeOf(error);
    const detail = `the directory cannot be listed (${code ?? String(error)}); expected one directory for each node, each with a services.yaml`;
    return { state: code === 'ENOENT' ? 'absent' : 'unreadable', entries: [], problem: { file: hostsDirectory, node: null, line: null, column: null, detail } };
  }
}

const nameProblem = (entry: string): string => {
  const better = entry.toLowerCase();
  const hint = better !== entry && isNodeDirectoryName(better) ? `; rename it to ${JSON.stringify(better)}` : '';
  return `${JSON.stringify(entry)} cannot be a node's name: lower case, no / + # or spaces, at most 128 characters, not beginning with "site-"${hint}`;
};

function readNode(file: string, content: Extract<LocatedYaml<ServicesFile>, { readonly ok: true }>): ReadNode {
  const { agents, site } = content.value;
  const services = Object.entries(content.value.services ?? {}).map(([name, service]) => ({
    name,
    monitor: service?.monitor ?? true,
    ...(service?.verify_window_s === undefined ? {} : { verify_window_ms: Math.max(1, Math.round(service.verify_window_s * 1000)) }),
    ...(service?.grace_s === undefined ? {} : { grace_ms: Math.round(service.grace_s * 1000) }),
  }));
  const lines = Object.fromEntries(services.map(({ name }) => [name, content.placeOf(['services', name]).line]));
  return { file, services, agents: agents ?? null, site: site ?? null, lines };
}

type FileContent<T> = Extract<LocatedYaml<T>, { readonly ok: true }> | { readonly ok: false; readonly place: Place | null; readonly detail: string } | 'absent';

async function readYaml<T>(directory: string, file: string, schema: z.ZodType<T>): Promise<FileContent<T>> {
  try {
    const path = join(directory, file);
    const { size } = await stat(path);
    if (size > fileBytesMax) return { ok: false, place: null, detail: `the file has ${size} bytes; expected at most ${fileBytesMax}` };
    return parseLocatedYaml(await readFile(path, 'utf8'), schema);
  } catch (error) {
    const code = codeOf(error);
    // ENOTDIR: a plain file among the node directories.
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'absent';
    if (code === null) throw error;
    return { ok: false, place: null, detail: `the file cannot be read (${code})` };
  }
}

const codeOf = (error: unknown): string | null => (error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null);

/** Then nothing is watched, and the actor's own reading covers it. */
const notArmed = (): void => undefined;

/** Watches each directory by itself (recursive watching on Linux walks everything below, the whole checkout here). */
function watchInventory(directory: string, onChange: () => void): () => void {
  const watchers = new Map<string, FSWatcher>();
  let timer: NodeJS.Timeout | null = null;
  let stopped = false;
  const forget = (path: string): void => {
    watchers.get(path)?.close();
    watchers.delete(path);
  };
  const touched = (): void => {
    // Not put off again by further changes: something that writes all the time must not hide the rest.
    if (stopped || timer !== null) return;
    timer = setTimeout(() => {
      timer = null;
      // First the watches, then the reading: what is written into a new directory before its watch stands is read.
      arm().then(() => {
        if (!stopped) onChange();
      }, notArmed);
    }, gatherMs);
  };
  const arm = async (): Promise<void> => {
    const hosts = join(directory, hostsDirectory);
    const names = await readdir(hosts).catch(() => []);
    const wanted = new Set([directory, hosts, join(directory, 'inventory'), ...names.map((name) => join(hosts, name))]);
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
      // Out of watches, or gone meanwhile: the actor's own reading covers it.
      watchers.delete(path);
    }
  };
  arm().catch(notArmed);
  return () => {
    stopped = true;
    if (timer !== null) clearTimeout(timer);
    for (const path of [...watchers.keys()]) forget(path);
  };
}
