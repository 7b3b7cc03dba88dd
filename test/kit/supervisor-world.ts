/** A world for the supervisor's reducer: documents are put and deleted, time is moved, and what it asks for is collected. */

import type { HaRules } from '../../actors/supervisor/judge-home-assistant.ts';
import { initialState, mode, reduce, type SupervisorCommand, type SupervisorEvent, type SupervisorState, wakeAt } from '../../actors/supervisor/reduce.ts';
import type { Proposal } from '../../actors/supervisor/verdict.ts';
import type { Delivery } from '../../bus/actor.ts';
import type { Transition } from '../../contracts/action.ts';
import type { LevelsOf, PayloadOf, Topic } from '../../contracts/topic.ts';
import { allTopics, topics } from '../../contracts/topics.ts';

export const startMs = Date.parse('2026-03-01T12:00:00.000Z');
export const minuteMs = 60_000;
export const iso = (ms: number): string => new Date(ms).toISOString();

type Loose<T extends Topic> = { readonly [K in keyof PayloadOf<T>]?: unknown };

export class SupervisorWorld {
  now = startMs;
  state: SupervisorState;
  /** Everything asked for, oldest first. */
  readonly asked: { readonly at: number; readonly command: SupervisorCommand }[] = [];
  readonly decisions = new Map<string, Extract<SupervisorCommand, { readonly type: 'decide' }>['body']>();
  /** true: documents are gathered as in real life. */
  gathers = false;
  private rev = 0;

  constructor(options: { readonly haRules?: HaRules; readonly haHeard?: SupervisorState['knowledge']['haHeard'] } = {}) {
    this.state = initialState({ site: 'hub', ...options });
  }

  send(event: SupervisorEvent): void {
    const { state, commands } = reduce(this.state, event);
    this.state = state;
    for (const command of commands) {
      this.asked.push({ at: this.now, command });
      if (command.type === 'decide') this.decisions.set(command.node, command.body);
      if (command.type === 'undecide') this.decisions.delete(command.node);
    }
  }

  put<P extends string, T extends Topic<P>>(topic: T, levels: LevelsOf<P>, body: Loose<T> | null): void {
    const name = allTopics.find(([, row]) => (row as unknown) === topic)?.[0];
    this.rev += 1;
    const doc = body === null ? null : topic.schema.parse({ summary: '', ts: iso(this.now), session: 1, rev: this.rev, ...body });
    const delivery = { kind: 'document', name, topic: topic.build(levels), levels, doc, will: false, retained: false, at: this.now };
    this.send({ type: 'delivery', delivery: delivery as unknown as Delivery, now: this.now });
    if (this.gathers) return;
    // Judged at once, so that a test need not let the moment pass for which documents are gathered.
    this.send({ type: 'wake', now: this.now });
  }

  synced(): this {
    this.send({ type: 'delivery', delivery: { kind: 'synced', session: 1, at: this.now }, now: this.now });
    return this;
  }

  disconnected(): this {
    this.send({ type: 'delivery', delivery: { kind: 'disconnected', at: this.now }, now: this.now });
    return this;
  }

  /** Moves time on, waking the supervisor whenever it asked to be woken. */
  pass(ms: number): this {
    const untilMs = this.now + ms;
    for (let next = wakeAt(this.state); next !== null && next <= untilMs; next = wakeAt(this.state)) {
      if (next <= this.now) throw new Error('asked to be woken in the past: this would spin');
      this.now = next;
      this.send({ type: 'wake', now: next });
    }
    this.now = untilMs;
    return this;
  }

  get mode(): string {
    return mode(this.state);
  }

  /** Ids proposed so far, with repetitions. */
  get proposed(): readonly string[] {
    return this.asked.flatMap(({ command }) => (command.type === 'propose' ? command.id : []));
  }

  /** What was asked for last. */
  get proposal(): Proposal | undefined {
    return this.asked.flatMap(({ command }) => (command.type === 'propose' ? command.proposal : [])).at(-1);
  }

  /** `<id> <reason>` of each withdrawal so far. */
  get withdrawn(): readonly string[] {
    return this.asked.flatMap(({ command }) => (command.type === 'withdraw' ? `${command.id} ${command.reason}` : []));
  }

  forgetAsked(): this {
    this.asked.length = 0;
    return this;
  }

  why(service = 'web', node = 'vps'): string {
    return this.decisions.get(node)?.services.find((each) => each.service === service)?.why ?? 'no decision';
  }

  decision(service = 'web', node = 'vps'): string {
    return this.decisions.get(node)?.services.find((each) => each.service === service)?.decision ?? 'no decision';
  }

