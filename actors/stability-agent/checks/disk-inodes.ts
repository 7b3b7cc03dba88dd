/** Disks that can hold hardly any more files, however much room there is. Costs nothing beyond the statfs of disk-space.ts. */
import type { Check, Sighting } from '../check.ts';
import type { DiskReading } from '../ports.ts';

/** As for space: what fills inodes (caches, mail, small files) does not stop at 90 %. */
const inodesRaisePct = 90;
/** 5 % below, as for space: a cache that empties itself moves less. */
const inodesClearPct = 85;
/** As for space: new files fail within hours. */
const inodesErrorPct = 97;
/** As for space: no jumping across 5 %. */
const inodesRaiseAfterMs = 0;
/** As for raising. */
const inodesClearAfterMs = 0;

export const diskInodes: Check = {
  name: 'disk-inodes',
  source: 'host',
  raised: 'disk_inodes_high',
  cleared: 'disk_usage_normal',
  raiseAfterMs: inodesRaiseAfterMs,
  clearAfterMs: inodesClearAfterMs,
  look: ({ host }) => host?.disks.flatMap(sighting) ?? 'unknown',
};

function sighting({ name, path, usedPct, inodesUsedPct: pct }: DiskReading): readonly Sighting[] {
  const about = { subject: name, service: null, payload: { disk: name, path, inodes_used_pct: pct } };
  if (usedPct === null) return [{ ...about, sight: 'unknown', message: `the ${name} disk does not answer` }];
  // btrfs and zfs make them as they go.
  if (pct === null) return [];
  const sight = pct >= inodesErrorPct ? 'error' : pct >= inodesRaisePct ? 'warning' : pct < inodesClearPct ? 'well' : 'between';
  return [{ ...about, sight, message: `${pct} % of the inodes of the ${name} disk (${path}) are used` }];
}
