import { afterEach, expect, it } from 'vitest';
import { silentLog } from '../../bus/log.ts';
import { Outbox } from '../../bus/outbox.ts';
import type { EventDraft } from '../../contracts/event.ts';
import { Random } from '../kit/random.ts';
import { StepClock } from '../kit/step-clock.ts';
import { Disk } from './disk.ts';
import { mount, unmountAll } from './mount-disk.ts';

afterEach(unmountAll);

/** Enough for a power cut to take all that may go. */
const cuts = 20;

/** What is left of it, seed by seed, when the power goes as soon as it was said: the first of its actor's life, so the outbox is a new file. */
async function leftOf(draft: EventDraft): Promise<readonly number[]> {
  const left: number[] = [];
  for (let seed = 0; seed < cuts; seed += 1) {
    const clock = new StepClock();
    const disk = new Disk(clock, new Random(seed));
    disk.slowness = 0;
    const open = (on: Disk): Promise<Outbox> => Outbox.open({ dir: mount(on), node: 'piha', site: 'hub', source: 'stability-agent', clock, log: silentLog });
    const before = await open(disk);
    await before.emit(draft);
    left.push((await open(disk.handOver({ powerCut: true }))).backlog);
  }
  return left;
}

const always = Array.from({ length: cuts }, () => 1);

it('the end of a trouble outlives a power cut before any store has it: it is said once, and its incident would stay open for ever', async () => {
  expect(await leftOf({ type: 'clock_offset_normal', severity: 'info', message: 'the clock agrees again' })).toEqual(always);
});

it('the first urgent event of an actor outlives a power cut: its outbox is a new file, and so is its name', async () => {
  expect(await leftOf({ type: 'service_down', severity: 'critical', message: 'grafana is down' })).toEqual(always);
});
