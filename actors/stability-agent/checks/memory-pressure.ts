/** Programs that wait for memory; on a kernel that does not measure it, memory that is nearly used up. Costs one small file of /proc. */
import { type Check, one } from '../check.ts';

/** All programs stood still for 6 s of a minute: people notice. */
const memoryRaisePct = 10;
/** Half of it, so that a value at the threshold does not go to and fro. */
const memoryClearPct = 5;
/** Nearly half the time: the machine is thrashing, and remote logins begin to fail. */
const memoryErrorPct = 40;
/** Without PSI: what Linux calls available is gone, and the next large program meets the OOM killer. */
const memoryUsedRaisePct = 95;
/** A twentieth of the memory is free again, besides what is kept in reserve. */
const memoryUsedClearPct = 90;
/** Two readings: a start of something large is over by then. */
const memoryRaiseAfterMs = 120_000;
/** Five readings of the last minute: what takes turns in short of memory is one alarm. */
const memoryClearAfterMs = 300_000;

export const memoryPressure: Check = {
  name: 'memory-pressure',
  source: 'host',
  raised: 'high_memory',
  cleared: 'memory_normal',
  raiseAfterMs: memoryRaiseAfterMs,
  clearAfterMs: memoryClearAfterMs,
  look: ({ host }) => {
    if (host?.memoryPressure != null) {
      const pct = host.memoryPressure.fullAvg60;
      const sight = pct >= memoryErrorPct ? 'error' : pct >= memoryRaisePct ? 'warning' : pct < memoryClearPct ? 'well' : 'between';
      return one(sight, `programs waited for memory ${pct} % of the last minute`, { full_avg60: pct, memory_pct: host.memoryPct });
    }
    if (host?.memoryPct == null) return 'unknown';
    const used = host.memoryPct;
    const sight = used >= memoryUsedRaisePct ? 'warning' : used < memoryUsedClearPct ? 'well' : 'between';
    return one(sight, `${used} % of the memory is used`, { memory_pct: used });
  },
};
