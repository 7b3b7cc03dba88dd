/** The broker of another site that this node should reach (HOMELAB_UPSTREAM_URL). Costs a connection of its own, 0.4 kB and the headers of ten packets, every five minutes. */
import { type Check, one } from '../check.ts';

/** Two attempts: an uplink over LTE is lost for a minute many times a day. */
const upstreamRaiseAfterMs = 300_000;
/** A message that came back is all the proof there can be; the next one comes in five minutes. */
const upstreamClearAfterMs = 0;

export const upstreamBroker: Check = {
  name: 'upstream-broker',
  source: 'upstream',
  raised: 'upstream_unreachable',
  cleared: 'upstream_reachable',
  raiseAfterMs: upstreamRaiseAfterMs,
  clearAfterMs: upstreamClearAfterMs,
  look: ({ hasUpstream, upstream, options }) => {
    if (!hasUpstream) return [];
    if (upstream === null) return 'unknown';
    const said = upstream.ok ? `answers within ${upstream.ms} ms` : `does not answer: ${upstream.detail}`;
    return one(upstream.ok ? 'well' : 'warning', `the upstream broker ${options.upstream} ${said}`, { broker: options.upstream });
  },
};
