/**
 * The web server as one Fastify instance: what every request passes (door, limits, headers), and the routes. Listens nowhere by itself.
 *
 * Whatever is refused gets the same form of answer and one line in the log; what goes wrong in here is answered without its details.
 */
import fastifyCompress from '@fastify/compress';
import fastifyCookie from '@fastify/cookie';
import fastifyHelmet from '@fastify/helmet';
import fastifyRateLimit from '@fastify/rate-limit';
import fastifySwagger from '@fastify/swagger';
import { fastify } from 'fastify';
import { validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import type { App, WebParts } from './app-types.ts';
import { createGuard } from './guard.ts';
import { addAnswers, openapiOptions } from './openapi.ts';
import { addPage } from './page-files.ts';
import { logRefusal, Refusal, refusalOf, sendRefusal } from './refusal.ts';
import { addAccess } from './routes-access.ts';
import { addDeciding } from './routes-decide.ts';
import { addLooking } from './routes-look.ts';
import { addStream } from './routes-stream.ts';
import type { Streams } from './stream.ts';

/** The largest thing anybody sends is a note of 400 characters. */
export const bodyBytesMax = 64 * 1024;
/** As in contracts/action.ts: the name of an action. */
const idCharsMax = 400;
/** Of one address. A page that opens asks six times; a flood is thousands. */
export const requestsPerMinuteMax = 1_200;
/** Whoever sends a request slowly holds a socket: this long. */
const requestWithinMs = 15_000;
/** Nobody needs to know how many are left. */
const noCounts = { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false };
/** Below it a packet is one packet anyway. */
const compressAboveBytes = 1_400;

/**
 * What comes in is checked with zod; what goes out was checked when it came in from the bus, and the schemas describe it. Named here, so that
 * Fastify does not load its own two (whose types these are).
 */
const compilersFactory = { buildValidator: () => validatorCompiler, buildSerializer: () => () => JSON.stringify } as never;

/** Everything from here, nothing inline. */
const contentSecurityPolicy = {
  useDefaults: false,
  directives: {
    defaultSrc: ["'none'"],
    ...{ scriptSrc: ["'self'"], styleSrc: ["'self'"], imgSrc: ["'self'", 'data:'], fontSrc: ["'self'"], connectSrc: ["'self'"], manifestSrc: ["'self'"] },
    ...{ baseUri: ["'none'"], formAction: ["'self'"], frameAncestors: ["'none'"] },
  },
};

/** Ends the streams when it is closed. */
export async function buildApp(parts: WebParts, streams: Streams): Promise<App> {
  const { desk, log, settings } = parts;
  const app: App = fastify({
    bodyLimit: bodyBytesMax,
    requestTimeout: requestWithinMs,
    trustProxy: settings.trustedProxies.length === 0 ? false : [...settings.trustedProxies],
    // Streams end when the server does.
    forceCloseConnections: true,
    routerOptions: { maxParamLength: idCharsMax },
    schemaController: { compilersFactory },
    // Paths that lead to no route because they are none.
    frameworkErrors: (_error, request, reply) => {
      const refusal = new Refusal(400, 'bad_path', 'This path cannot be read.');
      logRefusal(log, request, refusal);
      sendRefusal(reply, refusal);
    },
  }).withTypeProvider<ZodTypeProvider>();
  const guard = createGuard(parts);
  app.addHook('onClose', () => {
    streams.close();
  });
  app.decorateRequest('caller', null);
  addErrors(app, parts);
  await app.register(fastifyCookie);
  await app.register(fastifyRateLimit, {
    max: requestsPerMinuteMax,
    timeWindow: 60_000,
    addHeadersOnExceeding: noCounts,
    addHeaders: noCounts,
    errorResponseBuilder: (_request, { ttl }) => new Refusal(429, 'too_many_requests', 'Too many requests; wait a moment.', Math.ceil(ttl / 1000)),
  });
  await app.register(fastifyHelmet, {
    contentSecurityPolicy,
    strictTransportSecurity: false,
    crossOriginOpenerPolicy: false,
    referrerPolicy: { policy: 'no-referrer' },
  });
  await app.register(fastifyCompress, { threshold: compressAboveBytes, encodings: ['gzip'], zlibOptions: { level: 5 } });
  app.addHook('onRoute', addAnswers);
  await app.register(fastifySwagger, openapiOptions(desk.version));
  // After the parts that count requests and set headers, before everything else.
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('cache-control', 'private, no-cache');
    guard.check(request, request.routeOptions.config.gate ?? 'open');
    done();
  });
  app.get('/openapi.json', { config: { gate: 'look' }, schema: { hide: true } }, () => app.swagger());
  addLooking(app, parts, streams);
  addStream(app, parts, { guard, streams });
  addDeciding(app, parts);
  addAccess(app, parts, { guard, streams });
  await addPage(app, settings.pageDirectory);
  await app.ready();
  return app;
}

function addErrors(app: App, { log }: WebParts): void {
  app.setErrorHandler((error, request, reply) => {
    const refusal = refusalOf(error);
    if (refusal !== null) {
      logRefusal(log, request, refusal);
      return sendRefusal(reply, refusal);
    }
    log.error({ err: error, path: request.url.split('?')[0] }, 'a request failed');
    return sendRefusal(reply, new Refusal(500, 'internal', 'Something went wrong in the server; its log says what.'));
  });
  app.setNotFoundHandler((request, reply) => {
    const refusal = new Refusal(404, 'not_found', 'There is nothing here. What there is: /openapi.json');
    logRefusal(log, request, refusal);
    return sendRefusal(reply, refusal);
  });
}
