/**
 * Two ledgers over a link that can be cut, loses and repeats what it carries: the hub's and that of the site `cabin`, each
 * with a clock of its own. The bridge between them is this file: documents are compared when the link comes up, messages go
 * while it is up and are forgotten else. A ledger that is killed knows what its journal says.
 */
import type { LedgerEntry } from '../../actors/ledger/desk-state.ts';
import { actionDocument } from '../../actors/ledger/documents.ts';
import { replay } from '../../actors/ledger/journal.ts';
import { Entry } from '../../actors/ledger/journal-entry.ts';
import type { ActionRecord } from '../../actors/ledger/record.ts';
import { Action, type Reply } from '../../contracts/action.ts';
import type { DesiredNode } from '../../contracts/desired.ts';
import { LinkStatus } from '../../contracts/link.ts';
import { topics } from '../../contracts/topics.ts';
import { desiredNode, deskStartMs, relayIds, TestDesk } from './ledger-desk.ts';

export interface TwoLedgersOptions {
  /** How far the hub's clock is ahead of the site's, whose time `pass` counts. */
  readonly offsetMs?: number;
  /** Access lists as each of them knows them. */
  readonly access?: DesiredNode['access'];
  readonly cabinAccess?: DesiredNode['access'];
  /** How many copies of the next message arrive at the other side; default: one. */
  readonly copies?: () => number;
}

type Side = 'hub' | 'cabin';
const node = 'cabin-1';
const desired = (site: string, of: string, access: DesiredNode['access']): DesiredNode =>
  desiredNode({ node: of, site, access, serviceNames: ['web', 'db', 'mail'] });

export class TwoLedgers {
  readonly desks: Record<Side, TestDesk>;
  /** By the clock of the site. */
  now = deskStartMs;
  isUp = true;
  /** What the bridge has measured. */
  measuredMs: number | null;
  readonly told: { readonly requester: string; readonly reply: Reply }[] = [];
  /** How often each person asked. */
  readonly asked = new Map<string, number>();
  private readonly offsetMs: number;
  private readonly options: TwoLedgersOptions;
  private readonly newRelayId = relayIds();
  /** What the hub's broker holds of the site's actions. */
  private readonly held = new Map<string, ActionRecord>();
  private rev = 0;
  private isSettling = false;

  constructor(options: TwoLedgersOptions = {}) {
    this.options = options;
    this.offsetMs = options.offsetMs ?? 0;
    this.measuredMs = this.offsetMs;
    this.desks = { hub: this.open('hub', []), cabin: this.open('cabin', []) };
    this.greet('hub');
    this.greet('cabin');
    this.settle();
  }

  get hub(): TestDesk {
    return this.desks.hub;
  }

  get cabin(): TestDesk {
    return this.desks.cabin;
  }

  /** A person asks at the hub; what he is told at once, or null when the ledger was killed before that. */
  ask(login: string, state: string, payload: string | object): Reply | null {
    this.asked.set(login, (this.asked.get(login) ?? 0) + 1);
    const reply = state === 'maintenance' ? this.hub.maintain(login, payload) : this.hub.ask(login, state, payload);
    this.settle();
    return reply;
  }

  /** What became of what this person asked for. */
  ends(login: string): readonly Reply[] {
    return this.told.flatMap(({ requester, reply }) => (requester === login && reply.code !== 'forwarded' ? [reply] : []));
  }

  propose(service = 'web'): void {
    const evidence = { trigger_type: 'containers_not_running', message: `${service} is down` };
    this.cabin.ask('supervisor-cabin-1', 'pending', { type: 'container_restart', node, service, evidence });
    this.settle();
  }

  cut(): this {
    this.isUp = false;
    return this.sayLink('hub', { will: true });
  }

  restore(): this {
    this.isUp = true;
    return this.sayLink('hub').sayLink('cabin');
  }

  measure(offsetMs: number | null): this {
    this.measuredMs = offsetMs;
    return this.sayLink('cabin');
  }

