/** The host as the stability-agent reads it: disks, pressure, and what stands in for it on kernels that do not measure pressure. */
import type { HostReading, StabilityPorts } from '../../actors/stability-agent/ports.ts';
import { createDiskReader } from './disks.ts';
import { createHostMetrics } from './metrics.ts';
import { readPressure } from './pressure.ts';

export interface HostReaderOptions {
  readonly dataDirectory: string;
  /** Where proc(5) is mounted; another place only in tests. */
  readonly procDirectory?: string;
}

export function createHostReader({ dataDirectory, procDirectory = '/proc' }: HostReaderOptions): Pick<StabilityPorts, 'readHost'> {
  const readDisks = createDiskReader([
    { name: 'root', path: '/' },
    { name: 'data', path: dataDirectory },
  ]);
  // Its own instance: the processors' share is counted from its last reading.
  const { readMetrics } = createHostMetrics({ directory: dataDirectory, procDirectory });
  return {
    async readHost(): Promise<HostReading> {
      const [disks, metrics, memoryPressure, cpuPressure, ioPressure] = await Promise.all([
        readDisks(),
        readMetrics(),
        readPressure('memory', procDirectory),
        readPressure('cpu', procDirectory),
        readPressure('io', procDirectory),
      ]);
      return { disks, memoryPressure, cpuPressure, ioPressure, memoryPct: metrics.memoryPct, cpuPct: metrics.cpuPct };
    },
  };
}
