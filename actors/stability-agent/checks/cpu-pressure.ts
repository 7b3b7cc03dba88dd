/** Programs that wait for a processor; on a kernel that does not measure it, processors that are always busy. Costs two small files of /proc. */
import { type Check, one } from '../check.ts';

/** Something waited for a processor most of five minutes; a busy machine that keeps up stays below a quarter. */
const cpuRaisePct = 60;
/** Below it, programs run more than they wait. */
const cpuClearPct = 40;
/** Without PSI: busy does not mean that anything waits, so only what is never idle counts. */
const cpuBusyRaisePct = 95;
/** A fifth of the processors is idle. */
const cpuBusyClearPct = 80;
/** A build, a backup or an update is over by then. */
const cpuRaiseAfterMs = 600_000;
/** The average over five minutes has none of the old load in it by then. */
const cpuClearAfterMs = 300_000;

export const cpuPressure: Check = {
  name: 'cpu-pressure',
  source: 'host',
  raised: 'high_cpu',
  cleared: 'cpu_normal',
  raiseAfterMs: cpuRaiseAfterMs,
  clearAfterMs: cpuClearAfterMs,
  look: ({ host }) => {
    if (host?.cpuPressure != null) {
      const pct = host.cpuPressure.someAvg300;
      const sight = pct >= cpuRaisePct ? 'warning' : pct < cpuClearPct ? 'well' : 'between';
      return one(sight, `programs waited for a processor ${pct} % of the last five minutes`, { some_avg300: pct, cpu_pct: host.cpuPct });
    }
    if (host?.cpuPct == null) return 'unknown';
    const busy = host.cpuPct;
    return one(busy >= cpuBusyRaisePct ? 'warning' : busy < cpuBusyClearPct ? 'well' : 'between', `the processors are ${busy} % busy`, { cpu_pct: busy });
  },
};
