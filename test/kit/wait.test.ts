import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { waitFor } from './wait.ts';

describe('waiting', () => {
  it('returns what the condition returned, as soon as the emitter speaks', async () => {
    const emitter = new EventEmitter();
    let value: string | null = null;
    const waiting = waitFor('a value', () => value, { emitter });
    value = 'here';
    emitter.emit('change');
    expect(await waiting).toBe('here');
    expect(emitter.listenerCount('change')).toBe(0);
  });

  it('says what was awaited and how things stood when the deadline passes', async () => {
    await expect(waitFor('the moon', () => false, { deadlineMs: 20, state: () => ({ seen: 3 }) })).rejects.toThrow(
      /20 ms for the moon; last state: { seen: 3 }/,
    );
  });

  it('takes a condition that throws as not yet, and shows what it threw last', async () => {
    const failing = (): boolean => {
      throw new Error('no such document');
    };
    await expect(waitFor('a document', failing, { deadlineMs: 20 })).rejects.toThrow(/no such document/);
  });
});
