/** Disks that will be full within days, by the trend of the last ones. Costs a median of at most 2,556 slopes: 0.5 ms a round. */
import type { Check, Sighting } from '../check.ts';
import { type DiskSample, shrinkage } from '../disk-history.ts';
import type { DiskReading } from '../ports.ts';

/** A weekend with a day to spare. */
const fullWithinDays = 3;
/** Twice that: the trend moves by less from one day to the next. */
const roomForDays = 6;
/** Half empty: whatever the trend of three days says, something else will happen first. */
const trendFromPct = 50;
/** The trend itself is slow: it moves with one sample an hour, so there is nothing to wait for. */
const fillingRaiseAfterMs = 0;
/** As for raising. */
const fillingClearAfterMs = 0;
/** The unit of the thresholds. */
const dayMs = 86_400_000;

export const diskFilling: Check = {
  name: 'disk-filling',
  source: 'host',
  raised: 'disk_filling',
  cleared: 'disk_usage_normal',
  raiseAfterMs: fillingRaiseAfterMs,
  clearAfterMs: fillingClearAfterMs,
  look: ({ host, diskHistory }) => host?.disks.flatMap((disk) => sighting(disk, diskHistory[disk.name] ?? [])) ?? 'unknown',
};

function sighting(disk: DiskReading, history: readonly DiskSample[]): readonly Sighting[] {
  const perMs = shrinkage(history);
  if (perMs === null) return [];
  if (disk.freeBytes === null || disk.usedPct === null)
    return [{ subject: disk.name, service: null, sight: 'unknown', message: `the ${disk.name} disk does not answer`, payload: {} }];
  const days = perMs <= 0 ? Number.POSITIVE_INFINITY : disk.freeBytes / perMs / dayMs;
  const isSoon = days <= fullWithinDays && disk.usedPct >= trendFromPct;
  return [
    {
      subject: disk.name,
      service: null,
      sight: isSoon ? 'warning' : days > roomForDays ? 'well' : 'between',
      message: Number.isFinite(days) ? `the ${disk.name} disk (${disk.path}) is full in ${days.toFixed(1)} days` : `the ${disk.name} disk does not fill`,
      payload: { disk: disk.name, path: disk.path, days_left: Number.isFinite(days) ? Math.round(days * 10) / 10 : null, free_bytes: disk.freeBytes },
    },
  ];
}
