/** What needs a person, first of all; and the one word about everything. Pure. */
import type { Action } from '../../../../../contracts/action.ts';
import type { ActorStatus } from '../../../../../contracts/actor-status.ts';
import type { ActorView } from '../../../../../contracts/actor-view.ts';
import { isNominal } from '../../../../../contracts/site-view.ts';
import { type Cause, causesOf, type Loose, looseTroubles } from './causes.ts';
import type { World } from './documents.ts';
import type { Doubt, SiteView } from './freshness.ts';

export interface Needs {
  /** Oldest first: what comes later never moves what is under a finger. */
  readonly pending: readonly Action[];
  readonly underWay: readonly Action[];
  readonly causes: readonly Cause[];
  readonly loose: readonly Loose[];
  /** Actors that a person must look after. */
  readonly actors: readonly ActorStatus[];
}

export const verdicts = ['reading', 'waiting', 'doubt', 'critical', 'trouble', 'uneasy', 'empty', 'well'] as const;
export type Verdict = (typeof verdicts)[number];

const oldestFirst = (a: Action, b: Action): number => a.proposed_at.localeCompare(b.proposed_at) || a.id.localeCompare(b.id);

/** An actor that is not there, or an inventory of which a file has a fault: what is written there does not count until it is mended. */
const needsLook = ({ status, actor, mode }: ActorStatus): boolean =>
  ['failed', 'offline', 'duplicate_writer', 'restarting'].includes(status) || (actor === 'inventory' && mode === 'degraded');

/** Of an actor that is not known to run or not, its node or its site is the trouble. */
export function needsOf(world: World, actors: readonly ActorView[]): Needs {
  return {
    pending: world.actions.filter(({ status }) => status === 'pending').sort(oldestFirst),
    underWay: world.actions.filter(({ status }) => status === 'approved' || status === 'running').sort(oldestFirst),
    causes: causesOf(world),
    loose: looseTroubles(world),
    actors: actors.filter(({ said, doubt }) => doubt === null && needsLook(said)).map(({ said }) => said),
  };
}

interface Evidence {
  readonly needs: Needs;
  readonly sites: readonly SiteView[];
  readonly page: Doubt | null;
}

/** Well means nominal, as `homelab status` says it, and nothing loose. A doubt about the page outweighs all it shows. */
export function verdictOf({ needs, sites, page }: Evidence): Verdict {
  if (page !== null) return page.kind === 'reading' ? 'reading' : 'doubt';
  if (sites.length === 0) return 'empty';
  if (needs.pending.length > 0) return 'waiting';
  if (sites.some(({ status }) => status === 'critical')) return 'critical';
  if (needs.causes.length > 0 || sites.some(({ status }) => status === 'degraded')) return 'trouble';
  if (sites.some(({ status }) => status !== 'nominal')) return 'doubt';
  return needs.loose.length > 0 || needs.actors.length > 0 || !isNominal(sites) ? 'uneasy' : 'well';
}
