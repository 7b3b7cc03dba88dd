/** The web page in a real browser: looked at, agreed to, refused, searched, on a phone and on a desk. The server is a stand-in with the same surface. */
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { topics } from '../../contracts/topics.ts';
import { desktop, haveChromium, openBrowser, phone } from '../kit/browser.ts';
import { buildBundle } from '../kit/homelab-process.ts';
import { pageEvents } from '../kit/page-events.ts';
import { button, headingIs, heldTogether, link, networkNoise, PageRig, says } from '../kit/page-rig.ts';
import type { PageServer } from '../kit/page-server.ts';
import { waitFor } from '../kit/wait.ts';

const restart = 'container-restart-vps-outline-postgres';
const cleanup = 'disk-cleanup-piha';
const restartTopic = topics.action.build({ node: 'vps', id: restart });

function documentOf(server: PageServer, topic: string): Readonly<Record<string, unknown>> {
  const doc = server.documents.get(topic);
  if (doc === undefined) throw new Error(`there is no ${topic}`);
  return doc;
}

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
    // No error of a script, nothing the Content-Security-Policy refused, nobody else asked for anything.
    expect(faults).toEqual([]);
  });
  afterAll(async () => {
    await browser?.close();
  });

  it('on a phone says what waits, and takes a yes with one thumb; what became of it comes by itself', async () => {
    const server = await rig.serve();
    const page = await rig.visit(server.url, phone);
    await headingIs(page, '2 actions wait for your yes');
    // The way there, and the yes, are in the lower third.
    const review = link(page, /Review the first of 2/);
    expect((await review.boundingBox())?.y).toBeGreaterThan(844 * 0.66);
    await review.tap();
    await headingIs(page, 'clean up the disk of piha');
    await page.goto(`${server.url}#/actions/${restart}`);
    await headingIs(page, 'restart outline-postgres on vps');
    await says(page, 'Then what needs it and stays unwell is restarted too: outline.');
    await says(page, 'down, out of memory, exit code 137');
    const yes = button(page, /^Approve restart/);
    const box = await yes.boundingBox();
    expect(box?.y).toBeGreaterThan(844 * 0.66);
    expect(box?.height).toBeGreaterThanOrEqual(44);
    await yes.tap();
    await says(page, `Approved: ${restart}.`);
    expect(server.requests).toEqual([`approve ${restart} {"attempt":1,"digest":"a08da8e378a1e062"}`]);
    await says(page, /by anonymous via operator-ui-vps/);
    const doc = documentOf(server, restartTopic);
    const at = new Date().toISOString();
    server.set({
      [restartTopic]: {
        ...doc,
        status: 'completed',
        outcome: { ok: true, code: 'verified', message: 'healthy after 9 s', began_at: at, ended_at: at, result: {} },
        transition_history: [...(doc['transition_history'] as unknown[]), { from: 'running', to: 'completed', at, by: 'executor-vps', note: '' }],
      },
    });
    await says(page, 'verified: healthy after 9 s');
    expect(await page.locator('.thumb-bar button').count()).toBe(0);
  });

  it('asks a second time, in another place, before anything guarded', async () => {
    const server = await rig.serve();
    const page = await rig.visit(server.url, phone, { hash: `#/actions/${cleanup}` });
    const first = button(page, /^Approve clean-up/);
    const firstBox = await first.boundingBox();
    await first.tap();
    const sheet = page.getByRole('dialog');
    await says(sheet, 'Frees at least 537 MB.');
    await says(sheet, '2 stopped containers go: old-grafana, clever_turing.');
    const certain = button(sheet, 'Approve clean-up');
    expect(await certain.isDisabled()).toBe(true);
    await button(sheet, 'Not now').tap();
    await sheet.waitFor({ state: 'detached' });
    expect(server.requests).toEqual([]);
    await first.tap();
    await sheet.getByLabel('I have read what it does').tap();
    const certainBox = await certain.boundingBox();
    expect(certainBox?.y).not.toBe(firstBox?.y);
    await certain.tap();
    await says(page, `Approved: ${cleanup}.`);
    expect(server.requests).toHaveLength(1);
  });

  it('tells the second of two people who was first', async () => {
    const server = await rig.serve({}, { people: { anna: 'secret', ben: 'secret' } });
    const enter = async (login: string) => {
      const page = await rig.visit(server.url, desktop, { hash: `#/actions/${restart}`, expected: networkNoise });
      await page.getByLabel('Login').fill(login);
      await page.getByLabel('Password').fill('secret');
      await button(page, 'Log in').click();
      await headingIs(page, 'restart outline-postgres on vps');
      return page;
    };
    const [anna, ben] = await Promise.all([enter('anna'), enter('ben')]);
    await heldTogether([anna, ben], /\/approve$/);
    await Promise.all([anna, ben].map((page) => button(page, /^Approve restart/).click()));
    await waitFor('both to be asked for', () => server.requests.length === 2);
    const [winner, loser] = String(server.documents.get(restartTopic)?.['approved_by']).startsWith('anna') ? ['anna', ben] : (['ben', anna] as const);
    await says(loser as typeof ben, `already approved by ${winner} via operator-ui-vps`);
    await says(loser as typeof ben, `by ${winner} via operator-ui-vps`);
    const history = server.documents.get(restartTopic)?.['transition_history'] as readonly { readonly to: string }[];
    expect(history.filter(({ to }) => to === 'approved')).toHaveLength(1);
  });

  it('takes back a yes that was about to be given when somebody else was first', async () => {
    const server = await rig.serve();
    const page = await rig.visit(server.url, desktop, { hash: `#/actions/${cleanup}` });
    await button(page, /^Approve clean-up/).click();
    const sheet = page.getByRole('dialog');
    await sheet.getByLabel('I have read what it does').check();
    const topic = topics.action.build({ node: 'piha', id: cleanup });
    const doc = documentOf(server, topic);
    const at = new Date().toISOString();
    const rejected = { from: 'pending', to: 'rejected', at, by: 'ben via telegram-bot-vps', note: '' };
    server.set({ [topic]: { ...doc, status: 'rejected', transition_history: [...(doc['transition_history'] as unknown[]), rejected] } });
    await waitFor('the sheet to close, or to say so', async () => (await sheet.count()) === 0 || (await button(sheet, 'Approve clean-up').isDisabled()));
    await says(page, /rejected/);
    expect(server.requests).toEqual([]);
  });

  it('on a desk shows every view, and finds one service among hundreds', async () => {
    const server = await rig.serve({ extraServices: 500 });
    const page = await rig.visit(server.url, desktop);
    await headingIs(page, '2 actions wait for your yes');
    for (const view of ['Actions', 'Incidents', 'Topology', 'Events', 'Actors', 'Deployments', 'Services']) {
      await link(page.getByRole('navigation'), new RegExp(`^${view}`)).click();
      await headingIs(page, view);
      // It follows the heading a moment later.
      await expect.poll(() => page.title(), { timeout: 10_000 }).toBe(`${view} · homelab`);
    }
    await says(page, '530 services');
    await page.getByLabel('Search services').fill('app-0947');
    await says(page, '1 of 530 services');
    await link(page, /app-0947/).click();
    await headingIs(page, 'app-0947 on rack-9');
    await page.goBack();
    await headingIs(page, 'Services');
    expect(await page.getByLabel('Search services').inputValue()).toBe('app-0947');
    await page.getByLabel('Search services').fill('');
    await button(page, /^not well/).click();
    await says(page, '7 of 530 services');
  });

  it('says of what runs that it runs, and of what only looks that it repairs nothing', async () => {
    const server = await rig.serve();
    const page = await rig.visit(server.url, desktop);
    const runs = page.locator('article.action', { hasText: 'joplin' }).first();
    await says(runs, /^runs for \d+ s$/);
    expect(await runs.textContent()).not.toContain('waits for');
    const cause = page.locator('article.incident', { hasText: 'outline-postgres' }).first();
    await says(cause, 'A yes would repair it');
    server.set({ [restartTopic]: { ...documentOf(server, restartTopic), type: 'collect_diagnostics' } });
    await says(cause, 'Waits for a yes: collect diagnostics of outline-postgres on vps');
    expect(await cause.textContent()).not.toContain('repair');
    await page.goto(`${server.url}#/actions/${restart}`);
    await says(page, 'It is done when the file is written. What is wrong stays as it is.');
    expect(await page.locator('main').textContent()).not.toContain('healthy again');
  });

  it('counts the services of a node alike wherever it counts them', async () => {
    const server = await rig.serve();
    const page = await rig.visit(server.url, desktop, { hash: '#/topology' });
    await says(page.getByRole('row', { name: 'chelsty-ha' }), '1 not counted');
    await says(page.getByRole('row', { name: 'vps' }), '9 of 11 healthy');
    await says(page.locator('svg.topology'), /9\/11$/);
  });

  it('shows an incident with its consequences folded away, and rejects with a note', async () => {
    const server = await rig.serve();
    const page = await rig.visit(server.url, desktop);
    const solaria = page.locator('article.incident', { hasText: 'solaria' });
    await says(solaria, '5 consequences');
    expect(await solaria.getByText('solaria/ollama').isVisible()).toBe(false);
    await solaria.getByText('5 consequences').click();
    expect(await solaria.getByText('solaria/ollama').isVisible()).toBe(true);
    const card = page.locator('article.action', { hasText: 'outline-postgres' }).first();
    await button(card, /^Reject…/).click();
    const sheet = page.getByRole('dialog');
    await sheet.getByLabel(/^Note/).fill('not now, the backup runs');
    await button(sheet, 'Reject').click();
    await says(page, `Rejected: ${restart}.`);
    expect(server.requests).toEqual([`reject ${restart} {"attempt":1,"digest":"a08da8e378a1e062","note":"not now, the backup runs"}`]);
    await headingIs(page, 'One action waits for your yes');
  });

  it('takes an approval back, and asks for an action of its own with a reason', async () => {
    const server = await rig.serve();
    const page = await rig.visit(server.url, desktop, { hash: `#/actions/${restart}` });
    await button(page, /^Approve restart/).click();
    await says(page, `Approved: ${restart}.`);
    await button(page, /^Cancel the approval/).click();
    await says(page, `Cancelled: ${restart}.`);
    await waitFor('no button to be left', async () => (await page.locator('.action-buttons button').count()) === 0);
    expect(documentOf(server, restartTopic)['status']).toBe('cancelled');
    await page.goto(`${server.url}#/services/vps/mail`);
    await headingIs(page, 'mail on vps');
    await button(page, 'Restart…').click();
    const sheet = page.getByRole('dialog');
    await says(sheet, 'It is away for some seconds.');
    await sheet.getByLabel('Reason').fill('it answers slowly');
    await button(sheet, 'Propose it').click();
    await says(page, 'Proposed: container_restart. It waits for a yes.');
    expect(server.requests.slice(1)).toEqual([
      `cancel ${restart} {"attempt":1,"digest":"a08da8e378a1e062"}`,
      'propose  {"type":"container_restart","node":"vps","service":"mail","reason":"it answers slowly"}',
    ]);
  });

  it('copies the world for an assistant, and shows what was copied', async () => {
    const server = await rig.serve();
    const page = await rig.visit(server.url, { ...desktop, permissions: ['clipboard-read', 'clipboard-write'] });
    await button(page, 'Copy for AI').click();
    const sheet = page.getByRole('dialog');
    await says(sheet, 'Copied: the clean current world');
    const copied = 'The homelab, as it is now.';
    expect(await sheet.getByRole('textbox').inputValue()).toBe(copied);
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(copied);
    // Where the browser does not let it, such as over plain http in a house, the text is there to be marked.
    await page.keyboard.press('Escape');
    await page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })");
    await button(page, 'Copy for AI').click();
    await says(sheet, 'Mark the text and copy it.');
    expect(await sheet.getByRole('textbox').inputValue()).toBe(copied);
  });

  it('reads the history page by page, follows what happens, and shows only what is looked for', async () => {
    const server = await rig.serve();
    const page = await rig.visit(server.url, desktop, { hash: '#/events' });
    await says(page, '100 events');
    await button(page, 'Older').click();
    await says(page, '200 events');
    await button(page, 'Older').click();
    await says(page, '250 events');
    await says(page, 'That is the beginning of what is kept.');
    const [newest] = pageEvents(Date.now());
    server.event({ ...newest, id: '01890a5d-ac96-774b-bcce-9ad25c2f0000', ts: new Date().toISOString(), message: 'outline: just now' });
    await says(page, 'outline: just now');
    await page.getByLabel('Node', { exact: true }).selectOption('piha');
    await waitFor('only events of piha', async () => (await page.locator('.event-where').allInnerTexts()).every((where) => where.startsWith('piha')));
    expect(page.url()).toContain('node=piha');
  });

  it('lets in who has a login, says who that is, and lets out again', async () => {
    const server = await rig.serve({}, { people: { anna: 'secret' }, role: 'reader' });
    const page = await rig.visit(server.url, desktop, { expected: networkNoise });
    await headingIs(page, 'Log in');
    await page.getByLabel('Login').fill('anna');
    await page.getByLabel('Password').fill('wrong');
    await button(page, 'Log in').click();
    await says(page, 'Login or password is wrong.');
    expect(await page.getByLabel('Password').inputValue()).toBe('');
    await page.getByLabel('Password').fill('secret');
    await button(page, 'Log in').click();
    await says(page, 'You are anna, reader');
    await says(page, 'Your login may look, not decide.');
    // Nothing says that it is this person's to decide.
    await headingIs(page, '2 actions wait for a yes');
    expect(await page.locator('main').textContent()).not.toMatch(/your yes|for you|One press/);
    expect(await page.locator('p[aria-live]').textContent()).not.toContain('for you');
    expect(await button(page, /^Approve/).count()).toBe(0);
    await button(page, 'Log out').click();
    await headingIs(page, 'Log in');
  });
});
