import { expect, it } from 'vitest';
import { silentLog } from '../bus/log.ts';
import { readSettings } from './settings.ts';
import { stabilityOptions } from './stability-options.ts';

const looksUpstream = (site: string): boolean => {
  const settings = readSettings({ NODE_NAME: 'edge', HOMELAB_SITE: site, HOMELAB_UPSTREAM_URL: 'mqtt://192.0.2.1:1883' });
  return stabilityOptions({ settings, brokerUrls: ['mqtt://127.0.0.1:1883'], log: silentLog }).ports.tryUpstream !== null;
};

it('a site whose bridge is up is not told for ever that the hub refuses the login of its stability-agent', () => {
  expect(looksUpstream('cabin')).toBe(false);
  expect(looksUpstream('hub')).toBe(true);
});
