/** Troubles of the link between a site and the hub: cut in each way there is, for seconds, minutes, or longer than an approval is valid. */
import type { Trouble } from './trouble.ts';

/** What was asked in its first minutes is older than an approval may be when it ends. Happens only in storms that are longer than it. */
const hoursMs = [3_900_000, 4_500_000] as const;

export function uplinkCut(trouble: Trouble): void {
  const { random, site } = trouble;
  const { uplink } = site;
  if (uplink === null || uplink.isCutForLong) return;
  const how = random.pick(['refused', 'silent', 'silent', 'to-hub', 'to-site'] as const);
  trouble.say(`the uplink of ${site.name} is cut: ${how}`);
  uplink.cut(how);
  const longMs = trouble.durationMs > hoursMs[1] && random.chance(0.5) ? hoursMs : ([120_000, 420_000] as const);
  const rangeMs = random.pick<readonly [number, number]>([[500, 20_000], [20_000, 120_000], longMs] as const);
  const isForLong = rangeMs === hoursMs;
  uplink.isCutForLong = isForLong;
  trouble.later(...rangeMs, () => {
    if (uplink.isCutForLong && !isForLong) return; // the end of a short one that was there before
    trouble.say(`the uplink of ${site.name} works`);
    uplink.mend();
  });
}

export function uplinkReset(trouble: Trouble): void {
  trouble.say(`the connection of ${trouble.site.name} to the hub is reset`);
  trouble.site.uplink?.reset();
}
