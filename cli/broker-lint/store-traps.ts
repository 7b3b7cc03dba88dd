/** Traps in what the broker of a bridge keeps: a queue that is in memory only, saved too seldom, or too short. All of them are of the whole broker. */
import { type Configuration, isTrue, type Line, lastOf, type Setting } from './configuration.ts';
import type { Caught, Trap } from './trap.ts';

/** A setting that is missing is looked for where the first bridge is that needs it; without a bridge nothing does. */
function* judged({ broker, bridges }: Configuration, key: string, judge: (setting: Setting | null) => string | null): Iterable<Caught> {
  const [first] = bridges;
  if (first === undefined) return;
  const setting = lastOf(broker, key);
  const what = judge(setting);
  const at: Line = setting ?? first;
  if (what !== null) yield { at, what };
}

const shown = ({ key, value }: Setting): string => `${key} ${value}`;
const inNone = (key: string, fallback: string): string => `${key} is set in none of these files; the default is ${fallback}`;

const persistenceOff: Trap = {
  id: 'persistence-off',
  severity: 'error',
  why: 'The queue of the bridge and its session are in memory only: a restart during a cut loses everything that waits.',
  instead: 'persistence true',
  find: (configuration) =>
    judged(configuration, 'persistence', (setting) => (isTrue(setting) ? null : setting === null ? inNone('persistence', 'false') : shown(setting))),
};

const savesOnChange = ({ broker }: Configuration): boolean => isTrue(lastOf(broker, 'autosave_on_changes'));
const isPersistent = ({ broker }: Configuration): boolean => isTrue(lastOf(broker, 'persistence'));
/** mosquitto.conf(5): seconds, or with autosave_on_changes a number of changes. */
const intervalOf = (setting: Setting | null): number => (setting === null ? autosaveDefault : Number(setting.value));
const autosaveDefault = 1800;
/** Saving by time more seldom than this is meant for the end of the process, not for its death. */
const autosaveSecondsMax = 60;

const autosaveDefaultTrap: Trap = {
  id: 'autosave-default',
  severity: 'error',
  why: 'The default saves every 30 minutes, 0 only at a clean end: of 5,000 messages that waited for a link a kill -9 lost all, and the session with them.',
  instead: 'autosave_interval 1 and autosave_on_changes true',
  find: (configuration) =>
    !isPersistent(configuration)
      ? []
      : judged(configuration, 'autosave_interval', (setting) => {
          const interval = intervalOf(setting);
          const isSeldom = interval === 0 || interval >= autosaveDefault || (!savesOnChange(configuration) && interval > autosaveSecondsMax);
          return isSeldom ? (setting === null ? inNone('autosave_interval', String(autosaveDefault)) : shown(setting)) : null;
        }),
};

const autosaveByTime: Trap = {
  id: 'autosave-by-time',
  severity: 'warning',
  why: 'What came since the last save is lost: with an interval of 1 a kill -9 lost 4,499 of 5,000; and everything is written again each time, also when nothing changed.',
  instead: 'autosave_on_changes true with autosave_interval 1',
  find: (configuration) =>
    !isPersistent(configuration) || savesOnChange(configuration)
      ? []
      : judged(configuration, 'autosave_interval', (setting) => {
          const interval = intervalOf(setting);
          return interval > 0 && interval <= autosaveSecondsMax && setting !== null ? `${shown(setting)}, without autosave_on_changes` : null;
        }),
};

const autosaveManyChanges: Trap = {
  id: 'autosave-many-changes',
  severity: 'warning',
  why: 'With autosave_on_changes the interval counts changes, not seconds: the last few wait unsaved until as many have come.',
  instead: 'autosave_interval 1',
  find: (configuration) =>
    !isPersistent(configuration) || !savesOnChange(configuration)
      ? []
      : judged(configuration, 'autosave_interval', (setting) => {
          const interval = intervalOf(setting);
          return setting !== null && interval > 1 && interval < autosaveDefault ? `${shown(setting)}, with autosave_on_changes` : null;
        }),
};

/** mosquitto.conf(5). */
const queueDefault = 1000;

const queueShort: Trap = {
  id: 'queue-default',
  severity: 'error',
  why: 'A full queue keeps the oldest and drops the newest, although their publishers got an acknowledgement: of 5,000 in a cut 1,000 arrived, numbers 0 to 999.',
  instead: 'max_queued_messages 20000, or as many as a cut brings',
  find: (configuration) =>
    judged(configuration, 'max_queued_messages', (setting) => {
      if (setting === null) return inNone('max_queued_messages', String(queueDefault));
      const most = Number(setting.value);
      return most > 0 && most <= queueDefault ? shown(setting) : null;
    }),
};

const queueEndless: Trap = {
  id: 'queue-unlimited',
  severity: 'warning',
  why: 'A long cut fills the memory until the broker is killed, and with it every client of the site; 2.0.16 delivers nothing with it (issue 2879).',
  instead: 'max_queued_messages 20000, or as many as a cut brings',
  find: (configuration) => judged(configuration, 'max_queued_messages', (setting) => (setting !== null && Number(setting.value) === 0 ? shown(setting) : null)),
};

const queueBytes: Trap = {
  id: 'queue-bytes',
  severity: 'warning',
  why: 'A bridge whose queue has reached the limit in bytes may not connect again (issue 2256).',
  instead: 'max_queued_messages alone',
  find: (configuration) => judged(configuration, 'max_queued_bytes', (setting) => (setting !== null && Number(setting.value) > 0 ? shown(setting) : null)),
};

const nagle: Trap = {
  id: 'no-nodelay',
  severity: 'warning',
  why: 'A small message waits up to 40 ms for the acknowledgement of the one before.',
  instead: 'set_tcp_nodelay true',
  find: (configuration) =>
    judged(configuration, 'set_tcp_nodelay', (setting) => (isTrue(setting) ? null : setting === null ? inNone('set_tcp_nodelay', 'false') : shown(setting))),
};

export const storeTraps: readonly Trap[] = [
  persistenceOff,
  autosaveDefaultTrap,
  autosaveByTime,
  autosaveManyChanges,
  queueShort,
  queueEndless,
  queueBytes,
  nagle,
];
