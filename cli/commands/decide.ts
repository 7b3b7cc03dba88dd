/** `homelab approve` and `homelab reject`: say it on the bus under your login, and wait for the ledger's one line. */

import { systemClock, withDeadline } from '../../bus/clock.ts';
import { Reply } from '../../contracts/action.ts';
import { topics } from '../../contracts/topics.ts';
import { exitCodes, type Output } from '../output.ts';
import { UnavailableError, visit } from '../session.ts';
import type { Settings } from '../settings.ts';

const answerWithinMs = 5_000;

export async function decide(
  settings: Settings,
  out: Output,
  state: 'approved' | 'rejected',
  name: string,
  options: { readonly note?: string },
): Promise<number> {
  const requester = settings.login;
  const reply = await visit(settings, async (at) => {
    let answer: (reply: Reply) => void = () => undefined;
    const answered = new Promise<Reply>((resolve) => (answer = resolve));
    await at.listen([topics.reply.filter({ requester })], (_topic, message) => {
      const parsed = Reply.safeParse(parseJson(message.payload.toString('utf8')));
      if (parsed.success && !message.retained) answer(parsed.data);
    });
    const request = { id: name, ...(options.note === undefined ? {} : { note: options.note }) };
    await at.publish(topics.request.build({ state, requester }), JSON.stringify(request));
    return withDeadline(systemClock, answerWithinMs, 'the ledger', answered);
  }).catch((error: unknown) => {
    if (error instanceof UnavailableError) throw error;
    throw new UnavailableError(
      `${error instanceof Error ? error.message : String(error)}. Is a ledger running on this broker? Nothing was decided as far as is known: see "homelab actions".`,
    );
  });
  if (out.json) out.value(reply);
  else out.line(reply.summary);
  return reply.ok ? exitCodes.ok : exitCodes.trouble;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
