/**
 * Test images without a registry: a tree made of the static busybox of this machine (Debian: busybox-static), imported.
 */
import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Its tag; 2 MB, all applets of busybox, no command of its own. */
export const busyboxImage = 'homelab-busybox:local';

/** A command that runs until it is asked to stop, and then ends at once with 0, as well-behaved services do. */
export const politeCommand: readonly string[] = ['sh', '-c', "trap 'exit 0' TERM; echo polite; while :; do sleep 3600 & wait $!; done"];

/** Imports the busybox image through any docker command line; returns its tag. */
export async function importBusybox(docker: (...args: readonly string[]) => Promise<string>): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'homelab-image-'));
  try {
    const root = join(directory, 'root');
    for (const part of ['bin', 'tmp', 'etc', 'root', 'proc', 'sys', 'dev', 'run']) await mkdir(join(root, part), { recursive: true });
    const { stdout: where } = await run('sh', ['-c', 'command -v busybox']);
    await cp(where.trim(), join(root, 'bin', 'busybox'), { dereference: true });
    const { stdout: applets } = await run('busybox', ['--list']);
    for (const applet of applets.split('\n')) {
      if (applet !== '' && applet !== 'busybox') await symlink('busybox', join(root, 'bin', applet));
    }
    const archive = join(directory, 'root.tar');
    await run('tar', ['-C', root, '-cf', archive, '.']);
    await docker('import', '--change', 'ENV PATH=/bin', archive, busyboxImage);
    return busyboxImage;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
