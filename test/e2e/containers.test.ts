/** The walk once more with every actor in a container of its own: from the project's image, non-root, read-only, within 96 MB. */
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { actorNames } from '../../cli/compose.ts';
import { importNodeBase } from '../kit/base-image.ts';
import { type Dockerd, haveDockerd, startDockerd } from '../kit/dockerd.ts';
import { buildBundle } from '../kit/homelab-process.ts';
import { waitFor } from '../kit/wait.ts';

/** A bridge needs a hub to reach (test/integration/bridge-*.test.ts), a telegram-bot its Telegram (telegram-bot.test.ts). */
const actors = actorNames.filter((name) => name !== 'bridge' && name !== 'telegram-bot');

const repository = fileURLToPath(new URL('../..', import.meta.url));
const program = ['node', '/app/dist/homelab.mjs'];

describe.skipIf(!haveDockerd())('every actor in a container of its own', () => {
  let engine: Dockerd;
  let socketGroup: string;

  const start = async (name: string, ...command: readonly string[]): Promise<void> => {
    const limits = ['--read-only', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges', '--memory', '96m'];
    const settings = [
      'NODE_NAME=lab',
      'HOMELAB_BROKER_URL=mqtt://127.0.0.1:1883',
      'HOMELAB_INCIDENT_GRACE_S=1',
      'HOMELAB_FLAP_WINDOW_S=0',
      'HOMELAB_VERIFY_WINDOW_S=60',
    ];
    const socket = ['--group-add', socketGroup, '-v', `${engine.socketPath}:/var/run/docker.sock`];
    await engine.docker(
      'run',
      '-d',
      '--name',
      name,
      '--network',
      'host',
      ...limits,
      ...socket,
      ...settings.flatMap((each) => ['-e', each]),
      'homelab:test',
      ...command,
    );
  };
  /** One command of the program, inside the ledger's container: where a person on that host would be. */
  const ask = async (...args: readonly string[]): Promise<string> =>
    engine.docker('exec', '-e', 'HOMELAB_LOGIN=anna', 'homelab-ledger', ...program, ...args).catch((error: unknown) => String(error));
  const action = async (status: string): Promise<void> => {
    await waitFor(`the action to be ${status}`, async () => (await ask('actions', '--all', '--json')).includes(`{"status":"${status}"`), {
      deadlineMs: 90_000,
      state: () => ask('status'),
    });
  };

  beforeAll(async () => {
    buildBundle();
    engine = await startDockerd();
    socketGroup = String(statSync(engine.socketPath).gid);
    importNodeBase('homelab-base:test', engine.env);
    await engine.docker('build', '-q', '-t', 'homelab:test', '--build-arg', 'BASE_IMAGE=homelab-base:test', repository);
    await start('homelab-broker', 'broker');
    for (const actor of actors) await start(`homelab-${actor}`, 'run', actor);
    const image = await engine.importBusybox();
    await engine.docker(
      'run',
      '-d',
      '--name',
      'web',
      '--network',
      'none',
      '--label',
      'com.docker.compose.service=web',
      '--label',
      'com.docker.compose.project=lab',
      image,
      '/bin/busybox',
      'sh',
      '-c',
      'trap "exit 0" TERM; while :; do sleep 0.2; done',
    );
  });
  afterAll(async () => {
    await engine?.stop();
  });

  it('watches, proposes, and repairs after a yes, once', async () => {
    await waitFor('web to be adopted and healthy', async () => (await ask('status')).includes('nominal'), { deadlineMs: 90_000, state: () => ask('status') });
    await engine.docker('kill', 'web');
    await action('pending');
    expect(await ask('approve', 'next')).toContain('Approved');
    await action('completed');
    expect(await engine.docker('inspect', '--format', '{{.State.Running}}', 'web')).toBe('true');
    const restarts = await engine.docker(
      'events',
      '--since',
      '2020-01-01T00:00:00Z',
      '--until',
      new Date().toISOString(),
      '--filter',
      'container=web',
      '--filter',
      'event=restart',
      '--format',
      '{{.Action}}',
    );
    expect(restarts.split('\n').filter(Boolean)).toHaveLength(1);
  });

  it('has the web page in the image', async () => {
    const look = "fetch('http://127.0.0.1:18180/').then(async (answer) => console.log(answer.status, (await answer.text()).includes('/assets/')))";
    expect(await engine.docker('exec', 'homelab-operator-ui', 'node', '-e', look)).toBe('200 true');
  });

  it('is healthy by its own health check, not root, and within its memory', async () => {
    for (const actor of actors) {
      const name = `homelab-${actor}`;
      expect(await engine.docker('exec', name, ...program, 'alive')).toBe(`online: ${actor}`);
      expect(await engine.docker('exec', name, '/bin/id', '-u')).toBe('1000');
      expect(await engine.docker('inspect', '--format', '{{.State.OOMKilled}} {{.RestartCount}} {{.State.Status}}', name)).toBe('false 0 running');
    }
  });

  it('says goodbye on docker stop', async () => {
    await engine.docker('stop', 'homelab-supervisor');
    expect(await engine.docker('inspect', '--format', '{{.State.ExitCode}}', 'homelab-supervisor')).toBe('0');
  });
});
