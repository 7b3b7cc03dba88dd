/** Reads the payload of a request topic: JSON of the state's shape, or a bare line that names an action. */
import type { z } from 'zod';
import { RequestRef, type RequestState, requestSchemas } from './action.ts';

export type RequestFor<S extends RequestState> = z.infer<(typeof requestSchemas)[S]>;
export type ParsedRequest =
  | { readonly [S in RequestState]: { readonly ok: true; readonly state: S; readonly request: RequestFor<S> } }[RequestState]
  | { readonly ok: false; readonly detail: string };

/**
 * Never throws. A text that is not a JSON object or string is taken as the name of an action, for the states that
 * people ask for; `detail` says in one line what was expected.
 */
export function parseActionRequest(state: RequestState, text: string): ParsedRequest {
  const trimmed = text.trim();
  let value: unknown = trimmed;
  if (trimmed.startsWith('{') || trimmed.startsWith('"')) {
    try {
      value = JSON.parse(trimmed);
    } catch (error) {
      return { ok: false, detail: `not JSON: ${error instanceof Error ? error.message : String(error)}` };
    }
  }
  if (typeof value === 'string') value = { id: value.trim() };
  const result = requestSchemas[state].safeParse(value);
  if (result.success) return { ok: true, state, request: result.data } as ParsedRequest;
  const issue = result.error.issues[0];
  return { ok: false, detail: `${issue?.path.join('.') || 'payload'}: ${issue?.message ?? 'does not fit'}` };
}

/** The `ref` of a request, also of one that does not fit otherwise: its refusal must find whoever waits for it. undefined: it has none. */
export function refOf(text: string): string | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    return RequestRef.safeParse((JSON.parse(text) as { readonly ref?: unknown }).ref).data;
  } catch {
    return undefined;
  }
}
