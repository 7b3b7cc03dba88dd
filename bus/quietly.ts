/** For the end of something: what fails or hangs is logged, and does not keep the rest from ending. */
import { type Clock, withDeadline } from './clock.ts';
import type { Log } from './log.ts';

export async function quietly(at: { readonly clock: Clock; readonly log: Log }, what: string, ms: number, run: () => unknown): Promise<void> {
  try {
    await withDeadline(at.clock, ms, what, Promise.resolve(run()));
  } catch (error) {
    at.log.warn({ err: error, what }, 'while the actor ended');
  }
}
