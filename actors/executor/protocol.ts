/** What passes between the desk, one execution and the outside: events, commands, and the work that is done for an execution. */
import type { ClaimRequest, Outcome, OutcomeRequest } from '../../contracts/action.ts';
import type { EventDraft } from '../../contracts/event.ts';
import type { Acted, ClaimRecord } from './claims.ts';
import type { CleanupPlan } from './cleanup.ts';
import type { EffectName } from './handlers/handler.ts';
import type { Declaration } from './ports.ts';
import type { ActionView, DesiredView, HealthView } from './view.ts';

/** Done for the executor by actor.ts, in order. A request may be lost: whoever asks repeats it. */
export type Command =
  | { readonly type: 'request'; readonly state: 'running'; readonly payload: ClaimRequest }
  | { readonly type: 'request'; readonly state: 'completed' | 'failed'; readonly payload: OutcomeRequest }
  | { readonly type: 'announce'; readonly draft: EventDraft }
  /** For the log: something that heals by itself, or that a person must look at. */
  | { readonly type: 'complain'; readonly id: string; readonly detail: string };

/** What the mode of the actor is made of: asking for the grant, doing it, or telling how it ended. */
export type Phase = 'claiming' | 'working' | 'reporting';

/** From an execution to its desk. */
export type Said =
  | { readonly type: 'execution.say'; readonly commands: readonly Command[] }
  | { readonly type: 'execution.phase'; readonly id: string; readonly phase: Phase };

/** From the desk to an execution. */
export type Heard =
  /** null: the document is deleted. */
  | { readonly type: 'document'; readonly now: number; readonly view: ActionView | null }
  | { readonly type: 'health'; readonly now: number; readonly service: string; readonly health: HealthView | null }
  | { readonly type: 'desired'; readonly now: number; readonly desired: DesiredView | null }
  /** Connected again: what was asked for may be asked again at once. */
  | { readonly type: 'synced'; readonly now: number };

export interface ExecutionInput {
  readonly now: number;
  readonly action: ActionView;
  /** What the journal remembers of this execution; null = it is new. */
  readonly record: ClaimRecord | null;
  /** What is known of this node: null = nothing is desired there. */
  readonly desired: DesiredView | null;
  /** Newest health of the services of this node. */
  readonly health: Healths;
  /** When this action was begun last, in an earlier attempt; null = never, as far as the journal remembers. */
  readonly lastBegunAtMs: number | null;
  /** How long a container has to be up before its health counts. */
  readonly settledAfterMs: number;
}

/** By service; absent = no container. */
export type Healths = Readonly<Record<string, HealthView>>;

export interface ExecutionEnd {
  readonly id: string;
  /** null: no claim was written down. */
  readonly record: ClaimRecord | null;
  /** Why it ended: the code of its outcome, the status that ended the action, or `superseded`, `granted_to_another`, `withdrawn`. */
  readonly reason: string;
}

export interface Target {
  readonly id: string;
  readonly startedAtMs: number | null;
}

/** Work of an execution. Every answer carries `at`, epoch milliseconds, because the machine has no clock. */
export interface Work {
  readonly writeClaim: {
    readonly input: { readonly id: string; readonly attempt: number; readonly lastBegunAtMs: number | null };
    readonly output: { readonly at: number; readonly nonce: string };
  };
  readonly findTarget: { readonly input: { readonly service: string }; readonly output: { readonly at: number; readonly target: Target | null } };
  readonly writeBegun: {
    /** `dependent`: null = the action's own service, or its node. */
    readonly input: { readonly nonce: string; readonly dependent: string | null };
    readonly output: { readonly at: number };
  };
  /** Does it, and writes down that it is done. */
  readonly doEffect: { readonly input: EffectInput; readonly output: { readonly at: number; readonly acted: Acted } };
  readonly writeOutcome: {
    readonly input: { readonly nonce: string; readonly outcome: Outcome };
    readonly output: { readonly at: number; readonly outcome: Outcome };
  };
  /** The time, after waiting. */
  readonly readClock: { readonly input: undefined; readonly output: { readonly at: number } };
  readonly writeSettled: { readonly input: { readonly nonce: string }; readonly output: { readonly at: number } };
}

export interface EffectInput {
  readonly effect: EffectName;
  readonly nonce: string;
  readonly id: string;
  readonly attempt: number;
  readonly dependent: string | null;
  /** The service and its container, null where it has none; null = the effect is on the node. */
  readonly on: { readonly service: string; readonly target: Target | null } | null;
  /** What its container may be made from where it has none; null = nothing. */
  readonly declaration: Declaration | null;
  /** What a clean-up may remove; null = it may remove nothing. */
  readonly cleanup: CleanupPlan | null;
}
