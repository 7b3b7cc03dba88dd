/** What the history of an action says of who spoke for it; one rule for the desk that judges proposals and for those who make them. */
import type { Action } from './action.ts';
import { actorOfLogin } from './actor-names.ts';

/** A login is one word; the line that names a person behind a front end is not (action.ts, Transition). */
export const isProgram = (by: string): boolean => !by.includes(' ') && actorOfLogin(by) !== null;

type Spoken = Pick<Action, 'proposed_by' | 'transition_history'>;

/** Who proposed the last life, and who spoke for it while it was open. */
function speakers({ proposed_by, transition_history }: Spoken): readonly string[] {
  const bornAt = transition_history.findLastIndex(({ from, to }) => to === 'pending' && from !== 'pending');
  const notes = transition_history.slice(Math.max(bornAt, 0)).filter(({ from, to }) => from === to);
  return [proposed_by, ...notes.map(({ by }) => by)];
}

/** Only then does evidence of another kind say something new. */
export const onlyProgramsSpoke = (action: Spoken): boolean => speakers(action).every(isProgram);

/** What people asked for and no program did: taken back, it says nothing of trouble that comes later. */
export const onlyPeopleSpoke = (action: Spoken): boolean => !speakers(action).some(isProgram);
