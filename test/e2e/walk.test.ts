/**
 * The walk of one repair on real parts: a container dies, the bus knows, the world knows, an action is proposed, a person
 * says yes with mosquitto_pub, the container is restarted exactly once, the incident closes. Once with mosquitto as Debian
 * configures it and every actor in a process of its own, once with `homelab up` on its own broker.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Dockerd, haveDockerd, startDockerd } from '../kit/dockerd.ts';
import { buildBundle, Machine } from '../kit/homelab-process.ts';
import { freePort, haveMosquitto, type Mosquitto, startMosquitto } from '../kit/mosquitto.ts';
import { mosquittoPub, Witness } from '../kit/mosquitto-tools.ts';
import { waitFor } from '../kit/wait.ts';

const actors = ['ledger', 'observer', 'inventory', 'supervisor', 'executor', 'node-agent'] as const;
const canRun = haveDockerd() && haveMosquitto();
/** Each test of a walk goes on where the one before ended; the two walks go beside each other. */
const inOrder = { concurrent: false };
const webAction = 'container-restart-lab-web';

interface Stage {
  readonly engine: Dockerd;
  readonly machine: Machine;
  readonly witness: Witness;
  readonly url: string;
  /** The broker dies and comes back with what it keeps on disk. */
  bounceBroker(): Promise<void>;
  bounceLedger(): Promise<void>;
  close(): Promise<void>;
}

async function separateProcesses(engine: Dockerd, env: Record<string, string>): Promise<Stage> {
  const broker: Mosquitto = await startMosquitto();
  const machine = new Machine({ ...env, HOMELAB_BROKER_URL: broker.url });
  for (const actor of actors) await machine.run(actor);
  const witness = await Witness.open(broker.url);
  return {
    engine,
    machine,
    witness,
    url: broker.url,
    bounceBroker: () => broker.restart(),
    bounceLedger: async () => {
      await machine.process('ledger').kill9();
      await machine.run('ledger');
    },
    close: async () => {
      await witness.close();
      await machine.dispose();
      await broker.stop();
    },
  };
}

async function allInOne(engine: Dockerd, env: Record<string, string>): Promise<Stage> {
  const port = await freePort();
  const url = `mqtt://127.0.0.1:${port}`;
  const machine = new Machine({ ...env, HOMELAB_BROKER_PORT: String(port) });
  const start = async (): Promise<void> => {
    await machine.start('up').says('Nothing is ever repaired without your yes');
  };
  await start();
  const witness = await Witness.open(url);
  const bounce = async (): Promise<void> => {
    await machine.process('up').kill9();
    await start();
  };
  return {
    engine,
    machine: new Proxy(machine, {
      get: (target, key) => (key === 'env' ? { ...target.env, HOMELAB_BROKER_URL: url } : (Reflect.get(target, key) as unknown)),
    }),
    witness,
    url,
    bounceBroker: bounce,
    bounceLedger: bounce,
    close: async () => {
      await witness.close();
      await machine.dispose();
    },
  };
}

const stages = [
  ['mosquitto and a process for each actor', separateProcesses],
  ['homelab up on its own broker', allInOne],
] as const;

