/** What the bridge gets on a real machine: the brokers it stands between, and the standby that it can open here. */
import type { BridgeModuleOptions } from '../actors/bridge/actor.ts';
import { defaultSite } from '../contracts/defaults.ts';
import { transportTo } from './broker-transport.ts';
import type { ComposeOptions } from './compose.ts';
import { UsageError } from './settings.ts';
import { createStandby } from './standby-broker.ts';
import { standbyDoubt, standbyListeners, standbyUrl } from './standby-listeners.ts';

export function bridgeOptions({ settings, brokerUrls, log }: Pick<ComposeOptions, 'settings' | 'brokerUrls' | 'log'>): BridgeModuleOptions {
  const { node, site, stability, passwords, topicRoot: root } = settings;
  if (stability.upstreamUrl === null) throw new UsageError('the bridge needs HOMELAB_UPSTREAM_URL, the broker of the hub: mqtt://[login:password@]host:port');
  if (site === defaultSite) throw new UsageError(`HOMELAB_SITE=${site}: the bridge runs on another site than the hub; set it to the name of this one`);
  const [local = ''] = brokerUrls;
  const standby = standbyListeners(settings, local);
  const doubt = standbyDoubt(settings, local);
  if (doubt !== null) log.warn(doubt);
  const password = passwords[`bridge-${node}`];
  return {
    transports: {
      near: transportTo(settings, [local, ...(standby === null ? [] : [standbyUrl(standby)])], log),
      local: transportTo(settings, [local], log),
      far: transportTo(settings, [stability.upstreamUrl], log),
    },
    ...(password === undefined ? {} : { password }),
    ports: { standby: standby === null ? null : createStandby(settings, () => standbyListeners(settings, local) ?? standby, log) },
    root,
    hubSite: defaultSite,
    random: Math.random,
  };
}
