import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parsePressure, readPressure } from './pressure.ts';
import { createHostReader } from './stability.ts';

const memory = `some avg10=1.10 avg60=2.20 avg300=3.30 total=149203
full avg10=0.10 avg60=0.20 avg300=0.30 total=21182
`;

describe('the pressure of a kernel', () => {
  it('is read from its two lines', () => {
    expect(parsePressure(memory)).toEqual({ someAvg60: 2.2, someAvg300: 3.3, fullAvg60: 0.2, fullAvg300: 0.3 });
  });

  it('has only one for processors on older kernels', () => {
    expect(parsePressure('some avg10=18.62 avg60=16.17 avg300=14.33 total=2834023395\n')).toEqual({
      someAvg60: 16.17,
      someAvg300: 14.33,
      fullAvg60: 0,
      fullAvg300: 0,
    });
  });

  it.each(['', 'some avg10=0.00\n', 'some avg60=x avg300=y\n', '\u0000'])('is unknown for %j', (text) => {
    expect(parsePressure(text)).toBeNull();
  });

  it('is null where the kernel has none', async () => {
    expect(await readPressure('memory', '/does/not/exist')).toBeNull();
    // Reading a directory fails as reading a file does on a kernel with `psi=0`.
    const proc = await mkdtemp(join(tmpdir(), 'proc-'));
    await mkdir(join(proc, 'pressure', 'memory'), { recursive: true });
    expect(await readPressure('memory', proc)).toBeNull();
    await rm(proc, { recursive: true });
  });

  it.skipIf(!existsSync('/proc/pressure/memory'))('of this machine is a share', async () => {
    for (const resource of ['memory', 'cpu', 'io'] as const) {
      for (const share of Object.values((await readPressure(resource)) ?? {})) {
        expect(share).toBeGreaterThanOrEqual(0);
        expect(share).toBeLessThanOrEqual(100);
      }
    }
  });
});

describe('the host', () => {
  it('is read with everything there is, the processors from the second reading on', async () => {
    const proc = await mkdtemp(join(tmpdir(), 'proc-'));
    await mkdir(join(proc, 'pressure'));
    await writeFile(join(proc, 'pressure', 'memory'), memory);
    await writeFile(join(proc, 'stat'), 'cpu  100 0 0 100 0 0 0 0 0 0\n');
    await writeFile(join(proc, 'meminfo'), 'MemTotal: 1000 kB\nMemAvailable: 250 kB\n');
    const { readHost } = createHostReader({ dataDirectory: proc, procDirectory: proc });
    expect(await readHost()).toMatchObject({ memoryPressure: { fullAvg60: 0.2 }, cpuPressure: null, ioPressure: null, memoryPct: 75, cpuPct: null });
    await writeFile(join(proc, 'stat'), 'cpu  130 0 0 110 0 0 0 0 0 0\n');
    const { cpuPct, disks } = await readHost();
    expect(cpuPct).toBe(75);
    expect(disks[0]).toMatchObject({ path: '/', usedPct: expect.any(Number) });
    await rm(proc, { recursive: true });
  });
});
