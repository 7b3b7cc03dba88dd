/**
 * The telegram-bot's reducer with chats in a test's hand: documents go in, and what people see is looked at, message by message. Time is told;
 * Telegram answers at once, or as the test wants it. No HTTP, no bus, no disk.
 */
import { type Entry, replay } from '../../actors/telegram-bot/memory.ts';
import type { CallResult, Message, TelegramUser, Update } from '../../actors/telegram-bot/ports.ts';
import { mode, reduce, wakeAt } from '../../actors/telegram-bot/reduce.ts';
import { type BotCommand, type BotEvent, type BotOptions, type BotState, type Call, openBot } from '../../actors/telegram-bot/state.ts';
import type { Action, Reply } from '../../contracts/action.ts';
import type { Incident } from '../../contracts/incident.ts';
import { type TopicName, topics } from '../../contracts/topics.ts';

export const botStartMs = Date.parse('2026-03-01T12:00:00.000Z');
export const iso = (ms: number): string => new Date(ms).toISOString();

export const anna: TelegramUser = { id: 77, name: 'Anna' };
export const home = 77;

/** Fault of the next calls: they never arrive; or they do, and the answer does not. */
export type Fault = 'unsent' | 'unanswered' | CallResult;

export interface SeenMessage {
  readonly id: number;
  readonly isSilent: boolean;
  /** What it has read, oldest first. */
  readonly versions: Message[];
}

export class BotRig {
  now = botStartMs;
  state: BotState;
  readonly options: BotOptions;
  /** What is on disk. */
  disk: Entry[] = [];
  readonly chats = new Map<number, SeenMessage[]>();
  readonly requests: {
    readonly askId: number;
    readonly state: string;
    readonly request: { readonly ref: string; readonly on_behalf_of: string; readonly id: string };
  }[] = [];
  readonly answers: { readonly queryId: string; readonly text: string; readonly isAlert: boolean }[] = [];
  readonly turnedAway: number[] = [];
  readonly explained: string[] = [];
  /** When each call was made, and where. */
  readonly calls: { readonly at: number; readonly chat: number; readonly op: Call['op'] }[] = [];
  fault: Fault | null = null;
  /** The process dies in the next call: before Telegram has it, or after. */
  dies: 'before' | 'after' | null = null;
  isDead = false;
  private lastId = 100;
  private lastQuery = 0;
  private rev = 0;
  private readonly queue: BotCommand[] = [];
  private isPerforming = false;

  constructor(options: Partial<BotOptions> = {}) {
    this.options = { site: 'hub', chats: new Map([[home, null]]), quiet: null, timeZone: 'UTC', ...options };
    this.state = openBot(this.options, replay([]));
  }

  static ready(options: Partial<BotOptions> = {}): BotRig {
    const rig = new BotRig(options);
    rig.says(home, '/ignored before it is ready');
    rig.desired('vps').synced();
    rig.pass(5_000);
    rig.chats.clear();
    return rig;
  }

  synced(): this {
    return this.do({ type: 'delivery', delivery: { kind: 'synced', session: 1, at: this.now }, now: this.now });
  }

  disconnected(): this {
    return this.do({ type: 'delivery', delivery: { kind: 'disconnected', at: this.now }, now: this.now });
  }

  /** As its contract reads it; null: gone. */
  document(name: TopicName, levels: Readonly<Record<string, string>>, body: object | null): this {
    this.rev += 1;
    const row = topics[name];
    const doc = body === null ? null : row.schema.parse({ summary: '', ts: iso(this.now), session: 1, rev: this.rev, ...body });
    const topic = row.build(levels as never);
    const delivery = { kind: 'document', name, topic, levels, doc, will: false, retained: false, at: this.now };
    return this.do({ type: 'delivery', delivery: delivery as never, now: this.now });
  }

  desired(node: string, more: object = {}): this {
    const services = [{ name: 'web', origin: 'declared' }];
    return this.document('desired', { node }, { status: 'declared', node, site: 'hub', services, ...more });
  }

