/**
 * How full disks are: space and inodes from statfs(2). Of paths on one file system only the first is asked, under all their names.
 *
 * Writes nothing; remembers which paths are one disk. A disk that does not answer within 2 s (a network file system) says null; while a question hangs
 * no second one is asked, because each would hold a thread of this process.
 */
import { stat, statfs } from 'node:fs/promises';
import type { DiskReading } from '../../actors/stability-agent/ports.ts';
import { diskUse } from './metrics.ts';

const diskDeadlineMs = 2_000;

export interface NamedPath {
  readonly name: string;
  readonly path: string;
}

export function createDiskReader(paths: readonly NamedPath[]): () => Promise<readonly DiskReading[]> {
  const readers = paths.map((each) => ({ ...each, read: withinDeadline(() => readDisk(each)) }));
  /** By path. Which of them share a file system stays known while one does not answer, so that a disk keeps its name. */
  const devices = new Map<string, number>();
  return async () => {
    const found = await Promise.all(
      readers.map(async ({ name, path, read }) => {
        const answer = await read();
        if (answer !== null) devices.set(path, answer.device);
        return { device: devices.get(path) ?? null, reading: answer?.reading ?? silent({ name, path }) };
      }),
    );
    return merged(found);
  };
}

interface Found {
  /** null: it has never said. */
  readonly device: number | null;
  readonly reading: DiskReading;
}

const silent = ({ name, path }: NamedPath): DiskReading => ({ name, path, usedPct: null, freeBytes: null, inodesUsedPct: null });

async function readDisk({ name, path }: NamedPath): Promise<{ readonly device: number; readonly reading: DiskReading }> {
  const [space, { dev }] = await Promise.all([statfs(path), stat(path)]);
  const { diskPct, diskFreeBytes } = diskUse(space);
  const inodesUsedPct = space.files === 0 ? null : Math.round((1 - space.ffree / space.files) * 1000) / 10;
  return { device: dev, reading: { name, path, usedPct: diskPct, freeBytes: diskFreeBytes, inodesUsedPct } };
}

function merged(found: readonly Found[]): readonly DiskReading[] {
  const first = found.filter(({ device }, at) => device === null || found.findIndex((each) => each.device === device) === at);
  return first.map(({ device, reading }) => {
    const names = device === null ? [reading.name] : found.filter((each) => each.device === device).map((each) => each.reading.name);
    return { ...reading, name: names.join('+') };
  });
}

/** null: it failed, or has not answered yet. */
function withinDeadline<T>(read: () => Promise<T>): () => Promise<T | null> {
  let asked: Promise<T | null> | null = null;
  return async () => {
    asked ??= read()
      .catch(() => null)
      .finally(() => {
        asked = null;
      });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<null>((resolve) => {
      timer = setTimeout(() => {
        resolve(null);
      }, diskDeadlineMs);
    });
    const answer = await Promise.race([asked, late]);
    clearTimeout(timer);
    return answer;
  };
}
