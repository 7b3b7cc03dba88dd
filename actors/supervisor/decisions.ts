/** What `decisions/<node>` says of a plan: for each desired service what is proposed, or why nothing is. Pure. */
import type { Decisions } from '../../contracts/action.ts';
import type { Verdict } from './plan.ts';

export type DecisionsBody = Omit<Decisions, 'ts' | 'session' | 'rev'>;

/** Some 150 bytes each: 300 stay far below what the bus takes. Beyond that, services without anything to say are only counted. */
const listedMax = 300;

/** One body for each node of the site that is desired, also for one without services. */
export function decisionsOf(verdicts: readonly Verdict[], nodes: readonly string[]): ReadonlyMap<string, DecisionsBody> {
  const byNode = new Map<string, Verdict[]>(nodes.map((node) => [node, []]));
  for (const verdict of verdicts) byNode.get(verdict.node)?.push(verdict);
  return new Map([...byNode].map(([node, own]) => [node, bodyOf(node, own)]));
}

function bodyOf(node: string, verdicts: readonly Verdict[]): DecisionsBody {
  const counts: Record<string, number> = {};
  for (const { decision } of verdicts) counts[decision] = (counts[decision] ?? 0) + 1;
  const listed = verdicts.length <= listedMax ? verdicts : verdicts.filter(({ decision }) => decision !== 'nothing').slice(0, listedMax);
  const services = listed.map(({ service, decision, why, actionId }) => ({ service, decision, why, action_id: actionId }));
  const asked = (counts['propose'] ?? 0) + (counts['proposed'] ?? 0);
  const blocked = counts['blocked'] ?? 0;
  const status = asked > 0 ? 'proposing' : blocked > 0 ? 'blocked' : 'quiet';
  const parts = [asked > 0 ? `${asked} proposed` : '', blocked > 0 ? `${blocked} held back` : '', `${counts['nothing'] ?? 0} need nothing`].filter(
    (part) => part !== '',
  );
  const summary = verdicts.length === 0 ? 'no services are desired here' : `${parts.join(', ')}, of ${verdicts.length}`;
  return { status, summary, node, services, counts };
}
