/** Disks that are nearly full: the root's and the one with our data. Costs one statfs each. */
import type { Check } from '../check.ts';
import type { DiskReading } from '../ports.ts';
import type { Seen } from '../seen.ts';
import { gigabytes } from '../words.ts';

/** So far below the threshold it counts as having room: a rotated log or a pulled image is less than 5 % of most disks. */
const diskClearBelowPct = 5;
/** ext4 keeps its last 5 % for root; with 3 % left writes fail within hours. */
const diskErrorPct = 97;
/** Space does not jump to and fro across 5 %: there is nothing to wait for. */
const spaceRaiseAfterMs = 0;
/** As for raising. */
const spaceClearAfterMs = 0;

export const diskSpace: Check = {
  name: 'disk-space',
  source: 'host',
  raised: 'disk_usage_high',
  cleared: 'disk_usage_normal',
  raiseAfterMs: spaceRaiseAfterMs,
  clearAfterMs: spaceClearAfterMs,
  look: ({ host, options }) => host?.disks.map((disk) => sighting(disk, options)) ?? 'unknown',
};

function sighting(disk: DiskReading, { diskThresholdPct }: Seen['options']) {
  const { name, path, usedPct, freeBytes } = disk;
  const free = freeBytes === null ? '' : `, ${gigabytes(freeBytes)} free`;
  return {
    subject: name,
    service: null,
    sight: usedPct === null ? 'unknown' : sightOf(usedPct, diskThresholdPct),
    message: usedPct === null ? `the ${name} disk does not say how full it is` : `the ${name} disk (${path}) is ${usedPct} % full${free}`,
    payload: { disk: name, path, used_pct: usedPct, free_bytes: freeBytes, threshold_pct: diskThresholdPct },
  } as const;
}

function sightOf(usedPct: number, thresholdPct: number) {
  if (usedPct >= Math.max(diskErrorPct, thresholdPct)) return 'error';
  if (usedPct >= thresholdPct) return 'warning';
  return usedPct < thresholdPct - diskClearBelowPct ? 'well' : 'between';
}
