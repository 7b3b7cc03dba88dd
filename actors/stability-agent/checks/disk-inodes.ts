/** Disks that can hold hardly any more files, however much room there is. Costs nothing beyond the statfs of disk-space.ts. */
import type { Check, Sighting } from '../check.ts';
import type { DiskReading } from '../ports.ts';

/** As for space: what fills inodes (caches, mail, small files) does not stop at 90 %. */
const inodesRaisePct = 90;
const inodesClearPct = 85;
const inodesErrorPct = 97;

export const diskInodes: Check = {
  name: 'disk-inodes',
  source: 'host',
  raised: 'disk_inodes_high',
  cleared: 'disk_usage_normal',
  raiseAfterMs: 0,
  clearAfterMs: 0,
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
