import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { busyPct, createHostMetrics, diskUse, parseCpuTimes, parseMemory, parseUptime } from './metrics.ts';

// From a Raspberry Pi 4 with kernel 6.1.
const stat = `cpu  1163045 3107 412803 29904515 57410 0 9563 0 0 0
cpu0 289511 839 105520 7461837 14403 0 6418 0 0 0
intr 164211406 0 18271 21045211
btime 1772280000
`;
const meminfo = `MemTotal:        3884360 kB
MemFree:          192512 kB
MemAvailable:    2913270 kB
Buffers:          134204 kB
Cached:          2512880 kB
SwapCached:           84 kB
`;

describe('the metrics of a host', () => {
  const directories: string[] = [];
  const proc = async (files: Record<string, string>): Promise<string> => {
    const directory = await mkdtemp(join(tmpdir(), 'homelab-proc-'));
    directories.push(directory);
    for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
    return directory;
  };
  afterEach(async () => {
    for (const directory of directories.splice(0)) await rm(directory, { recursive: true });
  });

  it('read the processor line of /proc/stat', () => {
    expect(parseCpuTimes(stat)).toEqual({ busy: 1163045 + 3107 + 412803 + 9563, total: 1163045 + 3107 + 412803 + 29904515 + 57410 + 9563 });
    expect(parseCpuTimes('intr 1 2\n')).toBeNull();
    expect(parseCpuTimes('')).toBeNull();
  });

  it('do not count guests twice', () => {
    expect(parseCpuTimes('cpu  100 0 0 100 0 0 0 0 90 0\n')).toEqual({ busy: 100, total: 200 });
  });

  it('give the busy share between two readings, within its range', () => {
    expect(busyPct({ busy: 100, total: 1000 }, { busy: 125, total: 1100 })).toBe(25);
    expect(busyPct({ busy: 100, total: 1000 }, { busy: 100, total: 1000 })).toBeNull();
    expect(busyPct({ busy: 100, total: 1000 }, { busy: 300, total: 1100 })).toBe(100);
    expect(busyPct({ busy: 100, total: 1000 }, { busy: 1, total: 10 })).toBeNull();
  });

  it('count as used what is not available', () => {
    expect(parseMemory(meminfo)).toEqual({ memoryPct: 25, memoryBytes: 3884360 * 1024 });
    expect(parseMemory(meminfo.replace(/MemAvailable.*\n/, ''))).toEqual({ memoryPct: 26.9, memoryBytes: 3884360 * 1024 });
    expect(parseMemory('')).toEqual({ memoryPct: null, memoryBytes: null });
  });

  it('count the disk as df does', () => {
    expect(diskUse({ blocks: 1000, bfree: 300, bavail: 250, bsize: 4096 })).toEqual({ diskPct: 73.7, diskFreeBytes: 250 * 4096 });
    expect(diskUse({ blocks: 0, bfree: 0, bavail: 0, bsize: 4096 })).toEqual({ diskPct: null, diskFreeBytes: 0 });
  });

  it('read the uptime', () => {
    expect(parseUptime('84512.77 321055.10\n')).toBe(84512.77);
    expect(parseUptime('')).toBeNull();
  });

  it('come from the files, the processor from the second reading on', async () => {
    const procDirectory = await proc({ stat, meminfo, uptime: '84512.77 321055.10\n' });
    const { readMetrics } = createHostMetrics({ directory: procDirectory, procDirectory });
    expect(await readMetrics()).toMatchObject({ uptimeS: 84512.77, cpuPct: null, memoryPct: 25 });
    await writeFile(join(procDirectory, 'stat'), 'cpu  1163095 3107 412803 29904565 57410 0 9563 0 0 0\n');
    const { cpuPct, diskPct, diskFreeBytes } = await readMetrics();
    expect(cpuPct).toBe(50);
    expect(diskPct).toBeGreaterThan(0);
    expect(diskFreeBytes).toBeGreaterThan(0);
  });

  it('are null without /proc and without the directory', async () => {
    const { readMetrics } = createHostMetrics({ directory: '/does/not/exist', procDirectory: '/does/not/exist' });
    const { uptimeS, ...rest } = await readMetrics();
    expect(uptimeS).toBeGreaterThan(0);
    expect(rest).toEqual({ cpuPct: null, memoryPct: null, memoryBytes: null, diskPct: null, diskFreeBytes: null });
  });
});