  /** What is said of something else than the container of a service. */
  other(about: string, node = 'vps'): { readonly decision: string; readonly code: string; readonly until: string | null } | null {
    const found = this.decisions.get(node)?.others?.find((each) => each.about === about);
    return found === undefined ? null : { decision: found.decision, code: found.code ?? '', until: found.until ?? null };
  }

  /** An event about Home Assistant, said `agoMs` ago by the agent on vps. */
  event(type: string, { agoMs = 0, node = 'vps', ...rest }: { readonly agoMs?: number; readonly node?: string; readonly payload?: object } = {}): this {
    this.rev += 1;
    const id = `00000000-0000-7000-8000-${String(this.rev).padStart(12, '0')}`;
    const head = { id, ts: iso(this.now - agoMs), node, source: 'ha-diag-agent', lane: 'urgent', seq: this.rev, severity: 'error' };
    const payload = topics.events.schema.parse({ ...head, type, service: 'homeassistant', message: `${type} said`, ...rest });
    const levels = { node };
    const delivery: Delivery = {
      kind: 'message',
      name: 'events',
      topic: topics.events.build(levels),
      levels,
      text: '',
      payload,
      retained: false,
      at: this.now,
    };
    this.send({ type: 'delivery', delivery, now: this.now });
    return this;
  }

  // -- documents --------------------------------------------------------------------------------------------------------

  desired(
    services: readonly {
      readonly name: string;
      readonly origin?: string;
      readonly monitor?: boolean;
      readonly repairable?: boolean;
      readonly depends_on?: readonly string[];
    }[],
    rest: Loose<typeof topics.desired> = {},
    node = 'vps',
  ): this {
    const listed = services.map((service) => ({ origin: 'declared', ...service }));
    this.put(topics.desired, { node }, { status: 'declared', node, site: 'hub', agents: ['node-agent', 'executor'], services: listed, ...rest });
    return this;
  }

  node(status = 'online', engine = 'up', node = 'vps'): this {
    this.put(topics.worldNode, { node }, { status, engine, node, site: 'hub', since: iso(this.now) });
    return this;
  }

  service(status: string, rest: Loose<typeof topics.worldService> = {}, service = 'web', node = 'vps'): this {
    this.put(topics.worldService, { node, service }, { status, node, service, site: 'hub', since: iso(this.now), ...rest });
    return this;
  }

  incident(rest: Loose<typeof topics.incident> = {}, service = 'web', node = 'vps'): this {
    const id = typeof rest.id === 'string' ? rest.id : `inc-1-${node}-${service}-down`;
    const times = { started_at: iso(this.now), last_occurrence: iso(this.now), occurrence_count: 1 };
    const what = {
      status: 'active',
      id,
      site: 'hub',
      node,
      service,
      kind: 'down',
      severity: 'error',
      trigger_type: 'containers_not_running',
      message: 'exit code 137',
    };
    this.put(topics.incident, { node, id }, { ...what, ...times, ...rest });
    return this;
  }

  /** A service whose container exited a moment ago, everything else in order, nothing proposed yet. */
  down(origin: 'declared' | 'adopted' = 'declared'): this {
    return this.desired([{ name: 'web', origin }])
      .node()
      .service('down')
      .incident();
  }

  action(status: string, rest: Loose<typeof topics.action> = {}, id = 'container-restart-vps-web'): this {
    const type = ['container_restart', 'redeploy', 'collect_diagnostics', 'alert_only', 'disk_cleanup'].find((each) =>
      id.startsWith(each.replaceAll('_', '-')),
    );
    const history =
      typeof rest.transition_history === 'undefined'
        ? [moved(null, 'pending', this.now), ...(status === 'pending' ? [] : [moved('pending', status, this.now)])]
        : [];
    this.put(
      topics.action,
      { node: 'vps', id },
      {
        status,
        id,
        type,
        risk: 'low',
        site: 'hub',
        node: 'vps',
        service: 'web',
        attempt: 1,
        digest: 'd',
        verify_window_ms: 120_000,
        proposed_by: 'supervisor-vps',
        proposed_at: iso(this.now),
        transition_history: history,
        evidence: { trigger_type: 'containers_not_running', incident_id: 'inc-1-vps-web-down' },
        ...rest,
      },
    );
    return this;
  }
}

export const moved = (from: string | null, to: string, atMs: number, by = 'supervisor-vps'): Transition =>
  ({ from, to, at: iso(atMs), by, note: '' }) as Transition;
