/**
 * For tests: a small world around an executor, with containers that take their time, a ledger that grants and ends
 * actions, and executors that can be killed at any kill point and started again on the same directory.
 *
 * Everything happens on a StepClock. A killed life touches nothing any more: its calls neither answer nor have effects.
 * `effects` is the witness: every restart, and which nonce the ledger had granted at that moment.
 */

import { createExecutorModule } from '../../actors/executor/actor.ts';
import type { ActorIo } from '../../bus/actor.ts';
import type { Clock } from '../../bus/clock.ts';
import type { KillPoint } from '../../bus/kill-point.ts';
import { type Action, type ActionType, actionId, OutcomeRequest, riskOf } from '../../contracts/action.ts';
import type { DesiredNode } from '../../contracts/desired.ts';
import type { EventDraft } from '../../contracts/event.ts';
import type { ServiceStatus } from '../../contracts/health.ts';
import { topics } from '../../contracts/topics.ts';
import { type ExecutorContainer, ExecutorEngine } from './executor-engine.ts';
import { FakeLife, fakeIo } from './fake-io.ts';
import { StepClock, settleFiles } from './step-clock.ts';

const node = 'vps';
const verifyWindowMs = 120_000;
const leaseMarginMs = 300_000;
type Doc = Pick<Action, 'id' | 'type' | 'service' | 'attempt' | 'status' | 'claim' | 'outcome' | 'params' | 'transition_history'> & {
  readonly containers?: Action['evidence']['containers'];
};

type Desired = Pick<DesiredNode, 'services' | 'cleanup_class'>;

/** One ended life cannot be told from a killed process. */
class Killed extends Error {
  override readonly name = 'Killed';
}

interface Life {
  alive: boolean;
  isEnding?: boolean;
  readonly fake: FakeLife;
}

export class ExecutorWorld {
  readonly clock = new StepClock();
  readonly dataDir: string;
  readonly engine = new ExecutorEngine({
    clock: this.clock,
    grantFor: (service) => this.grantFor(service),
    onHealth: (service) => {
      this.deliverHealth(service);
    },
  });
  readonly containers = this.engine.containers;
  readonly documents = new Map<string, Doc>();
  /** Every document the ledger ever wrote, oldest first. */
  readonly written: Doc[] = [];
  readonly effects = this.engine.effects;
  readonly removed = this.engine.removed;
  readonly events: EventDraft[] = [];
  /** Requests that reached the ledger. */
  readonly requests: { readonly state: string; readonly payload: unknown }[] = [];
  readonly ends: { readonly id: string; readonly attempt: number; readonly status: string }[] = [];
  readonly passed: KillPoint[] = [];
  /** false: no request arrives and no document is delivered, as without a broker. */
  connected = true;
  /** false: requests reach nobody. */
  ledgerUp = true;
  /** true: outcomes are heard by nobody, claims are. */
  refuseEnds = false;
  /** null: as usual. */
  settledAfterMs: number | null = null;
  /** How often each document is delivered. */
  copies = 1;
  /** Die at the n-th passing of this point. */
  armed: { readonly point: KillPoint; left: number } | null = null;
  private desired: Desired | null = null;
  private readonly sent: string[] = [];
  private life: Life | null = null;
  private nonces = 0;

  constructor(dataDir: string) {
    this.dataDir = dataDir;
  }

  addContainer(service: string, options: { readonly healthyAfterMs?: number | null; readonly status?: ServiceStatus } = {}): ExecutorContainer {
    const container: ExecutorContainer = {
      id: String(this.containers.size + 1).padStart(64, 'a'),
      startedAtMs: this.clock.now() - 3_600_000,
      status: options.status ?? 'down',
      healthyAfterMs: options.healthyAfterMs === undefined ? 10_000 : options.healthyAfterMs,
    };
    this.containers.set(service, container);
    return container;
  }

  /** A person agrees, who was shown these containers; the ledger's document says so. Returns the id. */
  approve(type: ActionType, service: string | null, params: Action['params'] = {}, containers?: Action['evidence']['containers']): string {
    const id = actionId({ type, node, service });
    const before = this.documents.get(id);
    const history = before?.transition_history ?? [];
    const attempt = (before?.attempt ?? 0) + 1;
    this.write({ id, type, service, params, containers, attempt, status: 'approved', claim: null, outcome: null, transition_history: history });
    return id;
  }

  /** What the inventory says of this node from now on. */
  desire(desired: Desired): void {
    this.desired = desired;
    this.deliverDesired(false);
  }

  /** The health of a container changes by itself. */
  setStatus(service: string, status: ServiceStatus): void {
    this.container(service).status = status;
    this.deliverHealth(service);
  }

  setHealthyAfter(service: string, ms: number | null): void {
    this.container(service).healthyAfterMs = ms;
  }

  /** The ledger moves an action by itself: cancelled, expired, the lease of a claim. */
  move(id: string, status: Action['status']): void {
    this.write({ ...this.doc(id), status });
  }

