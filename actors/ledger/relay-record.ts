/**
 * What a ledger remembers of requests between sites: at the hub those that wait for a verdict, at a site the verdicts it gave.
 * Pure, but for the map that `forgetVerdicts` is given.
 */
import { z } from 'zod';
import { NodeName, SiteName, Timestamp } from '../../contracts/common.ts';
import { approvalValidMs } from '../../contracts/defaults.ts';
import { RelayedRequest, Verdict } from '../../contracts/link.ts';
import { epochMs } from './record.ts';

export const Relay = z.object({
  to: SiteName.describe('the site that judges it'),
  node: NodeName,
  id: z.string().nullable().describe('the action that was meant; null: none yet, or maintenance'),
  what: z.string().describe('the same for a person: `restart web on chelsty-infra`'),
  requester: z.string().describe('to whom the verdict is told'),
  asked: z.string().describe('`request` of that reply'),
  relayed: RelayedRequest,
});
export type Relay = Readonly<z.infer<typeof Relay>>;

export const GivenVerdict = z.object({ at: Timestamp, verdict: Verdict });
export type GivenVerdict = Readonly<z.infer<typeof GivenVerdict>>;

/** From its stamp on a request counts for as long as an approval does: at the end of that minute it counts no more, here as there. */
export const tooOldMs = ({ received_at }: Pick<RelayedRequest, 'received_at'>): number => epochMs(received_at) + approvalValidMs;

/** Clocks further apart are a fault of a machine: then nobody can tell how old a request from the other side is (decided in the architecture, section 3). */
export const clockOffsetMsMax = 300_000;

/** Repetitions end when their request is too old; a day also covers a hub whose clock was set back. */
const verdictKeptMs = 24 * 3_600_000;
/** Ten times as many as a hub lets wait; 300 kB. */
const verdictsMax = 1_000;

/** Forgets what nobody will ask for again. False: all that is left may still be asked for, and there is no room for more. */
export function forgetVerdicts(verdicts: Map<string, GivenVerdict>, now: number): boolean {
  for (const [id, { at }] of verdicts) {
    const ageMs = now - epochMs(at);
    // What is too old to be judged anew may be forgotten early.
    if (ageMs <= verdictKeptMs && (verdicts.size < verdictsMax || ageMs <= approvalValidMs + 2 * clockOffsetMsMax)) break;
    verdicts.delete(id);
  }
  return verdicts.size < verdictsMax;
}
