/** How soon the page is there in a real Chromium, and how soon a change on the broker is seen in it. */
import type { Browser, Page } from 'playwright-core';
import { desktop, openBrowser } from '../../test/kit/browser.ts';
import { waitFor } from '../../test/kit/wait.ts';
import type { Session } from '../session.ts';
import { flipOf, type PageSite, servicesCount } from './site.ts';

/** Between two updates: more than what is gathered for (100 ms), so that each goes out by itself, and not in step with it. */
const pauseMs = 130;
/** Before this many updates the page's code is still being compiled; they are not counted. */
const warmUp = 10;
/** Site summaries are stale after 90 s; an update takes a quarter of a second. */
const refreshEach = 100;

/** What is waited for takes a fraction of a second; a loaded machine gets 20 s. */
const deadlineMs = 20_000;

const views = {
  now: { hash: '', isThere: "document.querySelector('h1')?.textContent === 'All is well'" },
  services: { hash: '#/services', isThere: `document.querySelectorAll('a.cell').length === ${servicesCount}` },
} as const;
export type LookedAt = keyof typeof views;

export async function startBrowser(session: Session): Promise<Browser> {
  const browser = await openBrowser();
  session.defer(() => browser.close());
  return browser;
}

/** A promise in the page: of `value`, once `condition` holds after a change of it. As text that the browser evaluates: the page itself may evaluate none. */
const whenTrue = (condition: string, value: string): string =>
  `new Promise((resolve) => { const look = new MutationObserver(() => { if (!(${condition})) return; look.disconnect(); ${value} }); ` +
  'look.observe(document, { subtree: true, childList: true, attributes: true, characterData: true }); })';

/** What a promise of the page comes to; rejects with what was awaited when it does not. */
async function answered(page: Page, promise: string, what: string): Promise<number> {
  const late = `new Promise((resolve) => setTimeout(() => resolve(null), ${deadlineMs}))`;
  const value = (await page.evaluate(`Promise.race([${promise}, ${late}])`)) as number | null;
  if (value === null) throw new Error(`waited ${deadlineMs} ms for ${what}; the page says ${String(await page.locator('h1').textContent())}`);
  return value;
}

/** From the beginning of the navigation to after the frame in which the view is whole, milliseconds; with nothing in its cache. */
export async function firstRender(browser: Browser, site: PageSite, view: LookedAt): Promise<number> {
  const { hash, isThere } = views[view];
  const context = await browser.newContext(desktop);
  try {
    const page = await context.newPage();
    await page.addInitScript(`window.there = ${whenTrue(isThere, 'requestAnimationFrame(() => setTimeout(() => resolve(performance.now()), 0));')}`);
    await page.goto(site.url + hash);
    return await answered(page, 'window.there', `the view ${view} to be whole`);
  } finally {
    await context.close();
  }
}

/** From before a document is published to when the page has it in its DOM, milliseconds. Clocks of both count whole ones. */
export async function latencies(browser: Browser, site: PageSite, count: number): Promise<readonly number[]> {
  const context = await browser.newContext(desktop);
  try {
    const page = await context.newPage();
    await page.goto(`${site.url}#/services`);
    await waitFor('all services in the page', () => page.evaluate(views.services.isThere));
    const found: number[] = [];
    for (let at = 0; at < count + warmUp; at += 1) {
      if (at % refreshEach === 0) await site.refresh();
      await page.waitForTimeout(pauseMs + (at % 10) * 10);
      const latency = await latencyOf(page, site, at);
      if (at >= warmUp) found.push(latency);
    }
    return found;
  } finally {
    await context.close();
  }
}

async function latencyOf(page: Page, site: PageSite, at: number): Promise<number> {
  const { node, service, isWell } = flipOf(at);
  const shown = `document.querySelector('a[href="#/services/${node}/${service}"]')?.classList.contains('is-trouble')`;
  await page.evaluate(`window.seen = ${whenTrue(`${shown} === ${!isWell}`, 'resolve(Date.now());')}; undefined`);
  const atMs = await site.flip(at);
  return (await answered(page, 'window.seen', `update ${at} of ${node}/${service} to be seen`)) - atMs;
}
