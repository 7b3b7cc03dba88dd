/**
 * The ledger's desk in a test's hand: requests go in as text, and what comes out is looked at as the world would see it
 * (documents, replies, events, cleared topics, journal). No bus, no disk.
 */

import { type LedgerEntry, type LedgerEvent, type LedgerState, openDesk, type Remembered } from '../../actors/ledger/desk-state.ts';
import { nextDeadline } from '../../actors/ledger/desk-time.ts';
import type { ActionRecord } from '../../actors/ledger/record.ts';
import { reduce } from '../../actors/ledger/reduce.ts';
import type { MaintenanceWindow, Reply } from '../../contracts/action.ts';
import { actionId } from '../../contracts/action.ts';
import { DesiredNode } from '../../contracts/desired.ts';
import type { EventDraft } from '../../contracts/event.ts';
import type { RelayedRequest, Verdict } from '../../contracts/link.ts';
import { topics } from '../../contracts/topics.ts';

export const deskStartMs = Date.parse('2026-03-01T12:00:00.000Z');
export const minuteMs = 60_000;

const nothing: Remembered = { actions: new Map(), maintenance: new Map(), relays: new Map(), verdicts: new Map() };

type DesiredSaid = Partial<Omit<DesiredNode, 'services'>> & {
  readonly node: string;
  readonly serviceNames?: readonly string[];
  readonly verifyWindowMs?: number;
};

export const desiredNode = ({ serviceNames = ['web', 'db'], verifyWindowMs, ...said }: DesiredSaid): DesiredNode =>
  DesiredNode.parse({
    status: 'declared',
    summary: '',
    ts: '2026-03-01T00:00:00.000Z',
    session: 1,
    rev: 1,
    site: 'hub',
    agents: ['node-agent', 'executor'],
    services: serviceNames.map((name) => ({ name, origin: 'declared', ...(verifyWindowMs === undefined ? {} : { verify_window_ms: verifyWindowMs }) })),
    ...said,
  });

/** UUIDs, one after the other. */
export function relayIds(first = 1): () => string {
  let next = first;
  return () => {
    const digits = (next++).toString(16).padStart(12, '0');
    return `00000000-0000-4000-8000-${digits}`;
  };
}

export class TestDesk {
  readonly state: LedgerState;
  now = deskStartMs;
  readonly entries: LedgerEntry[] = [];
  readonly replies: { readonly requester: string; readonly reply: Reply }[] = [];
  readonly events: EventDraft[] = [];
  readonly cleared: string[] = [];
  /** Sent to other sites, repetitions too; and verdicts sent. */
  readonly relayed: RelayedRequest[] = [];
  readonly verdicts: Verdict[] = [];
  /** What is on the bus. */
  readonly documents = new Map<string, ActionRecord>();
  /** Maintenance as it was published last, by node. */
  private readonly published = new Map<string, readonly MaintenanceWindow[]>();
  /** It is killed after so many more commands; what it wanted done after that is not done. */
  commandsLeft = Number.POSITIVE_INFINITY;
  anonymousAllowed: boolean;
  /** Kinds of commands, in order, since the last `said`. */
  private order: string[] = [];

  constructor(
    options: { readonly remembered?: Remembered; readonly anonymousAllowed?: boolean; readonly site?: string; readonly newRelayId?: () => string } = {},
  ) {
    const site = options.site ?? 'hub';
    const newRelayId = options.newRelayId ?? relayIds();
    this.anonymousAllowed = options.anonymousAllowed ?? false;
    this.state = openDesk({ site, newRelayId }, options.remembered ?? nothing);
  }

  /** Ready: vps and piha are desired with web and db, and everything retained has been read. */
  static ready(options: ConstructorParameters<typeof TestDesk>[0] & { readonly access?: DesiredNode['access'] } = {}): TestDesk {
    const desk = new TestDesk(options);
    for (const node of ['vps', 'piha']) desk.desired(desiredNode({ node, access: options.access ?? null }));
    desk.send({ type: 'synced', now: desk.now });
    desk.said();
    return desk;
  }

  send(event: LedgerEvent): void {
    for (const command of reduce(this.state, event).commands) {
      if (this.commandsLeft === 0) return;
      this.commandsLeft -= 1;
      this.order.push(command.type);
      if (command.type === 'record') this.entries.push(command.entry);
      else if (command.type === 'reply') this.replies.push(command);
      else if (command.type === 'emit') this.events.push(command.draft);
      else if (command.type === 'relay') this.relayed.push(command.relayed);
      else if (command.type === 'verdict') this.verdicts.push(command.verdict);
      else if (command.type === 'clear') this.cleared.push(command.topic);
      else if (command.type === 'publish') this.documents.set(topics.action.build({ node: command.record.node, id: command.record.id }), command.record);
      else if (command.type === 'publishMaintenance') this.published.set(command.node, command.windows);
      else if (command.type === 'withdraw') this.documents.delete(topics.action.build(command));
    }
  }

