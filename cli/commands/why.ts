/**
 * `homelab why <node> [service]`: why this is proposed, or nothing, as the supervisor publishes it in decisions/<node>, with the
 * incident, its cause, what holds it back and until when, and what would change it; first that its site is cut off, if it is. Asks the
 * bus; changes nothing.
 */
import type { Action, Decision, Decisions } from '../../contracts/action.ts';
import type { ActorStatus } from '../../contracts/actor-status.ts';
import type { DesiredNode } from '../../contracts/desired.ts';
import type { Incident } from '../../contracts/incident.ts';
import type { LinkStatus } from '../../contracts/link.ts';
import { topics } from '../../contracts/topics.ts';
import type { SiteSummary } from '../../contracts/world.ts';
import { linkViewsOf } from '../link-view.ts';
import { exitCodes, type Output, simulatedLine } from '../output.ts';
import { UnavailableError, type Visit, visit } from '../session.ts';
import type { Settings } from '../settings.ts';
import { type Question, questionOf } from '../why/question.ts';
import { type Answer, adviceOf, answerScreen, cutOffLine, isCalm, nodeScreen } from '../why/screen.ts';

interface Seen {
  readonly desired: readonly DesiredNode[];
  readonly decisions: readonly Decisions[];
  readonly incidents: readonly Incident[];
  readonly actions: readonly Action[];
  readonly actors: readonly ActorStatus[];
  readonly sites: readonly SiteSummary[];
  readonly links: readonly LinkStatus[];
}

const read = async (at: Visit): Promise<Seen> => ({
  desired: await at.documents(topics.desired),
  decisions: await at.documents(topics.decisions),
  incidents: await at.documents(topics.incident),
  actions: await at.documents(topics.action),
  actors: await at.documents(topics.actorStatus),
  sites: await at.documents(topics.site),
  links: await at.documents(topics.link),
});

export async function why(settings: Settings, out: Output, nodeName: string, serviceName: string | undefined): Promise<number> {
  const seen = await visit(settings, read);
  const question = questionOf(seen, nodeName, serviceName);
  const { decisions, desired } = question;
  const nowMs = Date.now();
  const cut = cutOffLine(linkViewsOf({ ...seen, here: settings.site }, nowMs).get(desired.site), decisions?.ts ?? null, nowMs);
  if (cut !== null && !out.json) out.line(cut);
  if (decisions === null) throw new UnavailableError(`the supervisor of ${desired.site} has said nothing about ${desired.node}: is it running? homelab doctor`);
  const answers = answersOf(seen, question);
  if (out.json) for (const answer of answers) out.value(answer);
  else {
    if (decisions.simulated === true) out.line(simulatedLine);
    if (!isSupervised(seen, desired.site)) out.line(`No supervisor of ${desired.site} is online: this is what it said at ${decisions.ts}.`);
    const screen = question.service === null ? nodeScreen(desired.node, answers, nowMs) : answers.flatMap((answer) => answerScreen(answer, nowMs));
    for (const line of screen) out.line(line);
  }
  return answers.every(isCalm) ? exitCodes.ok : exitCodes.trouble;
}

/** That of another site answers for other nodes. */
const isSupervised = ({ actors, desired }: Seen, site: string): boolean =>
  actors.some(
    ({ actor, status, node }) => actor === 'supervisor' && status === 'online' && (desired.find((each) => each.node === node)?.site ?? site) === site,
  );

function answersOf(seen: Seen, { desired, decisions, service }: Question): readonly Answer[] {
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
