/**
 * One machine with every actor in a process of its own, on mosquitto and an engine, where each process that dies is started
 * again at once: what the kill tests stand on. It tells one repair from beginning to end and checks what must always hold.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { HomelabProcess, Machine } from './homelab-process.ts';
import { type Mosquitto, startMosquitto } from './mosquitto.ts';
import { mosquittoPub, Witness } from './mosquitto-tools.ts';
import { waitFor } from './wait.ts';

export const actorProcesses = ['ledger', 'observer', 'inventory', 'supervisor', 'executor', 'node-agent'] as const;
export type ActorProcess = (typeof actorProcesses)[number];

/** The engine under the machine: a stand-in that records effects, or a real one. */
export interface RigEngine {
  readonly dockerHost: string;
  add(service: string): Promise<void>;
  crash(service: string): Promise<void>;
  heal(service: string): Promise<void>;
  /** How often clients made it restart this service. */
  restarts(service: string): Promise<number>;
}

export interface RepairReport {
  readonly service: string;
  readonly status: string;
  readonly code: string;
  readonly restarts: number;
  readonly terminals: number;
  readonly approvals: number;
  readonly attempt: number;
}

const terminal = new Set(['completed', 'failed', 'expired', 'cancelled', 'rejected']);

export class KillRig {
  readonly broker: Mosquitto;
  readonly machine: Machine;
  readonly witness: Witness;
  readonly engine: RigEngine;
  private readonly kept = new Map<ActorProcess, HomelabProcess>();
  private closing = false;

  private constructor(broker: Mosquitto, machine: Machine, witness: Witness, engine: RigEngine) {
    this.broker = broker;
    this.machine = machine;
    this.witness = witness;
    this.engine = engine;
  }

  static async open(engine: RigEngine): Promise<KillRig> {
    const broker = await startMosquitto();
    const machine = new Machine({
      NODE_NAME: 'lab',
      DOCKER_HOST: engine.dockerHost,
      HOMELAB_BROKER_URL: broker.url,
      HOMELAB_INCIDENT_GRACE_S: '0.2',
      // How long a service must hold is tested elsewhere (actors/executor/settled.test.ts); here it would be ten seconds for each of sixty repairs.
      HOMELAB_SETTLED_AFTER_S: '0',
      // The same service is killed again and again, which is no pattern of its own.
      HOMELAB_FLAP_WINDOW_S: '0',
      HOMELAB_VERIFY_WINDOW_S: '60',
    });
    const rig = new KillRig(broker, machine, await Witness.open(broker.url), engine);
    for (const actor of actorProcesses) rig.keep(actor, {});
    await rig.witness.see('the site to report', 'homelab/world/sites/hub', (doc) => doc.status !== 'unknown', { deadlineMs: 60_000 });
    return rig;
  }

  /** Starts an actor, and starts it again without the extra variables whenever it is killed. */
  private keep(actor: ActorProcess, extra: Record<string, string>): HomelabProcess {
    const started = new HomelabProcess(['run', actor], { ...this.machine.env, ...extra });
    this.kept.set(actor, started);
    started.child.on('exit', (_code, signal) => {
      if (signal === 'SIGKILL' && !this.closing && this.kept.get(actor) === started) this.keep(actor, {});
    });
    return started;
  }

  /** Replaces the actor's process by one that dies at this point. */
  async arm(actor: ActorProcess, point: string): Promise<HomelabProcess> {
    const before = this.kept.get(actor);
    this.kept.delete(actor);
    await before?.stop();
    return this.keep(actor, { HOMELAB_KILL_AT: point });
  }

  async kill9(actor: ActorProcess): Promise<void> {
    await this.kept.get(actor)?.kill9();
  }

  /** Actors that ended by themselves. */
  exited(): readonly string[] {
    return [...this.kept].filter(([, process]) => process.hasExited).map(([actor, process]) => `${actor}: ${process.log.slice(-500)}`);
  }