  action(status: Action['status'], more: Partial<Action> = {}): this {
    const id = more.id ?? 'container-restart-vps-web';
    const node = more.node ?? 'vps';
    const born = { from: null, to: 'pending', at: iso(this.now), by: 'supervisor-vps' };
    const last = status === 'pending' ? [] : [{ from: 'pending', to: status, at: iso(this.now), by: 'somebody for a test' }];
    return this.document(
      'action',
      { node, id },
      {
        ...{ id, status, node, service: 'web', site: 'hub', type: 'container_restart', risk: 'low', attempt: 1, digest: 'abcdef0123456789' },
        ...{ evidence: { trigger_type: 'containers_not_running', message: 'exit code 137', incident_id: 'inc-1' }, proposed_by: 'supervisor-vps' },
        ...{ proposed_at: iso(this.now), verify_window_ms: 120_000, transition_history: [born, ...last] },
        ...more,
      },
    );
  }

  incident(more: Partial<Incident> = {}): this {
    const { id = 'inc-1', node = 'vps' } = more;
    return this.document(
      'incident',
      { node, id },
      {
        ...{ id, node, status: 'active', site: 'hub', service: 'web', kind: 'down', severity: 'error', trigger_type: 'containers_not_running' },
        ...{ message: 'exit code 137', started_at: iso(botStartMs), last_occurrence: iso(this.now), occurrence_count: 1 },
        ...more,
      },
    );
  }

  says(chat: number, text: string, from: TelegramUser = anna, sentAtMs = this.now): this {
    this.lastId += 1;
    return this.update({ kind: 'text', chat, messageId: this.lastId, from, text, sentAtMs });
  }

  /** Taps the button of that label under the newest message that has it; returns the query. */
  taps(label: string, { chat = home, from = anna, isAged = false }: { chat?: number; from?: TelegramUser; isAged?: boolean } = {}): string {
    for (const { id, versions } of this.messages(chat).toReversed()) {
      const button = versions
        .at(-1)
        ?.buttons.flat()
        .find((each) => each.label.startsWith(label));
      if (button === undefined) continue;
      return this.tapsData(button.data, { chat, messageId: id, from, isAged });
    }
    throw new Error(`no button ${label}; there is ${JSON.stringify(this.texts(chat))}`);
  }

  tapsData(
    data: string,
    { chat = home, messageId = 1, from = anna, isAged = false }: { chat?: number; messageId?: number; from?: TelegramUser; isAged?: boolean } = {},
  ): string {
    this.lastQuery += 1;
    const queryId = `q${this.lastQuery}`;
    this.update({ kind: 'tap', queryId, chat, messageId, from, data }, isAged);
    return queryId;
  }

  /** The ledger answers the newest request; `isOld`: it repeats no ref. */
  replies(reply: Partial<Reply>, { isOld = false }: { readonly isOld?: boolean } = {}): this {
    const asked = this.requests.at(-1);
    const request = `${asked?.state} ${JSON.stringify(asked?.request)}`.slice(0, 400);
    const payload = {
      ok: true,
      code: 'approved',
      summary: 'Approved: restart web on vps.',
      id: asked?.request.id ?? null,
      request,
      ...(isOld || asked === undefined ? {} : { ref: asked.request.ref }),
      ts: iso(this.now),
      ...reply,
    };
    const delivery = { kind: 'message', name: 'reply', topic: 'r', levels: {}, text: '', payload, retained: false, at: this.now } as const;
    return this.do({ type: 'delivery', delivery, now: this.now });
  }

