/** One execution alone, with a parent that only listens and work that answers when the test says so. */

import { beforeEach, describe, expect, it } from 'vitest';
import { createActor, fromPromise, fromTransition } from 'xstate';
import { StepClock, settlePromises } from '../../test/kit/step-clock.ts';
import type { ClaimRecord } from './claims.ts';
import { executionMachine } from './machine.ts';
import { ControlError } from './ports.ts';
import type { Heard, Said, Work } from './protocol.ts';
import type { ActionView } from './view.ts';

type Answers = { -readonly [K in keyof Work]: (input: Work[K]['input']) => Promise<Work[K]['output']> };

const clock = new StepClock(1_000_000);
const never = () => new Promise<never>(() => undefined);
const nonce = 'nonce-0001';

let answers: Answers;
let done: string[];
let saved: (() => void)[];

beforeEach(() => {
  done = [];
  saved = [];
  const at = () => clock.now();
  answers = {
    writeClaim: () => Promise.resolve({ at: at(), nonce }),
    findTarget: () => Promise.resolve({ at: at(), target: { id: 'c1', startedAtMs: 1_000 } }),
    writeBegun: () => Promise.resolve({ at: at() }),
    doEffect: () => Promise.resolve({ at: at(), acted: acted() }),
    writeOutcome: ({ outcome }) => Promise.resolve({ at: at(), outcome }),
    writeSettled: () => Promise.resolve({ at: at() }),
    readClock: () => Promise.resolve({ at: at() }),
  };
});

const view = (changes: Partial<ActionView> = {}): ActionView => ({
  id: 'container-restart-vps-web',
  attempt: 1,
  status: 'approved',
  type: 'container_restart',
  service: 'web',
  verifyWindowMs: 120_000,
  nonce: null,
  leaseUntilMs: null,
  dependents: [],
  listedContainers: [],
  paramsProblem: null,
  lastCompletedAtMs: null,
  ...changes,
});
const granted = (changes: Partial<ActionView> = {}) => view({ status: 'running', nonce, leaseUntilMs: clock.now() + 400_000, ...changes });
const remembered = (changes: Partial<ClaimRecord> = {}): ClaimRecord => ({
  id: view().id,
  attempt: 1,
  nonce,
  claimedAtMs: 1,
  steps: [],
  lastBegunAtMs: null,
  outcome: null,
  settled: false,
  ...changes,
});

const begun = { service: null, begunAtMs: 2, acted: null };
const acted = () => ({ at: clock.now(), previous_start: 1_000, start: null, code: 'restarted', message: '', result: {} });
const nothingElse = { desired: null, health: {}, lastBegunAtMs: null, settledAfterMs: 10_000 };

const work = <K extends keyof Work>(name: K) =>
  fromPromise<Work[K]['output'], Work[K]['input']>(({ input }) => {
    done.push(name);
    return answers[name](input);
  });

async function begin(action: ActionView, record: ClaimRecord | null = null) {
  const said: Said[] = [];
  const parent = createActor(
    fromTransition((state: null, event: Said) => {
      said.push(event);
      return state;
    }, null),
    { clock },
  ).start();
  const machine = executionMachine.provide({
    actors: {
      writeClaim: work('writeClaim'),
      findTarget: work('findTarget'),
      writeBegun: work('writeBegun'),
      doEffect: work('doEffect'),
      writeOutcome: work('writeOutcome'),
      writeSettled: work('writeSettled'),
      readClock: work('readClock'),
    },
  });
  const actor = createActor(machine, { parent, input: { now: clock.now(), action, record, ...nothingElse } });
  actor.start();
  await settlePromises();
  const commands = () => said.flatMap((each) => (each.type === 'execution.say' ? each.commands : []));
  return {
    actor,
    hear: async (event: Heard) => {
      actor.send(event);
      await settlePromises();
    },
    document: async (seen: ActionView | null) => {
      actor.send({ type: 'document', now: clock.now(), view: seen });
      await settlePromises();
    },
    get state() {
      const { value } = actor.getSnapshot();
      return typeof value === 'string' ? value : Object.keys(value)[0];
    },
    get output() {
      return actor.getSnapshot().output;
    },
    commands,
    requests: () => commands().flatMap((command) => (command.type === 'request' ? [command.state] : [])),
    code: () => actor.getSnapshot().context.outcome?.code,
  };
}

