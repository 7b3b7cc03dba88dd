import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { writeFileAtomic } from '../../bus/journal.ts';
import { silentLog } from '../../bus/log.ts';
import { Outbox } from '../../bus/outbox.ts';
import { Random } from '../kit/random.ts';
import { StepClock } from '../kit/step-clock.ts';
import { Disk } from './disk.ts';
import { mount, unmountAll } from './mount-disk.ts';

afterEach(unmountAll);

/** Enough for a power cut to take all that may go. */
const cuts = 20;

it('the end of a trouble outlives a power cut before any store has it: it is said once, and its incident would stay open for ever', async () => {
  for (let seed = 0; seed < cuts; seed += 1) {
    const clock = new StepClock();
    const disk = new Disk(clock, new Random(seed));
    disk.slowness = 0;
    const dirs: string[] = [];
    const open = (on: Disk): Promise<Outbox> => {
      dirs.push(mount(on));
      return Outbox.open({ dir: dirs.at(-1) ?? '', node: 'piha', site: 'hub', source: 'stability-agent', clock, log: silentLog });
    };
    const before = await open(disk);
    // As the number of its connection is, before an actor says anything: the names of both files are safe then.
    await writeFileAtomic(join(dirs[0] ?? '', 'session'), '1');
    await before.emit({ type: 'clock_offset_normal', severity: 'info', message: 'the clock agrees again' });
    const after = await open(disk.handOver({ powerCut: true }));
    expect(after.backlog).toBe(1);
  }
});
