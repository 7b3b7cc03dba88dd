/** GET /nodes, /services and /actors: the documents, with what of them is not known now said as what it was. Pure. */
import { z } from 'zod';
import { ActorStatus } from '../../../contracts/actor-status.ts';
import { EngineState, NodeHealth, ServiceHealth } from '../../../contracts/health.ts';
import { topics } from '../../../contracts/topics.ts';
import { WorldNode, WorldService } from '../../../contracts/world.ts';
import { documentsOf } from './documents-of.ts';
import { beliefOf, type Seen, staleWords } from './freshness.ts';

const stale = z.string().nullable().describe('why what it says may not be true any more; null: it may be believed');

export const NodeRow = WorldNode.extend({
  stale,
  engine: EngineState.nullable().describe('null: not known, the node is not heard'),
  health: NodeHealth.nullable().describe('what its node-agent says; null: nothing now'),
  health_was: NodeHealth.nullable().describe('what its node-agent said last, where that is not known to be so any more'),
});
export const ServiceRow = WorldService.extend({
  stale,
  health: ServiceHealth.nullable().describe('what the engine says; null: nothing now'),
  health_was: ServiceHealth.nullable().describe(
    'what the engine said last, where that is not known to be so any more: the status is unknown, or stale says why',
  ),
});
const actorStatuses = [...ActorStatus.shape.status.options, 'unknown'] as const;
export const ActorRow = ActorStatus.extend({
  status: z.enum(actorStatuses).describe('unknown: its node, its site or the broker is not heard; else as it says, or its will'),
  status_was: ActorStatus.shape.status.nullable().describe('what it said last, where the status is unknown'),
  stale,
});

export function nodeRows(seen: Seen): z.infer<typeof NodeRow>[] {
  const { doubtAbout, isUnheard } = beliefOf(seen);
  const health = new Map(documentsOf(seen.picture, topics.nodeHealth).map((doc) => [doc.node, doc]));
  return documentsOf(seen.picture, topics.worldNode).map((doc) => {
    const doubt = doubtAbout(doc);
    const said = health.get(doc.node) ?? null;
    const isHeard = doubt === null && isUnheard(doc.node) === null;
    return {
      ...doc,
      ...(doubt === null ? {} : { status: 'unknown' as const }),
      engine: isHeard ? doc.engine : null,
      stale: staleWords(doubt),
      ...(isHeard ? { health: said, health_was: null } : { health: null, health_was: said }),
    };
  });
}

export function serviceRows(seen: Seen): z.infer<typeof ServiceRow>[] {
  const { doubtAbout } = beliefOf(seen);
  const health = new Map(documentsOf(seen.picture, topics.serviceHealth).map((doc) => [`${doc.node} ${doc.service}`, doc]));
  return documentsOf(seen.picture, topics.worldService).map((doc) => {
    const doubt = doubtAbout(doc);
    const said = health.get(`${doc.node} ${doc.service}`) ?? null;
    const isKnown = doubt === null && doc.status !== 'unknown';
    return {
      ...doc,
      ...(doubt === null || doc.status === 'unknown' ? {} : { status: 'unknown' as const, last_status: doc.status }),
      stale: staleWords(doubt),
      ...(isKnown ? { health: said, health_was: null } : { health: null, health_was: said }),
    };
  });
}

export const actorRows = (seen: Seen): z.infer<typeof ActorRow>[] =>
  beliefOf(seen).actors.map(({ said, status, doubt }) => ({ ...said, status, status_was: doubt === null ? null : said.status, stale: staleWords(doubt) }));
