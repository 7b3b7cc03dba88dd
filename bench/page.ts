/**
 * The web page at 500 services: what it weighs, how soon it is there and shows a change in a real Chromium, and what twenty open pages
 * cost its server, beside a bare server of server-sent events that sends the same bytes to as many.
 */
import { freePort } from '../test/kit/mosquitto.ts';
import type { Figure, Pace, Row } from './figure.ts';
import { shareMiB } from './link/memory.ts';
import { firstRender, type LookedAt, latencies, startBrowser } from './page/in-browser.ts';
import { type PageSite, servicesCount, startPageSite } from './page/site.ts';
import { echoRound, openStreams, ownRound, streamsCount } from './page/streams.ts';
import { pageWeight } from './page/weight.ts';
import { residentMiB, type Started, startProgram } from './processes.ts';
import type { Session } from './session.ts';
import { digits, median, middle, percentile, range, ratios } from './statistics.ts';

/** Enough for a median that stays, and for a 99th of a hundred; all of it below four minutes. */
const sizes = {
  quick: { renders: 3, updates: 40, rounds: 3, perRound: 10 },
  usual: { renders: 10, updates: 200, rounds: 10, perRound: 20 },
  full: { renders: 20, updates: 500, rounds: 20, perRound: 40 },
} as const;
type Sizes = (typeof sizes)[Pace];

/** From the issue. */
const weightMaxKb = 100;
/** Idle before its memory is looked at: V8 gives memory back at its leisure. */
const idleMs = 10_000;
const noReference = { reference: '-', ratio: '-', goal: '-', met: null } as const;

export const page: Figure = {
  name: 'page',
  needs: ['chromium'],
  run: async (session, pace): Promise<readonly Row[]> => {
    session.say(`the page at ${servicesCount} services`);
    const site = await startPageSite(session);
    const weightKb = (await pageWeight(site.url)) / 1000;
    const inBrowser = await session.scope((scope) => browserRows(scope, site, sizes[pace]));
    return [
      {
        ...noReference,
        figure: 'page, its scripts and styles, gzipped',
        ours: `${digits(weightKb)} kB`,
        spread: '-',
        goal: `< ${weightMaxKb} kB`,
        met: weightKb < weightMaxKb,
      },
      ...inBrowser,
      ...(await serverRows(session, site, sizes[pace])),
    ];
  },
};

const titles: Readonly<Record<LookedAt, string>> = { now: 'first view', services: `all ${servicesCount} services` };

async function browserRows(session: Session, site: PageSite, { renders, updates }: Sizes): Promise<readonly Row[]> {
  const browser = await startBrowser(session);
  const rows: Row[] = [];
  for (const view of ['now', 'services'] as const) {
    session.say(`page, ${titles[view]}, ${renders} times`);
    await site.refresh();
    // The first is not counted: it brings Chromium's files into memory.
    await firstRender(browser, site, view);
    const each: number[] = [];
    for (let at = 0; at < renders; at += 1) each.push(await firstRender(browser, site, view));
    rows.push({
      ...noReference,
      figure: `page, ${titles[view]} painted, from nothing`,
      ours: `${digits(median(each))} ms`,
      spread: `${range(each)} ms, n=${renders}`,
    });
  }
  session.say(`page, ${updates} updates`);
  const each = await latencies(browser, site, updates);
  rows.push({
    ...noReference,
    figure: 'page, publish to seen in the DOM',
    ours: `${digits(median(each))} ms, p99 ${digits(percentile(each, 0.99))}`,
    spread: `${middle(each)} ms, n=${each.length}`,
  });
  return rows;
}

async function serverRows(session: Session, site: PageSite, { rounds, perRound }: Sizes): Promise<readonly Row[]> {
  session.say(`page, ${streamsCount} streams, ${rounds} times ${perRound} updates`);
  const port = await freePort();
  const echo = await startProgram(session, 'page-echo', [String(port)]);
  const echoUrl = `http://127.0.0.1:${port}/`;
  const [ours, theirs] = [await openStreams(session, `${site.url}stream`), await openStreams(session, echoUrl)];
  const [mine, bare]: [number[], number[]] = [[], []];
  // The first is not counted: both are still being compiled. Always ours first: what it sent is what is echoed.
  for (let round = 0; round <= rounds; round += 1) {
    const { ms, frames } = await ownRound(site, ours, { from: round * perRound, updates: perRound });
    const echoMs = await echoRound(echo, echoUrl, { readers: theirs, frames });
    if (round === 0) continue;
    mine.push(ms);
    bare.push(echoMs);
  }
  await new Promise((resolve) => setTimeout(resolve, idleMs));
  const each = ratios(mine, bare);
  return [
    {
      figure: `page, server, processor for an update to ${streamsCount} streams`,
      ours: `${digits(median(mine))} ms`,
      reference: `${digits(median(bare))} ms`,
      ratio: digits(median(each)),
      spread: `${range(each)}, n=${rounds} of ${perRound}`,
      goal: '-',
      met: null,
    },
    memoryRow('resident', residentMiB, site.server, echo),
    memoryRow('PSS', ({ pid }) => shareMiB(pid), site.server, echo),
  ];
}

function memoryRow(kind: string, of: (process: Started) => number, server: Started, echo: Started): Row {
  const [ours, bare] = [of(server), of(echo)];
  return {
    figure: `page, server, memory at ${streamsCount} streams, ${kind}`,
    ours: `${digits(ours)} MiB`,
    reference: `${digits(bare)} MiB`,
    ratio: digits(ours / bare),
    spread: 'n=1',
    goal: '-',
    met: null,
  };
}
