import { beforeEach, describe, expect, it } from 'vitest';
import type { EngineTrouble } from '../../actors/node-agent/ports.ts';
import { StepClock, settlePromises } from '../../test/kit/step-clock.ts';
import { createSimulatedControl } from './control.ts';
import { SimulatedEngine } from './engine.ts';
import { createSimulatedWatch } from './watch.ts';

let clock: StepClock;
let engine: SimulatedEngine;
let watch: ReturnType<typeof createSimulatedWatch>;
let control: ReturnType<typeof createSimulatedControl>;
let hints: string[];
let closed: EngineTrouble[];

beforeEach(async () => {
  clock = new StepClock();
  engine = new SimulatedEngine({ clock, deadlineMs: 4_000, machine: 'lab' });
  engine.world.add({ name: 'web', restartPolicy: 'unless-stopped', env: ['API_TOKEN=hunter22'], log: ['token hunter22 was used'] });
  watch = createSimulatedWatch(engine);
  control = createSimulatedControl(engine);
  hints = [];
  closed = [];
  watch.watchEngine({ onOpen: () => hints.push('open'), onHint: ({ action }) => hints.push(action), onClosed: (trouble) => closed.push(trouble) });
  await settlePromises();
});

const web = () => engine.world.find('web')!;

describe('a hung engine', () => {
  it('says timeout after the deadline, and tells and answers everything, in order, when it goes on', async () => {
    engine.hang();
    const listed = watch.listContainers();
    const pinged = watch.pingEngine().catch((error: unknown) => error);
    engine.world.kill(web(), 9);
    await clock.run(3_999);
    expect(hints).toEqual(['open']);
    engine.unhang();
    await settlePromises();
    expect(hints).toEqual(['open', 'kill', 'die']);
    expect((await listed).map(({ status }) => status)).toEqual(['exited']);
    expect(await pinged).toBeUndefined();
    engine.hang();
    const late = watch.pingEngine().catch((error: unknown) => error);
    await clock.run(4_000);
    expect(await late).toMatchObject({ trouble: { code: 'timeout', retryable: true } });
    expect(closed).toEqual([]);
  });

  it('still does a restart that was asked for, once, when it goes on', async () => {
    engine.hang();
    const restarted = control.restartContainer(web().id, { stopTimeoutS: 10 });
    await clock.run(20_000);
    expect(hints).toEqual(['open']);
    engine.unhang();
    await clock.run(1_000);
    await restarted;
    expect(hints).toEqual(['open', 'kill', 'die', 'stop', 'start', 'restart']);
  });
});

describe('an engine without power', () => {
  it('closes its stream once, fails what waits and what comes, and is there again afterwards', async () => {
    engine.hang();
    const waiting = watch.listContainers().catch((error: unknown) => error);
    engine.powerOff();
    expect(await waiting).toMatchObject({ trouble: { code: 'unreachable' } });
    expect(closed).toMatchObject([{ code: 'unreachable', retryable: true }]);
    await expect(control.findContainer('web')).rejects.toMatchObject({ code: 'unreachable', retryable: true });
    const again: EngineTrouble[] = [];
    watch.watchEngine({ onOpen: () => hints.push('open again'), onHint: () => undefined, onClosed: (trouble) => again.push(trouble) });
    await settlePromises();
    expect(again).toHaveLength(1);
    engine.powerOn();
    expect((await watch.listContainers()).map(({ name, status }) => [name, status])).toEqual([['web', 'running']]);
    expect(hints).toEqual(['open']);
    expect(closed).toHaveLength(1);
  });

  it('fails a restart that it cut in two', async () => {
    const restarted = control.restartContainer(web().id, { stopTimeoutS: 10 }).catch((error: unknown) => error);
    await clock.run(50);
    engine.powerOff();
    await clock.run(1_000);
    expect(await restarted).toMatchObject({ code: 'unreachable', retryable: true });
    expect(web().status).toBe('exited');
  });
});

describe('a redeployment', () => {
  const labels = { 'com.docker.compose.service': 'wiki', 'com.docker.compose.project': 'wiki' };
  const wiki = () => engine.world.find('wiki')!;

  it('makes another container of the same service, which is healthy in its own time', async () => {
    engine.world.add({ name: 'wiki', labels, healthTest: ['CMD', 'true'], healthyAfterMs: 2_000 });
    const before = wiki().id;
    const redeployed = control.redeployService(before);
    await clock.run(1_000);
    expect(await redeployed).toEqual(['Recreating wiki ... done']);
    expect(await control.findContainer('wiki')).toMatchObject({ name: 'wiki', id: expect.not.stringMatching(before) });
    expect(hints).toEqual(['open', 'kill', 'die', 'stop', 'destroy', 'create', 'start']);
    expect(wiki().health).toBe('starting');
    await clock.run(2_000);
    expect(wiki().health).toBe('healthy');
    const first = wiki().id;
    const again = control.redeployService(first);
    await clock.run(1_000);
    await again;
    expect(new Set([before, first, wiki().id]).size).toBe(3);
  });

  it('makes the container anew that was removed, and no second one', async () => {
    engine.world.add({ name: 'wiki', labels });
    const before = wiki().id;
    const declared = { node: 'vps', stack: 'wiki', service: 'wiki' };
    await expect(control.createService(declared)).rejects.toMatchObject({ code: 'container_present' });
    engine.world.remove(wiki());
    const created = control.createService(declared);
    await clock.run(1_000);
    expect(await created).toEqual(['Creating wiki ... done']);
    expect(wiki()).toMatchObject({ status: 'running', id: expect.not.stringMatching(before) });
    engine.world.remove(wiki());
    const second = control.createService(declared);
    await clock.run(100);
    engine.world.add({ name: 'wiki', labels });
    const refused = expect(second).rejects.toMatchObject({ code: 'container_present' });
    await clock.run(1_000);
    await refused;
    expect(engine.world.all().filter(({ name }) => name === 'wiki')).toHaveLength(1);
    await expect(control.createService({ ...declared, service: 'never' })).rejects.toMatchObject({ code: 'compose_files_missing' });
  });

  it('does not mend a program that is broken, and is not possible without Compose', async () => {
    engine.world.add({ name: 'wiki', labels, restartPolicy: 'always' });
    engine.world.setFault(wiki(), 'flap');
    const redeployed = control.redeployService(wiki().id);
    await clock.run(5_000);
    await redeployed;
    expect(wiki().restartCount).toBeGreaterThan(0);
    await expect(control.redeployService(web().id)).rejects.toMatchObject({ code: 'not_compose' });
  });
});

it('tells nothing to a watch that was stopped', async () => {
  const heard: string[] = [];
  const stop = watch.watchEngine({ onOpen: () => undefined, onHint: ({ action }) => heard.push(action), onClosed: () => heard.push('closed') });
  await settlePromises();
  stop();
  engine.world.kill(web(), 9);
  await settlePromises();
  engine.powerOff();
  await settlePromises();
  expect(heard).toEqual([]);
  expect(hints).toEqual(['open', 'kill', 'die']);
});

it('diagnoses without secrets, and refuses a health check that is not there', async () => {
  const { inspect, log } = await control.collectDiagnostics(web().id);
  expect(JSON.stringify({ inspect, log })).not.toContain('hunter22');
  await expect(control.runHealthcheck(web().id)).rejects.toMatchObject({ code: 'no_healthcheck' });
  engine.danglingImages.push({ bytes: 40, createdMs: 0 }, { bytes: 2, createdMs: 0 });
  expect(await watch.reclaimableBytes()).toBe(42);
});