it('goes through its life in order: claim, look, begin, effect, verify, outcome, settle', async () => {
  const run = await begin(view());
  expect(run.state).toBe('asking');
  await run.document(granted());
  expect(run.state).toBe('verifying');
  await run.hear({ type: 'health', now: clock.now(), service: 'web', health: { status: 'healthy', containerId: null, startedAtMs: clock.now() } });
  expect(run.state).toBe('verifying');
  await clock.run(10_000);
  expect(run.state).toBe('reporting');
  await run.document(granted({ status: 'completed' }));
  expect(run.state).toBe('ended');
  expect(done).toEqual(['writeClaim', 'findTarget', 'writeBegun', 'doEffect', 'writeOutcome', 'writeSettled']);
  expect(run.requests()).toEqual(['running', 'completed']);
  expect(run.output).toMatchObject({ reason: 'verified', record: { nonce, settled: true } });
});

describe('started with', () => {
  const outcome = { ok: true, code: 'verified', message: '', began_at: null, ended_at: null, result: {} };
  it.each([
    ['a claim, still approved: asks with the same nonce', view(), remembered(), 'asking', ['running'], []],
    ['a claim, granted to it: goes on', granted(), remembered(), 'verifying', [], ['findTarget', 'writeBegun', 'doEffect']],
    ['a claim, granted to another: settles', granted({ nonce: 'another-nonce' }), remembered(), 'ended', [], ['writeSettled']],
    ['a claim, the lease over: says so and does nothing', granted({ leaseUntilMs: 1 }), remembered(), 'reporting', ['failed'], ['writeOutcome']],
    ['a claim, ended: settles', view({ status: 'expired' }), remembered(), 'ended', [], ['writeSettled']],
    ['a claim, in a newer attempt: settles', granted({ attempt: 2 }), remembered(), 'ended', [], ['writeSettled']],
    ['a beginning, running: reports outcome_unknown', granted(), remembered({ steps: [begun] }), 'reporting', ['failed'], ['writeOutcome']],
    ['an effect that is done, running: goes on looking', granted(), remembered({ steps: [{ ...begun, acted: acted() }] }), 'verifying', [], []],
    [
      'an effect that is done, ended: settles',
      granted({ status: 'failed' }),
      remembered({ steps: [{ ...begun, acted: acted() }] }),
      'ended',
      [],
      ['writeSettled'],
    ],
    ['a beginning, ended by its lease: settles', granted({ status: 'failed' }), remembered({ steps: [begun] }), 'ended', [], ['writeSettled']],
    ['an outcome, running: reports it', granted(), remembered({ steps: [begun], outcome }), 'reporting', ['completed'], []],
    ['an outcome, ended: settles', granted({ status: 'completed' }), remembered({ steps: [begun], outcome }), 'ended', [], ['writeSettled']],
  ] as const)('%s', async (_, seen, record, state, requests, expected) => {
    const run = await begin(seen, record);
    expect({ state: run.state, requests: run.requests(), done }).toEqual({ state, requests, done: expected });
  });
});

describe('a write that', () => {
  it.each([
    ['fails', () => Promise.reject(new Error('no space left on device'))],
    ['hangs', never],
  ] as const)('%s keeps the claim from being sent, and is tried again while approved', async (_, answer) => {
    const healthy = answers.writeClaim;
    answers.writeClaim = answer;
    const run = await begin(view());
    await clock.run(35_000);
    expect(run.requests()).toEqual([]);
    answers.writeClaim = healthy;
    await clock.run(40_000);
    expect(run.requests()[0]).toBe('running');
    expect(run.commands().some(({ type }) => type === 'complain')).toBe(true);
  });

  it('fails for the claim of an action that is over ends the execution without a record', async () => {
    answers.writeClaim = () => Promise.reject(new Error('no space left on device'));
    const run = await begin(view());
    await run.document(view({ status: 'expired' }));
    expect(run.output).toMatchObject({ record: null, reason: 'expired' });
  });

  it.each([
    ['fails', () => Promise.reject(new Error('no space left on device'))],
    ['hangs', never],
  ] as const)('%s keeps the effect from happening, and the action ends as journal_failed', async (_, answer) => {
    answers.writeBegun = answer;
    const run = await begin(granted(), remembered());
    await clock.run(35_000);
    expect(run.code()).toBe('journal_failed');
    expect(run.requests()).toContain('failed');
    expect(done).not.toContain('doEffect');
  });

  it.each([
    ['fails', () => Promise.reject(new Error('no space left on device'))],
    ['hangs', never],
  ] as const)('%s does not keep an outcome from being reported, nor an end from being one', async (_, answer) => {
    answers.writeOutcome = answer;
    answers.writeSettled = answer;
    answers.doEffect = () => Promise.reject(new ControlError('refused', 'no'));
    const run = await begin(granted(), remembered());
    await clock.run(35_000);
    expect(run.requests()).toContain('failed');
    await run.document(granted({ status: 'failed' }));
    await clock.run(35_000);
    expect(run.state).toBe('ended');
  });
});

