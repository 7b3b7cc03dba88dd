/** What the supervisor decided about a question, with the documents that it names. Pure. */
import type { Action, Decision, Decisions } from '../../contracts/action.ts';
import type { ActorStatus } from '../../contracts/actor-status.ts';
import type { DesiredNode } from '../../contracts/desired.ts';
import type { Incident } from '../../contracts/incident.ts';
import type { LinkStatus } from '../../contracts/link.ts';
import type { SiteSummary } from '../../contracts/world.ts';
import type { Question } from './question.ts';
import { type Answer, adviceOf } from './screen.ts';

export interface Seen {
  readonly desired: readonly DesiredNode[];
  readonly decisions: readonly Decisions[];
  readonly incidents: readonly Incident[];
  readonly actions: readonly Action[];
  readonly actors: readonly ActorStatus[];
  readonly sites: readonly SiteSummary[];
  readonly links: readonly LinkStatus[];
}

/** That of another site answers for other nodes. */
export const isSupervised = ({ actors, desired }: Seen, site: string): boolean =>
  actors.some(
    ({ actor, status, node }) => actor === 'supervisor' && status === 'online' && (desired.find((each) => each.node === node)?.site ?? site) === site,
  );

export function answersOf(seen: Seen, { desired, decisions, service }: Question): readonly Answer[] {
  const given = [...(decisions?.services ?? []).map((each) => ({ about: 'service', ...each })), ...(decisions?.others ?? [])].filter(
    (each) => service === null || each.service === service,
  );
  const answers = given.map(({ about, service: named, ...decision }) => answerOf(seen, { node: desired.node, service: named, about }, decision));
  if (service === null || answers.some(({ about }) => about === 'service') || !desired.services.some(({ name }) => name === service)) return answers;
  // Of a node with very many services only those with something to say are listed.
  return [
    answerOf(seen, { node: desired.node, service, about: 'service' }, { decision: 'nothing', why: 'nothing to say', code: 'well', action_id: null }),
    ...answers,
  ];
}

function answerOf({ incidents, actions }: Seen, subject: Pick<Answer, 'node' | 'service' | 'about'>, decision: Decision): Answer {
  return {
    ...subject,
    ...decision,
    incident: incidents.find(({ id }) => id === decision.incident_id) ?? null,
    cause_incident: incidents.find(({ id }) => id === decision.cause) ?? null,
    action: actions.find(({ id }) => id === decision.action_id) ?? null,
    what_would_change_it: adviceOf(decision),
  };
}
