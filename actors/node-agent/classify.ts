/**
 * What one container's facts mean: status and reason, as a pure function of what the engine says, what was seen
 * happening to the container, and what was known before.
 *
 * Facts (inspect) say what is; hints (events) say why it ended, because the engine does not keep that: an exit code of
 * 137 may be a person, the OOM killer or a crash. Event orders were measured on engine 20.10 (docs/decisions):
 *
 *   docker stop         kill 15 [kill 9] die stop          API kill            kill 9, die (no stop)
 *   docker restart      kill die stop start restart        crash, host kill    die (no kill)
 *   OOM of PID 1        oom die                            OOM of a child      oom, and the container runs on
 */

import { settledAfterMs } from '../../contracts/defaults.ts';
import type { ServiceReason, ServiceStatus } from '../../contracts/health.ts';
import type { ContainerFacts, EngineHint } from './ports.ts';

/** `stop` follows `die` within milliseconds; a loaded small machine gets 250 ms before a killed container is said to be down. */
const stopAwaitedMs = 250;

/** `docker restart` starts 0.1–0.2 s after its `stop` (measured, bridge network); five times that is not yet worth a word. */
const restartAwaitedMs = 1_000;

/** Removing takes well below a second, and several on a slow disk. */
const removalAwaitedMs = 5_000;

/** A kill longer before the death than this did not cause it (a HUP to reload). Docker's own stop time-out is 10 s; few set more than 30 s. */
const killLeadsToDeathMs = 30_000;

/** The engine says `oom` just before the `die` it causes; an older one killed only a child. */
const oomLeadsToDeathMs = 5_000;

/** A restarted engine stops the survivors of its predecessor with the same events as `docker stop`, while it starts. */
const engineReturnMs = 30_000;

/** An engine told to end gives its containers 15 s to stop before it closes its socket (dockerd --shutdown-timeout). */
export const engineShutdownMs = 15_000;

/** How far before a death the engine's memory is searched for its cause. */
const recallBeforeMs = 60_000;

/** A hint, and when it reached us (our clock, for waiting; `atMs` is the engine's, for order). */
export interface SeenHint extends EngineHint {
  readonly seenAtMs: number;
}

/** A time without an engine. A hung engine is none: its containers are not touched. */
export interface Outage {
  readonly fromMs: number;
  /** null: still going on. */
  readonly toMs: number | null;
  /** No container was left running when it began: the engine was told to end, and stopped them all first. */
  readonly nothingRan: boolean;
}

export interface Verdict {
  readonly status: ServiceStatus;
  readonly reason: ServiceReason;
}

export interface Sighting {
  readonly facts: ContainerFacts;
  readonly hints: readonly SeenHint[];
  /** What was said of this very death before, by us or by an earlier life of ours. */
  readonly known: Verdict | null;
  readonly outages: readonly Outage[];
  /** The engine's own memory of this death was asked for. */
  readonly recalled: boolean;
  readonly now: number;
}

export type Judgement =
  /** `reviewAtMs`: it will be something else then, without anything happening. */
  | { readonly kind: 'said'; readonly verdict: Verdict; readonly reviewAtMs: number | null }
  /** More is about to be known. */
  | { readonly kind: 'wait'; readonly untilMs: number }
  /** Nobody saw it die: ask the engine what it remembers. */
  | { readonly kind: 'recall'; readonly sinceMs: number };

const say = (status: ServiceStatus, reason: ServiceReason, reviewAtMs: number | null = null): Judgement => ({
  kind: 'said',
  verdict: { status, reason },
  reviewAtMs,
});

export function classify(sighting: Sighting): Judgement {
  switch (sighting.facts.status) {
    case 'running':
      return running(sighting);
    case 'paused':
      return say('stopped', 'paused'); // only a person pauses; nothing to repair
    case 'restarting':
      return say('down', 'restarting'); // the engine says Running=true as well: the word is what counts
    case 'removing':
      return removing(sighting);
    case 'exited':
      return death(sighting);
    default:
      return say('down', 'start_failed'); // dead: the engine could not clean up after it
  }
}