  /** Time passes; whatever is due meanwhile is done at its time. */
  pass(ms: number): this {
    const until = this.now + ms;
    for (let steps = 0; !this.isDead; steps += 1) {
      const due = wakeAt(this.state);
      if (due > until) break;
      if (steps > 5_000) throw new Error(`it wakes without end: ${JSON.stringify(this.calls.slice(-3))}`);
      if (due < this.now) throw new Error('it wants to wake in the past');
      this.now = due;
      this.do({ type: 'wake', now: this.now });
    }
    this.now = until;
    return this.isDead ? this : this.do({ type: 'wake', now: this.now });
  }

  /** The process starts again with what is on disk; documents are read again as they are. */
  restart(): this {
    const { documents } = this.state;
    this.state = openBot(this.options, replay(this.disk));
    [this.isDead, this.dies, this.isPerforming] = [false, null, false];
    this.queue.length = 0;
    for (const [name, rows] of documents) this.state.documents.set(name, new Map(rows));
    return this.synced();
  }

  get mode(): string {
    return mode(this.state);
  }

  messages(chat = home): readonly SeenMessage[] {
    return this.chats.get(chat) ?? [];
  }

  /** What each message reads now. */
  texts(chat = home): readonly string[] {
    return this.messages(chat).map(({ versions }) => versions.at(-1)?.text ?? '');
  }

  labels(chat = home): readonly string[] {
    return (
      this.messages(chat)
        .at(-1)
        ?.versions.at(-1)
        ?.buttons.flat()
        .map(({ label }) => label) ?? []
    );
  }

  private update(update: Update, isAged = false): this {
    return this.do({ type: 'polled', result: { is: 'updates', updates: [update], nextOffset: 1 }, isAged, now: this.now });
  }

  do(event: BotEvent): this {
    const { commands } = reduce(this.state, event);
    this.queue.push(...commands);
    if (this.isPerforming) return this;
    this.isPerforming = true;
    for (let next = this.queue.shift(); next !== undefined && !this.isDead; next = this.queue.shift()) this.perform(next);
    this.isPerforming = false;
    return this;
  }

  private perform(command: BotCommand): void {
    switch (command.type) {
      case 'record':
        // As JSON, so that nothing is shared with the state.
        this.disk.push(...(JSON.parse(JSON.stringify(command.entries)) as Entry[]));
        break;
      case 'call':
        this.call(command.call);
        break;
      case 'answer':
        this.answers.push(command);
        break;
      case 'ask':
        this.requests.push(command);
        break;
      case 'explain':
        this.explained.push([command.node, command.service ?? ''].join(' ').trim());
        break;
      case 'turned_away':
        this.turnedAway.push(command.chat);
        break;
    }
  }

  private call(call: Call): void {
    this.calls.push({ at: this.now, chat: call.chat, op: call.op });
    if (this.dies !== null) {
      if (this.dies === 'after') this.arrive(call);
      this.isDead = true;
      return;
    }
    this.do({ type: 'called', result: this.resultOf(call), now: this.now });
  }

  private resultOf(call: Call): CallResult {
    const { fault } = this;
    if (fault === null) return this.arrive(call);
    if (fault === 'unsent') return { is: 'unreachable', detail: 'refused', isUnsent: true };
    if (fault !== 'unanswered') return fault;
    this.arrive(call);
    return { is: 'unreachable', detail: 'reset', isUnsent: false };
  }

  /** What Telegram does with it. */
  private arrive(call: Call): CallResult {
    const shown = this.chats.get(call.chat) ?? [];
    this.chats.set(call.chat, shown);
    if (call.op === 'send' || call.op === 'reply') {
      this.lastId += 1;
      shown.push({ id: this.lastId, isSilent: call.isSilent, versions: [call.message] });
      return { is: 'done', messageId: this.lastId };
    }
    const found = shown.find(({ id }) => id === call.messageId);
    if (found === undefined) return { is: 'lost', detail: 'message to edit not found' };
    const last = found.versions.at(-1);
    if (JSON.stringify(last) === JSON.stringify(call.message)) return { is: 'unchanged' };
    found.versions.push(call.message);
    return { is: 'done', messageId: call.messageId };
  }
}
