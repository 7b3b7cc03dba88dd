import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StepClock } from '../../test/kit/step-clock.ts';
import type { Container } from './container.ts';
import { SimulatedWorld } from './world.ts';

let clock: StepClock;
let world: SimulatedWorld;
let said: string[];
let web: Container;

beforeEach(() => {
  clock = new StepClock();
  world = new SimulatedWorld({ clock });
  world.add({ name: 'web', restartPolicy: 'unless-stopped', upForMs: 60_000, healthTest: ['CMD', 'true'], healthyAfterMs: 2_000 });
  web = world.find('web')!;
  said = [];
  world.listen((line) => said.push((JSON.parse(line) as { Action: string }).Action));
});
afterEach(() => {
  world.close();
  expect(clock.pending).toBe(0);
});

describe('the restart policy', () => {
  it('starts what ended by itself after 100 ms, and waits twice as long each time it does not hold', () => {
    const waits: number[] = [];
    for (let crash = 0; crash < 4; crash += 1) {
      world.die(web, 1);
      expect(web.status).toBe('restarting');
      waits.push(clock.nextDueMs! - clock.now());
      clock.advance(waits.at(-1)!);
      expect(web.status).toBe('running');
    }
    expect(waits).toEqual([100, 200, 400, 800]);
    expect(web.restartCount).toBe(4);
    clock.advance(10_000);
    world.die(web, 1);
    expect(clock.nextDueMs! - clock.now()).toBe(100);
  });

  it('leaves alone what somebody killed or stopped, also while it waited', () => {
    world.kill(web, 9);
    clock.advance(120_000);
    expect(web).toMatchObject({ status: 'exited', exitCode: 137 });
    world.start(web);
    world.die(web, 1);
    world.stop(web);
    clock.advance(120_000);
    expect(web.status).toBe('exited');
    expect(said).toEqual(['kill', 'die', 'start', 'die', 'stop']);
  });

  it('of none, and of on-failure after a good end, starts nothing', () => {
    world.add({ name: 'job' });
    world.add({ name: 'task', restartPolicy: 'on-failure' });
    for (const name of ['job', 'task']) world.die(world.find(name)!, 0);
    expect(clock.pending).toBe(0);
    world.start(world.find('task')!);
    world.die(world.find('task')!, 3);
    expect(world.find('task')!.status).toBe('restarting');
  });
});

describe('a fault', () => {
  it('of memory comes back after each start by the policy, and not after a restart by somebody', () => {
    world.setFault(web, 'oom');
    clock.advance(20_000);
    expect(said.slice(0, 5)).toEqual(['oom', 'die', 'start', 'health_status: healthy', 'oom']);
    expect(web.restartCount).toBeGreaterThan(2);
    world.start(web);
    said.length = 0;
    clock.advance(120_000);
    expect(said).toEqual(['health_status: healthy']);
    expect(web).toMatchObject({ status: 'running', oomKilled: false, restartCount: 0 });
  });

  it('of a program comes back after every start, until it is healed', () => {
    world.setFault(web, 'flap');
    world.start(web);
    clock.advance(5_000);
    expect(web.restartCount).toBeGreaterThan(0);
    world.setFault(web, null);
    clock.advance(200);
    const { restartCount } = web;
    clock.advance(120_000);
    expect(web).toMatchObject({ status: 'running', health: 'healthy', restartCount });
  });
});

describe('a power cut', () => {
  it('ends everything without a word, and starts what ran, as its policy says, when power is back', () => {
    world.add({ name: 'killed', restartPolicy: 'unless-stopped' });
    world.add({ name: 'job' });
    world.kill(world.find('killed')!, 9);
    said.length = 0;
    const ran = world.powerOff();
    clock.advance(60_000);
    expect(said).toEqual([]);
    expect(world.all().map(({ status, exitCode }) => [status, exitCode])).toEqual(Array(3).fill(['exited', 137]));
    expect(world.remembered({ since: 0n, until: 1n << 63n, id: null })).toEqual([]);
    world.powerOn(ran);
    expect(said).toEqual(['start']);
    expect(web).toMatchObject({ status: 'running', health: 'starting', restartCount: 0 });
    expect(Date.parse(web.startedAt)).toBe(clock.now());
    clock.advance(2_000);
    expect(web.health).toBe('healthy');
  });
});

it('gives each event a later time, too exact for a double, and remembers the newest 256', () => {
  for (let at = 0; at < 150; at += 1) world.kill(web, 1);
  const lines = world.remembered({ since: 0n, until: 1n << 63n, id: web.id });
  expect(lines).toHaveLength(256);
  const nanos = lines.map((line) => BigInt(/"timeNano":(\d+)/.exec(line)![1]!));
  expect(nanos.every((each, at) => at === 0 || each > nanos[at - 1]!)).toBe(true);
});

it('names containers after their machine, so that equal names are two containers', () => {
  const other = new SimulatedWorld({ clock, machine: 'other' });
  other.add({ name: 'web' });
  expect(other.find('web')!.id).not.toBe(web.id);
  expect(web.id).toMatch(/^[0-9a-f]{64}$/);
});
