/**
 * `homelab approve` and `homelab reject`: reads the action, shows in one line what is decided, says it on the bus under your login, and waits
 * for the ledger's one line. What is sent names the attempt and the digest that were read: a yes that comes late is not for another action.
 */

import { resolveName } from '../../actors/ledger/naming.ts';
import { oneLine } from '../../actors/ledger/wording.ts';
import { systemClock, withDeadline } from '../../bus/clock.ts';
import { type Action, type ActionState, type DecisionRequest, Reply } from '../../contracts/action.ts';
import { topics } from '../../contracts/topics.ts';
import { exitCodes, type Output } from '../output.ts';
import { UnavailableError, type Visit, visit } from '../session.ts';
import type { Settings } from '../settings.ts';

const answerWithinMs = 5_000;

type Decided = 'approved' | 'rejected';

export async function decide(settings: Settings, out: Output, state: Decided, name: string, options: { readonly note?: string }): Promise<number> {
  const reply = await visit(settings, async (at) => {
    const actions = (await at.documents(topics.action)).map((doc) => ({ ...doc, state: doc.status as ActionState }));
    const found = resolveName(name, actions);
    // In the words of the ledger, which would find nothing either: what nobody has seen is not decided.
    if (!found.ok) return refusal(found, `${state} ${name}`);
    const { id, digest, attempt } = found.record;
    if (!out.json) out.line(seenLine(state, found.record));
    return ask(at, settings.login, state, { id, digest, attempt, ...(options.note === undefined ? {} : { note: options.note }) });
  });
  if (out.json) out.value(reply);
  else out.line(reply.summary);
  return reply.ok ? exitCodes.ok : exitCodes.trouble;
}

const refusal = ({ code, why }: { readonly code: string; readonly why: string }, request: string): Reply => ({
  ...{ summary: oneLine(`Refused: ${why}.`), code, ok: false, id: null },
  ...{ request: oneLine(request), ts: new Date().toISOString() },
});

/** `Approving redeploy of web on vps: guarded risk, attempt 2; web on vps is unhealthy` */
export function seenLine(state: Decided, { type, node, service, risk, attempt, params, evidence }: Action): string {
  const { dependents } = params;
  const target = `${service === null ? '' : `${service} on `}${node}${Array.isArray(dependents) ? ` (then ${dependents.join(', ')})` : ''}`;
  const why = evidence.message === '' ? evidence.trigger_type : evidence.message;
  return oneLine(`${state === 'approved' ? 'Approving' : 'Rejecting'} ${type} of ${target}: ${risk} risk, attempt ${attempt}; ${why}`);
}

async function ask(at: Visit, requester: string, state: Decided, request: DecisionRequest): Promise<Reply> {
  let answer: (reply: Reply) => void = () => undefined;
  const answered = new Promise<Reply>((resolve) => (answer = resolve));
  try {
    await at.listen([topics.reply.filter({ requester })], (_topic, message) => {
      const parsed = Reply.safeParse(parseJson(message.payload.toString('utf8')));
      if (parsed.success && !message.retained) answer(parsed.data);
    });
    await at.publish(topics.request.build({ state, requester }), JSON.stringify(request));
    return await withDeadline(systemClock, answerWithinMs, 'the ledger', answered);
  } catch (error) {
    throw new UnavailableError(
      `${error instanceof Error ? error.message : String(error)}. Is a ledger running on this broker? Nothing was decided as far as is known: see "homelab actions".`,
    );
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
