/**
 * The people of a simulated site: two operators at the broker who see the actions and answer them as people do: mostly
 * sensibly, sometimes twice, sometimes by a short name, sometimes an action that is long over, sometimes with the retain box ticked.
 */
import type { Link, Transport } from '../../bus/link.ts';
import { topics } from '../../contracts/topics.ts';
import type { Random } from '../kit/random.ts';
import type { StepClock } from '../kit/step-clock.ts';
import type { Trace } from './trace.ts';

interface Seen {
  readonly id: string;
  readonly status: string;
  readonly digest: string;
}

export interface PersonOptions {
  readonly login: string;
  readonly root: string;
  readonly clock: StepClock;
  readonly transport: Transport;
  readonly random: Random;
  readonly trace: Trace;
}

/** How soon a person's client connects again. */
const reconnectMs = 2_000;
/** Between two deeds of one person. */
const pauseMinMs = 5_000;
const pauseMaxMs = 90_000;
const keepaliveS = 30;

export class Person {
  private readonly options: PersonOptions;
  private readonly seen = new Map<string, Seen>();
  private link: Link | null = null;
  private isHome = false;

  constructor(options: PersonOptions) {
    this.options = options;
  }

  arrive(): void {
    this.connect();
    this.plan();
  }

  /** Does nothing any more. */
  leave(): void {
    this.isHome = true;
  }

  private plan(): void {
    const { clock, random } = this.options;
    clock.setTimeout(
      () => {
        if (this.isHome) return;
        this.act();
        this.plan();
      },
      random.between(pauseMinMs, pauseMaxMs),
    );
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

  /** An id with its digest, an id, `next`, or a short name. */
  private wording({ id, digest }: Seen): string {
    const { random } = this.options;
    return random.pick([JSON.stringify({ id, digest }), JSON.stringify({ id }), id, random.chance(0.5) ? 'next' : id.slice(0, -1)]);
  }

  private say(state: string, text: string, retain: boolean): void {
    const { root, login, trace } = this.options;
    trace.say(login, `${state} ${text}${retain ? ' (retained)' : ''}${this.link === null ? ', and has no connection' : ''}`);
    this.link?.publish(`${root}/${topics.request.build({ state, requester: login })}`, text, { retain }).catch(() => undefined);
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
    if (typeof doc.id === 'string' && typeof doc.digest === 'string') this.seen.set(topic, { id: doc.id, digest: doc.digest, status: doc.status ?? '' });
  }
}
