/**
 * How the machine itself is doing: processor, memory and uptime from /proc (proc(5)), the disk of a directory from statfs.
 *
 * Writes nothing; remembers the previous processor counters. What cannot be read (no Linux, no such directory, a dead network disk)
 * is null; it never fails.
 */
import { readFile, statfs } from 'node:fs/promises';
import { uptime } from 'node:os';
import { join } from 'node:path';
import type { HostMetrics, NodeAgentPorts } from '../../actors/node-agent/ports.ts';

export interface HostMetricsOptions {
  /** The disk that holds this directory is measured. */
  readonly directory: string;
  /** Where proc(5) is mounted; another place only in tests. */
  readonly procDirectory?: string;
}

/** A disk that does not answer (network file system) must not hold back a heartbeat. */
const diskDeadlineMs = 2_000;

export function createHostMetrics({ directory, procDirectory = '/proc' }: HostMetricsOptions): Pick<NodeAgentPorts, 'readMetrics'> {
  let previous: CpuTimes | null = null;
  const disk = createDiskReader(directory);
  const read = async (name: string): Promise<string> => {
    try {
      return await readFile(join(procDirectory, name), 'utf8');
    } catch {
      return '';
    }
  };
  return {
    async readMetrics(): Promise<HostMetrics> {
      const [stat, meminfo, up, space] = await Promise.all([read('stat'), read('meminfo'), read('uptime'), disk()]);
      const now = parseCpuTimes(stat);
      const cpuPct = previous === null || now === null ? null : busyPct(previous, now);
      previous = now;
      return { uptimeS: parseUptime(up) ?? uptime(), cpuPct, ...parseMemory(meminfo), ...space };
    },
  };
}

/** In clock ticks since the start of the machine. */
export interface CpuTimes {
  readonly busy: number;
  readonly total: number;
}

/** The line `cpu  user nice system idle iowait irq softirq steal guest guest_nice`; null when there is none. */
export function parseCpuTimes(stat: string): CpuTimes | null {
  const numbers = /^cpu +([\d ]+)$/m.exec(stat)?.[1]?.trim().split(/ +/).map(Number);
  if (numbers === undefined || numbers.length < 4) return null;
  // guest times are already in user and nice.
  const counted = numbers.slice(0, 8);
  const total = counted.reduce((sum, ticks) => sum + ticks, 0);
  const idle = (counted[3] ?? 0) + (counted[4] ?? 0);
  return { busy: total - idle, total };
}

/** Busy share of all cores between two readings; null when no time has passed or the counters went backwards. */
export function busyPct(from: CpuTimes, to: CpuTimes): number | null {
  const total = to.total - from.total;
  // iowait may decrease (proc(5)), so that the difference can leave the range.
  return total <= 0 ? null : percent((to.busy - from.busy) / total);
}

export function parseUptime(text: string): number | null {
  const seconds = Number.parseFloat(text);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : null;
}

/** Kernels before 3.14 have no MemAvailable: then what is free or can be freed easily. */
export function parseMemory(meminfo: string): Pick<HostMetrics, 'memoryPct' | 'memoryBytes'> {
  const kilobytes = (name: string): number | null => {
    const digits = new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(meminfo)?.[1];
    return digits === undefined ? null : Number(digits);
  };
  const total = kilobytes('MemTotal');
  if (total === null || total === 0) return { memoryPct: null, memoryBytes: null };
  const free = kilobytes('MemFree');
  const available = kilobytes('MemAvailable') ?? (free === null ? null : free + (kilobytes('Buffers') ?? 0) + (kilobytes('Cached') ?? 0));
  return { memoryPct: available === null ? null : percent(1 - available / total), memoryBytes: total * 1024 };
}

type Disk = Pick<HostMetrics, 'diskPct' | 'diskFreeBytes'>;

/** As `df` counts: blocks reserved for root are neither used nor free. */
export function diskUse(space: { readonly blocks: number; readonly bfree: number; readonly bavail: number; readonly bsize: number }): Disk {
  const used = space.blocks - space.bfree;
  const usable = used + space.bavail;
  return { diskPct: usable <= 0 ? null : percent(used / usable), diskFreeBytes: space.bavail * space.bsize };
}

/** While one question hangs, no second is asked: each would hold a thread of this process. */
function createDiskReader(directory: string): () => Promise<Disk> {
  const unknown: Disk = { diskPct: null, diskFreeBytes: null };
  let asked: Promise<Disk> | null = null;
  return async () => {
    asked ??= statfs(directory)
      .then(diskUse, () => unknown)
      .finally(() => {
        asked = null;
      });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<Disk>((resolve) => {
      timer = setTimeout(() => resolve(unknown), diskDeadlineMs);
    });
    const disk = await Promise.race([asked, late]);
    clearTimeout(timer);
    return disk;
  };
}

/** One decimal; within 0 and 100. */
const percent = (share: number): number => Math.round(Math.min(1, Math.max(0, share)) * 1000) / 10;
