/** The walk through the page with nothing made up: a real container engine, `homelab up` on its own broker, a real browser of the size of a phone. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { haveChromium, openBrowser, phone } from '../kit/browser.ts';
import { type Dockerd, haveDockerd, startDockerd } from '../kit/dockerd.ts';
import { buildBundle, Machine } from '../kit/homelab-process.ts';
import { freePort } from '../kit/mosquitto.ts';
import { button, headingIs, link, PageRig, says, serverAt } from '../kit/page-rig.ts';
import { waitFor } from '../kit/wait.ts';

/** A service without a health check is healthy after 10 s; a machine that does something else as well gets two minutes for each step. */
const stepMs = 120_000;
const service = 'com.docker.compose.service';
const project = 'com.docker.compose.project';

describe.skipIf(!haveChromium() || !haveDockerd())('the page of a real machine', () => {
  let engine: Dockerd;
  let machine: Machine;
  let browser: Browser;
  let rig: PageRig;
  let url: string;

  beforeAll(async () => {
    buildBundle();
    engine = await startDockerd();
    const image = await engine.importBusybox();
    const labels = ['--label', `${service}=web`, '--label', `${project}=lab`];
    const program = ['/bin/busybox', 'sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.2; done'];
    await engine.docker('run', '-d', '--name', 'web', '--network', 'none', '--restart', 'no', ...labels, image, ...program);
    const [brokerPort, httpPort] = [await freePort(), await freePort()];
    url = `http://127.0.0.1:${httpPort}/`;
    machine = new Machine({
      NODE_NAME: 'lab',
      DOCKER_HOST: `unix://${engine.socketPath}`,
      HOMELAB_BROKER_PORT: String(brokerPort),
      HOMELAB_HTTP_PORT: String(httpPort),
      HOMELAB_INCIDENT_GRACE_S: '1',
      HOMELAB_FLAP_WINDOW_S: '0',
      HOMELAB_VERIFY_WINDOW_S: '60',
    });
    await machine.start('up').says('Nothing is ever repaired without your yes', 60_000);
    await serverAt(url);
    browser = await openBrowser();
    rig = new PageRig(browser);
  });
  afterAll(async () => {
    await rig?.reset();
    await browser?.close();
    await machine?.dispose();
    await engine?.stop();
  });

  const startedAt = (): Promise<string> => engine.docker('inspect', '--format', '{{.State.Running}} {{.State.StartedAt}}', 'web');

  it('shows on a phone that a container was killed, takes the yes, and shows that it is well again', async () => {
    const page = await rig.visit(url, phone);
    const title = (wanted: string): Promise<unknown> =>
      waitFor(`the heading "${wanted}"`, async () => (await page.locator('h1').textContent()) === wanted, { deadlineMs: stepMs });
    await title('All is well');
    const before = await startedAt();
    expect(before).toMatch(/^true /);

    await engine.killFromHost('web');
    await title('One action waits for your yes');
    expect(await startedAt()).toMatch(/^false /);
    await link(page, /Review what waits/).tap();
    await headingIs(page, 'restart web on lab');
    await says(page, /^down, .*exit code 137/);
    await button(page, /^Approve restart/).tap();
    await says(page, /^Approved: restart web on lab/);
    await page
      .getByText(/^verified/)
      .first()
      .waitFor({ timeout: stepMs });
    const after = await startedAt();
    expect(after).toMatch(/^true /);
    expect(after).not.toBe(before);

    await page.goto(`${url}#/`);
    await title('All is well');
    await page.goto(`${url}#/services/lab/web`);
    await headingIs(page, 'web on lab');
    await says(page, 'healthy');
    expect(rig.faults).toEqual([]);
  });
});
