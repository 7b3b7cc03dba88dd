/** A reducer as an xstate actor: `reduce(state, event) → {state, commands}`. */
import { type ActorLogic, type EventObject, fromTransition, type TransitionSnapshot } from 'xstate';

export interface Reduction<S, C> {
  readonly state: S;
  readonly commands: readonly C[];
}
export type Reduce<S, E, C> = (state: S, event: E) => Reduction<S, C>;

/**
 * The logic whose snapshot context is the last reduction. run-actor drains `commands` after each event.
 * xstate tells a logic that it is being stopped by an event of its own (`xstate.stop`): that is not the reducer's.
 */
export function reducerLogic<S, E extends EventObject, C>(reduce: Reduce<S, E, C>, initial: S): ActorLogic<TransitionSnapshot<Reduction<S, C>>, E, unknown> {
  return fromTransition(
    (previous: Reduction<S, C>, event: E) => (event.type.startsWith('xstate.') ? { state: previous.state, commands: [] } : reduce(previous.state, event)),
    { state: initial, commands: [] },
  ) as ActorLogic<TransitionSnapshot<Reduction<S, C>>, E, unknown>;
}
