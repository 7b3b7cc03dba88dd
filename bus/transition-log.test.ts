import { pino } from 'pino';
import { expect, it } from 'vitest';
import { assign, createActor, setup } from 'xstate';
import { transitionLog } from './transition-log.ts';

const child = setup({}).createMachine({ initial: 'waiting', states: { waiting: { on: { go: 'done' } }, done: { type: 'final' } } });
const parent = setup({ actors: { child }, types: { context: {} as { n: number } } }).createMachine({
  context: { n: 0 },
  initial: 'idle',
  states: {
    idle: { on: { start: 'busy', count: { actions: assign({ n: ({ context }) => context.n + 1 }) } } },
    busy: {
      invoke: { id: 'work', src: 'child', onDone: 'idle' },
      on: { go: { actions: ({ self }) => self.getSnapshot().children.work?.send({ type: 'go' }) } },
    },
  },
});

it('logs each change of the mode and of the machines below, once, with the event that made it', () => {
  const lines: Record<string, unknown>[] = [];
  const log = pino({ base: null }, { write: (line: string) => lines.push(JSON.parse(line) as Record<string, unknown>) });
  const actor = createActor(parent, { inspect: transitionLog(log, (snapshot) => String((snapshot as { value: unknown }).value)) });
  actor.start();
  actor.send({ type: 'count' });
  actor.send({ type: 'start' });
  actor.send({ type: 'go' });
  const told = lines.map(({ msg, machine, from, to, event }) => [msg, machine ?? null, from ?? null, to, event]);
  expect(told).toEqual([
    ['mode', null, null, 'idle', 'xstate.init'],
    ['transition', 'work', null, 'waiting', 'xstate.init'],
    ['mode', null, 'idle', 'busy', 'start'],
    ['transition', 'work', 'waiting', 'done', 'go'],
    ['mode', null, 'busy', 'idle', 'xstate.done.actor.work'],
  ]);
});
