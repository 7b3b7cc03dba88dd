/** The simulated machine under a simulated engine: made-up metrics, and a disk that can be filled. Remembers nothing on disk. */
import type { HostMetrics, NodeAgentPorts } from '../../actors/node-agent/ports.ts';
import type { HostReading, StabilityPorts } from '../../actors/stability-agent/ports.ts';
import type { Clock } from '../../bus/clock.ts';

export interface SimulatedHostOptions {
  readonly clock: Clock;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  /** What is usual on this machine, percent. */
  readonly cpuPct: number;
  readonly memoryPct: number;
  readonly diskPct: number;
}

/** Above the 90 % at which the original system spoke of disk pressure, and not yet full. */
const filledPct = 97;
/** So that graphs are not dead straight: up and down by this much, once in five minutes. */
const swayPct = 3;
const swayMs = 300_000;

export class SimulatedHost implements Pick<NodeAgentPorts, 'readMetrics'>, Pick<StabilityPorts, 'readHost'> {
  private readonly options: SimulatedHostOptions;
  private bootedAtMs: number;
  private isFilled = false;

  constructor(options: SimulatedHostOptions) {
    this.options = options;
    this.bootedAtMs = options.clock.now();
  }

  fillDisk(): void {
    this.isFilled = true;
  }

  freeDisk(): void {
    this.isFilled = false;
  }

  boot(): void {
    this.bootedAtMs = this.options.clock.now();
  }

  readMetrics(): Promise<HostMetrics> {
    const { clock, memoryBytes, diskBytes, cpuPct, memoryPct } = this.options;
    const sway = swayPct * Math.sin((2 * Math.PI * clock.now()) / swayMs);
    const diskPct = this.isFilled ? filledPct : this.options.diskPct;
    return Promise.resolve({
      uptimeS: (clock.now() - this.bootedAtMs) / 1000,
      cpuPct: cpuPct + sway,
      memoryPct: memoryPct + sway / 3,
      memoryBytes,
      diskPct,
      diskFreeBytes: Math.round(diskBytes * (1 - diskPct / 100)),
    });
  }

  /** One disk is all it has; nothing ever waits on a machine that does not exist. */
  async readHost(): Promise<HostReading> {
    const { diskPct, diskFreeBytes, memoryPct, cpuPct } = await this.readMetrics();
    const none = { someAvg60: 0, someAvg300: 0, fullAvg60: 0, fullAvg300: 0 };
    return {
      disks: [{ name: 'root+data', path: '/', usedPct: diskPct, freeBytes: diskFreeBytes, inodesUsedPct: null }],
      memoryPressure: none,
      cpuPressure: none,
      ioPressure: none,
      memoryPct,
      cpuPct,
    };
  }
}
