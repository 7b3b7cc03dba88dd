/** Sees everything that passes between the actors and the world: tells the trace, and asks the oracles. */

import type { Container } from '../../adapters/simulated/container.ts';
import type { Clock } from '../../bus/clock.ts';
import type { LinkOptions } from '../../bus/link.ts';
import type { Action, Maintenance } from '../../contracts/action.ts';
import type { CleanupKind } from '../../contracts/cleanup.ts';
import type { DocumentHead } from '../../contracts/common.ts';
import { defaultSite } from '../../contracts/defaults.ts';
import type { Event, EventDraft } from '../../contracts/event.ts';
import type { Incident } from '../../contracts/incident.ts';
import type { LinkStatus, RelayedRequest, Verdict } from '../../contracts/link.ts';
import type { SiteSummary } from '../../contracts/world.ts';
import type { EngineWitness } from './machine.ts';
import { ActionOracle } from './oracle-actions.ts';
import { AlarmOracle } from './oracle-alarms.ts';
import { ApprovalOracle } from './oracle-approvals.ts';
import { EventOracle } from './oracle-events.ts';
import { ExecutionOracle } from './oracle-executions.ts';
import { LinkOracle } from './oracle-links.ts';
import { NominalOracle } from './oracle-nominal.ts';
import { ProposalOracle } from './oracle-proposals.ts';
import type { RelayOracle } from './oracle-relays.ts';
import { RequestOracle } from './oracle-requests.ts';
import { WriterOracle } from './oracle-writers.ts';
import type { Witness } from './process.ts';
import type { Breach } from './rules.ts';
import type { SiteShape } from './shape.ts';
import { isOwnNode, type Territory } from './territory.ts';
import type { Trace } from './trace.ts';

/** How far the store of the hub is; at another site: what the bridge keeps for it. */
const hubCursors = `cursors/${defaultSite}/`;
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
  readonly territory: Territory;
  readonly relays: RelayOracle;
  /** Of the link between two sites; null: there is one site. */
  readonly quietMs: number | null;
}

export class Overseer implements Witness, EngineWitness {
  private readonly options: OverseerOptions;
  readonly territory: Territory;
  readonly events = new EventOracle();
  readonly requests = new RequestOracle();
  private readonly writers: WriterOracle;
  private readonly approvals: ApprovalOracle;
  private readonly actions: ActionOracle;
  private readonly executions: ExecutionOracle;
  private readonly alarms: AlarmOracle;
  private readonly nominal: NominalOracle;
  private readonly proposals: ProposalOracle;
  private readonly links: LinkOracle | null;
  private readonly parsed = new WeakMap<Buffer, unknown>();
  /** Messages and timers dealt with. */
  steps = 0;
  messages = 0;

  constructor(options: OverseerOptions) {
    const { breach, clock, people, shape, centerClock, territory, quietMs } = options;
    const now = (): number => clock.now();
    this.options = options;
    this.territory = territory;
    this.writers = new WriterOracle(breach, territory);
    this.approvals = new ApprovalOracle(now);
    this.actions = new ActionOracle({ breach, now, people, approvals: this.approvals, isShadow: shape.haRules.shadowMode });
    this.executions = new ExecutionOracle({ breach, now, people, shape, ledgerNow: () => centerClock.now(), actions: this.actions, approvals: this.approvals });
    this.alarms = new AlarmOracle(breach);
    this.nominal = new NominalOracle({ breach, now, isOwn: (node) => isOwnNode(territory, node) });
    this.proposals = new ProposalOracle({ breach, now, territory, supervisorNow: () => centerClock.now() });
    this.links = quietMs === null ? null : new LinkOracle({ breach, now, quietMs, isHub: territory.site === defaultSite });
  }

  connecting(login: string, options: LinkOptions): void {
    this.options.trace.say(login, `connects as ${options.clientId}`);
  }

  publishing(login: string, topic: string, text: string, retain: boolean): void {
    this.messages += 1;
    if (isObserver(login)) {
      this.nominal.onPublishing();
      this.links?.onPublishing();
    }
    const doc = text === '' ? null : (JSON.parse(text) as Partial<DocumentHead>);
    const { territory, trace } = this.options;
    // Forwarded as it is on the other side, and judged there.
    const isCarried = login === territory.bridge?.login && territory.site === defaultSite;
    trace.say(login, `${isCarried ? '⇒' : '→'} ${topic} ${wordsOf(topic, doc)}`);
    this.writers.onPublish(login, topic, doc, retain);
    if (!isCarried) this.onSaid(login, topic, doc, text);
  }

