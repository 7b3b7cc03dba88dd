/**
 * Requests that arrive while the first of them is still being written to the disk: in every order one of them wins, and nobody is told of
 * anything, by document or reply, that is not in the journal yet. Through the real actor and a real file.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Delivery } from '../../bus/actor.ts';
import { topics } from '../../contracts/topics.ts';
import { type FakeIo, FakeLife, fakeIo } from '../../test/kit/fake-io.ts';
import { desiredNode, nonce } from '../../test/kit/ledger-desk.ts';
import { StepClock } from '../../test/kit/step-clock.ts';
import { createLedgerModule } from './actor.ts';

const id = 'container-restart-vps-web';

interface Asked {
  readonly login: string;
  readonly state: string;
  readonly payload: object;
}
const yes = (login: string): Asked => ({ login, state: 'approved', payload: { id } });
const no = (login: string): Asked => ({ login, state: 'rejected', payload: { id } });
const takeBack: Asked = { login: 'anna', state: 'cancelled', payload: { id } };
const recovered: Asked = { login: 'supervisor-vps', state: 'cancelled', payload: { id, reason: 'recovered' } };
const claim = (by: string): Asked => ({ login: 'executor-vps', state: 'running', payload: { id, attempt: 1, nonce: by } });

let dataDir: string;
let io: FakeIo;
let life: FakeLife;

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'homelab-races-'));
  await live();
  life.hearDocument(topics.desired, { node: 'vps' }, desiredNode({ node: 'vps' }));
  life.synced();
  hear({ login: 'supervisor-vps', state: 'pending', payload: { type: 'container_restart', node: 'vps', service: 'web' } });
  await life.idle();
});
afterEach(async () => {
  await die();
  rmSync(dataDir, { recursive: true, force: true });
});

async function live(): Promise<void> {
  io = fakeIo({ actor: 'ledger', clock: new StepClock(), dataDir });
  life = await FakeLife.start(createLedgerModule({ anonymousAllowed: () => false }), io);
}

async function die(): Promise<void> {
  await life.stop();
  await life.blueprint.farewell?.();
}

function hear({ login: requester, state, payload }: Asked): void {
  const levels = { state, requester };
  const topic = topics.request.build(levels);
  life.hear({ kind: 'message', name: 'request', topic, levels, text: JSON.stringify(payload), payload: null, retained: false, at: io.clock.now() } as Delivery);
}

/** States that the journal has, oldest first. */
function onDisk(): readonly string[] {
  const file = join(dataDir, 'journal.jsonl');
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => (JSON.parse(line) as { readonly action: { readonly state: string } }).action.state);
}

const shown = (): string => String(io.held.get(`world/actions/vps/${id}`)?.['status']);
interface Answer {
  readonly ok: boolean;
  readonly code: string;
  readonly summary: string;
}
const answers = (): readonly Answer[] => io.sent.filter(({ topic }) => topic.startsWith('replies/')).map(({ payload }) => payload as Answer);

/** All at once; at every turn of the event loop nothing is known that is not on disk. */
async function race(asked: readonly Asked[]): Promise<{ readonly states: readonly string[]; readonly won: readonly string[] }> {
  const before = answers().length;
  const stood = onDisk().length;
  for (const each of asked) hear(each);
  expect(shown()).toBe(onDisk().at(-1));
  for (let turns = 0; answers().length < before + asked.length; turns += 1) {
    if (turns > 10_000) throw new Error(`only ${answers().length - before} of ${asked.length} were answered`);
    await new Promise((resolve) => setImmediate(resolve));
    const disk = onDisk();
    expect(disk).toContain(shown());
    const told = answers().slice(before);
    for (const { ok, code } of told) if (ok && code !== 'unchanged') expect(disk).toContain(code);
  }
  await life.idle();
  return {
    states: onDisk().slice(stood),
    won: answers()
      .slice(before)
      .flatMap(({ ok, code }) => (ok && code !== 'unchanged' ? code : [])),
  };
}

function orders<T>(of: readonly T[]): readonly (readonly T[])[] {
  if (of.length <= 1) return [of];
  return of.flatMap((first, at) => orders([...of.slice(0, at), ...of.slice(at + 1)]).map((rest) => [first, ...rest]));
}
const named = (asked: readonly Asked[]) => orders(asked).map((order) => [order.map(({ login, state }) => `${login} ${state}`).join(', '), order] as const);

describe('before the first of them is on disk', () => {
  it.each([
    ...named([yes('anna'), yes('ben')]),
    ...named([yes('anna'), no('ben')]),
    ...named([yes('anna'), recovered]),
    ...named([yes('anna'), yes('ben'), recovered]),
    ...named([yes('anna'), no('ben'), recovered]),
  ])('one wins, the others learn it: %s', async (_names, order) => {
    const { states, won } = await race(order);
    expect([states, won]).toEqual([[order[0]?.state], [order[0]?.state]]);
    expect(shown()).toBe(order[0]?.state);
  });

  it.each(named([yes('ben'), takeBack]))('a person takes back what is agreed, or what was only asked for: %s', async (_names, order) => {
    const { states } = await race(order);
    expect(states).toEqual(order[0] === takeBack ? ['cancelled'] : ['approved', 'cancelled']);
    expect(shown()).toBe('cancelled');
  });

  it('the same yes twice, as a broker delivers it again, is one', async () => {
    expect(await race([yes('anna'), yes('anna')])).toEqual({ states: ['approved'], won: ['approved'] });
  });

  it('a yes and the claim that follows it at once are in this order on disk', async () => {
    expect((await race([yes('anna'), claim(nonce)])).states).toEqual(['approved', 'running']);
  });

  it('a claim before the yes has no right, whatever comes after', async () => {
    expect((await race([claim(nonce), yes('anna')])).states).toEqual(['approved']);
  });
});

describe('once it is approved', () => {
  beforeEach(async () => {
    await race([yes('anna')]);
  });

  it.each([
    [nonce, 'fedcba9876543210'],
    ['fedcba9876543210', nonce],
  ])('of two claims the first is granted: %s, %s', async (first, second) => {
    expect((await race([claim(first), claim(second)])).states).toEqual(['running']);
    expect(io.held.get(`world/actions/vps/${id}`)).toMatchObject({ claim: { nonce: first } });
  });

  it.each(named([claim(nonce), takeBack]))('a claim and a taking back: the first counts: %s', async (_names, order) => {
    expect((await race(order)).states).toEqual([order[0]?.state]);
  });

  it('a program that says it has recovered takes nothing back from those who agreed', async () => {
    expect((await race([recovered, claim(nonce)])).states).toEqual(['running']);
  });
});

it('a ledger that dies with answers under way goes on from what is on disk', async () => {
  for (const each of [yes('anna'), no('ben'), recovered]) hear(each);
  await die();
  const disk = onDisk().at(-1);
  await live();
  life.hearDocument(topics.desired, { node: 'vps' }, desiredNode({ node: 'vps' }));
  life.synced();
  await life.idle();
  expect(shown()).toBe(disk);
  expect(await race([no('ben')])).toEqual(disk === 'pending' ? { states: ['rejected'], won: ['rejected'] } : { states: [], won: [] });
});
