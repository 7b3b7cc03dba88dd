/** A life that ends while it speaks: the next one must end what it began. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { data, endWorlds, root, StabilityWorld } from '../../test/kit/stability-world.ts';

afterEach(async () => {
  expect(await endWorlds()).toEqual([]);
});

const minute = 60_000;

it('has on disk what it says before it says it', async () => {
  const atEmit: string[] = [];
  let read = (): void => undefined;
  const world = await StabilityWorld.started({
    canEmit: () => {
      read();
      return true;
    },
  });
  read = () => atEmit.push(readFileSync(join(world.dataDir, 'memory.json'), 'utf8'));
  world.machine.host = { ...world.machine.host, disks: [{ ...root, usedPct: 95 }, data] };
  await world.run(minute);
  expect(world.news).toEqual(['disk_usage_high']);
  expect(atEmit).toHaveLength(1);
  expect(JSON.parse(atEmit[0] ?? '')).toMatchObject({ alarms: [{ check: 'disk-space', subject: 'root', level: 'warning', said: null }] });
});
