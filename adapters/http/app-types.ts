/** The types that the parts of the web server share: the Fastify instance with its schemas, and who makes a request. */
import type { FastifyBaseLogger, FastifyInstance, RawReplyDefaultExpression, RawRequestDefaultExpression, RawServerDefault } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { EventStorePort, OperatorDesk } from '../../actors/operator-ui/ports.ts';
import type { Log } from '../../bus/log.ts';
import type { PersonRole } from '../../contracts/desired.ts';
import type { Attempts } from '../../contracts/login-attempts.ts';
import type { LoginBook } from '../logins/login-book.ts';
import type { Sessions } from './sessions.ts';

export type App = FastifyInstance<RawServerDefault, RawRequestDefaultExpression, RawReplyDefaultExpression, FastifyBaseLogger, ZodTypeProvider>;

/** Who makes a request, and how that is known. */
export interface Caller {
  readonly login: string;
  /** none: there is a list of people, and this one is not in it. */
  readonly role: PersonRole | 'none';
  readonly by: 'session' | 'token' | 'this machine';
  /** What must come with a request that changes something; null: nothing, a token was shown. */
  readonly csrf: string | null;
}

/** open: anybody; look: whoever is known; ask: whoever may ask for something; figures: a token, or a program of this machine. */
export type Gate = 'open' | 'look' | 'ask' | 'figures';

declare module 'fastify' {
  interface FastifyRequest {
    /** null: nobody is known; only then in routes that are open. */
    caller: Caller | null;
  }
  interface FastifyContextConfig {
    readonly gate?: Gate;
    /** What the answer depends on: the documents alone, or also whether they may be believed. Absent: on more. */
    readonly taggedBy?: 'documents' | 'belief';
    /** The type of content where that is text, for the OpenAPI document. Absent: JSON by its schema. */
    readonly answersText?: string;
  }
}

/** Everything that the routes need. */
export interface WebParts {
  readonly desk: OperatorDesk;
  readonly store: EventStorePort;
  readonly book: LoginBook;
  readonly sessions: Sessions;
  readonly attempts: Attempts;
  readonly log: Log;
  readonly settings: WebSettings;
}

export interface WebSettings {
  /** How people reach it from outside, `https://homelab.example.org`; null: only as whatever name they use. */
  readonly publicUrl: string | null;
  /** Addresses or networks of reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed. */
  readonly trustedProxies: readonly string[];
  /** Without any login whoever is on this machine may ask, as they may at the broker. */
  readonly asksWithoutLogin: () => boolean;
  /** The built page; null: there is none. */
  readonly pageDirectory: string | null;
}
