/** Lets the checks look at what was seen, moves their alarms, and says what is news. Pure; every function returns a new state. */
import type { EventDraft } from '../../contracts/event.ts';
import { type Alarm, isLouder, quietAlarm, step } from './alarm.ts';
import type { Check, Sighting, Source } from './check.ts';
import { checks } from './checks.ts';
import type { Command, StandingAlarm, State } from './state.ts';
import { duration } from './words.ts';

const keyOf = (check: string, subject: string): string => (subject === '' ? check : `${check} ${subject}`);

/** Contracts: a message of an event has 2,000 characters; a summary made of it 400. */
const messageChars = 400;

export const isCheck = (name: string): boolean => checks.some((check) => check.name === name);

/** The checks that get their news from there look again. */
export function look(state: State, source: Source): State {
  let next = state;
  for (const check of checks) if (check.source === source) next = lookWith(next, check);
  return next;
}

function lookWith(state: State, check: Check): State {
  const seen = check.look(state.seen);
  const sighted = new Map(state.sighted);
  const alarms = new Map(state.alarms);
  const sightings = seen === 'unknown' ? [] : seen;
  sighted.set(check.name, seen !== 'unknown' && sightings.every(({ sight }) => sight !== 'unknown'));
  for (const sighting of sightings) {
    const key = keyOf(check.name, sighting.subject);
    alarms.set(key, moved(alarms.get(key), check, sighting, state.seen.now));
  }
  const subjects = new Set(sightings.map(({ subject }) => subject));
  for (const [key, alarm] of state.alarms) {
    if (alarm.check !== check.name || subjects.has(alarm.subject)) continue;
    // Where the check cannot see, everything stays; where there is no such thing (any more), nothing is wrong with it.
    const sight = seen === 'unknown' ? 'unknown' : 'well';
    const message = seen === 'unknown' ? alarm.message : `${alarm.subject === '' ? check.name : alarm.subject} is not looked at any more`;
    alarms.set(key, moved(alarm, { ...check, clearAfterMs: 0 }, { ...alarm, sight, message }, state.seen.now));
  }
  for (const [key, alarm] of alarms) if (isIdle(alarm)) alarms.delete(key);
  return { ...state, sighted, alarms };
}

function moved(before: StandingAlarm | undefined, check: Check, sighting: Sighting, now: number): StandingAlarm {
  const patience = { raiseAfterMs: sighting.raiseAfterMs ?? check.raiseAfterMs, clearAfterMs: check.clearAfterMs };
  const was: Alarm = before ?? quietAlarm;
  const is = step(was, sighting.sight, patience, now);
  // Trouble that could not be told while it lasted is told when it is over.
  const isPast = was.level !== null && is.level === null && is.said === null && check.isTellable !== undefined;
  const { subject, service, message, payload } = sighting;
  return {
    ...is,
    said: isPast ? was.level : is.said,
    check: check.name,
    subject,
    // An end is said of what the beginning was said of, also while nobody knows which service that is.
    service: before !== undefined && (before.said !== null || before.isSaying) ? before.service : service,
    message,
    payload,
    saidMs: before?.saidMs ?? 0,
    isLogged: is.level !== null && (before?.isLogged ?? false),
    isSaying: before?.isSaying ?? false,
  };
}

export const isIdle = ({ level, said, risingMs, isSaying }: StandingAlarm): boolean => level === null && said === null && risingMs === null && !isSaying;

/**
 * A standing alarm is said again once a day: an incident of which nobody has heard for 7 days expires (the observer's store may be
 * lost, too), and what is still wrong must not become nominal by that.
 */
const repeatMs = 24 * 3_600_000;

/** What was said and still stands, a day ago; a clock that was set back does not count. */
const isDueAgain = ({ level, said, saidMs }: StandingAlarm, now: number): boolean => level !== null && said !== null && now - saidMs >= repeatMs;

/** What is news is said once, and once a day while it stands. */
export function tell(state: State): { readonly state: State; readonly commands: readonly Command[] } {
  const commands: Command[] = [];
  const logged = new Set<string>();
  for (const check of checks) {
    for (const [key, alarm] of state.alarms) {
      if (alarm.check !== check.name || alarm.isSaying) continue;
      if (!isLouder(alarm.level, alarm.said) && !isDueAgain(alarm, state.seen.now)) continue;
      if (check.isTellable?.(state.seen) !== false) commands.push({ type: 'say', keys: [key], level: alarm.level, draft: raised(check, alarm) });
      else if (!alarm.isLogged) {
        commands.push({ type: 'log', check: key, message: alarm.message });
        logged.add(key);
      }
    }
  }
  for (const [cleared, keys] of overGroups(state)) commands.push({ type: 'say', keys, level: null, draft: over(state, cleared, keys) });
  const saying = new Set(commands.flatMap((command) => (command.type === 'say' ? command.keys : [])));
  if (saying.size + logged.size === 0) return { state, commands };
  const marked = (key: string, alarm: StandingAlarm): StandingAlarm => ({
    ...alarm,
    isSaying: alarm.isSaying || saying.has(key),
    isLogged: alarm.isLogged || logged.has(key),
  });
  const alarms = new Map([...state.alarms].map(([key, alarm]) => [key, marked(key, alarm)]));
  return { state: { ...state, alarms }, commands };
}

function raised(check: Check, { level, service, message, payload, raisedMs }: StandingAlarm): EventDraft {
  const since = new Date(raisedMs).toISOString();
  return { type: check.raised, severity: level ?? 'warning', service, message: message.slice(0, messageChars), payload: { ...payload, since } };
}

/** Alarms that are over, by the event that ends their incident; only where no alarm of that incident stands. */
function overGroups({ alarms }: State): readonly (readonly [Check['cleared'], readonly string[]])[] {
  const groups = new Map<string, { readonly cleared: Check['cleared']; isOver: boolean; keys: string[] }>();
  for (const check of checks) {
    for (const [key, alarm] of alarms) {
      if (alarm.check !== check.name) continue;
      const name = `${check.cleared} ${alarm.service ?? ''}`;
      const group = groups.get(name) ?? { cleared: check.cleared, isOver: true, keys: [] };
      groups.set(name, group);
      if (alarm.level !== null || alarm.isSaying) group.isOver = false;
      else if (alarm.said !== null) group.keys.push(key);
    }
  }
  return [...groups.values()].filter(({ isOver, keys }) => isOver && keys.length > 0).map(({ cleared, keys }) => [cleared, keys] as const);
}

function over({ alarms, seen }: State, type: Check['cleared'], keys: readonly string[]): EventDraft {
  const ended = keys.map((key) => alarms.get(key)).filter((each) => each !== undefined);
  const sinceMs = Math.min(...ended.map(({ raisedMs }) => raisedMs));
  const lastedMs = Math.max(0, seen.now - sinceMs);
  const [since, until] = [sinceMs, seen.now].map((ms) => new Date(ms).toISOString());
  return {
    type,
    severity: 'info',
    service: ended[0]?.service ?? null,
    message: `${ended.map(({ message }) => message).join('; ')}: well again after ${duration(lastedMs)} (since ${since})`.slice(0, messageChars),
    payload: { checks: keys, since, until, lasted_s: Math.round(lastedMs / 1000) },
  };
}
