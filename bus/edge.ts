/** The check every message passes before an actor sees it. */
import { DocumentHead } from '../contracts/common.ts';
import { payloadBytesMax } from '../contracts/defaults.ts';
import type { findTopic } from '../contracts/topics.ts';

export type FoundTopic = NonNullable<ReturnType<typeof findTopic>>;
export type Checked = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly detail: string };

const refused = (detail: string): Checked => ({ ok: false, detail });

/**
 * The payload as its contract reads it, or why it is refused, in one line that names the field.
 * What a message says of its own node must be its topic's. A document that says `gone` is read by its head alone.
 */
export function checkPayload(found: FoundTopic, payload: Buffer): Checked {
  if (payload.length > payloadBytesMax) return refused(`${payload.length} bytes; at most ${payloadBytesMax} are read`);
  const text = payload.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    if (found.row.foreign !== true) return refused(`not JSON: ${error instanceof Error ? error.message : String(error)}`);
    value = text;
  }
  if (found.row.kind === 'document') {
    const head = DocumentHead.safeParse(value);
    if (head.success && head.data.status === 'gone') return { ok: true, value: head.data };
  }
  const result = found.row.schema.safeParse(value);
  if (!result.success) {
    const issue = result.error.issues[0];
    return refused(`${issue?.path.join('.') || 'payload'}: ${issue?.message ?? 'does not fit'}`);
  }
  const said = (result.data as Record<string, unknown>).node;
  if (found.levels.node !== undefined && typeof said === 'string' && said !== found.levels.node) {
    return refused(`node: is ${JSON.stringify(said)}, and its topic says ${JSON.stringify(found.levels.node)}`);
  }
  return { ok: true, value: result.data };
}
