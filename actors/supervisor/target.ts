/** One desired service with what concerns it, and what has been asked for it. Types and pure functions. */
import { type Action, actionId } from '../../contracts/action.ts';
import type { DesiredNode, DesiredService } from '../../contracts/desired.ts';
import type { Incident } from '../../contracts/incident.ts';
import type { Knowledge } from './knowledge.ts';
import type { Verdict } from './verdict.ts';

export interface Target {
  readonly knowledge: Knowledge;
  readonly node: DesiredNode;
  readonly service: DesiredService;
  /** Active ones of this service. */
  readonly incidents: readonly Incident[];
  /** A repair of it that is approved or runs. */
  readonly underWay: Action | undefined;
  /** The open restart of something it needs, in which it is named. */
  readonly causeFirst: Action | undefined;
}

/** The past of this service under an id. An action of the same id for another target, or a notice in its place, is not. */
export function past({ knowledge, node, service }: Target, id: string): readonly Action[] {
  const action = knowledge.actions.get(id);
  const isMeant = action?.node === node.node && action.service === service.name && isNamedAfterItsType(action);
  return isMeant ? [action] : [];
}

/** In shadow mode a notice stands under the id of the restart (judge-home-assistant.ts). */
const isNamedAfterItsType = ({ id, type, node, service }: Action): boolean => id === actionId({ type, node, service });

/** What an open action waits for. */
export const waitsOrRuns = ({ id, status }: Action, said: (state: string) => string): Pick<Verdict, 'code' | 'why' | 'actionId'> =>
  status === 'pending'
    ? { code: 'waiting', why: said('waits for a person'), actionId: id }
    : { code: 'under_way', why: said(`${id} is ${status}`), actionId: id };
