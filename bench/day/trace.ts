/**
 * What happens to a node with 100 services on one day: a service whose health check flaps, a netsplit during which another
 * service goes down and comes back, and a power cut after which one container stays down until a person starts it.
 * All of it comes from one seed, so that whoever watches the day watches the same one. Pure.
 */
import { Random } from '../../test/kit/random.ts';

export const dayMs = 24 * 3_600_000;
const minuteMs = 60_000;
const hourMs = 3_600_000;

/** Something that is wrong, and of which somebody should hear once, while it lasts. */
export interface Trouble {
  readonly name: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

export type Deed =
  /** The verdict of a container's health check. */
  | { readonly kind: 'health'; readonly service: string; readonly health: 'healthy' | 'unhealthy' }
  /** Killed with its restart policy told not to bring it back, as `docker kill` does. */
  | { readonly kind: 'kill' | 'start'; readonly service: string }
  | { readonly kind: 'cable'; readonly isPlugged: boolean }
  | { readonly kind: 'power'; readonly isOn: boolean };

export interface Happening {
  /** Since the beginning of the day. */
  readonly atMs: number;
  readonly deed: Deed;
}

export interface DayTrace {
  readonly seed: number;
  readonly services: readonly TracedService[];
  /** In order of time. */
  readonly happenings: readonly Happening[];
  /** In order of time. */
  readonly troubles: readonly Trouble[];
}

export interface TracedService {
  readonly name: string;
  readonly hasHealthCheck: boolean;
  readonly restartPolicy: 'unless-stopped' | 'no';
}

const servicesCount = 100;
/** Half of what people run has a health check. */
const isChecked = (at: number): boolean => at % 2 === 0;
/** One container was made without a restart policy, and will not come back by itself after the power cut. */
const forgottenAt = 99;
/** What is said so long after a trouble still belongs to it. */
const aftermathMs = 30 * minuteMs;

export function dayTrace(seed: number): DayTrace {
  const draw = new Random(seed).fork('trace');
  const services = Array.from({ length: servicesCount }, (_, at): TracedService => {
    const name = `service-${String(at).padStart(2, '0')}`;
    return { name, hasHealthCheck: isChecked(at), restartPolicy: at === forgottenAt ? 'no' : 'unless-stopped' };
  });
  const flapping = draw.pick(services.filter(({ hasHealthCheck }) => hasHealthCheck)).name;
  const fallen = draw.pick(services.filter(({ name, restartPolicy }) => name !== flapping && restartPolicy !== 'no')).name;
  const forgotten = services[forgottenAt]?.name ?? '';
  const flaps = flappingFrom(draw, 2 * hourMs + draw.between(0, hourMs), flapping);
  const split = splitFrom(draw, 9 * hourMs + draw.between(0, hourMs), fallen);
  const loss = lossFrom(draw, 16 * hourMs + draw.between(0, hourMs), forgotten);
  const [powerOffMs = 0, powerOnMs = 0, startedMs = 0] = loss.map(({ atMs }) => atMs);
  return {
    seed,
    services,
    happenings: [...flaps, ...split, ...loss],
    troubles: [
      { name: 'flapping', ...span(flaps) },
      { name: 'netsplit', ...span(split) },
      { name: 'node loss', fromMs: powerOffMs, untilMs: powerOnMs },
      { name: 'left behind', fromMs: powerOnMs, untilMs: startedMs },
    ],
  };
}

const span = (happenings: readonly Happening[]) => ({ fromMs: happenings[0]?.atMs ?? 0, untilMs: happenings.at(-1)?.atMs ?? 0 });

/** Two hours; each verdict holds from 20 s, the retries of a health check, to a few minutes. */
function flappingFrom(draw: Random, fromMs: number, service: string): readonly Happening[] {
  const happenings: Happening[] = [];
  let atMs = fromMs;
  while (atMs < fromMs + 2 * hourMs) {
    happenings.push({ atMs, deed: { kind: 'health', service, health: 'unhealthy' } });
    atMs += draw.between(20_000, 3 * minuteMs);
    happenings.push({ atMs, deed: { kind: 'health', service, health: 'healthy' } });
    atMs += draw.between(20_000, 4 * minuteMs);
  }
  return happenings;
}

/** Forty minutes; within them a service is down for ten, and well again before anybody can hear of it. */
function splitFrom(draw: Random, fromMs: number, service: string): readonly Happening[] {
  const downMs = fromMs + draw.between(8, 12) * minuteMs + draw.between(0, minuteMs);
  return [
    { atMs: fromMs, deed: { kind: 'cable', isPlugged: false } },
    { atMs: downMs, deed: { kind: 'kill', service } },
    { atMs: downMs + 10 * minuteMs, deed: { kind: 'start', service } },
    { atMs: fromMs + 40 * minuteMs, deed: { kind: 'cable', isPlugged: true } },
  ];
}

/** An hour and a half without power; half an hour after it a person starts what stayed down. */
function lossFrom(draw: Random, fromMs: number, forgotten: string): readonly Happening[] {
  const onMs = fromMs + 90 * minuteMs + draw.between(0, minuteMs);
  return [
    { atMs: fromMs, deed: { kind: 'power', isOn: false } },
    { atMs: onMs, deed: { kind: 'power', isOn: true } },
    { atMs: onMs + 30 * minuteMs, deed: { kind: 'start', service: forgotten } },
  ];
}

/** The trouble that a moment belongs to, the newest of them; null: none. */
export const troubleAt = ({ troubles }: DayTrace, atMs: number): Trouble | null =>
  troubles.findLast(({ fromMs, untilMs }) => fromMs <= atMs && atMs < untilMs + aftermathMs) ?? null;
