/**
 * Recurring maintenance windows of a desired document: which are open, until when, and when that changes next.
 * Pure; times are epoch milliseconds. Windows begin by the wall clock of their time zone, summer time included, and last as
 * many minutes as they say.
 */
import type { MaintenanceWindow } from '../../contracts/action.ts';
import type { DesiredMaintenance, DesiredNode } from '../../contracts/desired.ts';
import { weekdays } from '../../contracts/inventory/maintenance.ts';

/** Held because making one takes longer than everything else that is done for a document. */
const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(timeZone: string): Intl.DateTimeFormat {
  const known = formatters.get(timeZone);
  if (known !== undefined) return known;
  const fields = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit' } as const;
  const formatter = new Intl.DateTimeFormat('en-CA', { timeZone, hourCycle: 'h23', ...fields });
  formatters.set(timeZone, formatter);
  return formatter;
}

/** What the clocks there show, as if it were UTC. */
function wallClockMs(timeZone: string, atMs: number): number {
  const parts = Object.fromEntries(
    formatterOf(timeZone)
      .formatToParts(atMs)
      .map(({ type, value }) => [type, value]),
  );
  return Date.parse(`${parts['year']}-${parts['month']}-${parts['day']}T${parts['hour']}:${parts['minute']}:${parts['second']}Z`);
}

/** When the clocks there show this; an hour that summer time leaves out counts as the one after it. */
function momentOf(timeZone: string, wallMs: number): number {
  const first = wallMs - (wallClockMs(timeZone, wallMs) - wallMs);
  return wallMs - (wallClockMs(timeZone, first) - first);
}

/** When it begins, counted in days from today there; null: not on that weekday. */
function beginningMs({ time_zone: timeZone, days, from }: DesiredMaintenance, now: number, daysAhead: number): number | null {
  const dayMs = 24 * 3_600_000;
  const midnight = (Math.floor(wallClockMs(timeZone, now) / dayMs) + daysAhead) * dayMs;
  const weekday = weekdays[(new Date(midnight).getUTCDay() + 6) % 7];
  if (weekday === undefined || days?.includes(weekday) === false) return null;
  const [hours = 0, minutes = 0] = from.split(':').map(Number);
  return momentOf(timeZone, midnight + (hours * 60 + minutes) * 60_000);
}

/** The end of the window that is open now; null: it is closed. */
export function openUntilMs(window: DesiredMaintenance, now: number): number | null {
  // A window lasts a day at most, so only today's and yesterday's can be open.
  for (const daysAhead of [0, -1]) {
    const beginsMs = beginningMs(window, now, daysAhead);
    const endsMs = (beginsMs ?? 0) + window.minutes * 60_000;
    if (beginsMs !== null && beginsMs <= now && now < endsMs) return endsMs;
  }
  return null;
}

/** When it opens or closes next. */
export function nextChangeMs(window: DesiredMaintenance, now: number): number {
  const endsMs = openUntilMs(window, now);
  if (endsMs !== null) return endsMs;
  // A week ahead there is the same weekday again.
  for (let daysAhead = 0; daysAhead <= 8; daysAhead += 1) {
    const beginsMs = beginningMs(window, now, daysAhead);
    if (beginsMs !== null && beginsMs > now) return beginsMs;
  }
  throw new Error(`a window that never opens: ${JSON.stringify(window)}`);
}

/** The windows of a node that are open now, as they are published. One for a stack becomes one for each of its containers. */
export function openWindows({ maintenance = [], services }: Pick<DesiredNode, 'maintenance' | 'services'>, now: number): readonly MaintenanceWindow[] {
  return maintenance.flatMap((window): readonly MaintenanceWindow[] => {
    const untilMs = openUntilMs(window, now);
    if (untilMs === null) return [];
    const { service, reason } = window;
    const open = { until: new Date(untilMs).toISOString(), reason, by: 'inventory', recurring: true as const };
    if (service === undefined) return [{ service: null, ...open }];
    return services.filter(({ name, stack }) => name === service || stack === service).map(({ name }) => ({ service: name, ...open }));
  });
}
