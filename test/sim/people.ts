/**
 * The people of a simulated site: two operators at the broker who see the actions and answer them as people do: mostly
 * sensibly, sometimes twice, sometimes by a short name, sometimes an action that is long over, sometimes with the retain box ticked;
 * sometimes they name the attempt and the digest they looked at, which may be old ones. Once they are at their desks (`settle`) they
 * answer everything that waits, and name exactly what they saw.
 */
import type { Link, Transport } from '../../bus/link.ts';
import { topics } from '../../contracts/topics.ts';
import type { Random } from '../kit/random.ts';
import type { StepClock } from '../kit/step-clock.ts';
import type { MachineShape } from './shape.ts';
import type { Trace } from './trace.ts';

export interface Seen {
  readonly id: string;
  readonly status: string;
  readonly attempt: number;
  readonly digest: string;
}

export interface PersonOptions {
  readonly login: string;
  readonly root: string;
  readonly clock: StepClock;
  readonly transport: Transport;
  readonly random: Random;
  readonly trace: Trace;
  /** Machines of which somebody here may say that they are in maintenance; none: nobody does. */
  readonly maintainable: readonly MachineShape[];
}

/** How soon a person's client connects again. */
const reconnectMs = 2_000;
/** Between two deeds of one person. */
const pauseMinMs = 5_000;
const pauseMaxMs = 90_000;
/** The same at a desk. */
const deskMinMs = 3_000;
const deskMaxMs = 15_000;
const keepaliveS = 30;
/** Between two declarations, and how long one holds: over before everything must be well, also with clocks that are wrong. */
const maintenancePauseMs = [120_000, 400_000] as const;
const maintenanceMs = [45_000, 150_000] as const;

export class Person {
  private readonly options: PersonOptions;
  private readonly seen = new Map<string, Seen>();
  private link: Link | null = null;
  private isAtDesk = false;
  /** Does nothing by itself, and still sees. */
  isAsleep = false;

  constructor(options: PersonOptions) {
    this.options = options;
  }

  get login(): string {
    return this.options.login;
  }

  arrive(): void {
    this.connect();
    this.plan();
    if (this.options.maintainable.length > 0) this.planMaintenance(this.options.random.fork('maintenance'));
  }

  /** From now on everything that waits gets an answer within seconds. */
  settle(): void {
    this.isAtDesk = true;
    this.planAtDesk();
  }

  private plan(): void {
    const { clock, random } = this.options;
    clock.setTimeout(
      () => {
        if (this.isAtDesk) return;
        if (!this.isAsleep) this.act();
        this.plan();
      },
      random.between(pauseMinMs, pauseMaxMs),
    );
  }

  private planMaintenance(random: Random): void {
    const { clock, maintainable } = this.options;
    clock.setTimeout(
      () => {
        if (this.isAtDesk) return;
        if (this.isAsleep) {
          this.planMaintenance(random);
          return;
        }
        const { name: node, services } = random.pick(maintainable);
        const service = random.chance(0.3) ? null : random.pick(services).name;
        const until = new Date(clock.now() + random.between(...maintenanceMs)).toISOString();
        this.send(topics.maintenanceRequest.build({ requester: this.options.login }), JSON.stringify({ node, service, until, reason: 'simulated' }), false);
        this.planMaintenance(random);
      },
      random.between(...maintenancePauseMs),
    );
  }

  private planAtDesk(): void {
    const { clock, random } = this.options;
    clock.setTimeout(
      () => {
        const waiting = [...this.seen.values()].filter(({ status }) => status === 'pending');
        if (waiting.length > 0) this.answer(random.pick(waiting));
        this.planAtDesk();
      },
      random.between(deskMinMs, deskMaxMs),
    );
  }

  /** What waits for an answer and is about this node. */
  waitingOn(node: string): Seen | undefined {
    return [...this.seen.values()].find(({ id, status }) => status === 'pending' && id.includes(`-${node}-`));
  }

  answer({ id, attempt, digest }: Seen): void {
    this.say('approved', JSON.stringify({ id, attempt, digest }), false);
  }

  private act(): void {
    const { random } = this.options;
    const known = [...this.seen.values()];
    const pending = known.filter(({ status }) => status === 'pending');
    const subject = pending.length > 0 && random.chance(0.85) ? random.pick(pending) : known.length > 0 ? random.pick(known) : null;
    if (subject === null) return;
    const state = random.pick(['approved', 'approved', 'approved', 'approved', 'rejected', 'cancelled'] as const);
    const text = this.wording(subject);
    const retain = random.chance(0.03);
    this.say(state, text, retain);
    if (random.chance(0.15)) this.say(state, text, false);
    else if (random.chance(0.1)) this.say(random.pick(['approved', 'rejected', 'cancelled'] as const), text, false);
  }

  /** An id with what was looked at, now, a while ago, or by mistake at another one; an id alone, `next`, or a short name. */
  private wording({ id, attempt, digest }: Seen): string {
    const { random } = this.options;
    const other = random.pick([...this.seen.values()]);
    // Somebody who has had the page open since yesterday.
    if (attempt > 1 && random.chance(0.3)) return JSON.stringify({ id, attempt: attempt - 1, digest });
    return random.pick([
      JSON.stringify({ id, digest }),
      JSON.stringify({ id, attempt, digest }),
      JSON.stringify({ id, attempt }),
      JSON.stringify({ id, digest: other.digest }),
      JSON.stringify({ id }),
      id,
      random.chance(0.5) ? 'next' : id.slice(0, -1),
    ]);
  }

  private say(state: string, text: string, retain: boolean): void {
    this.send(topics.request.build({ state, requester: this.options.login }), text, retain);
  }

  private send(topic: string, text: string, retain: boolean): void {
    const { root, login, trace } = this.options;
    trace.say(login, `${topic} ${text}${retain ? ' (retained)' : ''}${this.link === null ? ', and has no connection' : ''}`);
    this.link?.publish(`${root}/${topic}`, text, { retain }).catch(() => undefined);
  }

  private connect(): void {
    const { clock, login, root, transport } = this.options;
    const again = (): void => {
      this.link = null;
      clock.setTimeout(() => {
        this.connect();
      }, reconnectMs);
    };
    const handlers = { onMessage: (message: { readonly topic: string; readonly payload: Buffer }) => this.hear(message), onClose: again };
    transport
      .connect({ clientId: login, clean: true, username: login, keepaliveS, connectTimeoutMs: reconnectMs }, handlers)
      .then((link) => {
        this.link = link;
        return link.subscribe([`${root}/${topics.action.filter()}`]);
      })
      .catch(() => {
        if (this.link === null) again();
      });
  }

  private hear({ topic, payload }: { readonly topic: string; readonly payload: Buffer }): void {
    if (payload.length === 0) return;
    const doc = JSON.parse(payload.toString()) as Partial<Seen>;
    if (doc.id === undefined || doc.digest === undefined || doc.attempt === undefined) return;
    this.seen.set(topic, { id: doc.id, digest: doc.digest, attempt: doc.attempt, status: doc.status ?? '' });
  }
}
