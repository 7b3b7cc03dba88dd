import { open, readdir, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Random } from '../kit/random.ts';
import { StepClock } from '../kit/step-clock.ts';
import { Disk } from './disk.ts';
import { mount, unmountAll } from './mount-disk.ts';

/** Enough for both sides of a coin to come up. */
const cuts = 40;

function newDisk(seed: number): Disk {
  const disk = new Disk(new StepClock(), new Random(seed));
  disk.slowness = 0;
  return disk;
}

async function write(file: string, text: string, options: { readonly sync: boolean }): Promise<void> {
  const handle = await open(file, 'a');
  await handle.appendFile(text);
  if (options.sync) await handle.datasync();
  await handle.close();
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  await handle.sync();
}

const textOf = (file: string): Promise<string | null> => readFile(file, 'utf8').catch(() => null);

/** What is found after a power cut, for many seeds. */
async function afterPowerCut(prepare: (root: string) => Promise<void>, look: (root: string) => Promise<unknown>): Promise<ReadonlySet<unknown>> {
  const found = new Set<unknown>();
  for (let seed = 0; seed < cuts; seed += 1) {
    const disk = newDisk(seed);
    await prepare(mount(disk));
    found.add(await look(mount(disk.handOver({ powerCut: true }))));
  }
  return found;
}

afterEach(unmountAll);

describe('a simulated disk', () => {
  it('keeps everything over a kill', async () => {
    const disk = newDisk(1);
    const root = mount(disk);
    await write(join(root, 'a'), 'not synced', { sync: false });
    expect(await textOf(join(mount(disk.handOver({ powerCut: false })), 'a'))).toBe('not synced');
  });

  it('keeps over a power cut what was synced with its name, and perhaps a part of the rest', async () => {
    const prepare = async (root: string): Promise<void> => {
      await write(join(root, 'a'), 'synced;', { sync: true });
      await syncDirectory(root);
      await write(join(root, 'a'), 'not synced', { sync: false });
    };
    const found = await afterPowerCut(prepare, (root) => textOf(join(root, 'a')));
    for (const text of found) expect('synced;not synced'.startsWith(text as string) && (text as string).startsWith('synced;')).toBe(true);
    expect(found).toContain('synced;');
    expect(found.size).toBeGreaterThan(2);
  });

  it('may lose over a power cut a name whose directory was not synced', async () => {
    const prepare = async (root: string): Promise<void> => {
      await write(join(root, 'next'), 'new', { sync: true });
      await rename(join(root, 'next'), join(root, 'file'));
    };
    expect(await afterPowerCut(prepare, async (root) => (await readdir(root)).join())).toEqual(new Set(['file', '']));
  });

  it('answers nobody any more once it was pulled out', async () => {
    const disk = newDisk(1);
    const root = mount(disk);
    disk.handOver({ powerCut: false });
    const answer = await Promise.race([readdir(root), new Promise((resolve) => setImmediate(resolve, 'no answer'))]);
    expect(answer).toBe('no answer');
  });

  it('leaves every other path to the real file system', async () => {
    mount(newDisk(1));
    expect(await readFile(new URL(import.meta.url), 'utf8')).toContain('leaves every other path');
  });
});
