/**
 * The rest of a simulated machine, as its stability-agent and its heartbeats see it: a disk that fills, memory, the tailnet, and
 * brokers that answer or not. What images and build caches take a clean-up frees; what programs wrote it does not.
 */
import type { HostMetrics } from '../../actors/node-agent/ports.ts';
import type { HostReading, Pressure, RoundTrip, StabilityPorts, TailnetReading } from '../../actors/stability-agent/ports.ts';
import type { SimulatedEngine } from '../../adapters/simulated/engine.ts';
import type { Clock } from '../../bus/clock.ts';
import type { MachineShape } from './shape.ts';

const GiB = 1024 ** 3;
const diskBytes = 32 * GiB;
/** Programs, images that are used, and what people keep. */
const usualBytes = 16 * GiB;
/** With this on top of the usual the disk is 95 % full. */
export const fillingBytes = 14.4 * GiB;
const peer = 'nas';

const pressure = (percent: number): Pressure => ({ someAvg60: percent, someAvg300: percent, fullAvg60: percent, fullAvg300: percent });

export class SimHost {
  /** What programs wrote on the disk lately. */
  writtenBytes = 0;
  /** Percent of the time in which nothing went on for want of memory. */
  thrashingPct = 0;
  tailnet: 'up' | 'stopped' | 'silent' | 'peer-away' = 'up';
  isUpstreamAway = false;
  /** The way to the broker upstream; a site with an uplink has a real one. */
  isUplinkOpen: () => boolean = () => true;
  isBrokerMute = false;
  private readonly engine: SimulatedEngine;
  private readonly clock: Clock;

  /** `clock`: an honest one; a machine's uptime does not come from its calendar. */
  constructor(engine: SimulatedEngine, clock: Clock) {
    this.engine = engine;
    this.clock = clock;
  }

  get diskPct(): number {
    const images = this.engine.danglingImages.reduce((sum, { bytes }) => sum + bytes, 0);
    return Math.min(100, Math.round((100 * (usualBytes + this.writtenBytes + images + this.engine.buildCacheBytes)) / diskBytes));
  }

  /** Nothing is wrong with it any more, but for what it takes a clean-up to remove. */
  heal(): void {
    this.writtenBytes = 0;
    this.thrashingPct = 0;
    this.tailnet = 'up';
    this.isUpstreamAway = false;
    this.isBrokerMute = false;
  }

  readMetrics(): Promise<HostMetrics> {
    const { diskPct } = this;
    return Promise.resolve({ uptimeS: this.clock.now() / 1000, cpuPct: 12, memoryPct: 40, memoryBytes: 4 * GiB, diskPct, diskFreeBytes: this.freeBytes });
  }

  private get freeBytes(): number {
    return Math.round(diskBytes * (1 - this.diskPct / 100));
  }

  stabilityPorts({ hasTailnet, hasUpstream, hasBroker }: MachineShape): StabilityPorts {
    return {
      readHost: () => Promise.resolve(this.reading()),
      readTailnet: hasTailnet ? () => Promise.resolve(this.tailnetReading()) : null,
      tryUpstream: hasUpstream ? () => Promise.resolve(roundTrip(this.isUpstreamAway || !this.isUplinkOpen())) : null,
      tryOwnBroker: hasBroker ? () => Promise.resolve(roundTrip(this.isBrokerMute)) : null,
    };
  }

  /** Those who should always be on the tailnet. */
  static readonly tailnetPeers: readonly string[] = [peer];

  private reading(): HostReading {
    return {
      disks: [{ name: 'root+data', path: '/', usedPct: this.diskPct, freeBytes: this.freeBytes, inodesUsedPct: null }],
      memoryPressure: pressure(this.thrashingPct),
      cpuPressure: pressure(0),
      ioPressure: pressure(0),
      memoryPct: 40,
      cpuPct: 12,
    };
  }

  private tailnetReading(): TailnetReading {
    if (this.tailnet === 'silent') return { state: 'silent', detail: 'simulated' };
    const backend = this.tailnet === 'stopped' ? 'Stopped' : 'Running';
    return { state: 'answered', backend, keyExpired: false, keyExpiresAtMs: null, peers: { [peer]: this.tailnet !== 'peer-away' } };
  }
}

const roundTrip = (isAway: boolean): RoundTrip => (isAway ? { ok: false, detail: 'simulated: no answer' } : { ok: true, ms: 3 });
