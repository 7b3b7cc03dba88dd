/**
 * What people ask for: sent over the bus as a request on behalf of the person, and answered with the ledger's own words.
 *
 * There is no other way: this file has nothing but `desk.ask`. A refusal of the ledger is an answer like any other (200, `ok: false`); 503
 * means that nothing was sent, 504 that it was and no answer came.
 */
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Asked, Answer as DeskAnswer } from '../../actors/operator-ui/ports.ts';
import type { App, WebParts } from './app-types.ts';
import { logRefusal, Refusal } from './refusal.ts';
import { ActionParams, Answer, DecisionBody, IdempotencyHeaders, ProposalBody } from './schemas.ts';

/** How long a key is remembered: longer than any client repeats by itself. */
const keyKeptMs = 600_000;
const keysMax = 1_000;

const verbs = { approve: 'approved', reject: 'rejected', cancel: 'cancelled' } as const;
const ask = { config: { gate: 'ask' } } as const;
const answers = { 200: Answer, 409: Answer, 503: Answer, 504: Answer };

export function addDeciding(app: App, parts: WebParts): void {
  const carry = carrier(parts);
  for (const [verb, state] of Object.entries(verbs)) {
    const schema = { summary: `${verb} an action`, params: ActionParams, body: DecisionBody, headers: IdempotencyHeaders, response: answers };
    app.post(`/actions/:id/${verb}`, { ...ask, schema }, async (request, reply) => {
      const { attempt, digest, note } = request.body ?? {};
      const named = { id: request.params.id, ...(attempt === undefined ? {} : { attempt }), ...(digest === undefined ? {} : { digest }) };
      const { statusCode, body } = await carry(request, state, { ...named, ...(note === undefined ? {} : { note }) });
      return reply.code(statusCode).send(body);
    });
  }
  app.post(
    '/actions',
    { ...ask, schema: { summary: 'Ask for an action', body: ProposalBody, headers: IdempotencyHeaders, response: answers } },
    async (request, reply) => {
      const { type, node, service, parameters, reason } = request.body;
      const { statusCode, body } = await carry(request, 'pending', {
        ...{ type, node, service: service ?? null },
        ...(parameters === undefined ? {} : { params: parameters }),
        evidence: { trigger_type: 'requested', message: reason ?? '' },
        ...(reason === undefined ? {} : { note: reason }),
      });
      return reply.code(statusCode).send(body);
    },
  );
}

interface Said {
  readonly statusCode: 200 | 409 | 503 | 504;
  readonly body: z.infer<typeof Answer>;
}
type RequestLike = Pick<FastifyRequest, 'caller' | 'headers' | 'url' | 'ip' | 'method'>;
type Carry = (request: RequestLike, state: Asked['state'], what: Readonly<Record<string, unknown>>) => Promise<Said>;

function carrier({ desk, log }: WebParts): Carry {
  const keys = new Map<string, { readonly atMs: number; answer: DeskAnswer | null }>();
  const remember = (key: string): { answer: DeskAnswer | null } => {
    const entry = { atMs: desk.now(), answer: null };
    keys.set(key, entry);
    for (const [old, { atMs }] of keys) {
      if (keys.size <= keysMax && desk.now() - atMs < keyKeptMs) break;
      keys.delete(old);
    }
    return entry;
  };
  return async (request, state, what) => {
    const { caller } = request;
    // The guard has refused everybody else.
    if (caller === null) throw new Refusal(401, 'login_needed', 'Log in first.');
    const given = request.headers['idempotency-key'];
    const key = typeof given === 'string' ? `${caller.login} ${given}` : null;
    const known = key === null ? undefined : keys.get(key);
    if (known !== undefined && desk.now() - known.atMs < keyKeptMs) {
      logRefusal(log, request, { code: 'replayed', statusCode: 409 });
      const first = known.answer === null ? 'the first one is still waiting for its answer' : `the first one was answered: ${known.answer.line}`;
      return { statusCode: 409, body: { ok: false, code: 'replayed', line: `This request was sent before, ${first}` } };
    }
    const entry = key === null ? null : remember(key);
    const answer = await desk.ask({ state, request: { ...what, on_behalf_of: caller.login } });
    if (entry !== null) entry.answer = answer;
    // Nothing was said, so it may be said again.
    if (key !== null && answer.kind === 'not_sent') keys.delete(key);
    if (answer.kind === 'answered') return { statusCode: 200, body: { ok: answer.ok, code: answer.code, line: answer.line } };
    return { statusCode: answer.kind === 'not_sent' ? 503 : 504, body: { ok: false, code: answer.kind, line: answer.line } };
  };
}
