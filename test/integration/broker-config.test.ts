/**
 * The generated files in a real mosquitto: what survives a kill -9; who gets in at all. Who may read and write what is tried in access-matrix.test.ts.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { topicRoot } from '../../contracts/defaults.ts';
import { foreignLogin, matrixHomelab } from '../kit/access-matrix.table.ts';
import { TestClient, transportTo } from '../kit/conformance-brokers.ts';
import { freePort, haveMosquitto, startMosquitto } from '../kit/mosquitto.ts';
import { type SiteMosquitto, sitePassword, startSiteMosquitto } from '../kit/mosquitto-site.ts';
import { waitFor } from '../kit/wait.ts';

const enter = (
  site: SiteMosquitto,
  username: string,
  more: { readonly clientId?: string; readonly clean?: boolean; readonly password?: string } = {},
): Promise<TestClient> => TestClient.connect(transportTo(site.mosquitto.url), { clientId: `${username}-client`, username, password: sitePassword, ...more });

describe.skipIf(!haveMosquitto())('a mosquitto with a generated configuration', () => {
  it('keeps retained documents and the queue of an absent session through a kill -9', async () => {
    const ports = { hub: await freePort(), cabin: await freePort() };
    const site = await startSiteMosquitto(matrixHomelab({ ports }), 'hub', ports.hub, ['kiosk']);
    try {
      // Nobody filled in its password.
      await expect(enter(site, 'kiosk', { password: '' })).rejects.toThrow(/not authori[sz]ed/i);
      const absent = await enter(site, 'observer-vps', { clean: false });
      await absent.link.subscribe([`${topicRoot}/events/+`]);
      await absent.link.close();
      const writer = await enter(site, 'node-agent-vps');
      const numbers = Array.from({ length: 100 }, (_, at) => at);
      await Promise.all(numbers.map((at) => writer.link.publish(`${topicRoot}/health/vps/service-${at}`, `document ${at}`, { retain: true })));
      await Promise.all(numbers.map((at) => writer.link.publish(`${topicRoot}/events/vps`, `event ${at}`, { retain: false })));
      await writer.link.publish(`${topicRoot}/health/vps`, 'the last one', { retain: true });
      await waitFor('the last change to be saved, with no clean end', () => readFileSync(site.database, 'latin1').includes('the last one'));
      await site.mosquitto.kill9();
      await site.mosquitto.restart();
      const reader = await enter(site, 'anna');
      await reader.link.subscribe([`${topicRoot}/#`]);
      await reader.link.publish(`${topicRoot}/probes/anna`, 'read', { retain: false });
      expect((await reader.until('read')).filter(({ retained }) => retained)).toHaveLength(101);
      const back = await enter(site, 'observer-vps', { clean: false });
      await back.until('event 99');
      expect(back.texts).toEqual(numbers.map((at) => `event ${at}`));
      for (const client of [reader, back]) await client.link.close();
    } finally {
      await site.stop();
    }
  });

  it('lets whoever is on its machine read without a login where it was told to, and nothing else', async () => {
    const ports = { hub: await freePort(), cabin: await freePort() };
    const site = await startSiteMosquitto(matrixHomelab({ ports, hubBroker: ', anonymous_on_loopback: true' }), 'hub', ports.hub);
    try {
      const nobody = await TestClient.connect(transportTo(site.mosquitto.url), { clientId: 'nobody' });
      await nobody.link.subscribe(['#']);
      for (const topic of ['actions/approved', 'actions/approved/anna', 'health/vps', 'probes/anna'])
        await nobody.link.publish(`${topicRoot}/${topic}`, 'from nobody', { retain: true });
      const anna = await enter(site, 'anna');
      await anna.link.publish(`${topicRoot}/probes/anna`, 'from anna', { retain: false });
      await nobody.until('from anna');
      expect(nobody.texts).toEqual(['from anna']);
      for (const client of [nobody, anna]) await client.link.close();
    } finally {
      await site.stop();
    }
  });

  it('without an access list knows every login of its password file for an operator of its own name', async () => {
    const ports = { hub: await freePort(), cabin: await freePort() };
    const site = await startSiteMosquitto(matrixHomelab({ ports, isListed: false }), 'hub', ports.hub);
    try {
      // Any login will do for the patterns: they hold for all of them.
      const [witness, someone] = [await enter(site, 'observer-vps'), await enter(site, foreignLogin)];
      await witness.link.subscribe([`${topicRoot}/#`]);
      for (const topic of [`actions/approved/${foreignLogin}`, 'actions/approved/anna', 'health/vps'])
        await someone.link.publish(`${topicRoot}/${topic}`, topic, { retain: false });
      await witness.link.publish(`${topicRoot}/probes/observer-vps`, 'read', { retain: false });
      await witness.until('read');
      expect(witness.texts).toEqual([`actions/approved/${foreignLogin}`, 'read']);
      for (const client of [witness, someone]) await client.link.close();
    } finally {
      await site.stop();
    }
  });

  it('starts with the bridge that docs/broker-config.md shows as an example', async () => {
    const page = readFileSync(fileURLToPath(new URL('../../docs/broker-config.md', import.meta.url)), 'utf8');
    const [, example = ''] = /```conf\n([\s\S]*?)```/.exec(page) ?? [];
    expect(example).toContain('connection ');
    const port = await freePort();
    // Nobody answers there, which is what a bridge is for.
    const complete = `listener ${port} 127.0.0.1\nallow_anonymous true\nlog_dest stderr\n${example.replace(/^persistence_location .*$/m, '').replace(/^address .*$/m, 'address 127.0.0.1:9')}`;
    const mosquitto = await startMosquitto({ port, complete });
    // Between opening its port and its main loop it forgets a SIGTERM, and the bridge makes that time longer.
    await mosquitto.kill9();
    await mosquitto.stop();
  });
});