it.each([
  [29_999, undefined],
  [30_001, 'journal_failed'],
])('a beginning that is written down after %i ms: %s', async (ms, code) => {
  answers.writeBegun = () =>
    new Promise((resolve) => {
      clock.setTimeout(() => {
        resolve({ at: clock.now() });
      }, ms);
    });
  const run = await begin(granted(), remembered());
  await clock.run(31_000);
  expect({ code: run.code(), isBegun: done.includes('doEffect') }).toEqual({ code, isBegun: code === undefined });
});

describe('a grant that is lost while the beginning is written', () => {
  it.each([
    ['to the end of the action', granted({ status: 'failed' }), 'grant_lost'],
    ['to a newer attempt', granted({ attempt: 2 }), 'grant_lost'],
    ['to another nonce', granted({ nonce: 'another-nonce' }), 'grant_lost'],
    ['with the document', null, 'grant_lost'],
    ['to its lease', granted({ leaseUntilMs: 1 }), 'lease_expired'],
  ] as const)('%s keeps the effect from happening', async (_, seen, code) => {
    answers.writeBegun = () =>
      new Promise((resolve) => {
        saved.push(() => {
          resolve({ at: clock.now() });
        });
      });
    const run = await begin(granted(), remembered());
    expect(run.state).toBe('beginning');
    await run.document(seen);
    for (const each of saved) each();
    await settlePromises();
    expect({ done: done.includes('doEffect'), code: run.code() }).toEqual({ done: false, code });
  });
});

it.each([
  ['of an earlier attempt', view({ attempt: 1 })],
  ['from before the grant', view({ attempt: 2 })],
] as const)('an old document %s, delivered while the beginning is written, does not cost the grant', async (_, old) => {
  answers.writeBegun = () =>
    new Promise((resolve) => {
      saved.push(() => {
        resolve({ at: clock.now() });
      });
    });
  const run = await begin(granted({ attempt: 2 }), remembered({ attempt: 2 }));
  await run.document(old);
  for (const each of saved) each();
  await settlePromises();
  expect(run.state).toBe('verifying');
});

it('does not remember a health from before the effect, not even to tell of it', async () => {
  const run = await begin(view());
  await run.hear({ type: 'health', now: clock.now(), service: 'web', health: { status: 'unhealthy', containerId: null, startedAtMs: 1 } });
  await run.document(granted());
  await clock.run(120_000);
  expect(run.actor.getSnapshot().context.outcome).toMatchObject({ code: 'not_healthy_in_time', result: { last_status: null } });
});

it('says `port not injected` in its outcome when nobody gave it hands', async () => {
  const heard: Said[] = [];
  const parent = createActor(
    fromTransition((state: null, event: Said) => {
      heard.push(event);
      return state;
    }, null),
    { clock },
  ).start();
  createActor(executionMachine, { parent, input: { now: clock.now(), action: granted(), record: remembered(), ...nothingElse } }).start();
  await settlePromises();
  const failed = heard.flatMap((each) => (each.type === 'execution.say' ? each.commands : [])).find(({ type }) => type === 'request');
  expect(failed).toMatchObject({
    state: 'failed',
    payload: { outcome: { code: 'internal_error', message: expect.stringContaining('port not injected') as unknown } },
  });
});

it('does nothing more to a container once its action ended while the effect was under way, and still tells how it went', async () => {
  answers.doEffect = () =>
    new Promise((resolve) => {
      saved.push(() => {
        resolve({ at: clock.now(), acted: acted() });
      });
    });
  const run = await begin(granted(), remembered());
  await run.document(granted({ status: 'failed' }));
  expect(run.state).toBe('acting');
  for (const each of saved) each();
  await settlePromises();
  expect({ state: run.state, requests: run.requests(), effects: done.filter((name) => name === 'doEffect').length }).toEqual({
    state: 'ended',
    requests: ['failed'],
    effects: 1,
  });
});