  /** Somebody else, or a life we forgot, holds the grant. */
  grantTo(id: string, nonce: string, leaseMs = verifyWindowMs + leaseMarginMs): void {
    this.write({ ...this.doc(id), status: 'running', claim: this.claim(nonce, leaseMs) });
  }

  doc(id: string): Doc {
    const doc = this.documents.get(id);
    if (doc === undefined) throw new Error(`no action ${id}`);
    return doc;
  }

  get alive(): boolean {
    return this.life?.alive ?? false;
  }

  get mode(): string {
    return this.life?.fake.mode ?? 'dead';
  }

  get failures(): readonly Error[] {
    return this.life?.fake.failures ?? [];
  }

  /** A new process on the same directory; `synced` unless told otherwise. */
  async start(options: { readonly synced?: boolean } = {}): Promise<void> {
    const life: { alive: boolean; fake: FakeLife | null } = { alive: true, fake: null };
    const io = this.io(life);
    const module = createExecutorModule({
      ports: this.engine.ports(life),
      ...(this.settledAfterMs === null ? {} : { settledAfterMs: this.settledAfterMs }),
      newNonce: () => {
        this.nonces += 1;
        return `nonce-${String(this.nonces).padStart(4, '0')}`;
      },
      at: (point) => {
        this.pass(point, life);
      },
    });
    life.fake = await FakeLife.start(module, io as never);
    this.life = life as Life;
    for (const doc of this.documents.values()) this.deliver(doc, true);
    for (const service of this.containers.keys()) this.deliverHealth(service, true);
    this.deliverDesired(true);
    if (options.synced ?? true) this.life.fake.synced();
    await settleFiles();
  }

  /** How many requests for this state were sent, whether or not anybody heard them. */
  sentCount(state: string): number {
    return this.sent.filter((each) => each === state).length;
  }

  synced(): void {
    this.life?.fake.synced();
  }

  /** Like kill -9: nothing it does from here on has an effect. */
  async kill(): Promise<void> {
    const { life } = this;
    if (life === null) return;
    life.alive = false;
    this.life = null;
    life.fake.actor.stop();
    await settleFiles();
    life.isEnding = true;
    // The lock of a dead process is gone; ours must give its file up.
    await life.fake.stop();
  }

  /** As by SIGTERM: it may use the time that a clean stop has. */
  async stop(): Promise<void> {
    const { life } = this;
    if (life === null) return;
    this.life = null;
    let isOver = false;
    const stopping = life.fake.stop().then(() => {
      isOver = true;
    });
    await settleFiles();
    for (let passed = 0; passed < 10_000 && !isOver; passed += 100) await this.run(100);
    await stopping;
    life.alive = false;
  }

  async run(ms: number): Promise<void> {
    await this.clock.run(ms, settleFiles);
  }

  /** Lets time pass until the condition holds; fails after `withinMs` of the world's time. */
  async until(what: string, condition: () => boolean, withinMs = 900_000): Promise<void> {
    const untilMs = this.clock.now() + withinMs;
    await settleFiles();
    while (!condition()) {
      const next = this.clock.nextDueMs;
      if (next === null || next > untilMs) throw new Error(`${what}: not within ${withinMs} ms; ${JSON.stringify([...this.documents.values()])}`);
      await this.run(next - this.clock.now());
    }
  }

  /** Delivers a document as it is, whatever the ledger holds now: late, twice, out of order. */
  deliver(doc: Doc, retained = false): void {
    if (!this.connected) return;
    for (let copy = 0; copy < this.copies; copy += 1) this.deliverAs({ node, id: doc.id }, doc, retained);
  }

  /** The same under any topic. */
  deliverAs(levels: { readonly node: string; readonly id: string }, doc: Doc, retained = false): void {
    this.life?.fake.hearDocument(topics.action, levels, actionBody(doc), { retained });
  }

  /** The document is deleted. */
  forget(id: string): void {
    this.life?.fake.hearDocument(topics.action, { node, id }, null);
  }

  private deliverDesired(retained: boolean): void {
    if (this.desired === null || !this.connected) return;
    this.life?.fake.hearDocument(topics.desired, { node }, { status: 'declared', node, site: 'hub', ...this.desired }, { retained });
  }

  deliverHealth(service: string, retained = false): void {
    const { status, startedAtMs, id } = this.container(service);
    this.sayHealth(service, { status, startedAtMs, container: id }, retained);
  }

  sayHealth(
    service: string,
    health: { readonly status: ServiceStatus; readonly startedAtMs: number | null; readonly container?: string },
    retained = false,
  ): void {
    if (!this.connected) return;
    const since = new Date(this.clock.now()).toISOString();
    const started_at = health.startedAtMs === null ? null : new Date(health.startedAtMs).toISOString();
    this.life?.fake.hearDocument(
      topics.serviceHealth,
      { node, service },
      { status: health.status, node, service, reason: 'running', container_id: health.container?.slice(0, 12) ?? null, started_at, since },
      { retained },
    );
  }

