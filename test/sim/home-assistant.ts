/**
 * Home Assistant and the agent that watches it, as far as a simulation needs them: Home Assistant falls silent when its container ends, or
 * because it hangs until somebody restarts it; the agent says so in events, and says what else a script tells it to.
 */
import { fromTransition } from 'xstate';
import { haAlerts, haDead, haRecovered } from '../../actors/supervisor/routing.ts';
import type { ActorIo, ActorModule } from '../../bus/actor.ts';
import type { Random } from '../kit/random.ts';
import type { Machine } from './machine.ts';
import { homeAssistantService } from './shape.ts';

/** How often the agent listens, and how often it says again that it hears nothing. */
const listenEveryMs = 30_000;
const repeatMs = 600_000;
/** Silence counts from then on. */
const silentAfterMs = 60_000;

export class HomeAssistant {
  isHung = false;
  private readonly machine: Machine;
  /** The agent's way out; null while its process is away. */
  private io: ActorIo | null = null;

  constructor(machine: Machine) {
    this.machine = machine;
    machine.engine.world.listen((line) => {
      if (line.includes('"Action":"start"') && line.includes(`"name":"${homeAssistantService}"`)) this.isHung = false;
    });
  }

  get isSilent(): boolean {
    const { engine, isCutOff } = this.machine;
    return this.isHung || engine.isOff || isCutOff || engine.world.find(homeAssistantService)?.status !== 'running';
  }

  /** One of the other troubles, as its agent tells it. */
  complain(random: Random): void {
    const type = random.pick(haAlerts);
    this.tell(type, 'simulated');
  }

  private tell(type: string, message: string): void {
    const severity = type === haRecovered || type === 'ha_update_available' ? 'info' : type === haDead ? 'error' : 'warning';
    const payload = { target_node: this.machine.name };
    this.io?.emit({ type, severity, service: homeAssistantService, message, payload }).catch(() => undefined);
  }

  /** The agent: says how it is at each start, each change, and each ten minutes of silence. */
  agent(): ActorModule {
    const logic = fromTransition((state: null) => state, null);
    return {
      name: 'ha-diag-agent',
      create: (io) =>
        Promise.resolve({
          logic,
          reads: [],
          owns: [],
          mode: () => (this.isSilent ? 'deaf' : 'listening'),
          deliver: () => null,
          commands: {},
          attach: () => this.listen(io),
        }),
    };
  }

  private listen(io: ActorIo): () => void {
    this.io = io;
    let said: string | null = null;
    let saidMs = 0;
    let heardMs = io.clock.now();
    let timer: unknown = null;
    const look = (): void => {
      timer = io.clock.setTimeout(look, listenEveryMs);
      const now = io.clock.now();
      if (!this.isSilent || heardMs > now) heardMs = now;
      const next = !this.isSilent ? haRecovered : now - heardMs >= silentAfterMs ? haDead : said;
      const isDue = next !== said || (next === haDead && Math.abs(now - saidMs) >= repeatMs);
      if (next === null || !isDue) return;
      said = next;
      saidMs = now;
      this.tell(next, next === haDead ? 'no word on the WebSocket' : 'speaks again');
    };
    look();
    return () => {
      io.clock.clearTimeout(timer);
      if (this.io === io) this.io = null;
    };
  }
}
