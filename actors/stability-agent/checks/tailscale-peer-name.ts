/**
 * Names in HOMELAB_TAILSCALE_PEERS that no machine of the tailnet has, or had within a week: misspelt, or not taken off the list with
 * the machine. A fault of the configuration, which opens no incident: nothing is down. Costs nothing beyond tailscale-peer.ts.
 */
import { nearestOf } from '../../../contracts/inventory/nearest.ts';
import type { Check } from '../check.ts';

/** Two rounds: tailscaled says Running a moment before it has the list of all peers. */
const peerNameRaiseAfterMs = 120_000;
/** A machine that has been on the list is known from then on. */
const peerNameClearAfterMs = 0;

export const tailscalePeerName: Check = {
  name: 'tailscale-peer-name',
  source: 'tailnet',
  raised: 'tailscale_peer_unknown',
  cleared: 'tailscale_peer_known',
  raiseAfterMs: peerNameRaiseAfterMs,
  clearAfterMs: peerNameClearAfterMs,
  look: ({ tailnet, tailnetMemory, options: { tailnetPeers } }) => {
    // Not asked: then the names mean nothing.
    if (tailnetPeers.length === 0 || tailnet === null) return [];
    if (tailnet.state !== 'answered' || tailnet.backend !== 'Running') return 'unknown';
    return tailnetPeers.map((peer) => {
      const about = { subject: peer, service: null };
      if (Object.hasOwn(tailnetMemory.peers, peer)) return { ...about, sight: 'well', message: `${peer} is a machine of the tailnet`, payload: { peer } };
      const nearest = nearestOf(peer, Object.keys(tailnet.peers).sort());
      const hint = nearest === null ? 'correct it, or take it off the list' : `did you mean ${nearest}?`;
      const message = `HOMELAB_TAILSCALE_PEERS names ${peer}, and no machine of the tailnet is called that; ${hint}`;
      return { ...about, sight: 'warning', message, payload: { peer, nearest } };
    });
  },
};
