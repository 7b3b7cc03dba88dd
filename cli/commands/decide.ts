/**
 * `homelab approve` and `homelab reject`: reads the action, shows in one line what is decided, says it on the bus under your login, and waits
 * for the ledger's one line; of another site's action for what that site says too. What is sent names the attempt and the digest that were
 * read: a yes that comes late is not for another action.
 */

import { randomUUID } from 'node:crypto';
import { resolveName, whyNamed } from '../../actors/ledger/naming.ts';
import { oneLine } from '../../actors/ledger/wording.ts';
import { DeadlineError, systemClock, withDeadline } from '../../bus/clock.ts';
import { type Action, type ActionState, type DecisionRequest, forwardedCode, Reply } from '../../contracts/action.ts';
import { isAnswerTo } from '../../contracts/request-answer.ts';
import { topics } from '../../contracts/topics.ts';
import { exitCodes, type Output } from '../output.ts';
import { UnavailableError, type Visit, visit } from '../session.ts';
import type { Settings } from '../settings.ts';

const answerWithinMs = 5_000;

/**
 * For what another site says: over there and back on a bad uplink (2 s), once more after a loss (the ledger repeats after 10 s), and some
 * room. Whoever asks while the link is down is told so, and need not sit here until it is back.
 */
const verdictWithinMs = 15_000;

type Decided = 'approved' | 'rejected';

export async function decide(settings: Settings, out: Output, state: Decided, name: string, options: { readonly note?: string }): Promise<number> {
  const reply = await visit(settings, async (at) => {
    const links = await at.documents(topics.link);
    const actions = (await at.documents(topics.action)).map((doc) => ({ ...doc, state: doc.status as ActionState }));
    const found = resolveName(name, actions);
    const tooShort = found.ok ? whyNamed({ state, name }, found.record) : null;
    // In the words of the ledger, which would find nothing either: what nobody has seen is not decided.
    if (!found.ok || tooShort !== null) {
      const refused = refusal(found.ok ? { code: 'name_needed', why: tooShort ?? '' } : found, `${state} ${name}`);
      if (out.json) out.value(refused);
      else out.line(refused.summary);
      return refused;
    }
    const { id, digest, attempt } = found.record;
    if (!out.json) out.line(seenLine(state, found.record));
    const request = { ref: randomUUID(), id, digest, attempt, ...(options.note === undefined ? {} : { note: options.note }) };
    const link = links.find((each) => each.site === found.record.site);
    const tell = (said: Reply): void => {
      if (out.json) out.value(said);
      else out.line(said.summary);
    };
    return ask(at, { requester: settings.login, state, request, isReached: link !== undefined && link.status !== 'down' }, tell);
  });
  if (reply === null) {
    const { login, topicRoot } = settings;
    if (!out.json) out.line(`The answer will be on ${topicRoot}/${topics.reply.filter({ requester: login })}, and in "homelab actions".`);
    return exitCodes.ok;
  }
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

interface Asked {
  readonly requester: string;
  readonly state: Decided;
  readonly request: DecisionRequest;
  /** Of the site of the action, where that is another one. */
  readonly isReached: boolean;
}

/** Hands each answer to `tell` as it comes. Resolves to the last one; null: another site has yet to answer, and may. */
async function ask(at: Visit, { requester, state, request, isReached }: Asked, tell: (reply: Reply) => void): Promise<Reply | null> {
  const replies: Reply[] = [];
  let heard: () => void = () => undefined;
  const next = async (withinMs: number): Promise<Reply> => {
    if (replies.length === 0) await withDeadline(systemClock, withinMs, 'the ledger', new Promise<void>((resolve) => (heard = resolve)));
    const reply = replies.shift();
    if (reply === undefined) throw new Error('woken by no answer');
    tell(reply);
    return reply;
  };
  let first: Reply;
  try {
    await at.listen([topics.reply.filter({ requester })], (_topic, message) => {
      const parsed = Reply.safeParse(parseJson(message.payload.toString('utf8')));
      // The same login may ask from a phone too.
      if (!parsed.success || message.retained || !isAnswerTo({ state, request }, parsed.data)) return;
      replies.push(parsed.data);
      heard();
    });
    await at.publish(topics.request.build({ state, requester }), JSON.stringify(request));
    first = await next(answerWithinMs);
  } catch (error) {
    throw new UnavailableError(
      `${error instanceof Error ? error.message : String(error)}. Is a ledger running on this broker? Nothing was decided as far as is known: see "homelab actions".`,
    );
  }
  if (first.code !== forwardedCode) return first;
  if (!isReached) return null;
  return next(verdictWithinMs).catch((error: unknown) => {
    if (error instanceof DeadlineError) return null;
    throw error;
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
