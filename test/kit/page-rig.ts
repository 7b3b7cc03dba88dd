/** A browser, a page server and what a test says about what it sees: for test/e2e/page*.test.ts. */
import type { Browser, BrowserContextOptions, Locator, Page } from 'playwright-core';
import { openPage, type Watched } from './browser.ts';
import { pageEvents } from './page-events.ts';
import { PageServer, type PageServerOptions } from './page-server.ts';
import { type PageWorldOptions, pageWorld } from './page-world.ts';
import { waitFor } from './wait.ts';

/** Far above what a page takes, also on a machine that builds something beside. */
const deadlineMs = 20_000;

/** What Chromium itself says on the console about a server that is away, refuses, or wants a login. */
export const networkNoise = ['Failed to load resource', 'net::ERR_', 'EventSource'] as const;

export class PageRig {
  private readonly browser: Browser;
  private readonly servers: PageServer[] = [];
  private readonly watched: Watched[] = [];

  constructor(browser: Browser) {
    this.browser = browser;
  }

  async serve(world: Omit<PageWorldOptions, 'nowMs'> = {}, options: Partial<PageServerOptions> = {}): Promise<PageServer> {
    const nowMs = Date.now();
    const server = await PageServer.open({ tree: pageWorld({ nowMs, ...world }), events: pageEvents(nowMs), ...options });
    this.servers.push(server);
    return server;
  }

  /** A browser of its own, with its own cookies, at `hash` of the page. */
  async visit(
    url: string,
    shape: BrowserContextOptions,
    { hash = '', expected = [] }: { readonly hash?: string; readonly expected?: readonly string[] } = {},
  ): Promise<Page> {
    const context = await this.browser.newContext(shape);
    context.setDefaultTimeout(deadlineMs);
    const watched = await openPage(context, url + hash, expected);
    this.watched.push(watched);
    return watched.page;
  }

  /** Errors of scripts, refusals of the policy, requests to others: of every page of this test. */
  get faults(): readonly string[] {
    return this.watched.flatMap(({ faults }) => faults);
  }

  async reset(): Promise<void> {
    await Promise.all(this.watched.splice(0).map(({ page }) => page.context().close()));
    await Promise.all(this.servers.splice(0).map((server) => server.close()));
  }
}

/** The page is served a moment after the program has said that it runs. */
export const serverAt = (url: string): Promise<unknown> => waitFor(`a server at ${url}`, async () => (await fetch(`${url}healthz`)).ok, { deadlineMs });

/** Two who press at the same moment: what they send is held until all of them have sent it. */
export async function heldTogether(pages: readonly Page[], address: RegExp): Promise<void> {
  let sent = 0;
  let release: () => void = () => undefined;
  const all = new Promise<void>((resolve) => {
    release = resolve;
  });
  for (const page of pages)
    await page.route(address, async (route) => {
      sent += 1;
      if (sent === pages.length) release();
      await all;
      await route.continue();
    });
}

/** The heading of the view. */
export const headingIs = (page: Page, text: string): Promise<unknown> =>
  waitFor(`the heading "${text}"`, async () => (await page.locator('h1').textContent())?.toLowerCase() === text.toLowerCase(), {
    deadlineMs,
    state: () => page.url(),
  });

/** Some place on the page says so. */
export async function says(where: Page | Locator, text: string | RegExp): Promise<void> {
  await where.getByText(text).first().waitFor({ timeout: deadlineMs });
}

export const button = (where: Page | Locator, name: string | RegExp): Locator => where.getByRole('button', { name });
export const link = (where: Page | Locator, name: string | RegExp): Locator => where.getByRole('link', { name });
