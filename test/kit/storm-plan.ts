/** A storm over the link of an edge site, drawn from one seed: what happens there, when the link is cut, who dies meanwhile. Pure. */
import type { Lane } from '../../contracts/event.ts';
import { Random } from './random.ts';

/** Logins that emit at the site. None of these actors itself runs in a storm. */
export const stormSources = ['node-agent', 'executor', 'stability-agent', 'ledger'] as const;

export interface StormEvent {
  readonly n: number;
  readonly source: (typeof stormSources)[number];
  readonly lane: Lane;
  readonly message: string;
}

export const stormEventType = 'storm_drill';

/** One in ten is urgent; with what comes around its text an event has 350 to 650 bytes. */
export function stormEvents(seed: number, count: number): readonly StormEvent[] {
  const random = new Random(seed).fork('events');
  return Array.from({ length: count }, (_, n) => ({
    n,
    source: random.pick(stormSources),
    lane: random.chance(0.1) ? 'urgent' : 'info',
    message: 'x'.repeat(random.between(0, 300)),
  }));
}

export const victims = ['bridge', "the site's broker", "the hub's broker", "the hub's observer"] as const;
export type Victim = (typeof victims)[number];

export interface StormCut {
  readonly kind: 'clean' | 'silent' | 'half-open';
  /** Who hears nothing more on a half-open link. */
  readonly deafEnd: 'site' | 'hub';
  readonly pauseMs: number;
  readonly lastsMs: number;
  readonly victim: Victim;
  /** After the link was cut: while it is, or soon after it came back. */
  readonly killedAfterMs: number;
  readonly awayMs: number;
  /** Of a broker. */
  readonly memory: 'kept' | 'empty';
}

/** The first comes when hardly anything was said; before each other one a bridge on LTE has connected, read, and sent some hundred events. */
const firstPauseMs = [300, 2_000] as const;
const pausesMs = [3_000, 9_000] as const;

/** Every kind of cut and every victim comes up in turn, in an order that is drawn; a broker loses its memory one time in three. */
export function stormCuts(seed: number, count: number): readonly StormCut[] {
  const random = new Random(seed).fork('cuts');
  const kinds = shuffled<StormCut['kind']>(random, 'clean', 'silent', 'half-open');
  const dying = shuffled<Victim>(random, ...victims);
  return Array.from({ length: count }, (_, at) => {
    const lastsMs = random.between(200, 5_000);
    const [fromMs, toMs] = at === 0 ? firstPauseMs : pausesMs;
    return {
      kind: kinds[at % kinds.length]!,
      deafEnd: random.pick(['site', 'hub'] as const),
      pauseMs: random.between(fromMs, toMs),
      lastsMs,
      victim: dying[at % dying.length]!,
      killedAfterMs: random.between(0, lastsMs + 1_000),
      awayMs: random.between(100, 1_500),
      memory: random.chance(1 / 3) ? 'empty' : 'kept',
    };
  });
}

function shuffled<T>(random: Random, ...from: readonly T[]): readonly T[] {
  const left = [...from];
  return from.map(() => left.splice(random.between(0, left.length - 1), 1)[0]!);
}
