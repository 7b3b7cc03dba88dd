/** What `decisions/<node>` says of a plan: for each desired service, and for what else is wrong, what is proposed, or why nothing is. Pure. */
import type { Decision, Decisions } from '../../contracts/action.ts';
import type { Verdict } from './verdict.ts';

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
  const services = verdicts.filter(({ about }) => about === 'service');
  // A disk with room, and a Home Assistant that speaks, need no word.
  const others = verdicts.filter(({ about, code }) => about !== 'service' && code !== 'well' && code !== 'not_heard');
  const counts: Record<string, number> = {};
  for (const { decision } of services) counts[decision] = (counts[decision] ?? 0) + 1;
  const listed = services.length <= listedMax ? services : services.filter(({ decision }) => decision !== 'nothing').slice(0, listedMax);
  const said = [...services, ...others];
  const asked = said.filter(({ decision }) => decision === 'propose' || decision === 'proposed').length;
  const blocked = said.filter(({ decision }) => decision === 'blocked').length;
  const status = asked > 0 ? 'proposing' : blocked > 0 ? 'blocked' : 'quiet';
  const parts = [asked > 0 ? `${asked} proposed` : '', blocked > 0 ? `${blocked} held back` : '', `${counts['nothing'] ?? 0} need nothing`].filter(
    (part) => part !== '',
  );
  const summary = services.length === 0 && said.length === 0 ? 'no services are desired here' : `${parts.join(', ')}, of ${services.length}`;
  return {
    status,
    summary,
    node,
    services: listed.map((verdict) => ({ service: verdict.service ?? '', ...decisionOf(verdict) })),
    ...(others.length === 0 ? {} : { others: others.map((verdict) => ({ about: verdict.about, service: verdict.service, ...decisionOf(verdict) })) }),
    counts,
  };
}

/** What has nothing to say is left out: a node with thirty services stays small. */
const decisionOf = ({ decision, why, code, actionId, incidentId, cause, untilMs }: Verdict): Decision => ({
  decision,
  why,
  code,
  action_id: actionId,
  ...(incidentId === null ? {} : { incident_id: incidentId }),
  ...(cause === null ? {} : { cause }),
  ...(untilMs === null ? {} : { until: new Date(untilMs).toISOString() }),
});
