/**
 * Peers that should always be on the tailnet, by name (HOMELAB_TAILSCALE_PEERS); phones and laptops come and go. Nodes with a
 * node-agent need not be named: the observer misses them. Costs the list of all peers with each answer, 1 kB each.
 */
import type { Check } from '../check.ts';

/** Control says offline within seconds of a reboot; an update with a reboot takes minutes. */
const peerRaiseAfterMs = 600_000;
const peerClearAfterMs = 120_000;

export const tailscalePeer: Check = {
  name: 'tailscale-peer',
  source: 'tailnet',
  raised: 'tailscale_peer_lost',
  cleared: 'tailscale_normal',
  raiseAfterMs: peerRaiseAfterMs,
  clearAfterMs: peerClearAfterMs,
  look: ({ tailnet, options: { tailnetPeers } }) => {
    if (tailnetPeers.length === 0) return [];
    // Off the tailnet nobody can be seen on it.
    if (tailnet?.state !== 'answered' || tailnet.backend !== 'Running') return 'unknown';
    return tailnetPeers.map((peer) => {
      const online = tailnet.peers[peer] ?? null;
      const said = online === null ? 'is not on the tailnet' : online ? 'is online' : 'is offline';
      return {
        subject: peer,
        service: null,
        sight: online === true ? 'well' : 'warning',
        message: `tailscale peer ${peer} ${said}`,
        payload: { peer, online },
      };
    });
  },
};
