/** The web page when it may not be believed, without a mouse, and for who cannot see it: in a real browser, against the stand-in of its server. */
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { streamAliveMs } from '../../contracts/defaults.ts';
import { topics } from '../../contracts/topics.ts';
import { desktop, haveChromium, openBrowser, phone } from '../kit/browser.ts';
import { buildBundle } from '../kit/homelab-process.ts';
import { pageEvents } from '../kit/page-events.ts';
import { longName, longWordEvents, longWordsWorld } from '../kit/page-long-words.ts';
import { nodeIncident } from '../kit/page-parts.ts';
import { button, headingIs, networkNoise, PageRig, says } from '../kit/page-rig.ts';
import type { PageServer } from '../kit/page-server.ts';
import { waitFor } from '../kit/wait.ts';

interface AxeResult {
  readonly violations: readonly {
    readonly id: string;
    readonly impact: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
  }[];
}

/** What axe-core finds serious or critical. Not as a script of the page: its policy would refuse that. */
async function seriousFindings(page: Page, onlyColours: boolean): Promise<readonly string[]> {
  // Half a megabyte, and it stays there while only the view changes.
  if ((await page.evaluate('typeof axe')) === 'undefined') await page.evaluate(axe.source);
  const result = (await page.evaluate(onlyColours ? "axe.run(document, { runOnly: ['color-contrast'] })" : 'axe.run(document)')) as AxeResult;
  return result.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 160)} ${failureSummary.slice(0, 200)}`));
}

/** What reaches beyond the screen, also where something around it cuts it off. Not what may be scrolled within the page, is a drawing, or is for listening. */
const widerThanScreen = (page: Page): Promise<readonly string[]> =>
  page.evaluate(`(() => {
    const width = document.documentElement.clientWidth;
    const wide = [...document.body.querySelectorAll('*')].filter((each) =>
      each.closest('svg, .scroll-x, .visually-hidden, .cell-name, option') === null && each.getBoundingClientRect().right > width + 1);
    const whole = document.documentElement.scrollWidth > width ? ['the page: ' + document.documentElement.scrollWidth] : [];
    return [...whole, ...wide.slice(0, 3).map((each) => each.outerHTML.slice(0, 120) + ' ' + Math.round(each.getBoundingClientRect().right))];
  })()`);

/** How often the page's own stream has said that its server is there. Within the page, before its own listeners. */
const countAlive = `
  globalThis.aliveHeard = 0;
  globalThis.EventSource = class extends EventSource {
    constructor(...args) {
      super(...args);
      this.addEventListener('alive', () => { globalThis.aliveHeard += 1; });
    }
  };`;

/** Colours of the marks that can be seen, as the browser computed them. */
const markTones = (page: Page, within: string): Promise<readonly string[]> =>
  page
    .locator(`${within} .mark`)
    .evaluateAll((marks) => marks.map((mark) => (mark as unknown as { readonly classList: { readonly value: string } }).classList.value));

describe.skipIf(!haveChromium())('the page', () => {
  let browser: Browser;
  let rig: PageRig;

  beforeAll(async () => {
    buildBundle();
    browser = await openBrowser();
    rig = new PageRig(browser);
  });
  afterEach(async () => {
    const faults = rig.faults;
    await rig.reset();
    expect(faults).toEqual([]);
  });
  afterAll(async () => {
    await browser?.close();
  });

  it('says that all is well, and when it heard last', async () => {
    const server = await rig.serve({ isWell: true });
    const page = await rig.visit(server.url, phone);
    await headingIs(page, 'All is well');
    await says(page, /last word \d+ s ago · 29 of 29 services healthy · 6 of 6 nodes online/);
    expect(await markTones(page, '.verdict')).toEqual(['mark tone-ok']);
  });

  it('shows a site behind a dead link with its age, and never green', async () => {
    const server = await rig.serve({ isWell: true, linkDownMinutes: 37 });
    const page = await rig.visit(server.url, phone);
    await says(page, /^LINK DOWN SINCE .*\d\d:\d\d, what follows of chelsty is 37 min old$/);
    await headingIs(page, 'What is true now is not known');
    const chelsty = page.locator('article.site', { hasText: 'chelsty' });
    await says(chelsty, 'was nominal');
    await page.goto(`${server.url}#/services/chelsty-infra/zigbee2mqtt`);
    await says(page, 'was healthy');
    await says(page, '37 min old');
    await page.goto(`${server.url}#/services?node=chelsty-infra`);
    await says(page, '5 of 30 services');
    expect(new Set(await markTones(page, '.group'))).toEqual(new Set(['mark tone-unknown']));
  });

  it('has a card for a site that is declared and was never heard, and does not know actors of a machine that is away', async () => {
    const server = await rig.serve({ isWell: true });
    const page = await rig.visit(server.url, phone);
    await headingIs(page, 'All is well');
    const ago = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString();
    const [hub, lustro] = [topics.site.build({ site: 'hub' }), topics.worldNode.build({ node: 'lustro' })];
    server.set({
      [hub]: { ...server.documents.get(hub), status: 'critical', links: [{ site: 'farm', status: 'unknown', down_since: ago(10), heard_at: null }] },
      [lustro]: { ...server.documents.get(lustro), status: 'offline', since: ago(5), last_seen: ago(6) },
    });
    await says(page.locator('article.site', { hasText: 'farm' }), 'farm WAS NEVER HEARD: is its bridge running?');
    await page.goto(`${server.url}#/nodes/lustro`);
    await says(page.getByRole('row', { name: 'node-agent' }), 'was online');
    await says(page, /not known since .*\d\d:\d\d/);
  });

  it('learns of a cut link while it is open', async () => {
    const server = await rig.serve({ isWell: true });
    const page = await rig.visit(server.url, desktop);
    await headingIs(page, 'All is well');
    const topic = topics.link.build({ site: 'chelsty' });
    const now = new Date().toISOString();
    server.set({ [topic]: { ...server.documents.get(topic), status: 'down', ts: now, since: now } });
    await says(page, /^LINK DOWN SINCE/);
    await headingIs(page, 'What is true now is not known');
  });

  it('whose stream is lost greys everything, lets nothing be approved, and catches up when it is back', async () => {
    const server = await rig.serve();
    const page = await rig.visit(server.url, desktop, { expected: networkNoise });
    await headingIs(page, '2 actions wait for your yes');
    server.setAway(true);
    await says(page, /^CONNECTION LOST since \d\d:\d\d, what follows is \d+ s old$/);
    await headingIs(page, 'What is true now is not known');
    await says(page, 'Nothing can be approved on what may be old.');
    expect(await button(page, /^Approve/).count()).toBe(0);
    expect(await page.evaluate('getComputedStyle(document.querySelector("main")).filter')).toBe('grayscale(1)');
    for (const topic of [...server.documents.keys()]) if (topic.includes('disk-cleanup-piha')) server.documents.delete(topic);
    server.missed = true;
    server.setAway(false);
    await headingIs(page, 'One action waits for your yes');
    await button(page, /^Approve restart/)
      .first()
      .waitFor();
  });

  /** A page whose clock a test turns on: half a minute of silence in no time. */
  const visitWithClock = async (server: PageServer, shape: typeof desktop | typeof phone): Promise<Page> => {
    const page = await rig.visit(server.url, shape, { expected: networkNoise });
    await page.clock.install();
    await page.addInitScript(countAlive);
    await page.reload();
    await headingIs(page, '2 actions wait for your yes');
    // It shows what it has read before it listens.
    await waitFor('the page to listen', async () => {
      server.sayAlive();
      return (await heardOf(page)) > 0;
    });
    return page;
  };
  const heardOf = (page: Page): Promise<number> => page.evaluate<number>('aliveHeard');

  it('whose server is silent, on a connection that does not end, counts as lost within half a minute', async () => {
    const server = await rig.serve();
    const page = await visitWithClock(server, desktop);
    const isLive = page.getByRole('banner').getByText('live', { exact: true });
    for (let spoken = 0; spoken < 3; spoken += 1) {
      // Not a word but that it is there.
      await page.clock.fastForward(streamAliveMs * 2);
      await isLive.waitFor();
      const heard = await heardOf(page);
      server.sayAlive();
      await waitFor('the page to hear it', async () => (await heardOf(page)) > heard);
    }
    server.goSilent();
    await page.clock.fastForward(streamAliveMs * 2);
    await isLive.waitFor();
    await page.clock.fastForward(streamAliveMs);
    await says(page, /^CONNECTION LOST since \d\d:\d\d, what follows is [23]\d s old$/);
    expect(await button(page, /^Approve/).count()).toBe(0);
  });

  it('says of a yes that was not answered that it may have been heard, believes nothing until its server speaks, and says what to do', async () => {
    const server = await rig.serve();
    const page = await visitWithClock(server, phone);
    server.goSilent();
    await button(page, /^Approve restart/)
      .first()
      .click();
    await says(page, 'Asking the ledger…');
    await page.clock.fastForward(16_000);
    await says(page, /^No answer came\. Your request may or may not have been heard, .*ask again\.$/);
    await says(page, /^CONNECTION LOST/);
    expect(await button(page, /^Approve/).count()).toBe(0);
  });

  it('says when its server hears nothing of the broker', async () => {
    const server = await rig.serve({ isWell: true });
    const page = await rig.visit(server.url, desktop);
    await headingIs(page, 'All is well');
    server.setBus('down');
    await says(page, /^NO WORD FROM THE BROKER since/);
    await headingIs(page, 'What is true now is not known');
    server.setBus('up');
    await headingIs(page, 'All is well');
  });

  it('says that it is still read, not that nobody is there, while its server has not read everything', async () => {
    const server = await rig.serve({ isWell: true }, { isReading: true });
    const topic = topics.site.build({ site: 'hub' });
    const hub = server.documents.get(topic);
    server.documents.clear();
    const page = await rig.visit(server.url, phone);
    await headingIs(page, 'Reading what is true now…');
    await says(page, /^NOT EVERYTHING HAS BEEN READ YET/);
    expect(await page.getByText('Nobody has reported yet').count()).toBe(0);
    server.setBus('up');
    await headingIs(page, 'Nobody has reported yet');
    server.set({ [topic]: hub ?? null });
    await waitFor('the site', async () => (await page.locator('article.site').count()) === 1);
  });

  it('is used without a mouse: skipped to, moved through, agreed to, closed', async () => {
    const server = await rig.serve();
    const page = await rig.visit(server.url, desktop);
    await headingIs(page, '2 actions wait for your yes');
    const focused = (): Promise<string> => page.evaluate('(document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent ?? "")');
    await page.keyboard.press('Tab');
    expect(await focused()).toBe('Skip to what matters');
    await page.keyboard.press('Enter');
    const reach = async (name: string): Promise<void> => {
      for (let at = 0; at < 40; at += 1) {
        await page.keyboard.press('Tab');
        if ((await focused()).startsWith(name)) return;
      }
      throw new Error(`${name} is not reached by Tab`);
    };
    await reach('Approve clean-up');
    const ring = await page.evaluate('getComputedStyle(document.activeElement).outlineStyle');
    expect(ring).toBe('solid');
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(await focused()).toMatch(/^Approve clean-up/);
    await reach('Approve restart');
    await page.keyboard.press('Enter');
    await says(page, 'Approved: container-restart-vps-outline-postgres.');
    expect(server.requests).toHaveLength(1);
    await page.keyboard.press('5');
    await headingIs(page, 'Topology');
    expect(await focused()).toBe('Topology');
    await page.keyboard.press('/');
    await headingIs(page, 'Services');
    await waitFor('the search to have the focus', async () => (await page.evaluate('document.activeElement?.id')) === 'search');
    await page.keyboard.type('3 mail');
    expect(page.url()).toContain('q=3+mail');
    await page.keyboard.press('Tab');
    await page.keyboard.press('?');
    await says(page.getByRole('dialog'), 'Keyboard shortcuts');
  });

  const views = [
    '',
    '#/actions',
    '#/actions/disk-cleanup-piha',
    '#/incidents',
    '#/services',
    '#/services/vps/outline',
    '#/nodes/piha',
    '#/topology',
    '#/events',
    '#/actors',
    '#/deployments',
    '#/more',
  ];
  /** Between them they have every colour. */
  const coloured = ['', '#/actions/disk-cleanup-piha', '#/services', '#/topology', '#/events'];
  it.each([
    ['phone', phone, 'light', views, false],
    // What differs is where things stand, and their colours.
    ['desk', desktop, 'dark', coloured, false],
    ['phone', phone, 'dark', coloured, true],
    ['desk', desktop, 'light', coloured, true],
  ] as const)('has no serious finding of axe-core on a %s (%#)', async (_, shape, colorScheme, viewsLooked, onlyColours) => {
    const server = await rig.serve({ linkDownMinutes: colorScheme === 'dark' ? 37 : 0 });
    const page = await rig.visit(server.url, { ...shape, colorScheme, reducedMotion: 'reduce' });
    const findings: string[] = [];
    for (const view of viewsLooked) {
      await page.goto(server.url + view);
      await page.locator('h1').waitFor();
      findings.push(...(await seriousFindings(page, onlyColours)).map((finding) => `${view} ${finding}`));
    }
    await page.goto(`${server.url}#/actions/disk-cleanup-piha`);
    await button(page, /^Approve clean-up/).click();
    await page.getByRole('dialog').waitFor();
    findings.push(...(await seriousFindings(page, onlyColours)).map((finding) => `sheet ${finding}`));
    expect(findings).toEqual([]);
  });

  it.each([
    ['phone', phone],
    ['desk', desktop],
  ] as const)('fits a %s, also with words that nothing can break: nothing is wider than the screen', async (_, shape) => {
    const nowMs = Date.now();
    const people = { [longName('anna')]: 'secret' };
    const server = await rig.serve({}, { tree: longWordsWorld({ nowMs, linkDownMinutes: 37 }), events: longWordEvents(pageEvents(nowMs)), people });
    const page = await rig.visit(server.url, shape, { expected: networkNoise });
    await page.getByLabel('Login').fill(longName('anna'));
    await page.getByLabel('Password').fill('secret');
    await button(page, 'Log in').click();
    await headingIs(page, '2 actions wait for your yes');
    const [node, service] = [longName('solaria'), longName('outline-redis')];
    const found: string[] = [];
    const look = async (view: string): Promise<void> => {
      found.push(...(await widerThanScreen(page)).map((what) => `${view}: ${what}`));
    };
    for (const view of [...views, `#/nodes/${node}`, `#/services/vps/${service}`, `#/incidents/${nodeIncident.replace('solaria', node)}`]) {
      await page.goto(server.url + view);
      await page.locator('h1').waitFor();
      if (view === '#/events') await says(page, '100 events');
      await page.evaluate("for (const each of document.querySelectorAll('main details')) each.open = true");
      await look(view);
    }
    await page.goto(`${server.url}#/actions/disk-cleanup-piha`);
    for (const [opener, name] of [
      [/^Approve clean-up/, 'approve'],
      [/^Reject…/, 'reject'],
    ] as const) {
      await button(page, opener).click();
      await page.getByRole('dialog').waitFor();
      await look(`sheet ${name}`);
      await page.keyboard.press('Escape');
    }
    expect(found).toEqual([]);
  });
});
