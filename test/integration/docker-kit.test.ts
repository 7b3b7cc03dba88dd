/** The test kit's private engine: that it works, survives what tests do to it, and leaves nothing behind. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Dockerd, haveDockerd, startDockerd } from '../kit/dockerd.ts';
import { isAlive } from '../kit/dockerd-sandbox.ts';
import { busyboxImage, politeCommand } from '../kit/images.ts';
import { waitFor } from '../kit/wait.ts';

/** A test process: starts an engine with a container, stops the engine with SIGSTOP if asked, and waits to be killed. */
const victim = `
import { startDockerd } from ${JSON.stringify(new URL('../kit/dockerd.ts', import.meta.url).href)};
const engine = await startDockerd();
await engine.importBusybox();
await engine.docker('run', '-d', '${busyboxImage}', 'sleep', '3600');
if (process.env.PAUSED === 'yes') engine.pause();
console.log(JSON.stringify({ pid: engine.pid, socketPath: engine.socketPath }));
setInterval(() => {}, 1000);
`;

describe.skipIf(!haveDockerd())('a private engine', () => {
  let engine: Dockerd;
  beforeAll(async () => {
    engine = await startDockerd();
    await engine.importBusybox();
  });
  afterAll(async () => {
    await engine.stop();
  });

  it('runs a container', async () => {
    expect(await engine.docker('run', '--rm', busyboxImage, 'echo', 'hello')).toBe('hello');
  });

  it('keeps its containers and images through a kill and a restart', async () => {
    await engine.docker('run', '-d', '--name', 'keeper', '--restart', 'always', busyboxImage, ...politeCommand);
    await engine.kill9();
    expect(() => engine.pid).toThrow('not running');
    await engine.restart();
    expect(await engine.docker('inspect', '--format', '{{.State.Status}}', 'keeper')).toBe('running');
    await engine.docker('rm', '-f', 'keeper');
  });

  it('leaves no process, directory or mount', async () => {
    const other = await startDockerd();
    await other.importBusybox();
    await other.docker('run', '-d', busyboxImage, ...politeCommand);
    const { pid, socketPath } = other;
    await other.stop();
    await other.stop();
    expect(existsSync(`/proc/${pid}`)).toBe(false);
    expect(existsSync(socketPath)).toBe(false);
    expect(await engine.docker('run', '--rm', busyboxImage, 'echo', 'the other engine is unharmed')).toContain('unharmed');
  });

  it.each(['no', 'yes'])('leaves nothing when its test is killed (engine stopped: %s): the kernel ends it, the next start sweeps', async (PAUSED) => {
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '--eval', victim], {
      env: { ...process.env, PAUSED },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    await waitFor('the engine of the other process', () => said.includes('\n'), { deadlineMs: 30_000 });
    const { pid, socketPath } = JSON.parse(said) as { pid: number; socketPath: string };
    expect(isAlive(pid)).toBe(true);
    child.kill('SIGKILL');
    await waitFor('its engine to end', () => !existsSync(`/proc/${pid}`));
    await (await startDockerd()).stop();
    expect(existsSync(socketPath)).toBe(false);
  });
});
