/** Runs checks side by side, each with a deadline of its own: a hung engine, broker or disk costs its own line and nothing else. */
import { type Clock, DeadlineError, withDeadline } from '../../bus/clock.ts';
import { type Finding, findingsOf, messageOf } from './finding.ts';

export interface Check {
  readonly name: string;
  /** Longer than the deadlines inside it, where it has some. */
  readonly deadlineMs: number;
  run(): Promise<readonly Finding[]>;
}

/** In the order of the checks, whichever ends first. Never rejects. */
export async function runChecks(checks: readonly Check[], clock: Clock): Promise<readonly Finding[]> {
  const groups = await Promise.all(checks.map((check) => runOne(check, clock)));
  return groups.flat();
}

async function runOne(check: Check, clock: Clock): Promise<readonly Finding[]> {
  const { name, deadlineMs } = check;
  try {
    // Started inside, so that a check that throws at once is caught too.
    return await withDeadline(
      clock,
      deadlineMs,
      name,
      Promise.resolve().then(() => check.run()),
    );
  } catch (error) {
    if (error instanceof DeadlineError) {
      return [
        findingsOf(name).error(`no answer within ${deadlineMs / 1000} s`, 'whatever was asked hangs; the other checks went on', 'homelab doctor   # again'),
      ];
    }
    return [findingsOf(name).error(`the check failed: ${messageOf(error)}`, 'nothing is known about this', 'homelab doctor --json   # report what it says')];
  }
}