  /** A service appears, dies, is proposed, approved by a person who insists, and ends one way or the other. */
  async repair(service: string, during: (stage: 'pending' | 'approved') => Promise<void> = () => Promise.resolve()): Promise<RepairReport> {
    await this.engine.add(service);
    await this.witness.see(
      `${service} to be healthy and desired`,
      `homelab/world/services/lab/${service}`,
      (doc) => doc.status === 'healthy' && doc.desired === 'adopted',
      { deadlineMs: 60_000 },
    );
    await this.engine.crash(service);
    const id = `container-restart-lab-${service}`;
    const topic = `homelab/world/actions/lab/${id}`;
    await this.witness.see(`a proposal for ${service}`, topic, (doc) => doc.status === 'pending', { deadlineMs: 60_000 });
    await during('pending');
    await waitFor(
      'the approval to arrive',
      async () => {
        if (this.witness.find(topic)?.status !== 'pending') return true;
        await mosquittoPub(this.broker.url, 'homelab/actions/approved/anna', id).catch(() => undefined);
        await waitFor('an answer', () => this.witness.find(topic)?.status !== 'pending', { deadlineMs: 3_000 }).catch(() => undefined);
        return this.witness.find(topic)?.status !== 'pending';
      },
      { deadlineMs: 60_000 },
    );
    await during('approved');
    const ended = await this.witness.see(`${id} to end`, topic, (doc) => terminal.has(doc.status ?? ''), { deadlineMs: 90_000 });
    if (ended.status !== 'completed') await this.engine.heal(service);
    await this.quiet(service);
    const history = ended.transition_history as readonly { readonly to: string }[];
    return {
      service,
      status: String(ended.status),
      code: String((ended.outcome as { code?: string } | null)?.code ?? ''),
      restarts: await this.engine.restarts(service),
      terminals: history.filter(({ to }) => terminal.has(to)).length,
      approvals: history.filter(({ to }) => to === 'approved').length,
      attempt: Number(ended.attempt),
    };
  }

  /** No active incident of the service is left, and none of its actions is open. */
  async quiet(service: string): Promise<void> {
    await waitFor(
      `${service} to be quiet`,
      () =>
        this.witness.find('homelab/world/incidents/lab/', (doc) => doc.service === service && doc.status === 'active') === undefined &&
        this.witness.find(`homelab/world/services/lab/${service}`)?.status === 'healthy',
      {
        deadlineMs: 60_000,
        state: () => [
          this.witness.find(`homelab/world/services/lab/${service}`),
          this.witness.find('homelab/world/incidents/lab/', (doc) => doc.service === service),
        ],
      },
    );
  }

  /** The observer's store: every line, as it lies on disk. */
  stored(): readonly { readonly id: string; readonly source: string; readonly lane: string; readonly seq: number; readonly type: string }[] {
    const root = join(this.machine.dataRoot, 'observer', 'events');
    return readdirSync(root)
      .sort()
      .flatMap((day) =>
        readFileSync(join(root, day, 'lab', 'events.jsonl'), 'utf8')
          .split('\n')
          .filter(Boolean),
      )
      .map((line) => JSON.parse(line) as { id: string; source: string; lane: string; seq: number; type: string });
  }

  /** What is wrong with the store: an event twice, or a hole in the numbers of one source and lane. */
  storeFaults(): readonly string[] {
    const faults: string[] = [];
    const ids = new Set<string>();
    const last = new Map<string, number>();
    for (const { id, source, lane, seq } of this.stored()) {
      if (ids.has(id)) faults.push(`event ${id} twice`);
      ids.add(id);
      const key = `${source} ${lane}`;
      const before = last.get(key);
      if (before !== undefined && seq !== before + 1) faults.push(`${key}: ${seq} after ${before}`);
      last.set(key, seq);
    }
    return faults;
  }

  /**
   * Every event whose emit has returned lies in the outbox file of its actor, until the store has it: waits until the store has all
   * that lie there now. (Compaction drops only what the store acknowledged.)
   */
  async everythingStored(): Promise<void> {
    const emitted = actorProcesses.flatMap((actor) => this.outboxIds(actor));
    const missing = (): string[] => {
      const stored = new Set(this.stored().map(({ id }) => id));
      return emitted.filter((id) => !stored.has(id));
    };
    await waitFor('every emitted event to be stored', () => missing().length === 0, { deadlineMs: 60_000, state: missing });
  }

  private outboxIds(actor: ActorProcess): readonly string[] {
    let text: string;
    try {
      text = readFileSync(join(this.machine.dataRoot, actor, 'outbox.jsonl'), 'utf8');
    } catch {
      return [];
    }
    const lines = text
      .slice(0, text.lastIndexOf('\n') + 1)
      .split('\n')
      .filter(Boolean);
    return lines.map((line) => (JSON.parse(line) as { id?: string }).id).filter((id) => id !== undefined);
  }

  async close(): Promise<void> {
    this.closing = true;
    await Promise.all([...this.kept.values()].map((each) => each.stop()));
    await this.witness.close();
    await this.machine.dispose();
    await this.broker.stop();
  }
}
