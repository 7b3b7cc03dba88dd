/** A real browser: Debian's Chromium, driven through playwright-core. Without it tests are skipped visibly, and fail in CI. */
import { accessSync, constants } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

const program = '/usr/bin/chromium';

/** A function, so that a test file asks when it is loaded. In CI it is always there: a test then fails for want of it. */
export function haveChromium(): boolean {
  if (process.env.CI) return true;
  try {
    accessSync(program, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Without a sandbox of its own where tests run as root; nothing but pages of the test is opened. */
export const openBrowser = (): Promise<Browser> =>
  chromium.launch({ executablePath: program, args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--no-first-run', '--disable-extensions'] });

export const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true } as const;
export const desktop = { viewport: { width: 1280, height: 800 } } as const;

/** What must never be: errors of scripts, refusals of the Content-Security-Policy, requests to anybody else. */
export interface Watched {
  readonly page: Page;
  readonly faults: readonly string[];
}

/** `expected`: parts of messages that a test brings about itself, such as a server that is away. */
export async function openPage(context: BrowserContext, url: string, expected: readonly string[] = []): Promise<Watched> {
  const page = await context.newPage();
  const faults: string[] = [];
  const note = (text: string): void => {
    if (!expected.some((each) => text.includes(each))) faults.push(text);
  };
  page.on('pageerror', (error) => note(`error: ${error.message}`));
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') note(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== new URL(url).origin && !request.url().startsWith('data:')) note(`request to ${request.url()}`);
  });
  await page.goto(url);
  return { page, faults };
}