describe.skipIf(!canRun).concurrent.each(stages)('the walk with %s', (_name, setUp) => {
  let engine: Dockerd;
  let stage: Stage;

  beforeAll(async () => {
    buildBundle();
    engine = await startDockerd();
    const image = await engine.importBusybox();
    for (const name of ['web', 'other']) {
      await engine.docker(
        'run',
        '-d',
        '--name',
        name,
        '--network',
        'none',
        '--restart',
        'no',
        '--label',
        `com.docker.compose.service=${name}`,
        '--label',
        'com.docker.compose.project=lab',
        image,
        '/bin/busybox',
        'sh',
        '-c',
        'trap "exit 0" TERM; while :; do sleep 0.2; done',
      );
    }
    stage = await setUp(engine, {
      NODE_NAME: 'lab',
      DOCKER_HOST: `unix://${engine.socketPath}`,
      HOMELAB_INCIDENT_GRACE_S: '1',
      HOMELAB_FLAP_WINDOW_S: '0',
      HOMELAB_VERIFY_WINDOW_S: '40',
    });
    await stage.witness.see('web to be adopted', 'homelab/desired/lab', (doc) => JSON.stringify(doc.services).includes('"web"'));
    await stage.witness.see('the site to be nominal', 'homelab/world/sites/hub', (doc) => doc.status === 'nominal', { deadlineMs: 60_000 });
  });
  afterAll(async () => {
    await stage?.close();
    await engine?.stop();
  });

  const starts = async (): Promise<number> => {
    const until = new Date().toISOString();
    const events = await engine.docker(
      'events',
      '--since',
      '2020-01-01T00:00:00Z',
      '--until',
      until,
      '--filter',
      'container=web',
      '--filter',
      'event=start',
      '--format',
      '{{.Action}}',
    );
    return events.split('\n').filter(Boolean).length;
  };
  const action = (status: string, attempt = 0) =>
    stage.witness.see(
      `the action to be ${status}`,
      `homelab/world/actions/lab/${webAction}`,
      (doc) => doc.status === status && (doc.attempt as number) >= attempt,
      { deadlineMs: 60_000 },
    );
  const incidents = (status: string) =>
    stage.witness.see(`an incident to be ${status}`, 'homelab/world/incidents/lab/', (doc) => doc.status === status && doc.service === 'web');
  const healthy = () => stage.witness.see('web to be healthy', 'homelab/world/services/lab/web', (doc) => doc.status === 'healthy', { deadlineMs: 60_000 });
  /** Publishes a request and waits for the ledger's line about it: an actor's login has its own requests answered meanwhile. */
  const ask = async (
    login: string,
    state: string,
    payload: string,
    options: { readonly retain?: boolean } = {},
  ): Promise<{ readonly ok: boolean; readonly code: string; readonly summary: string }> => {
    const from = stage.witness.position;
    await mosquittoPub(stage.url, `homelab/actions/${state}/${login}`, payload, options);
    const isAnswer = (text: string): boolean => (JSON.parse(text) as { request: string }).request.startsWith(`${state} `);
    return JSON.parse(await stage.witness.hear('a reply', `homelab/replies/${login}/hub`, isAnswer, from)) as { ok: boolean; code: string; summary: string };
  };
  const breakWeb = async (): Promise<number> => {
    await healthy();
    const before = await starts();
    await engine.docker('kill', 'web');
    return before;
  };

  it('repairs a killed container once, after one yes, and closes the incident', inOrder, async () => {
    const before = await breakWeb();
    await stage.witness.see('web to be down', 'homelab/world/services/lab/web', (doc) => doc.status === 'down');
    const incident = await incidents('active');
    expect(incident).toMatchObject({ kind: 'down', trigger_type: 'containers_not_running', node: 'lab', service: 'web' });
    expect(await action('pending')).toMatchObject({ type: 'container_restart', risk: 'low', service: 'web' });
    expect(await starts()).toBe(before);

    expect(await ask('anna', 'approved', webAction)).toMatchObject({ ok: true });
    const completed = await action('completed');
    expect(completed).toMatchObject({ approved_by: 'anna', outcome: { ok: true, code: 'verified' } });
    await incidents('resolved');
    await stage.witness.see('the site to be nominal again', 'homelab/world/sites/hub', (doc) => doc.status === 'nominal');
    expect(await starts()).toBe(before + 1);
    expect(await engine.docker('inspect', '--format', '{{.State.Running}}', 'web')).toBe('true');

    const again = await ask('anna', 'approved', webAction);
    expect(again).toMatchObject({ ok: false });
    expect(again.summary).not.toBe('');
    expect(await starts()).toBe(before + 1);
  });

  it('refuses the approval of the proposer, obeys a no, and refuses to approve a rejected action', inOrder, async () => {
    const before = await breakWeb();
    await action('pending', 2);
    expect(await ask('supervisor-lab', 'approved', webAction)).toMatchObject({ ok: false, code: 'not_allowed' });
    expect(await ask('anna', 'rejected', 'next')).toMatchObject({ ok: true });
    await action('rejected', 2);
    expect(await ask('anna', 'approved', webAction)).toMatchObject({ ok: false });
    expect(await starts()).toBe(before);
    await engine.docker('start', 'web');
    await incidents('resolved');
  });

  it('cancels the proposal when a person mends it first, and refuses to approve a cancelled action', inOrder, async () => {
    await stage.witness.see('other to be healthy', 'homelab/world/services/lab/other', (doc) => doc.status === 'healthy', { deadlineMs: 60_000 });
    await engine.docker('kill', 'other');
    const topic = 'homelab/world/actions/lab/container-restart-lab-other';
    await stage.witness.see('a proposal', topic, (doc) => doc.status === 'pending');
    await engine.docker('start', 'other');
    await stage.witness.see('the proposal to be cancelled', topic, (doc) => doc.status === 'cancelled', { deadlineMs: 60_000 });
    expect(await ask('anna', 'approved', 'container-restart-lab-other')).toMatchObject({ ok: false });
  });

  it('counts an approval published with retain once, clears it, and does nothing after a restart of ledger and broker', inOrder, async () => {
    await stage.witness.see('other to be healthy', 'homelab/world/services/lab/other', (doc) => doc.status === 'healthy', { deadlineMs: 60_000 });
    await engine.docker('kill', 'other');
    const topic = 'homelab/world/actions/lab/container-restart-lab-other';
    const pending = await stage.witness.see('a proposal', topic, (doc) => doc.status === 'pending');
    const from = stage.witness.position;
    expect(await ask('bert', 'approved', 'container-restart-lab-other', { retain: true })).toMatchObject({ ok: true });
    await stage.witness.hear('the request topic to be cleared', 'homelab/actions/approved/bert', (text) => text === '', from);
    const completed = await stage.witness.see('completion', topic, (doc) => doc.status === 'completed', { deadlineMs: 60_000 });
    expect(completed.attempt).toBe(pending.attempt);

    await stage.bounceLedger();
    await stage.bounceBroker();
    await mosquittoPub(stage.url, 'homelab/actions/approved/anna', 'nobody-like-this');
    await waitFor(
      'the ledger to answer again',
      async () => {
        const reply = await Promise.race([ask('anna', 'approved', 'nobody-like-this'), new Promise<null>((resolve) => setTimeout(() => resolve(null), 2_000))]);
        return reply !== null;
      },
      { deadlineMs: 60_000 },
    );
    const after = stage.witness.find(topic);
    expect(after).toMatchObject({ status: 'completed', attempt: pending.attempt });
    const events = await engine.docker(
      'events',
      '--since',
      '2020-01-01T00:00:00Z',
      '--until',
      new Date().toISOString(),
      '--filter',
      'container=other',
      '--filter',
      'event=restart',
      '--format',
      '{{.Action}}',
    );
    expect(events.split('\n').filter(Boolean)).toHaveLength(1);
  });

  it('shows all of it on the command line', inOrder, async () => {
    const env = stage.machine.env;
    const { homelab } = await import('../kit/homelab-process.ts');
    await stage.witness.see('the site to be nominal', 'homelab/world/sites/hub', (doc) => doc.status === 'nominal', { deadlineMs: 60_000 });
    const status = await homelab(['status'], env);
    expect(status.stdout).toContain('nominal');
    expect(status.code).toBe(0);
    const listed = await homelab(['actions', '--all', '--json'], env);
    expect(listed.stdout).toContain(webAction);
    const refused = await homelab(['approve', webAction], { ...env, HOMELAB_LOGIN: 'anna' });
    expect(refused.code).toBe(1);
    const emitted = await homelab(['emit', 'backup_completed', '--message', 'nightly', '--service', 'web'], env);
    expect(emitted).toMatchObject({ code: 0 });
    expect(emitted.stdout).toContain('taken');
    await stage.witness.hear('the event', 'homelab/events/lab', (text) => text.includes('backup_completed'));
  });
});