  desired(doc: DesiredNode): void {
    this.send({ type: 'desired', node: doc.node, doc, now: this.now });
  }

  /** A request as it arrives; the answer, or null when there was none. */
  ask(requester: string, state: string, payload: string | object, how: { readonly retained?: boolean } = {}): Reply | null {
    const before = this.replies.length;
    const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
    const topic = requester === 'anonymous' ? topics.anonymousRequest.build({ state }) : topics.request.build({ state, requester });
    this.send({ type: 'request', state, requester, topic, text, retained: how.retained ?? false, anonymousAllowed: this.anonymousAllowed, now: this.now });
    return this.replies[before]?.reply ?? null;
  }

  maintain(requester: string, payload: string | object): Reply | null {
    const before = this.replies.length;
    const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
    const topic = topics.maintenanceRequest.build({ requester });
    this.send({ type: 'request', state: null, requester, topic, text, retained: false, anonymousAllowed: this.anonymousAllowed, now: this.now });
    return this.replies[before]?.reply ?? null;
  }

  pass(ms: number): void {
    this.now += ms;
    this.send({ type: 'wake', now: this.now });
  }

  /** null: nothing was ever published. */
  windows(node: string): readonly MaintenanceWindow[] | null {
    return this.published.get(node) ?? null;
  }

  get nextDeadline(): number | null {
    return nextDeadline(this.state);
  }

  said(): readonly string[] {
    const order = this.order;
    this.order = [];
    return order;
  }

  action(id: string): ActionRecord {
    const record = this.state.actions.get(id);
    if (record === undefined) throw new Error(`no action ${id}; there are ${[...this.state.actions.keys()].join(', ')}`);
    return record;
  }

  /** Brings an action of that name into a state, by the requests that lead there. */
  bring(to: ActionRecord['state'], target: { readonly node: string; readonly service: string } = { node: 'vps', service: 'web' }): ActionRecord {
    const id = actionId({ type: 'container_restart', ...target });
    const executor = `executor-${target.node}`;
    this.ask('supervisor-vps', 'pending', { type: 'container_restart', ...target });
    const claim = { id, attempt: this.action(id).attempt, nonce };
    if (['approved', 'running', 'completed', 'failed', 'expired'].includes(to)) this.ask('telegram-bot-vps', 'approved', { id, on_behalf_of: 'alice' });
    if (['running', 'completed', 'failed'].includes(to)) this.ask(executor, 'running', claim);
    if (to === 'completed') this.ask(executor, 'completed', { ...claim, outcome: outcomes.completed });
    if (to === 'failed') this.ask(executor, 'failed', { ...claim, outcome: outcomes.failed });
    if (to === 'rejected') this.ask('telegram-bot-vps', 'rejected', { id, on_behalf_of: 'alice' });
    if (to === 'cancelled') this.ask('supervisor-vps', 'cancelled', { id, reason: 'recovered' });
    if (to === 'expired') this.pass(60 * minuteMs);
    this.said();
    const record = this.action(id);
    if (record.state !== to) throw new Error(`${id} is ${record.state}, not ${to}`);
    return record;
  }
}

export const nonce = '0123456789abcdef';
export const outcomes = { completed: { ok: true, code: 'verified' }, failed: { ok: false, code: 'not_healthy_in_time' } } as const;

/**
 * Every state × every request: the code that a person, a proposer and the executor of the node get. An executor of another
 * node and every other program get `not_allowed` everywhere. The same evidence is repeated at once, so it changes nothing.
 */
