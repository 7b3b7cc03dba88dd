/** A node that is not on its tailnet. Costs one request on tailscaled's unix socket, 2 kB without peers. */
import { type Check, one } from '../check.ts';

/** After a boot, an update or a new address it takes tailscaled seconds to a minute. */
const tailnetRaiseAfterMs = 120_000;
/** Two readings: a daemon that starts in a loop is Running for a moment each time. */
const tailnetClearAfterMs = 60_000;

export const tailscaleDown: Check = {
  name: 'tailscale-down',
  source: 'tailnet',
  raised: 'tailscale_down',
  cleared: 'tailscale_normal',
  raiseAfterMs: tailnetRaiseAfterMs,
  clearAfterMs: tailnetClearAfterMs,
  look: ({ tailnet, tailnetMemory: { isKnown } }) => {
    switch (tailnet?.state) {
      case undefined:
        return isKnown ? 'unknown' : [];
      case 'unknown':
        return 'unknown';
      case 'absent':
        // The directory of the socket goes with the daemon. A machine that never had one, or has had none for a week, has nothing to miss.
        return isKnown ? one('error', 'tailscaled does not run', { backend: null }) : [];
      case 'silent':
        return one('error', `tailscaled does not answer: ${tailnet.detail}`, { backend: null });
      case 'answered':
        if (tailnet.backend === 'Running') return one('well', 'the node is on its tailnet', { backend: tailnet.backend });
        return one('error', `tailscale is not running: ${tailnet.backend}`, { backend: tailnet.backend });
    }
  },
};
