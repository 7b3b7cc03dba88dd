/**
 * `homelab why <node> [service]`: why this is proposed, or nothing, as the supervisor publishes it in decisions/<node>, with the
 * incident, its cause, what holds it back and until when, and what would change it; first that its site is cut off, if it is. Asks the
 * bus; changes nothing.
 */
import { linkViewsOf } from '../../contracts/link-view.ts';
import { topics } from '../../contracts/topics.ts';
import { exitCodes, type Output, simulatedLine } from '../output.ts';
import { UnavailableError, type Visit, visit } from '../session.ts';
import type { Settings } from '../settings.ts';
import { answersOf, isSupervised, type Seen } from '../why/answers.ts';
import { questionOf } from '../why/question.ts';
import { answerScreen, cutOffLine, isCalm, nodeScreen } from '../why/screen.ts';

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
