/** The test kit's private engine: that it works, survives what tests do to it, and leaves nothing behind. */
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Dockerd, haveDockerd, startDockerd } from '../kit/dockerd.ts';
import { busyboxImage, politeCommand } from '../kit/images.ts';

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
});