function running({ facts, now }: Sighting): Judgement {
  if (facts.health === 'healthy') return say('healthy', 'running');
  if (facts.health === 'unhealthy') return say('unhealthy', 'health_check_failed');
  if (facts.health === 'starting') return say('starting', 'health_check_starting');
  // A start that seems to lie in the future is a clock that was set back: it settles from now.
  const settledAtMs = Math.min(epoch(facts.startedAt), now) + settledAfterMs;
  return settledAtMs > now ? say('starting', 'settling', settledAtMs) : say('healthy', 'running');
}

/** `docker rm -f` kills first: that is no trouble, and the removal follows. One that gets stuck is said after all. */
function removing({ hints, now }: Sighting): Judgement {
  return until((hints.at(-1)?.seenAtMs ?? 0) + removalAwaitedMs, now) ?? say('stopped', 'removed');
}

function death(sighting: Sighting): Judgement {
  const { facts, known, outages, recalled, now } = sighting;
  if (facts.error !== '') return say('down', 'start_failed');
  const life = sighting.hints.filter((hint) => hint.atMs >= epoch(facts.startedAt));
  const last = (action: string): SeenHint | undefined => life.findLast((hint) => hint.action === action);
  const [kill, die, stop] = [last('kill'), last('die'), last('stop')];
  const diedAtMs = die?.atMs ?? epoch(facts.finishedAt);
  if (known?.reason === 'engine_restart' || outages.some((outage) => engineEnded(outage, diedAtMs, kill !== undefined))) return say('down', 'engine_restart');
  if (stop !== undefined) return until(stop.seenAtMs + restartAwaitedMs, now) ?? say('stopped', 'stopped_by_person');
  if (die !== undefined) {
    const waiting = kill === undefined ? null : until(die.seenAtMs + stopAwaitedMs, now);
    if (waiting !== null) return waiting;
    if (kill !== undefined && die.atMs - kill.atMs <= killLeadsToDeathMs) return say('down', 'killed');
    const oom = last('oom');
    if (facts.oomKilled || (oom !== undefined && Math.abs(die.atMs - oom.atMs) <= oomLeadsToDeathMs)) return say('down', 'oom_killed');
    return isJobDone(facts) ? say('stopped', 'completed') : say('down', 'crashed');
  }
  if (known !== null) return say(known.status, known.reason);
  if (!recalled) return { kind: 'recall', sinceMs: Math.max(0, epoch(facts.finishedAt) - recallBeforeMs) };
  return unseenDeath(facts);
}

/**
 * Nobody saw it and the engine has forgotten. 137 is most often a kill that nobody meant to last; 143 and 0 are what a
 * program does that was asked to end. With a policy that restarts, an end by itself would have been followed by a start,
 * so a quiet end was asked for.
 */
function unseenDeath(facts: ContainerFacts): Judgement {
  if (facts.oomKilled) return say('down', 'oom_killed');
  if (isJobDone(facts)) return say('stopped', 'completed');
  if (facts.exitCode === 0 || facts.exitCode === 143) return say('stopped', 'stopped_by_person');
  return say('down', facts.exitCode === 137 ? 'killed' : 'crashed');
}

const isJobDone = (facts: ContainerFacts): boolean => facts.exitCode === 0 && (facts.restartPolicy === 'no' || facts.restartPolicy === 'on-failure');

function engineEnded(outage: Outage, diedAtMs: number, killed: boolean): boolean {
  if (diedAtMs < outage.fromMs) return killed && outage.nothingRan && diedAtMs >= outage.fromMs - engineShutdownMs;
  if (outage.toMs === null || diedAtMs <= outage.toMs) return true;
  return killed && diedAtMs <= outage.toMs + engineReturnMs;
}

const until = (untilMs: number, now: number): Judgement | null => (untilMs > now ? { kind: 'wait', untilMs } : null);

/** ISO 8601 → milliseconds; 0 for never. */
const epoch = (iso: string | null): number => (iso === null ? 0 : Date.parse(iso));
