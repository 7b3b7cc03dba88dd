/** A storm at the edge site: the link is cut again and again, and processes are killed meanwhile and come back, as a plan says. */
import { setTimeout as pause } from 'node:timers/promises';
import type { EdgeRig } from './edge-rig.ts';
import type { HomelabProcess } from './homelab-process.ts';
import type { StormCut } from './storm-plan.ts';

export class Storm {
  private readonly rig: EdgeRig;
  private bridge: HomelabProcess;
  private observer: HomelabProcess;

  private constructor(rig: EdgeRig, actors: { readonly bridge: HomelabProcess; readonly observer: HomelabProcess }) {
    this.rig = rig;
    this.bridge = actors.bridge;
    this.observer = actors.observer;
  }

  /** The observers and the bridge are there. */
  static async gather(rig: EdgeRig): Promise<Storm> {
    const [observer] = await Promise.all([rig.run('hub', 'observer'), rig.run('site', 'observer')]);
    return new Storm(rig, { observer, bridge: await rig.run('site', 'bridge') });
  }

  async blow(cuts: readonly StormCut[]): Promise<void> {
    for (const cut of cuts) {
      await pause(cut.pauseMs);
      await Promise.all([this.cut(cut), this.kill(cut)]);
    }
  }

  private async cut({ kind, deafEnd, lastsMs }: StormCut): Promise<void> {
    const { uplink } = this.rig;
    if (kind === 'half-open') await uplink.halfOpen(deafEnd);
    else await uplink.cut(kind);
    await pause(lastsMs);
    await uplink.restore();
  }

  private async kill({ victim, killedAfterMs, awayMs, memory }: StormCut): Promise<void> {
    const { rig } = this;
    await pause(killedAfterMs);
    if (victim === 'bridge' || victim === "the hub's observer") {
      const dying = victim === 'bridge' ? this.bridge : this.observer;
      await dying.kill9();
      await pause(awayMs);
      if (victim === 'bridge') this.bridge = rig.start('site', 'bridge');
      else this.observer = rig.start('hub', 'observer');
      return;
    }
    const broker = rig.brokers[victim === "the hub's broker" ? 'hub' : 'site'];
    await broker.kill9();
    await pause(awayMs);
    await broker.start(memory);
  }
}