  private container(service: string): ExecutorContainer {
    const container = this.containers.get(service);
    if (container === undefined) throw new Error(`no container ${service}`);
    return container;
  }

  private write(changed: Doc): void {
    const from = this.documents.get(changed.id)?.status as Doc['transition_history'][number]['from'] | undefined;
    const step = {
      from: from ?? null,
      to: changed.status as Doc['transition_history'][number]['to'],
      at: new Date(this.clock.now()).toISOString(),
      by: 'ledger',
      note: '',
    };
    const doc = { ...changed, transition_history: [...changed.transition_history, step] };
    this.documents.set(doc.id, doc);
    this.written.push(doc);
    if (['completed', 'failed', 'cancelled', 'expired', 'rejected'].includes(doc.status))
      this.ends.push({ id: doc.id, attempt: doc.attempt, status: doc.status });
    this.deliver(doc);
  }

  private grantFor(service: string | null): string | null {
    const mayTouch = (doc: Doc): boolean => doc.service === service || ((doc.params['dependents'] ?? []) as readonly (string | null)[]).includes(service);
    return [...this.documents.values()].find((doc) => doc.status === 'running' && mayTouch(doc))?.claim?.nonce ?? null;
  }

  private claim(nonce: string, leaseMs: number): NonNullable<Action['claim']> {
    const at = this.clock.now();
    return { nonce, by: `executor-${node}`, at: new Date(at).toISOString(), lease_until: new Date(at + leaseMs).toISOString() };
  }

  /** The desk where requests are judged, as far as an executor can tell. */
  private judge(state: string, payload: { readonly id: string; readonly attempt: number; readonly nonce: string }): void {
    this.requests.push({ state, payload });
    const doc = this.documents.get(payload.id);
    if (doc === undefined || doc.attempt !== payload.attempt) return;
    if (state === 'running' && doc.status === 'approved') {
      const claim = this.claim(payload.nonce, verifyWindowMs + leaseMarginMs);
      this.write({ ...doc, status: 'running', claim });
      this.clock.setTimeout(() => {
        this.expireLease(doc.id, payload.nonce);
      }, verifyWindowMs + leaseMarginMs);
    } else if ((state === 'completed' || state === 'failed') && doc.status === 'running' && doc.claim?.nonce === payload.nonce) {
      this.write({ ...doc, status: state, outcome: OutcomeRequest.parse(payload).outcome });
    }
  }

  private expireLease(id: string, nonce: string): void {
    const doc = this.doc(id);
    if (doc.status === 'running' && doc.claim?.nonce === nonce) this.write({ ...doc, status: 'failed' });
  }

  private pass(point: KillPoint, life: { alive: boolean }): void {
    if (!life.alive) throw new Killed(point);
    this.passed.push(point);
    if (this.armed?.point !== point) return;
    this.armed.left -= 1;
    if (this.armed.left > 0) return;
    this.armed = null;
    life.alive = false;
    throw new Killed(point);
  }

  /** When a dead process gives its files up, what its end would give time to is over at once. */
  private clockOf(life: { readonly isEnding?: boolean }): Clock {
    const { clock } = this;
    return {
      now: () => clock.now(),
      setTimeout: (fn, ms) => (life.isEnding === true ? setImmediate(fn) : clock.setTimeout(fn, ms)),
      clearTimeout: (timer) => {
        clock.clearTimeout(timer);
      },
    };
  }

  private io(life: { readonly alive: boolean; readonly isEnding?: boolean }): ActorIo {
    const io = fakeIo({ actor: 'executor', node, clock: this.clockOf(life), dataDir: this.dataDir });
    return {
      ...io,
      emit: (draft: EventDraft) => {
        if (life.alive) this.events.push(draft);
        return Promise.resolve();
      },
      send: (_topic: unknown, levels: unknown, payload: unknown) => {
        if (!life.alive || !this.connected) return Promise.resolve(false);
        topics.request.schema.parse(payload);
        this.sent.push((levels as { state: string }).state);
        const { state } = levels as { readonly state: string };
        if (this.ledgerUp && (state === 'running' || !this.refuseEnds)) this.judge(state, payload as never);
        return Promise.resolve(true);
      },
    };
  }
}

/** An action document as a ledger would write it, without its head. */
function actionBody(doc: Doc): Record<string, unknown> {
  const at = '2026-03-01T11:59:00.000Z';
  return {
    ...doc,
    risk: riskOf[doc.type],
    site: 'hub',
    node,
    digest: 'sha256:00',
    evidence: { trigger_type: 'containers_not_running', message: '', incident_id: null, containers: doc.containers },
    proposed_by: 'supervisor-vps',
    proposed_at: at,
    approved_by: 'alice',
    approved_at: at,
    expires_at: '2026-03-01T13:00:00.000Z',
    verify_window_ms: verifyWindowMs,
  };
}
