/**
 * The first of the two presses that approve what one tap may not: which counts, and how long. Pure.
 *
 * It decides nothing. The second button is for what the first named, by id, attempt and digest, until the minute is over, that becomes
 * something else, or somebody presses first anew. Whether the second is the same person's is seen where the person is known: in Home
 * Assistant, by the template of that button (inbox-entities.ts).
 */
import type { Action } from '../../contracts/action.ts';
import type { HomeAssistantTap } from '../../contracts/home-assistant.ts';
import type { FirstPress } from './state.ts';

/** As long as in Telegram and on a phone: time to read what it will do, too short to come back to. */
export const confirmWithinMs = 60_000;

export const meansSame = (action: Action, named: Pick<FirstPress, 'id' | 'attempt' | 'digest'>): boolean =>
  action.id === named.id && action.attempt === named.attempt && action.digest === named.digest;

/** null: it names nobody, as an automation's does, or nothing that waits. */
export function firstPress(tap: HomeAssistantTap, waiting: Iterable<Action>, now: number): FirstPress | null {
  const { id, attempt, digest, at, on_behalf_of: by } = tap;
  if (by === undefined || ![...waiting].some((each) => meansSame(each, tap))) return null;
  return { id, attempt, digest, by, at, untilMs: now + confirmWithinMs };
}

/** null: its time is over, or what it named waits no more. */
export const stillPressed = (pressed: FirstPress | null, waiting: readonly Action[], now: number): FirstPress | null =>
  pressed !== null && now < pressed.untilMs && waiting.some((each) => meansSame(each, pressed)) ? pressed : null;