export const allMoves = [
  ['pending', 'pending', 'unchanged', 'unchanged', 'not_allowed'],
  ['pending', 'approved', 'approved', 'not_allowed', 'not_allowed'],
  ['pending', 'rejected', 'rejected', 'not_allowed', 'not_allowed'],
  ['pending', 'cancelled', 'cancelled', 'cancelled', 'not_allowed'],
  ['pending', 'running', 'not_allowed', 'not_allowed', 'not_approved'],
  ['pending', 'completed', 'not_allowed', 'not_allowed', 'not_running'],
  ['pending', 'failed', 'not_allowed', 'not_allowed', 'not_running'],
  ['approved', 'pending', 'unchanged', 'unchanged', 'not_allowed'],
  ['approved', 'approved', 'not_pending', 'not_allowed', 'not_allowed'],
  ['approved', 'rejected', 'not_pending', 'not_allowed', 'not_allowed'],
  ['approved', 'cancelled', 'cancelled', 'not_cancellable', 'not_allowed'],
  ['approved', 'running', 'not_allowed', 'not_allowed', 'running'],
  ['approved', 'completed', 'not_allowed', 'not_allowed', 'not_running'],
  ['approved', 'failed', 'not_allowed', 'not_allowed', 'not_running'],
  ['running', 'pending', 'unchanged', 'unchanged', 'not_allowed'],
  ['running', 'approved', 'not_pending', 'not_allowed', 'not_allowed'],
  ['running', 'rejected', 'not_pending', 'not_allowed', 'not_allowed'],
  ['running', 'cancelled', 'not_cancellable', 'not_cancellable', 'not_allowed'],
  ['running', 'running', 'not_allowed', 'not_allowed', 'unchanged'],
  ['running', 'completed', 'not_allowed', 'not_allowed', 'completed'],
  ['running', 'failed', 'not_allowed', 'not_allowed', 'failed'],
  ['completed', 'pending', 'proposed', 'proposed', 'not_allowed'],
  ['completed', 'approved', 'not_pending', 'not_allowed', 'not_allowed'],
  ['completed', 'rejected', 'not_pending', 'not_allowed', 'not_allowed'],
  ['completed', 'cancelled', 'not_cancellable', 'not_cancellable', 'not_allowed'],
  ['completed', 'running', 'not_allowed', 'not_allowed', 'not_approved'],
  ['completed', 'completed', 'not_allowed', 'not_allowed', 'unchanged'],
  ['completed', 'failed', 'not_allowed', 'not_allowed', 'not_running'],
  ['failed', 'pending', 'proposed', 'cooling_down', 'not_allowed'],
  ['failed', 'approved', 'not_pending', 'not_allowed', 'not_allowed'],
  ['failed', 'rejected', 'not_pending', 'not_allowed', 'not_allowed'],
  ['failed', 'cancelled', 'not_cancellable', 'not_cancellable', 'not_allowed'],
  ['failed', 'running', 'not_allowed', 'not_allowed', 'not_approved'],
  ['failed', 'completed', 'not_allowed', 'not_allowed', 'not_running'],
  ['failed', 'failed', 'not_allowed', 'not_allowed', 'unchanged'],
  ['rejected', 'pending', 'proposed', 'cooling_down', 'not_allowed'],
  ['rejected', 'approved', 'not_pending', 'not_allowed', 'not_allowed'],
  ['rejected', 'rejected', 'not_pending', 'not_allowed', 'not_allowed'],
  ['rejected', 'cancelled', 'not_cancellable', 'not_cancellable', 'not_allowed'],
  ['rejected', 'running', 'not_allowed', 'not_allowed', 'not_approved'],
  ['rejected', 'completed', 'not_allowed', 'not_allowed', 'not_running'],
  ['rejected', 'failed', 'not_allowed', 'not_allowed', 'not_running'],
  ['cancelled', 'pending', 'proposed', 'proposed', 'not_allowed'],
  ['cancelled', 'approved', 'not_pending', 'not_allowed', 'not_allowed'],
  ['cancelled', 'rejected', 'not_pending', 'not_allowed', 'not_allowed'],
  ['cancelled', 'cancelled', 'not_cancellable', 'unchanged', 'not_allowed'],
  ['cancelled', 'running', 'not_allowed', 'not_allowed', 'not_approved'],
  ['cancelled', 'completed', 'not_allowed', 'not_allowed', 'not_running'],
  ['cancelled', 'failed', 'not_allowed', 'not_allowed', 'not_running'],
  ['expired', 'pending', 'proposed', 'cooling_down', 'not_allowed'],
  ['expired', 'approved', 'not_pending', 'not_allowed', 'not_allowed'],
  ['expired', 'rejected', 'not_pending', 'not_allowed', 'not_allowed'],
  ['expired', 'cancelled', 'not_cancellable', 'not_cancellable', 'not_allowed'],
  ['expired', 'running', 'not_allowed', 'not_allowed', 'not_approved'],
  ['expired', 'completed', 'not_allowed', 'not_allowed', 'not_running'],
  ['expired', 'failed', 'not_allowed', 'not_allowed', 'not_running'],
] as const;
