/** `homelab approve` and `homelab reject` on a real broker: what a person reads before a yes is what the yes is for. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLedgerModule } from '../../actors/ledger/actor.ts';
import { actionDocument } from '../../actors/ledger/documents.ts';
import { startBroker } from '../../bus/broker.ts';
import { systemClock } from '../../bus/clock.ts';
import { silentLog } from '../../bus/log.ts';
import { RunningActor } from '../../bus/run-actor.ts';
import { decide } from '../../cli/commands/decide.ts';
import { readSettings } from '../../cli/settings.ts';
import { capturedOutput } from '../kit/captured-output.ts';
import { TestClient, transportTo } from '../kit/conformance-brokers.ts';
import { desiredNode, TestDesk } from '../kit/ledger-desk.ts';
import { waitFor } from '../kit/wait.ts';

let dir: string;
let broker: Awaited<ReturnType<typeof startBroker>>;
let client: TestClient;
let ledger: RunningActor;
const url = (): string => `mqtt://127.0.0.1:${broker.port}`;
const id = 'container-restart-vps-web';
const topicOf = (action: string): string => `homelab/world/actions/vps/${action}`;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'homelab-decide-'));
  broker = await startBroker({ host: '127.0.0.1', port: 0, dataDir: null, log: silentLog });
  client = await TestClient.connect(transportTo(url()), { clientId: 'test' });
  await client.link.subscribe(['homelab/world/#', 'homelab/actions/#', 'homelab/actors/#']);
  await client.link.publish('homelab/desired/vps', JSON.stringify(desiredNode({ node: 'vps' })), { retain: true });
  const options = { node: 'vps', site: 'hub', root: 'homelab', transport: transportTo(url()), dataRoot: dir, clock: systemClock, log: silentLog };
  const module = createLedgerModule({ anonymousAllowed: () => true });
  ledger = new RunningActor({ ...options, module, random: () => 0, version: '0.0.1', onGaveUp: () => undefined });
  ledger.start();
  await waitFor('the ledger to judge', () => /"mode":"idle"/.test(client.seen.findLast(({ topic }) => topic === 'homelab/actors/vps/ledger')?.text ?? ''));
});
afterEach(async () => {
  await ledger.stop();
  await client.link.close();
  await broker.close();
  rmSync(dir, { recursive: true });
});

const shown = (action: string): Record<string, unknown> => JSON.parse(client.seen.findLast(({ topic }) => topic === topicOf(action))?.text ?? '{}');
async function proposed(service: string, evidence: object = {}): Promise<void> {
  const request = { type: 'container_restart', node: 'vps', service, evidence };
  await client.link.publish('homelab/actions/pending/supervisor-vps', JSON.stringify(request), { retain: false });
  await waitFor('the proposal', () => shown(`container-restart-vps-${service}`)['status'] === 'pending');
}
const settings = () => readSettings({ HOMELAB_BROKER_URL: url(), HOMELAB_LOGIN: 'anna', HOMELAB_ROOT: dir });
async function say(state: 'approved' | 'rejected', name: string, json = false) {
  const out = capturedOutput({ json });
  const code = await decide(settings(), out, state, name, {});
  return { code, text: out.text, values: out.values };
}
const sent = () =>
  client.seen.filter(({ topic, text }) => /^homelab\/actions\/(approved|rejected)\//.test(topic) && text !== '').map(({ text }) => JSON.parse(text));

describe('homelab approve', () => {
  it.each([id, 'container-restart-vps-w', 'next', id.toUpperCase()])('shows what %s is, and sends the attempt and digest that it showed', async (name) => {
    await proposed('web', { message: 'web on vps is down: exit 137' });
    const { code, text } = await say('approved', name);
    expect(code).toBe(0);
    const [first, second] = text.split('\n');
    expect(first).toBe('Approving container_restart of web on vps: low risk, attempt 1; web on vps is down: exit 137');
    expect(second).toMatch(/^Approved: restart web on vps\./);
    expect(sent()).toEqual([{ ref: expect.any(String), id, attempt: 1, digest: shown(id)['digest'] }]);
  });

  it('takes no answer for its own that somebody else under the same login gets meanwhile', async () => {
    await proposed('web');
    const out = capturedOutput();
    const foreign = { summary: 'Refused: no action is called "x".', code: 'unknown_action', ok: false, request: 'approved x', ts: '2026-03-01T12:00:00.000Z' };
    const answered = waitFor('the request', () => sent().length > 0, { emitter: client }).then(() =>
      client.link.publish('homelab/replies/anna/hub', JSON.stringify(foreign), { retain: false }),
    );
    await ledger.stop();
    const deciding = decide(settings(), out, 'approved', 'next', {});
    await answered;
    const { ref } = sent()[0];
    const own = { ...foreign, summary: 'Approved: restart web on vps.', code: 'approved', ok: true, request: 'cut', ref };
    await client.link.publish('homelab/replies/anna/hub', JSON.stringify(own), { retain: false });
    expect(await deciding).toBe(0);
    expect(out.text).toMatch(/\nApproved: restart web on vps\.$/);
  });

  it('is a no in the same way', async () => {
    await proposed('web');
    expect((await say('rejected', 'next')).text).toMatch(/^Rejecting container_restart of web on vps: low risk, attempt 1; requested\nRejected: /);
    await waitFor('the no', () => shown(id)['status'] === 'rejected');
  });

  it.each(['approved', 'rejected'] as const)('of what has become another action since it was shown is refused: %s', async (state) => {
    await proposed('web');
    const out = capturedOutput();
    const other = JSON.stringify({ type: 'container_restart', node: 'vps', service: 'web', params: { dependents: ['db'] } });
    // Between reading and saying.
    const line = (text: string): void => {
      if (out.text === '') void client.link.publish('homelab/actions/pending/planner-solaria', other, { retain: false });
      out.line(text);
    };
    expect(await decide(settings(), { ...out, line }, state, 'next', {})).toBe(1);
    expect(out.text).toMatch(/attempt 1; requested\nRefused: restart web on vps is at attempt 2 now\.$/);
    expect(shown(id)).toMatchObject({ status: 'pending', attempt: 2 });
  });

  it.each([
    ['next', 'unknown_action', 'Refused: nothing waits for a yes.'],
    ['container-restart-vps-nextcloud', 'unknown_action', 'Refused: no action is called "container-restart-vps-nextcloud".'],
  ])('of what nobody has seen sends nothing: %s', async (name, code, line) => {
    expect(await say('approved', name)).toEqual({ code: 1, text: line, values: [] });
    expect((await say('approved', name, true)).values).toEqual([expect.objectContaining({ ok: false, code, id: null })]);
    expect(sent()).toEqual([]);
  });

  it('by the word next is not enough for what is guarded; its name is', async () => {
    const request = { type: 'redeploy', node: 'vps', service: 'web' };
    await client.link.publish('homelab/actions/pending/supervisor-vps', JSON.stringify(request), { retain: false });
    await waitFor('the proposal', () => shown('redeploy-vps-web')['status'] === 'pending');
    const tooShort = 'Refused: redeploy-vps-web is guarded, and "next" is too short a yes for that: say its name.';
    expect(await say('approved', 'next')).toEqual({ code: 1, text: tooShort, values: [] });
    expect(sent()).toEqual([]);
    expect((await say('approved', 'redeploy-vps-w')).code).toBe(0);
  });

  it('of a short name that fits two says which', async () => {
    await proposed('web');
    await proposed('db');
    expect((await say('approved', 'next')).text).toBe('Refused: "next" could be container-restart-vps-db, container-restart-vps-web; say which.');
    expect(sent()).toEqual([]);
  });
});

/** An action of a site over there, as its bridge brings it, and that site's ledger as far as it answers. */
describe('homelab approve, of an action of another site', () => {
  const theirs = 'container-restart-cabin-1-web';
  /** As the desk over there would publish it. */
  const proposedThere = (): object => {
    const there = new TestDesk({ site: 'cabin' });
    there.desired(desiredNode({ node: 'cabin-1', site: 'cabin' }));
    there.send({ type: 'synced', now: there.now });
    return { ...actionDocument(there.bring('pending', { node: 'cabin-1', service: 'web' })), ts: '2026-03-01T12:00:00.000Z', session: 1, rev: 1 };
  };
  const link = (status: string) => ({ status, summary: `link ${status}`, ts: '2026-03-01T12:00:00.000Z', session: 1, rev: 1, site: 'cabin' });
  const retain = (topic: string, value: object): Promise<void> => client.link.publish(`homelab/${topic}`, JSON.stringify(value), { retain: true });
  beforeEach(async () => {
    await client.link.subscribe(['homelab/relay/#']);
    await retain('desired/cabin-1', desiredNode({ node: 'cabin-1', site: 'cabin' }));
    await retain(`world/actions/cabin-1/${theirs}`, proposedThere());
  });

  it('says first that it was passed on, and then what the site decided', async () => {
    await retain('links/cabin', link('up'));
    const answering = waitFor('the request to be passed on', () => client.seen.some(({ topic }) => topic === 'homelab/relay/cabin')).then(async () => {
      const { relay_id } = JSON.parse(client.seen.find(({ topic }) => topic === 'homelab/relay/cabin')?.text ?? '{}');
      const verdict = { relay_id, ok: false, code: 'not_pending', summary: 'Refused: already approved by bob at 14:05 UTC.', id: theirs };
      await client.link.publish('homelab/verdicts/cabin', JSON.stringify(verdict), { retain: false });
    });
    const { code, text } = await say('approved', 'next');
    await answering;
    expect(text.split('\n').slice(1)).toEqual([
      'Forwarded to cabin, waiting for its answer: restart web on cabin-1.',
      'Refused: already approved by bob at 14:05 UTC.',
    ]);
    expect(code).toBe(1);
  });

  it('does not wait for a site that cannot be reached, and says where the answer will be', async () => {
    await retain('links/cabin', link('down'));
    const { code, text } = await say('approved', 'next');
    const [, forwarded, after] = text.split('\n');
    expect(forwarded).toMatch(
      /^Forwarded, link down since 2026-03-01 12:00 UTC: restart web on cabin-1\. It is for cabin to judge when the link is back, until /,
    );
    expect(after).toBe('The answer will be on homelab/replies/anna/+, and in "homelab actions".');
    expect(code).toBe(0);
  });
});
