/** What the stability-agent gets on a real machine: its ports, and what of the settings its checks go by. */
import { hostname } from 'node:os';
import type { StabilityAgentOptions } from '../actors/stability-agent/actor.ts';
import type { RoundTrip } from '../actors/stability-agent/ports.ts';
import { createHostReader } from '../adapters/host/stability.ts';
import { createTailscale } from '../adapters/tailscale/status.ts';
import { systemClock } from '../bus/clock.ts';
import { parseBrokerUrl } from '../bus/mqtt-socket.ts';
import { roundTrip } from '../bus/round-trip.ts';
import { defaultSite } from '../contracts/defaults.ts';
import { isLoopback } from '../contracts/loopback.ts';
import { transportTo } from './broker-transport.ts';
import type { ComposeOptions } from './compose.ts';

export function stabilityOptions({ settings, brokerUrls, log }: Pick<ComposeOptions, 'settings' | 'brokerUrls' | 'log'>): StabilityAgentOptions {
  const { stability, node, topicRoot, dataRoot } = settings;
  const login = `stability-agent-${node}`;
  const tryBroker = (url: string) => (): Promise<RoundTrip> =>
    roundTrip({ transport: transportTo(settings, [url], log), clock: systemClock, root: topicRoot, login, password: settings.passwords[login] });
  const [first = '', ...others] = brokerUrls;
  const { tailscaleSocket, tailscalePeers } = stability;
  // Anywhere else the bridge holds that link all the time and says how it is; the hub's broker knows no other login from there, and its refusal
  // would be an alarm without end. A connection in five minutes would also cost half as much again as the link.
  const upstreamUrl = settings.site === defaultSite ? stability.upstreamUrl : null;
  return {
    ports: {
      ...createHostReader({ dataDirectory: dataRoot }),
      readTailnet: tailscaleSocket === null ? null : createTailscale({ socketPath: tailscaleSocket, withPeers: tailscalePeers.length > 0 }).readTailnet,
      tryUpstream: upstreamUrl === null ? null : tryBroker(upstreamUrl),
      tryOwnBroker: others.length === 0 ? null : tryBroker(first),
    },
    intervalMs: stability.intervalMs,
    checks: {
      diskThresholdPct: stability.diskThresholdPct,
      tailnetPeers: tailscalePeers,
      incidentGraceMs: settings.incidentGraceMs,
      isBrokerHere: isHere(first, node),
      broker: parseBrokerUrl(first).description,
      upstream: upstreamUrl === null ? '' : parseBrokerUrl(upstreamUrl).description,
    },
  };
}

/** By its name alone: an address of another network card of this machine is not recognised, and then counts as elsewhere. */
function isHere(url: string, node: string): boolean {
  const { host } = parseBrokerUrl(url);
  return isLoopback(host) || [node, hostname().toLowerCase()].includes(host.toLowerCase());
}