  /** Time goes by for both, deadline by deadline. */
  pass(ms: number): this {
    const end = this.now + ms;
    while (this.now < end) {
      const hubDue = this.hub.nextDeadline;
      const due = [this.cabin.nextDeadline, hubDue === null ? null : hubDue - this.offsetMs].filter((at) => at !== null);
      this.now = Math.min(end, Math.max(this.now + 1, Math.min(...due, end)));
      this.hub.now = this.now + this.offsetMs;
      this.cabin.now = this.now;
      this.hub.pass(0);
      this.cabin.pass(0);
      this.settle();
    }
    return this;
  }

  /** Killed; what it comes back with is what is on its disk. */
  restart(side: Side): this {
    const lines = this.desks[side].entries.map((entry) => Entry.parse(JSON.parse(JSON.stringify(entry))));
    this.desks[side] = this.open(side, lines);
    this.greet(side);
    return this.settle();
  }

  private open(side: Side, lines: readonly LedgerEntry[]): TestDesk {
    const desk = new TestDesk({ site: side, remembered: replay(lines), newRelayId: this.newRelayId });
    desk.entries.push(...lines);
    desk.now = this.now + (side === 'hub' ? this.offsetMs : 0);
    return desk;
  }

  /** What a ledger reads when it connects. */
  private greet(side: Side): void {
    const desk = this.desks[side];
    const { access = null, cabinAccess = access } = this.options;
    desk.desired(desired('cabin', node, side === 'hub' ? access : cabinAccess));
    if (side === 'hub') {
      desk.desired(desired('hub', 'vps', access));
      for (const [topic, record] of this.held) desk.send({ type: 'published', topic, doc: this.documentOf(record), now: desk.now });
    }
    this.sayLink(side, { retained: true });
    desk.send({ type: 'synced', now: desk.now });
  }

  private sayLink(side: Side, { will = false, retained = false } = {}): this {
    const desk = this.desks[side];
    this.rev += 1;
    const status = this.isUp ? 'up' : 'down';
    const doc = { status, summary: '', ts: new Date(desk.now).toISOString(), session: 1, rev: this.rev, clock_offset_ms: this.measuredMs };
    desk.send({ type: 'link', site: 'cabin', doc: LinkStatus.parse(doc), will, retained, now: desk.now });
    return this.settle();
  }

  /** Carries what was said since, until nobody says anything more. */
  private settle(): this {
    if (this.isSettling) return this;
    this.isSettling = true;
    const { hub, cabin } = this.desks;
    for (let isQuiet = false; !isQuiet; ) {
      const relayed = hub.relayed.splice(0);
      const verdicts = cabin.verdicts.splice(0);
      for (const each of relayed) this.carry(() => cabin.send({ type: 'relayed', relayed: each, now: cabin.now }));
      for (const each of verdicts) this.carry(() => hub.send({ type: 'verdict', site: 'cabin', verdict: each, now: hub.now }));
      if (this.isUp) this.compare();
      this.told.push(...hub.replies.splice(0));
      isQuiet = relayed.length + verdicts.length === 0;
    }
    this.isSettling = false;
    return this;
  }

  private carry(deliver: () => void): void {
    if (this.isUp) for (let copies = this.options.copies?.() ?? 1; copies > 0; copies -= 1) deliver();
  }

  private compare(): void {
    const { hub, cabin } = this.desks;
    for (const topic of [...this.held.keys()]) {
      if (cabin.state.actions.has(topics.action.match(topic)?.id ?? '')) continue;
      this.held.delete(topic);
      hub.send({ type: 'published', topic, doc: null, now: hub.now });
    }
    for (const [topic, record] of cabin.documents) {
      if (this.held.get(topic) === record) continue;
      this.held.set(topic, record);
      hub.send({ type: 'published', topic, doc: this.documentOf(record), now: hub.now });
    }
  }

  private documentOf(record: ActionRecord): Action {
    this.rev += 1;
    return Action.parse({ ...actionDocument(record), ts: record.touched_at, session: 1, rev: this.rev });
  }
}
