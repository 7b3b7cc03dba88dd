/** The key by which the node is on its tailnet, before it expires and nobody can log in to renew it. Costs nothing beyond tailscale-down.ts. */
import { type Check, one } from '../check.ts';

/** The unit of the thresholds. */
const dayMs = 86_400_000;
/** Time to come home and sign in; Tailscale itself warns people a week before. */
const keyWarningDays = 7;
/** A renewed key is good for months. */
const keyClearDays = 8;
/** A date does not flap. */
const keyRaiseAfterMs = 0;
/** As for raising. */
const keyClearAfterMs = 0;

export const tailscaleKey: Check = {
  name: 'tailscale-key',
  source: 'tailnet',
  raised: 'tailscale_key_expiring',
  cleared: 'tailscale_normal',
  raiseAfterMs: keyRaiseAfterMs,
  clearAfterMs: keyClearAfterMs,
  look: ({ tailnet, tailnetMemory: { isKnown }, now }) => {
    if (tailnet?.state !== 'answered') return isKnown ? 'unknown' : [];
    const { keyExpired, keyExpiresAtMs: atMs } = tailnet;
    const expiresAt = atMs === null ? null : new Date(atMs).toISOString();
    if (keyExpired || (atMs !== null && atMs <= now)) return one('error', 'the tailscale key of the node has expired', { expires_at: expiresAt });
    if (atMs === null) return one('well', 'the tailscale key of the node does not expire', { expires_at: null });
    const days = (atMs - now) / dayMs;
    const sight = days <= keyWarningDays ? 'warning' : days > keyClearDays ? 'well' : 'between';
    return one(sight, `the tailscale key of the node expires in ${days.toFixed(1)} days`, { expires_at: expiresAt });
  },
};
