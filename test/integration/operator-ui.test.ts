/** The operator-ui on real brokers, with a real ledger: what a person says on the page is decided by the ledger, and by nobody else. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLedgerModule } from '../../actors/ledger/actor.ts';
import { createOperatorUiModule } from '../../actors/operator-ui/actor.ts';
import { createWebServer } from '../../adapters/http/server.ts';
import { writeLogins } from '../../adapters/logins/logins-file.ts';
import type { ActorModule } from '../../bus/actor.ts';
import { systemClock } from '../../bus/clock.ts';
import { silentLog } from '../../bus/log.ts';
import { RunningActor } from '../../bus/run-actor.ts';
import { history } from '../../cli/commands/history.ts';
import { readSettings } from '../../cli/settings.ts';
import { createStoredEvents } from '../../cli/stored-events.ts';
import { capturedOutput } from '../kit/captured-output.ts';
import { brokersUnderTest, type RunningBroker, TestClient } from '../kit/conformance-brokers.ts';
import { type Heard, listen } from '../kit/event-source.ts';
import { desiredNode } from '../kit/ledger-desk.ts';
import { password, someLogins } from '../kit/operator-web.ts';
import { waitFor } from '../kit/wait.ts';

const id = 'container-restart-vps-web';
const brokers = brokersUnderTest.filter(({ name }) => name === 'aedes in memory' || name === 'mosquitto');

describe.each(brokers)('the operator-ui on $name', ({ name, start, available }) => {
  const skipped = !available && process.env['CI'] === undefined;
  let dir: string;
  let broker: RunningBroker;
  let client: TestClient;
  let running: RunningActor[];
  let stream: Heard | null;
  let url: string;
  const { logins, token } = someLogins();

  const run = (module: ActorModule): RunningActor => {
    const options = { node: 'vps', site: 'hub', root: 'homelab', transport: broker.transport, dataRoot: dir, clock: systemClock, log: silentLog };
    const actor = new RunningActor({ ...options, module, random: () => 0, version: '0.0.1', onGaveUp: () => undefined });
    actor.start();
    running.push(actor);
    return actor;
  };
  const status = (actor: string): Record<string, unknown> =>
    JSON.parse(client.seen.findLast(({ topic }) => topic === `homelab/actors/vps/${actor}`)?.text ?? '{}');
  const call = async (method: string, path: string, body?: object): Promise<Record<string, unknown>> => {
    const sent = body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` } };
    const response = await fetch(`${url}${path}`, { method, headers: { authorization: `Bearer ${token}` }, ...sent });
    return (await response.json()) as Record<string, unknown>;
  };

  beforeEach(async () => {
    if (skipped) return;
    dir = mkdtempSync(join(tmpdir(), 'operator-ui-'));
    running = [];
    stream = null;
    broker = await start();
    client = await TestClient.connect(broker.transport, { clientId: 'test', username: 'test' });
    await client.link.subscribe(['homelab/#']);
    await client.link.publish('homelab/desired/vps', JSON.stringify(desiredNode({ node: 'vps', access: { anna: 'operator', bert: 'reader' } })), {
      retain: true,
    });
    run(createLedgerModule({ anonymousAllowed: () => false }));
    const loginsFile = join(dir, 'logins.yaml');
    writeLogins(loginsFile, logins);
    const usual = { host: '127.0.0.1', port: 0, publicUrl: null, trustedProxies: [], asksWithoutLogin: () => false, pageDirectory: null, log: silentLog };
    run(createOperatorUiModule({ version: '0.0.1', web: createWebServer({ ...usual, loginsFile, store: createStoredEvents({ dataRoot: dir }) }) }));
    await waitFor('both to be there', () => status('ledger')['mode'] === 'idle' && status('operator-ui')['mode'] === 'serving', {
      state: () => [status('ledger'), status('operator-ui')],
    });
    url = String(status('operator-ui')['detail']).split(': ')[0] ?? '';
    await client.link.publish('homelab/actions/pending/supervisor-vps', JSON.stringify({ type: 'container_restart', node: 'vps', service: 'web' }), {
      retain: false,
    });
    await waitFor('the proposal on the page', async () => JSON.stringify(await call('GET', '/actions')).includes(id));
  });
  afterEach(async () => {
    if (skipped) return;
    stream?.close();
    for (const actor of running) await actor.stop();
    await client.link.close();
    await broker.stop();
    rmSync(dir, { recursive: true });
  });

  it.skipIf(skipped)('carries a yes to the ledger; document, stream and history name the person and the front end', async () => {
    stream = await listen(new URL('/stream', url), { authorization: `Bearer ${token}` });
    const [action] = (await call('GET', '/actions')) as unknown as { id: string; attempt: number; digest: string }[];
    const answer = await call('POST', `/actions/${action?.id}/approve`, { attempt: action?.attempt, digest: action?.digest, note: 'go' });
    expect(answer).toEqual({ ok: true, code: 'approved', line: expect.stringMatching(/^Approved: restart web on vps\./) });
    const by = 'anna via operator-ui-vps';
    const change = await stream.until(({ data }) => JSON.stringify(data).includes('"status":"approved"'));
    expect(Object.values((change.data as { set: object }).set)).toContainEqual(expect.objectContaining({ id, status: 'approved', approved_by: by }));
    const out = capturedOutput({ json: true });
    await history(readSettings({ HOMELAB_ROOT: dir }), out, id, {});
    expect(out.values).toContainEqual(expect.objectContaining({ to: 'approved', who: 'anna', front_end: 'operator-ui', note: 'go' }));
    // The second browser is told who was first.
    expect(await call('POST', `/actions/${id}/reject`, { attempt: action?.attempt })).toMatchObject({
      ok: false,
      code: 'not_pending',
      line: expect.stringContaining(`already approved by ${by}`),
    });
  });

  it.skipIf(skipped)('lets a reader look and nothing more, and nobody past the ledger', async () => {
    const requests = () => client.seen.filter(({ topic, text }) => topic.endsWith('/operator-ui-vps') && topic.includes('/actions/') && text !== '');
    const headers = { 'content-type': 'application/json', origin: url };
    const login = await fetch(`${url}/login`, { method: 'POST', headers, body: JSON.stringify({ login: 'bert', password }) });
    const { csrf, role } = (await login.json()) as { csrf: string; role: string };
    const cookie = login.headers.getSetCookie().at(-1)?.split(';')[0] ?? '';
    const asked = await fetch(`${url}/actions/${id}/approve`, { method: 'POST', headers: { origin: url, cookie, 'x-homelab-csrf': csrf } });
    expect([role, asked.status, requests()]).toEqual(['reader', 403, []]);
    // What is wrong with a request is for the ledger to say.
    expect(await call('POST', `/actions/${id}/approve`, { attempt: 7 })).toMatchObject({ ok: false, code: 'stale_attempt' });
    expect(await call('POST', '/actions/next-thing/approve')).toMatchObject({ ok: false, code: 'unknown_action' });
    expect(await call('POST', '/actions', { type: 'rollback', node: 'vps', service: 'web' })).toMatchObject({ ok: false });
    expect(await call('POST', '/actions', { type: 'container_restart', node: 'vps', service: 'db', reason: 'it is slow' })).toMatchObject({
      ok: true,
      code: 'proposed',
    });
    expect(requests()).toHaveLength(4);
  });

  // It waits 10 s for nothing, and what it waits for is no broker's business.
  if (name === 'aedes in memory')
    it('says so when no ledger answers, and goes on when one is back', async () => {
      await running[0]?.stop();
      const answer = await call('POST', `/actions/${id}/approve`);
      expect(answer).toMatchObject({ ok: false, code: 'no_answer', line: expect.stringContaining('did not answer') });
      run(createLedgerModule({ anonymousAllowed: () => false }));
      await waitFor('the ledger to judge again', () => status('ledger')['status'] === 'online' && status('ledger')['mode'] === 'waiting');
      expect(await call('POST', `/actions/${id}/reject`)).toMatchObject({ ok: true, code: 'rejected' });
    });
});
