/** The web page with its real server: `homelab up --demo`, a service broken, two people on their phones, and a repair that the page shows to its end. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { desktop, haveChromium, openBrowser, phone } from '../kit/browser.ts';
import { buildBundle, Machine } from '../kit/homelab-process.ts';
import { freePort } from '../kit/mosquitto.ts';
import { button, headingIs, heldTogether, PageRig, says, serverAt } from '../kit/page-rig.ts';
import { waitFor } from '../kit/wait.ts';

/** From broken to proposed, from a yes to healthy: seconds here, and twice a minute on a machine that does something else as well. */
const repairMs = 120_000;

describe.skipIf(!haveChromium())('the page of the demo', () => {
  let browser: Browser;
  let rig: PageRig;
  let machine: Machine;
  let url: string;

  beforeAll(async () => {
    buildBundle();
    const [brokerPort, httpPort] = [await freePort(), await freePort()];
    url = `http://127.0.0.1:${httpPort}/`;
    machine = new Machine({
      HOMELAB_BROKER_PORT: String(brokerPort),
      HOMELAB_HTTP_PORT: String(httpPort),
      HOMELAB_INCIDENT_GRACE_S: '1',
      HOMELAB_VERIFY_WINDOW_S: '90',
      NODE_NAME: 'lab',
    });
    await machine.start('up', '--demo').says('Nothing is ever repaired without your yes', 60_000);
    await serverAt(url);
    browser = await openBrowser();
    rig = new PageRig(browser);
  });
  afterAll(async () => {
    await rig?.reset();
    await browser?.close();
    await machine?.dispose();
  });

  it('shows a repair from the trouble to its end; of two who say yes the second is told who was first', async () => {
    const id = 'container-restart-vps-npm';
    const [mine, yours] = await Promise.all([rig.visit(url, phone), rig.visit(url, desktop)]);
    await waitFor('all to be well', async () => (await mine.locator('h1').textContent()) === 'All is well', { deadlineMs: repairMs });
    await says(mine, 'SIMULATED: nothing of this is real');
    expect((await machine.command('demo', 'break', 'vps', 'npm')).code).toBe(0);
    await waitFor('a proposal', async () => (await mine.locator('h1').textContent()) === 'One action waits for your yes', { deadlineMs: repairMs });
    for (const page of [mine, yours]) {
      await page.goto(`${url}#/actions/${id}`);
      await headingIs(page, 'restart npm on vps');
      await says(page, 'down, killed, exit code 137');
      await button(page, /^Approve restart/).waitFor();
    }
    await heldTogether([mine, yours], /\/approve$/);
    await Promise.all([mine, yours].map((page) => button(page, /^Approve restart/).click()));
    const lines = await Promise.all(
      [mine, yours].map((page) => waitFor('the answer of the ledger', () => page.locator('.answer p').textContent(), { deadlineMs: 30_000 })),
    );
    expect(lines.filter((line) => line.startsWith('Approved: restart npm on vps'))).toHaveLength(1);
    expect(lines.filter((line) => /^(Refused: .*already|Known: )/.test(line))).toHaveLength(1);
    await mine
      .getByText(/^verified/)
      .first()
      .waitFor({ timeout: repairMs });
    await mine.goto(`${url}#/`);
    await waitFor('all to be well again', async () => (await mine.locator('h1').textContent()) === 'All is well', { deadlineMs: repairMs });
    await mine.goto(`${url}#/events`);
    await says(mine.locator('.events'), 'containers not running');
    expect(rig.faults).toEqual([]);
  });
});