  private onSaid(login: string, topic: string, doc: Partial<DocumentHead> | null, text: string): void {
    const { centerClock, relays, territory } = this.options;
    if (topic.startsWith('world/incidents/')) {
      this.nominal.onIncident(topic, doc?.status === 'active');
      this.links?.onIncident(topic, doc as unknown as Incident | null);
    }
    if (doc === null) return;
    if (topic.startsWith('events/')) this.events.onPublish(login, doc as unknown as Event);
    else if (topic.startsWith('world/actions/')) this.actions.onDocument(doc as unknown as Action);
    else if (topic.startsWith('world/sites/')) {
      const writtenAgoMs = centerClock.now() - Date.parse(doc.ts ?? '');
      this.nominal.onSaid(doc.status ?? '', writtenAgoMs);
      if (territory.site === defaultSite) this.links?.onSaid(doc as unknown as SiteSummary, territory.bridge?.site ?? '');
    } else if (topic.startsWith('actions/pending/supervisor-')) this.proposals.onProposal(login, text);
    else if (topic.startsWith('relay/') && territory.site === defaultSite) relays.onRelayed(doc as unknown as RelayedRequest);
    else if (topic.startsWith('verdicts/')) relays.onVerdict(doc as unknown as Verdict);
  }

  published(login: string): void {
    if (!isObserver(login)) return;
    this.nominal.onPublished();
    this.links?.onPublished();
  }

  hearing(login: string, topic: string, payload: Buffer, retained: boolean): void {
    if (payload.length === 0) return;
    if (topic.startsWith(hubCursors) && (this.parse(payload) as DocumentHead).status !== 'gone') this.events.onTold(login);
    if (login.startsWith('ledger-')) this.onLedgerHears(topic, payload, retained);
    else if (isObserver(login)) {
      if (topic.startsWith('health/') || topic.startsWith('desired/')) this.nominal.onHeard(topic, topic.split('/'), this.parse(payload));
      else if (topic.startsWith('links/')) this.links?.onHeard(this.parse(payload) as LinkStatus, retained);
    } else if (login.startsWith('supervisor-')) {
      if (topic.startsWith('world/actions/')) this.proposals.onAction(this.parse(payload) as Action);
      else if (topic.startsWith('world/maintenance/')) this.proposals.onMaintenance(this.parse(payload) as Maintenance);
    }
  }

  private onLedgerHears(topic: string, payload: Buffer, retained: boolean): void {
    const { relays, territory, centerClock } = this.options;
    this.requests.onHeard(topic);
    if (retained) return;
    if (topic.startsWith('actions/') || topic.startsWith('maintenance/')) {
      if (territory.site === defaultSite) relays.onHeard(centerClock.now());
      if (topic.startsWith('actions/approved/')) this.approvals.onHeard(topic.slice('actions/approved/'.length), payload.toString());
    } else if (topic.startsWith('relay/')) {
      const { relay_id, state, by, login, site, request } = this.parse(payload) as RelayedRequest;
      if (state === 'approved') this.approvals.onHeard(`${by} via ${site}/${login}`, JSON.stringify(request), relays.askedMs(relay_id));
    }
  }

  stepped(): void {
    this.steps += 1;
    this.nominal.onStep();
    this.links?.onStep();
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
    if (isObserver(login)) {
      this.nominal.onStart();
      this.links?.onStart();
    }
    if (login.startsWith('supervisor-')) this.proposals.onStart();
    if (what === 'dies') this.alarms.onDeath(login);
    if (what === 'starts') this.events.onStart(login);
    this.options.trace.say(login, what);
  }

  closed(login: string): void {
    this.options.trace.say(login, 'loses a connection');
    if (!isObserver(login)) return;
    this.nominal.onCutOff();
    this.links?.onCutOff();
  }

  onClockJump(machine: string): void {
    if (machine !== this.options.center) return;
    this.nominal.onClockJump();
    this.links?.onClockJump();
    this.proposals.onClockJump();
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
  // Its nonce is nobody's business, and the bridge's comes from no seed.
  if (topic.startsWith('probes/')) return '';
  if (topic.startsWith('events/')) return `${String(doc['type'])} ${String(doc['service'])} seq ${String(doc['seq'])}`;
  return JSON.stringify(doc).slice(0, 160);
}
