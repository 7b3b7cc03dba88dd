/** Programs that wait for disks: an SD card that dies, or a disk that cannot keep up. Costs one small file of /proc; without PSI nothing is known of it. */
import { type Check, one } from '../check.ts';

/** All programs stood still for two of five minutes. */
const ioRaisePct = 40;
/** Half of it. */
const ioClearPct = 20;
/** A backup or a scrub may take so long. */
const ioRaiseAfterMs = 600_000;
/** The average over five minutes has none of the old load in it by then. */
const ioClearAfterMs = 300_000;

export const ioPressure: Check = {
  name: 'io-pressure',
  source: 'host',
  raised: 'high_io',
  cleared: 'io_normal',
  raiseAfterMs: ioRaiseAfterMs,
  clearAfterMs: ioClearAfterMs,
  look: ({ host }) => {
    if (host === null) return 'unknown';
    if (host.ioPressure === null) return [];
    const pct = host.ioPressure.fullAvg300;
    const sight = pct >= ioRaisePct ? 'warning' : pct < ioClearPct ? 'well' : 'between';
    return one(sight, `programs waited for disks ${pct} % of the last five minutes`, { full_avg300: pct });
  },
};
