/** Takes the pictures of docs/pictures again: `npm run build && npx tsx test/kit/page-pictures-main.ts [folder]`. Made-up documents, a real browser. */
import { fileURLToPath } from 'node:url';
import { desktop, openBrowser, phone } from './browser.ts';
import { pageEvents } from './page-events.ts';
import { PageServer } from './page-server.ts';
import { pageWorld } from './page-world.ts';

const folder = process.argv[2] ?? fileURLToPath(new URL('../../docs/pictures', import.meta.url));

const pictures = [
  { name: 'page-now-phone', shape: phone, colorScheme: 'light', hash: '', world: {} },
  { name: 'page-action-phone', shape: phone, colorScheme: 'dark', hash: '#/actions/container-restart-vps-outline-postgres', world: {} },
  { name: 'page-now-desk', shape: { viewport: { width: 1160, height: 700 } }, colorScheme: 'light', hash: '', world: {} },
  { name: 'page-topology-cut-desk', shape: desktop, colorScheme: 'light', hash: '#/topology', world: { linkDownMinutes: 37 } },
  { name: 'page-services-desk', shape: desktop, colorScheme: 'dark', hash: '#/services', world: { extraServices: 500 } },
] as const;

const browser = await openBrowser();
for (const { name, shape, colorScheme, hash, world } of pictures) {
  const nowMs = Date.now();
  const server = await PageServer.open({ tree: pageWorld({ nowMs, ...world }), events: pageEvents(nowMs) });
  // One pixel for one: small files.
  const context = await browser.newContext({ ...shape, colorScheme, deviceScaleFactor: 1 });
  const page = await context.newPage();
  await page.goto(server.url + hash);
  await page.locator('h1').waitFor();
  await page.screenshot({ path: `${folder}/${name}.png` });
  await context.close();
  await server.close();
}
await browser.close();
