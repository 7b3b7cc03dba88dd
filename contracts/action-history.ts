/** What the history of an action says of who spoke for it; one rule for the desk that judges proposals and for those who make them. */
import type { Action } from './action.ts';
import { actorOfLogin } from './actor-names.ts';

/** A login is one word; the line that names a person behind a front end is not (action.ts, Transition). */
export const isProgram = (by: string): boolean => !by.includes(' ') && actorOfLogin(by) !== null;

/** Nobody else proposed the last life, nor spoke for it while it was open: only then does evidence of another kind say something new. */
export function onlyProgramsSpoke({ proposed_by, transition_history }: Pick<Action, 'proposed_by' | 'transition_history'>): boolean {
  const bornAt = transition_history.findLastIndex(({ from, to }) => to === 'pending' && from !== 'pending');
  const notes = transition_history.slice(Math.max(bornAt, 0)).filter(({ from, to }) => from === to);
  return [proposed_by, ...notes.map(({ by }) => by)].every(isProgram);
}
