/** Events at the edge site from several sources in a process of their own, and what became of them in the stores of both sides. */
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type EdgeRig, places, type Side } from './edge-rig.ts';
import type { EmittersOrder } from './emitters-main.ts';
import { sitePassword } from './mosquitto-site.ts';
import { type StormEvent, stormEvents, stormEventType, stormSources } from './storm-plan.ts';
import { waitFor } from './wait.ts';

const script = fileURLToPath(new URL('emitters-main.ts', import.meta.url));
/** Two stores of 20,000 events are read anew each time. */
const rereadMs = 500;

export type EmittersOptions = Pick<EmittersOrder, 'seed' | 'count' | 'perSecond'>;
type Drill = Pick<StormEvent, 'n' | 'source' | 'lane'>;

export class Emitters {
  private readonly rig: EdgeRig;
  private readonly options: EmittersOptions;
  private readonly child: ChildProcess;
  private output = '';

  constructor(rig: EdgeRig, options: EmittersOptions) {
    this.rig = rig;
    this.options = options;
    const dataRoot = join(rig.machines.site.dataRoot, 'emitters');
    const order: EmittersOrder = { url: 'mqtt://127.0.0.1:1883', password: sitePassword, ...places.site, dataRoot, ...options };
    this.child = rig.net.site.spawn([process.execPath, '--import', 'tsx', script, JSON.stringify(order)], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.output = (this.output + text).slice(-4_000);
      });
    }
  }

  missing(side: Side): number {
    return this.options.count - this.drills(side).length;
  }

  /** Resolves when the stores of both sides have as many events as are to be emitted. */
  async stored(deadlineMs: number): Promise<void> {
    const areStored = async (): Promise<boolean> => {
      await pause(rereadMs);
      return this.hasEnded || (this.missing('hub') <= 0 && this.missing('site') <= 0);
    };
    await waitFor('both stores to have every event', areStored, { deadlineMs, state: () => [this.missing('hub'), this.missing('site'), this.output] });
    if (this.hasEnded) throw new Error(`the emitters ended: ${this.output}`);
  }

  /** What is wrong with a store: an event twice, one that is missing or out of order in its source and lane. */
  faults(side: Side): readonly string[] {
    const faults: string[] = [];
    const stored = this.rig.stored(side);
    if (new Set(stored.map(({ id }) => id)).size !== stored.length) faults.push('an id twice');
    const last = new Map<string, number>();
    for (const { source, lane, seq } of stored) {
      const before = last.get(`${source} ${lane}`);
      if (before !== undefined && seq !== before + 1) faults.push(`${source} ${lane}: ${seq} after ${before}`);
      last.set(`${source} ${lane}`, seq);
    }
    const drills = this.drills(side);
    const wanted = stormEvents(this.options.seed, this.options.count);
    for (const source of stormSources) {
      for (const lane of ['urgent', 'info'] as const) {
        const of = (events: readonly Drill[]): string => String(events.filter((each) => each.source === source && each.lane === lane).map(({ n }) => n));
        if (of(drills) !== of(wanted)) faults.push(`${source} ${lane}: not what was emitted`);
      }
    }
    return faults;
  }

  private get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  private drills(side: Side): readonly Drill[] {
    const drills = this.rig.stored(side).filter(({ type }) => type === stormEventType);
    return drills.map(({ payload, source, lane }) => ({ n: Number(payload['n']), source: source as StormEvent['source'], lane }));
  }
}
