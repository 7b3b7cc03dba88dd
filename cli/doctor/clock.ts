/**
 * Does the clock of this machine agree with the others on the bus. Pure; the evidence is what lies there anyway:
 * each node stamps its heartbeat by its own clock, and the observer notes when it heard it by its own (`last_seen`).
 * Without a second machine there is nothing to compare, and then this says so.
 */
import type { ActorStatus } from '../../contracts/actor-status.ts';
import { heartbeatIntervalMs, heartbeatIntervalsMissedMax } from '../../contracts/defaults.ts';
import type { NodeHealth } from '../../contracts/health.ts';
import type { WorldNode } from '../../contracts/world.ts';
import { type Finding, findingsOf } from './finding.ts';

/** Time servers keep machines within 0.1 s; delivery and reading take below a second. 5 s is neither. */
const warningMs = 5_000;
/** From here a fresh heartbeat looks as old as that of a dead node. */
const errorMs = heartbeatIntervalMs * heartbeatIntervalsMissedMax;

export interface ClockEvidence {
  readonly nowMs: number;
  readonly node: string;
  readonly health: readonly NodeHealth[];
  readonly world: readonly WorldNode[];
  readonly actors: readonly ActorStatus[];
}

interface Offset {
  readonly who: string;
  readonly against: string;
  /** Positive: ahead. */
  readonly ms: number;
  /** Only that much is certain: it may be more. */
  readonly atLeast: boolean;
}

const say = findingsOf('clock');
const mendHere = 'sudo timedatectl set-ntp true && timedatectl status';

export function checkClock(evidence: ClockEvidence): Finding {
  const offsets = [...ahead(evidence), ...heard(evidence)];
  const worst = offsets.reduce<Offset | null>((most, each) => (most === null || Math.abs(each.ms) > Math.abs(most.ms) ? each : most), null);
  if (worst === null)
    return say.ok('unknown: no word of another machine to compare with', 'with one machine on the bus there is no second clock that could differ');
  const size = Math.abs(worst.ms);
  const found = `${worst.who} is ${worst.atLeast ? 'at least ' : ''}${seconds(size)} ${worst.ms > 0 ? 'ahead of' : 'behind'} ${worst.against}`;
  if (size < warningMs)
    return say.ok(
      `within ${seconds(Math.max(size, 1_000))}, by ${offsets.length === 1 ? '1 heartbeat' : `${offsets.length} heartbeats`}`,
      'the clocks of the machines agree',
    );
  const mend = worst.who === evidence.node ? mendHere : `ssh ${worst.who} ${mendHere.split(' && ')[0]}   # if this machine's own clock is right`;
  if (size < errorMs) return say.warning(found, 'times in the history and on approvals do not fit together', mend);
  return say.error(found, `from ${errorMs / 1000} s on a fresh heartbeat looks as old as that of a dead node`, mend);
}

/** Nothing was written in the future: whoever stamped it is ahead of us by at least that much. */
function ahead({ nowMs, node, health }: ClockEvidence): readonly Offset[] {
  return health.flatMap((doc) => {
    const ms = Date.parse(doc.ts) - nowMs;
    if (ms < warningMs || doc.node === undefined) return [];
    // Our own heartbeat from the future: this clock was set back since.
    if (doc.node === node) return [{ who: node, against: 'its own last heartbeat', ms: -ms, atLeast: true }];
    return [{ who: doc.node, against: `this machine (${node})`, ms, atLeast: true }];
  });
}

/** Stamped by the node, heard by the observer: the same heartbeat on two clocks, if they are not the same machine's. */
function heard({ health, world, actors }: ClockEvidence): readonly Offset[] {
  const observers = actors.filter((each) => each.actor === 'observer' && each.status === 'online').map((each) => each.node ?? '');
  return health.flatMap((doc) => {
    const lastSeen = world.find((each) => each.node === doc.node)?.last_seen;
    // A will is stamped when the connection began.
    if (doc.node === undefined || doc.status === 'offline' || lastSeen === null || lastSeen === undefined) return [];
    const others = observers.filter((each) => each !== doc.node);
    if (others.length !== 1 || observers.length !== 1) return [];
    return [{ who: doc.node, against: `the observer on ${others[0]}`, ms: Date.parse(doc.ts) - Date.parse(lastSeen), atLeast: false }];
  });
}

const seconds = (ms: number): string => (ms < 120_000 ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / 60_000)} min`);
