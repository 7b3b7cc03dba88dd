/** A person's requests: asks the server, shows the ledger's line. What became of it comes as a document, like everything else. */
import type { Action } from '../../../../../contracts/action.ts';
import { texts } from '../texts.ts';
import { type Answer, decide, propose, ServerError } from './server.ts';
import { answer, asking, me } from './store.ts';
import { lost, restart } from './stream.ts';

/** Attempt and digest are those of what was on the screen: a yes is for that, and for nothing that came in its place. */
export function send(action: Action, decision: 'approve' | 'reject' | 'cancel', note = ''): void {
  const { id, attempt, digest } = action;
  if (asking.value.has(id)) return;
  const body = note.trim() === '' ? { attempt, digest } : { attempt, digest, note: note.trim() };
  askFor(id, decide(id, decision, body, me.value?.csrf ?? null));
}

export function ask(target: { readonly type: string; readonly node: string; readonly service: string | null }, reason: string): void {
  const { type, node, service } = target;
  const body = { type, node, ...(service === null ? {} : { service }), ...(reason.trim() === '' ? {} : { reason: reason.trim() }) };
  askFor('', propose(body, me.value?.csrf ?? null));
}

function askFor(id: string, request: Promise<Answer>): void {
  asking.value = new Set([...asking.value, id]);
  answer.value = null;
  const say = (said: Answer): void => {
    asking.value = new Set([...asking.value].filter((each) => each !== id));
    answer.value = { ...said, id, at: Date.now() };
  };
  request.then(say, (error: unknown) => {
    say({ ok: false, code: 'unanswered', line: texts.action.unanswered });
    // The login has ended: reading again says so, and shows the form.
    if (error instanceof ServerError && error.status === 401) restart();
    // Nothing on the page is believed until the server has spoken again: it may hang on the same dead connection.
    else lost();
  });
}
