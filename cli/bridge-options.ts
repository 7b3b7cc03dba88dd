/** What the bridge gets on a real machine: the brokers it stands between, and the standby that it can open here. */
import type { BridgeModuleOptions } from '../actors/bridge/actor.ts';
import { defaultSite } from '../contracts/defaults.ts';
import { urlHost } from './broker-options.ts';
import { transportTo } from './broker-transport.ts';
import type { ComposeOptions } from './compose.ts';
import { UsageError } from './settings.ts';
import { createStandby } from './standby-broker.ts';

export function bridgeOptions({ settings, brokerUrls, log }: Pick<ComposeOptions, 'settings' | 'brokerUrls' | 'log'>): BridgeModuleOptions {
  const { node, site, stability, standbyPort, passwords, topicRoot: root } = settings;
  if (stability.upstreamUrl === null) throw new UsageError('the bridge needs HOMELAB_UPSTREAM_URL, the broker of the hub: mqtt://[login:password@]host:port');
  if (site === defaultSite) throw new UsageError(`HOMELAB_SITE=${site}: the bridge runs on another site than the hub; set it to the name of this one`);
  const [local = ''] = brokerUrls;
  const standbyUrl = standbyPort === null ? [] : [`mqtt://${urlHost(settings.brokerListen.host)}:${standbyPort}`];
  const password = passwords[`bridge-${node}`];
  return {
    transports: {
      near: transportTo(settings, [local, ...standbyUrl], log),
      local: transportTo(settings, [local], log),
      far: transportTo(settings, [stability.upstreamUrl], log),
    },
    ...(password === undefined ? {} : { password }),
    ports: { standby: standbyPort === null ? null : createStandby(settings, standbyPort, log) },
    root,
    hubSite: defaultSite,
    random: Math.random,
  };
}
