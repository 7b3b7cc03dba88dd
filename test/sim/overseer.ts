/** Sees everything that passes between the actors and the world: tells the trace, and asks the oracles. */

import type { Container } from '../../adapters/simulated/container.ts';
import type { Clock } from '../../bus/clock.ts';
import type { LinkOptions } from '../../bus/link.ts';
import type { Action } from '../../contracts/action.ts';
import type { CleanupKind } from '../../contracts/cleanup.ts';
import type { DocumentHead } from '../../contracts/common.ts';
import type { Event, EventDraft } from '../../contracts/event.ts';
import type { EngineWitness } from './machine.ts';
import { ActionOracle } from './oracle-actions.ts';
import { AlarmOracle } from './oracle-alarms.ts';
import { ApprovalOracle } from './oracle-approvals.ts';
import { EventOracle } from './oracle-events.ts';
import { ExecutionOracle } from './oracle-executions.ts';
import { NominalOracle } from './oracle-nominal.ts';
import { RequestOracle } from './oracle-requests.ts';
import { WriterOracle } from './oracle-writers.ts';
import type { Witness } from './process.ts';
import type { Breach } from './rules.ts';
import type { SiteShape } from './shape.ts';
import type { Trace } from './trace.ts';

/** pino's number for errors. */
const errorLevel = 50;

export interface OverseerOptions {
  readonly trace: Trace;
  readonly breach: Breach;
  readonly clock: Clock;
  /** The machine on which ledger and observer run, and its clock. */
  readonly center: string;
  readonly centerClock: Clock;
  readonly people: readonly string[];
  readonly shape: SiteShape;
}

export class Overseer implements Witness, EngineWitness {
  private readonly options: OverseerOptions;
  readonly events = new EventOracle();
  readonly requests = new RequestOracle();
  private readonly writers: WriterOracle;
  private readonly approvals: ApprovalOracle;
  private readonly actions: ActionOracle;
  private readonly executions: ExecutionOracle;
  private readonly alarms: AlarmOracle;
  private readonly nominal: NominalOracle;
  private readonly parsed = new WeakMap<Buffer, unknown>();
  /** Messages and timers dealt with. */
  steps = 0;
  messages = 0;

  constructor(options: OverseerOptions) {
    const { breach, clock, people, shape, centerClock } = options;
    const now = (): number => clock.now();
    this.options = options;
    this.writers = new WriterOracle(breach);
    this.approvals = new ApprovalOracle(now);
    this.actions = new ActionOracle({ breach, now, people, approvals: this.approvals, isShadow: shape.haRules.shadowMode });
    this.executions = new ExecutionOracle({ breach, now, people, shape, ledgerNow: () => centerClock.now(), actions: this.actions, approvals: this.approvals });
    this.alarms = new AlarmOracle(breach);
    this.nominal = new NominalOracle({ breach, now });
  }

  connecting(login: string, options: LinkOptions): void {
    this.options.trace.say(login, `connects as ${options.clientId}`);
  }

  publishing(login: string, topic: string, text: string, retain: boolean): void {
    this.messages += 1;
    if (isObserver(login)) this.nominal.onPublishing();
    const doc = text === '' ? null : (JSON.parse(text) as Partial<DocumentHead>);
    this.options.trace.say(login, `→ ${topic} ${wordsOf(topic, doc)}`);
    this.writers.onPublish(login, topic, doc, retain);
    if (topic.startsWith('world/incidents/')) this.nominal.onIncident(topic, doc?.status === 'active');
    if (doc === null) return;
    if (topic.startsWith('events/')) this.events.onPublish(doc as unknown as Event);
    else if (topic.startsWith('world/actions/')) this.actions.onDocument(doc as unknown as Action);
    else if (topic.startsWith('world/sites/')) this.nominal.onSaid(doc.status ?? '', this.options.centerClock.now() - Date.parse(doc.ts ?? ''));
  }

  published(login: string): void {
    if (isObserver(login)) this.nominal.onPublished();
  }

  hearing(login: string, topic: string, payload: Buffer, retained: boolean): void {
    if (payload.length === 0) return;
    if (login.startsWith('ledger-')) {
      this.requests.onHeard(topic);
      if (topic.startsWith('actions/approved/') && !retained) this.approvals.onHeard(topic.slice('actions/approved/'.length), payload.toString());
    } else if (isObserver(login) && (topic.startsWith('health/') || topic.startsWith('desired/')))
      this.nominal.onHeard(topic, topic.split('/'), this.parse(payload));
  }

  stepped(): void {
    this.steps += 1;
    this.nominal.onStep();
  }

  logged(login: string, level: number, text: string): void {
    if (level < errorLevel) {
      if (this.options.trace.isVerbose) process.stdout.write(`${' '.repeat(10)}${login.padEnd(18)} · ${text}\n`);
      return;
    }
    this.options.trace.say(login, `! ${text}`);
    if (text.startsWith('actor died')) this.options.breach('nobody-dies-by-itself', `${login}: ${text}`);
  }

  gaveUp(login: string, error: Error): void {
    this.options.breach('nobody-dies-by-itself', `${login} gave up: ${error.message}`);
  }

  emitting(login: string, draft: EventDraft): void {
    if (login.startsWith('stability-agent-')) this.alarms.onEmit(login, draft);
  }

  onRepair(how: 'restart' | 'redeploy', node: string, service: string): void {
    this.options.trace.say(`engine ${node}`, `is asked to ${how} ${service}`);
    this.executions.onRepair(how, node, service);
  }

  onCleanup(node: string, kind: CleanupKind, container: Container | null): void {
    this.options.trace.say(`engine ${node}`, `is asked to remove ${kind}${container === null ? '' : `: ${container.name}`}`);
    const machine = this.options.shape.machines.find(({ name }) => name === node);
    if (machine !== undefined) this.executions.onCleanup(machine, kind, container);
  }

  /** Something happened to a process. */
  onProcess(login: string, what: 'starts' | 'dies'): void {
    if (isObserver(login)) this.nominal.onStart();
    if (what === 'dies') this.alarms.onDeath(login);
    this.options.trace.say(login, what);
  }

  closed(login: string): void {
    this.options.trace.say(login, 'loses a connection');
    if (isObserver(login)) this.nominal.onCutOff();
  }

  onClockJump(machine: string): void {
    if (machine === this.options.center) this.nominal.onClockJump();
  }

  private parse(payload: Buffer): unknown {
    const known = this.parsed.get(payload);
    if (known !== undefined) return known;
    const doc: unknown = JSON.parse(payload.toString());
    this.parsed.set(payload, doc);
    return doc;
  }
}

const isObserver = (login: string): boolean => login.startsWith('observer-');

function wordsOf(topic: string, doc: (Partial<DocumentHead> & { readonly [key: string]: unknown }) | null): string {
  if (doc === null) return '(empty)';
  if (doc.session !== undefined) return `${doc.status} (${doc.session % 100_000}.${doc.rev}) ${doc.summary}`;
  if (topic.startsWith('events/')) return `${String(doc['type'])} ${String(doc['service'])} seq ${String(doc['seq'])}`;
  return JSON.stringify(doc).slice(0, 160);
}
