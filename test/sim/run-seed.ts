/**
 * One simulation: sites come up, a storm goes over each, every fault is healed, people do their part, and within ten virtual minutes all
 * is well and said to be (what flapped: once it was quiet for long enough). Then the ledgers connect anew, and all of it must still be so.
 * The same seed always runs the same way. The first breach of a rule ends it.
 */
import { flapQuietMs } from '../../contracts/defaults.ts';
import { Random } from '../kit/random.ts';
import { StepClock } from '../kit/step-clock.ts';
import { Homelab, hasSecondSite } from './homelab.ts';
import { unmountAll } from './mount-disk.ts';
import type { Breach, Rule } from './rules.ts';
import { Trace } from './trace.ts';

const minuteMs = 60_000;
const calmMs = 20_000;
/** Long enough for some repairs from trouble to outcome, short enough for hundreds of seeds in CI. */
const stormMs = 9 * minuteMs;
/** From the last fault healed to a site on which all is well. */
const convergesWithinMs = 10 * minuteMs;
/** What flapped last changed within those ten minutes, and is quiet ten minutes later: 21 in all. */
const settlesWithinMs = convergesWithinMs + flapQuietMs + minuteMs;
/** Nobody looks before: what was seen in the storm may become an alarm two rounds of a stability-agent and its patience of two minutes later. */
const lateNewsMs = 4 * minuteMs;
const lookEveryMs = 20_000;
/** What agrees must go on agreeing: more than a grace, and than it takes to connect. */
const staysMs = 30_000;
/** What ends at this very moment is heard of everywhere a moment later. */
const underWayMs = 1_000;
const sliceMs = 1_000;

export interface Report {
  readonly seed: number;
  /** null: every rule held. */
  readonly breach: { readonly rule: Rule; readonly detail: string } | null;
  /** Of the whole trace: equal digests, equal runs. */
  readonly digest: string;
  /** The last steps, oldest first. */
  readonly tail: readonly string[];
  readonly steps: number;
  readonly messages: number;
  readonly virtualMs: number;
  /** From healing to agreement; null where it was not reached. */
  readonly convergedAfterMs: number | null;
}

export interface RunOptions {
  readonly isVerbose?: boolean;
  readonly tailLines?: number;
  /** How long faults go on, virtual milliseconds. */
  readonly stormMs?: number;
  /** Before the storm: a cut that is longer than an approval is valid (long-cut.ts). Two sites. */
  readonly hasLongCut?: boolean;
}

export async function runSeed(seed: number, options: RunOptions = {}): Promise<Report> {
  const random = new Random(seed);
  const clock = new StepClock();
  const startMs = clock.now();
  const isVerbose = options.isVerbose ?? false;
  const durationMs = options.stormMs ?? stormMs;
  const trace = new Trace(() => clock.now(), { isVerbose });
  let breach: Report['breach'] = null;
  const onBreach: Breach = (rule, detail) => {
    if (breach !== null) return;
    breach = { rule, detail };
    trace.say('ORACLE', `${rule}: ${detail}`);
  };
  const isOver = (): boolean => breach !== null;
  const homelab = new Homelab({
    ...{ clock, random, trace, breach: onBreach, logLevel: isVerbose ? 'info' : 'error', stormMs: durationMs },
    isOfTwo: hasSecondSite(seed),
  });
  let convergedAfterMs: number | null = null;
  try {
    homelab.start();
    await runFor(clock, calmMs, isOver);
    if (options.hasLongCut === true)
      await homelab.longCut(async (ms) => {
        await runFor(clock, ms, isOver);
        return !isOver();
      });
    homelab.storm();
    await runFor(clock, durationMs, isOver);
    homelab.heal();
    convergedAfterMs = await converge({ clock, homelab, isOver, onBreach });
    const stored = isOver() ? [] : homelab.storeDifferences();
    if (stored.length > 0) onBreach('stores-agree', stored.join('; '));
  } finally {
    homelab.close();
    await clock.run(0);
    unmountAll();
  }
  const { steps, messages } = homelab;
  return { seed, breach, digest: trace.digest, tail: trace.tail(options.tailLines ?? 60), steps, messages, virtualMs: clock.now() - startMs, convergedAfterMs };
}

interface Course {
  readonly clock: StepClock;
  readonly homelab: Homelab;
  readonly isOver: () => boolean;
  readonly onBreach: Breach;
}

/** How long it took until all was well, and went on so; null where it was not in time. */
async function converge({ clock, homelab, isOver, onBreach }: Course): Promise<number | null> {
  const healedMs = clock.now();
  await runFor(clock, lateNewsMs, isOver);
  while (!isOver()) {
    await runFor(clock, lookEveryMs, isOver);
    const tookMs = clock.now() - healedMs;
    let { wrong, settling } = homelab.differences();
    if (wrong.length === 0 && settling.length === 0) {
      homelab.reconnectLedgers();
      await runFor(clock, staysMs, isOver);
      const after = homelab.differences();
      if (after.unheard.length > 0) onBreach('converges', `the ledger has connected anew, and ${after.unheard.join('; ')}`);
      ({ wrong, settling } = after);
      if (wrong.length === 0 && settling.length === 0) return tookMs;
    }
    if (tookMs < (wrong.length > 0 ? convergesWithinMs : settlesWithinMs)) continue;
    await runFor(clock, underWayMs, isOver);
    const still = homelab.differences();
    if (still.wrong.length > 0 || (still.settling.length > 0 && tookMs >= settlesWithinMs))
      onBreach('converges', [...still.wrong, ...still.settling].join('; '));
  }
  return null;
}

async function runFor(clock: StepClock, ms: number, isOver: () => boolean): Promise<void> {
  for (let left = ms; left > 0 && !isOver(); left -= sliceMs) await clock.run(Math.min(sliceMs, left));
}
