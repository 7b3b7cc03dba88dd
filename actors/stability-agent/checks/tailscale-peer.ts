/**
 * Peers that should always be on the tailnet, by name (HOMELAB_TAILSCALE_PEERS); phones and laptops come and go. Nodes with a
 * node-agent need not be named: the observer misses them. Costs the list of all peers with each answer, 1 kB each.
 *
 * Only a peer that has been there can be lost; a name that nobody has is tailscale-peer-name.ts's to say.
 */
import type { Check } from '../check.ts';

/** Control says offline within seconds of a reboot; an update with a reboot takes minutes. */
const peerRaiseAfterMs = 600_000;
/** Two rounds: a machine that boots in a loop is seen once in between. */
const peerClearAfterMs = 120_000;

export const tailscalePeer: Check = {
  name: 'tailscale-peer',
  source: 'tailnet',
  raised: 'tailscale_peer_lost',
  cleared: 'tailscale_normal',
  raiseAfterMs: peerRaiseAfterMs,
  clearAfterMs: peerClearAfterMs,
  look: ({ tailnet, tailnetMemory, options: { tailnetPeers } }) => {
    const hasNone = (tailnet === null || tailnet.state === 'absent') && !tailnetMemory.isKnown;
    if (tailnetPeers.length === 0 || hasNone) return [];
    // Off the tailnet nobody can be seen on it.
    if (tailnet?.state !== 'answered' || tailnet.backend !== 'Running') return 'unknown';
    return tailnetPeers
      .filter((peer) => Object.hasOwn(tailnetMemory.peers, peer))
      .map((peer) => {
        const online = Object.hasOwn(tailnet.peers, peer) ? (tailnet.peers[peer] ?? false) : null;
        const said = online === null ? 'is not on the tailnet any more' : online ? 'is online' : 'is offline';
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
