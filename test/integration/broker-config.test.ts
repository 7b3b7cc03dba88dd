/**
 * The generated files in a real mosquitto: every login against every row of the topic table, at the broker of each site; what survives
 * a kill -9; who gets in at all. The expectations are test/kit/access-matrix.table.ts, written by hand.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { topicRoot } from '../../contracts/defaults.ts';
import { accessMatrix, foreignLogin, loginsAt, type MatrixSite, matrixHomelab } from '../kit/access-matrix.table.ts';
import { TestClient, transportTo } from '../kit/conformance-brokers.ts';
import { freePort, haveMosquitto, startMosquitto } from '../kit/mosquitto.ts';
import { type SiteMosquitto, sitePassword, startSiteMosquitto } from '../kit/mosquitto-site.ts';
import { waitFor } from '../kit/wait.ts';

const enter = (
  site: SiteMosquitto,
  username: string,
  more: { readonly clientId?: string; readonly clean?: boolean; readonly password?: string } = {},
): Promise<TestClient> => TestClient.connect(transportTo(site.mosquitto.url), { clientId: `${username}-client`, username, password: sitePassword, ...more });

const topicsHere = [...accessMatrix.map(({ topic }) => `${topicRoot}/${topic}`), `${foreignLogin}/bulb`];
const writersOf = (site: MatrixSite, topic: string): readonly string[] =>
  topic === `${foreignLogin}/bulb`
    ? site === 'hub'
      ? [foreignLogin]
      : []
    : (accessMatrix.find((row) => `${topicRoot}/${row.topic}` === topic)?.writers[site] ?? []);

describe.skipIf(!haveMosquitto()).each<MatrixSite>(['hub', 'cabin'])('the generated mosquitto of %s', (site) => {
  const logins = [...loginsAt(site), ...(site === 'hub' ? [foreignLogin] : [])];
  const clients = new Map<string, TestClient>();
  let running: SiteMosquitto;
  const clientOf = (login: string): TestClient => clients.get(login)!;
  const linkOf = (login: string): TestClient['link'] => clientOf(login).link;

  beforeAll(async () => {
    const ports = { hub: await freePort(), cabin: await freePort() };
    running = await startSiteMosquitto(matrixHomelab({ ports }), site, ports[site]);
    for (const login of logins) clients.set(login, await enter(running, login));
  });
  afterAll(async () => {
    for (const client of clients.values()) await client.link.close();
    await running.stop();
  });

  /** What everybody was sent is there once each has its own last word back; a program of others hears only itself. */
  async function fence(word: string): Promise<void> {
    await linkOf('anna').publish(`${topicRoot}/probes/anna`, word, { retain: false });
    if (clients.has(foreignLogin)) await linkOf(foreignLogin).publish(`${foreignLogin}/fence`, word, { retain: false });
    for (const login of logins) await clientOf(login).until(word);
  }

  it('hands on what a login may write and drops the rest, to everybody who may read it', async () => {
    for (const login of logins) await linkOf(login).subscribe(['#']);
    // The payload names its writer, so that a witness can tell whose message came through.
    for (const login of logins) await Promise.all(topicsHere.map((topic) => linkOf(login).publish(topic, login, { retain: false })));
    await fence('all written');
    const heardBy = (reader: string): ReadonlyMap<string, readonly string[]> => {
      const heard = new Map<string, string[]>();
      for (const { topic, text } of clientOf(reader).seen) heard.set(topic, [...(heard.get(topic) ?? []), text]);
      return heard;
    };
    for (const reader of logins) {
      const heard = heardBy(reader);
      for (const topic of topicsHere) {
        const mayRead = reader === foreignLogin ? !topic.startsWith(`${topicRoot}/`) : topic.startsWith(`${topicRoot}/`);
        const written = (heard.get(topic) ?? []).filter((text) => text !== 'all written');
        expect([reader, topic, written.sort()]).toEqual([reader, topic, mayRead ? [...writersOf(site, topic)].sort() : []]);
      }
    }
  });

  it('keeps retained only what a login may write, and lets nobody else clear it', async () => {
    const stored = async (): Promise<ReadonlyMap<string, string>> => {
      const reader = await enter(running, 'anna', { clientId: 'fresh' });
      await reader.link.subscribe([`${topicRoot}/#`]);
      await reader.link.publish(`${topicRoot}/probes/anna`, 'read', { retain: false });
      const seen = await reader.until('read');
      await reader.link.close();
      return new Map(seen.filter(({ retained }) => retained).map(({ topic, text }) => [topic, text]));
    };
    const everywhere = async (payload: (login: string) => string, includes: (login: string, topic: string) => boolean): Promise<void> => {
      for (const login of logins)
        await Promise.all(topicsHere.filter((topic) => includes(login, topic)).map((topic) => linkOf(login).publish(topic, payload(login), { retain: true })));
    };
    const ours = topicsHere.filter((topic) => topic.startsWith(`${topicRoot}/`));
    await everywhere(
      (login) => login,
      () => true,
    );
    const last = (topic: string): string | undefined => logins.findLast((login) => writersOf(site, topic).includes(login));
    const expected = new Map(ours.flatMap((topic) => (last(topic) === undefined ? [] : [[topic, last(topic)] as const])));
    // mosquitto cannot refuse the flag: a request is kept too, until the ledger clears it.
    expect(await stored()).toEqual(expected);
    await everywhere(
      () => '',
      (login, topic) => !writersOf(site, topic).includes(login),
    );
    expect(await stored()).toEqual(expected);
    const ledger = site === 'hub' ? 'ledger-vps' : 'ledger-cabin-1';
    await everywhere(
      () => '',
      (login, topic) => login === ledger && /\/(actions|maintenance)\//.test(topic.replace('/world/', ' ')),
    );
    expect([...(await stored()).keys()].filter((topic) => new RegExp(`^${topicRoot}/(actions|maintenance)/`).test(topic))).toEqual([]);
    await everywhere(
      () => '',
      (login, topic) => last(topic) === login,
    );
    expect(await stored()).toEqual(new Map());
  });

  it('tells people about itself, and lets in nobody whom it does not know', async () => {
    const heard = (login: string): boolean => clientOf(login).seen.some(({ topic }) => topic.startsWith('$SYS/'));
    const curious = ['anna', 'kiosk', site === 'hub' ? 'observer-vps' : 'observer-cabin-1'];
    for (const login of curious) await linkOf(login).subscribe(['$SYS/broker/version']);
    await fence('figures read');
    expect(curious.map(heard)).toEqual([true, true, false]);
    for (const stranger of ['mallory', site === 'hub' ? 'observer-cabin-1' : 'observer-vps'])
      await expect(enter(running, stranger)).rejects.toThrow(/not authori[sz]ed/i);
    await expect(enter(running, 'anna', { clientId: 'thief', password: 'guess' })).rejects.toThrow(/not authori[sz]ed/i);
    await expect(TestClient.connect(transportTo(running.mosquitto.url), { clientId: 'nobody' })).rejects.toThrow(/not authori[sz]ed/i);
  });
});

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
