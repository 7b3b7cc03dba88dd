import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createDiskReader } from './disks.ts';

describe('disks', () => {
  let directory: string | undefined;
  afterEach(async () => {
    if (directory !== undefined) await rm(directory, { recursive: true });
    directory = undefined;
  });

  it('are read from the real file system, as df counts', async () => {
    const [disk] = await createDiskReader([{ name: 'root', path: '/' }])();
    const { blocks, bfree, bavail, files } = await statfs('/');
    expect(disk).toMatchObject({ name: 'root', path: '/' });
    // Others write meanwhile.
    expect(disk?.usedPct).toBeCloseTo(((blocks - bfree) / (blocks - bfree + bavail)) * 100, 0);
    expect(disk?.freeBytes).toBeGreaterThan(0);
    expect(disk?.inodesUsedPct === null).toBe(files === 0);
  });

  it('are one, under both names, where two paths lie on one', async () => {
    directory = await mkdtemp(join(tmpdir(), 'disks-'));
    const disks = await createDiskReader([
      { name: 'here', path: directory },
      { name: 'data', path: join(directory, '.') },
      { name: 'proc', path: '/proc' },
    ])();
    expect(disks.map(({ name }) => name)).toEqual(['here+data', 'proc']);
  });

  it('that do not say anything are said not to, and keep their name', async () => {
    directory = await mkdtemp(join(tmpdir(), 'disks-'));
    const read = createDiskReader([
      { name: 'here', path: directory },
      { name: 'data', path: join(directory, '.') },
    ]);
    expect((await read()).map(({ name }) => name)).toEqual(['here+data']);
    await rm(directory, { recursive: true });
    const gone = directory;
    directory = undefined;
    expect(await read()).toEqual([{ name: 'here+data', path: gone, usedPct: null, freeBytes: null, inodesUsedPct: null }]);
  });
});
