/** What is said to a request that is refused: a code for programs and one line for people, the same form as an answer of the ledger. Logged once. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Log } from '../../bus/log.ts';

/** Thrown by whatever refuses; the server's error handler answers it. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly statusCode: number;
  readonly code: string;
  /** Seconds until it is worth another try; null: it is not. */
  readonly retryAfterS: number | null;

  constructor(statusCode: number, code: string, line: string, retryAfterS: number | null = null) {
    super(line);
    this.statusCode = statusCode;
    this.code = code;
    this.retryAfterS = retryAfterS;
  }
}

/** As much of a path as tells what was tried. */
const pathCharsMax = 120;
const charsOfUserInfo = 60;

/** Never a header, a body or what stands behind the question mark: there may be a secret in it. */
export function logRefusal(
  log: Log,
  request: Pick<FastifyRequest, 'url' | 'ip' | 'method'> & { readonly caller?: FastifyRequest['caller'] },
  { code, statusCode }: Pick<Refusal, 'code' | 'statusCode'>,
): void {
  const [path = ''] = request.url.split('?');
  const from = request.ip;
  log.warn(
    { code, statusCode, from, method: request.method, path: path.slice(0, pathCharsMax), login: request.caller?.login.slice(0, charsOfUserInfo) ?? null },
    'request refused',
  );
}

/** Errors of the web server itself, in our words. */
const knownErrors: Readonly<Record<string, readonly [string, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['too_large', 'What was sent is too large: at most 64 kB are read.'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['not_json', 'Expected JSON (content-type: application/json).'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['not_json', 'Expected JSON, and there was nothing.'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['not_json', 'What was sent is not JSON.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['bad_request', 'The length of what was sent is not what was announced.'],
};

/** null: a bug of ours, or trouble of the machine. */
export function refusalOf(error: unknown): Refusal | null {
  if (error instanceof Refusal) return error;
  const {
    code = '',
    statusCode = 500,
    validation,
  } = error as {
    readonly code?: string;
    readonly statusCode?: number;
    readonly validation?: readonly { readonly instancePath?: string; readonly message?: string }[];
  };
  if (validation !== undefined) {
    const [first] = validation;
    const field = (first?.instancePath ?? '').replace(/^\//, '').replaceAll('/', '.');
    return new Refusal(400, 'bad_request', `${field === '' ? 'The request' : field}: ${first?.message ?? 'not as expected'}`);
  }
  const [ours, line] = knownErrors[code] ?? [];
  if (ours !== undefined && line !== undefined) return new Refusal(statusCode, ours, line);
  return statusCode >= 400 && statusCode < 500 ? new Refusal(statusCode, 'bad_request', 'The request is not one that this server understands.') : null;
}

export function sendRefusal(reply: FastifyReply, { statusCode, code, message, retryAfterS }: Refusal): FastifyReply {
  if (retryAfterS !== null) reply.header('retry-after', String(retryAfterS));
  return reply
    .code(statusCode)
    .type('application/json; charset=utf-8')
    .header('cache-control', 'no-store')
    .send(JSON.stringify({ ok: false, code, line: message }));
}
