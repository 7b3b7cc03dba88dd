/**
 * Every login against every row of the topic table, to read, to write, with and without the retain flag, at the broker of each site:
 * the same at a real mosquitto with the generated files, and at the broker that is built in. The expectations are
 * test/kit/access-matrix.table.ts, written by hand.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { topicRoot } from '../../contracts/defaults.ts';
import { topics } from '../../contracts/topics.ts';
import { accessMatrix, foreignLogin, homeAssistantMatrix, loginsAt, type MatrixSite, matrixHomelab } from '../kit/access-matrix.table.ts';
import { TestClient, transportTo } from '../kit/conformance-brokers.ts';
import { startSiteEmbedded } from '../kit/embedded-site.ts';
import { freePort, haveMosquitto } from '../kit/mosquitto.ts';
import { sitePassword, startSiteMosquitto } from '../kit/mosquitto-site.ts';
import { waitFor } from '../kit/wait.ts';

interface SiteUnderTest {
  readonly url: string;
  /** What it says of itself it says now. */
  showFigures(): void;
  stop(): Promise<void>;
}
type Kind = 'mosquitto' | 'embedded';
const names: Readonly<Record<Kind, string>> = { mosquitto: 'the generated mosquitto', embedded: 'the embedded broker' };
type Start = (files: Readonly<Record<string, string>>, site: MatrixSite, port: number, logins: readonly string[]) => Promise<SiteUnderTest>;
const starters: Readonly<Record<Kind, Start>> = {
  mosquitto: async (files, site, port) => {
    const { mosquitto, stop } = await startSiteMosquitto(files, site, port);
    return { url: mosquitto.url, showFigures: () => undefined, stop };
  },
  embedded: startSiteEmbedded,
};

const enter = ({ url }: SiteUnderTest, username: string, more: { readonly clientId?: string; readonly password?: string } = {}): Promise<TestClient> =>
  TestClient.connect(transportTo(url), { clientId: `${username}-client`, username, password: sitePassword, ...more });

/** CONNACK 4 or 5. */
const notWelcome = /not authori[sz]ed|bad username or password/i;
const isRequest = (topic: string): boolean => accessMatrix.some((each) => `${topicRoot}/${each.topic}` === topic && topics[each.row].kind === 'request');

const theirs = `${foreignLogin}/bulb`;
/** By whole topic. */
const writers = new Map([
  ...accessMatrix.map((row) => [`${topicRoot}/${row.topic}`, row.writers] as const),
  ...homeAssistantMatrix.map((row) => [row.topic, row.writers] as const),
  [theirs, { hub: [foreignLogin], cabin: [] }] as const,
]);

const topicsHere = [...writers.keys()];
const writersOf = (site: MatrixSite, topic: string): readonly string[] => writers.get(topic)?.[site] ?? [];

describe.each<Kind>(['mosquitto', 'embedded'])('%s', (kind) => {
  describe.skipIf(kind === 'mosquitto' && !haveMosquitto()).each<MatrixSite>(['hub', 'cabin'])(`${names[kind]} of %s`, (site) => {
    const logins = [...loginsAt(site), ...(site === 'hub' ? [foreignLogin] : [])];
    const clients = new Map<string, TestClient>();
    let running: SiteUnderTest;
    const clientOf = (login: string): TestClient => clients.get(login)!;
    const linkOf = (login: string): TestClient['link'] => clientOf(login).link;

    beforeAll(async () => {
      const ports = { hub: await freePort(), cabin: await freePort() };
      running = await starters[kind](matrixHomelab({ ports }), site, ports[site], logins);
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
          const mayRead = (reader === foreignLogin) === (topic === theirs);
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
          await Promise.all(
            topicsHere.filter((topic) => includes(login, topic)).map((topic) => linkOf(login).publish(topic, payload(login), { retain: true })),
          );
      };
      const ours = topicsHere.filter((topic) => topic.startsWith(`${topicRoot}/`));
      await everywhere(
        (login) => login,
        () => true,
      );
      const last = (topic: string): string | undefined => logins.findLast((login) => writersOf(site, topic).includes(login));
      const expected = new Map(ours.flatMap((topic) => (last(topic) === undefined ? [] : [[topic, last(topic)] as const])));
      // mosquitto cannot refuse the flag: there a request is kept too, until the ledger clears it.
      if (kind === 'embedded') for (const topic of expected.keys()) if (isRequest(topic)) expected.delete(topic);
      expect(await stored()).toEqual(expected);
      await everywhere(
        () => '',
        (login, topic) => !writersOf(site, topic).includes(login),
      );
      expect(await stored()).toEqual(expected);
      const ledger = site === 'hub' ? 'ledger-vps' : 'ledger-cabin-1';
      await everywhere(
        () => '',
        (login, topic) => login === ledger && isRequest(topic),
      );
      expect([...(await stored()).keys()].filter(isRequest)).toEqual([]);
      await everywhere(
        () => '',
        (login, topic) => last(topic) === login,
      );
      expect(await stored()).toEqual(new Map());
    });

    it('tells people about itself, and lets in nobody whom it does not know', async () => {
      const heard = (login: string): boolean => clientOf(login).seen.some(({ topic }) => topic.startsWith('$SYS/'));
      const curious = ['anna', 'kiosk', site === 'hub' ? 'observer-vps' : 'observer-cabin-1'];
      // mosquitto grants a subscription to what may not be read, and is silent; the embedded broker says no.
      const answers = await Promise.allSettled(curious.map((login) => linkOf(login).subscribe(['$SYS/broker/+'])));
      expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', kind === 'embedded' ? 'rejected' : 'fulfilled']);
      running.showFigures();
      await waitFor('the figures of the broker', () => heard('anna') && heard('kiosk'), { deadlineMs: 30_000 });
      await fence('figures read');
      expect(curious.map(heard)).toEqual([true, true, false]);
      for (const stranger of ['mallory', site === 'hub' ? 'observer-cabin-1' : 'observer-vps'])
        await expect(enter(running, stranger)).rejects.toThrow(notWelcome);
      await expect(enter(running, 'anna', { clientId: 'thief', password: 'guess' })).rejects.toThrow(notWelcome);
      await expect(TestClient.connect(transportTo(running.url), { clientId: 'nobody' })).rejects.toThrow(notWelcome);
    });
  });
});
