/**
 * The OpenAPI document as it is true: each route with all that it may be answered, refusals too, and a body that may be missing as such. Pure.
 *
 * Done for all routes in one place, because the door, the limits and the error handler stand before all of them (app.ts).
 */
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import type { RouteOptions } from 'fastify';
import { createJsonSchemaTransform } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { Answer } from './schemas.ts';

const eventStream = 'text/event-stream';

/** What any request may be answered instead; why is said in docs/operator-api.md. */
const refusals = {
  400: Answer.describe('not understood'),
  401: Answer.describe('log in, or another token'),
  403: Answer.describe('not allowed, or not from our page'),
  429: Answer.describe('too many requests; retry-after says when'),
  500: Answer.describe('a fault of the server'),
};
/** And one that changes something. */
const refusalsOfPosts = {
  404: Answer.describe('no such path'),
  413: Answer.describe('too large'),
  415: Answer.describe('not JSON'),
};
const notModified = { 304: z.null().describe('as it was: if-none-match') };
const full = { 503: Answer.describe('too many streams; retry-after says when') };

/** For the hook `onRoute`. What a route declares itself counts. */
export function addAnswers(route: RouteOptions): void {
  const { schema, method, config } = route;
  if (schema === undefined || schema.hide === true) return;
  const text = config?.answersText;
  const answers = {
    ...refusals,
    ...(method === 'POST' ? refusalsOfPosts : {}),
    ...(config?.taggedBy === undefined ? {} : notModified),
    ...(text === undefined ? {} : { 200: { content: { [text]: { schema: z.string() } } } }),
    ...(text === eventStream ? full : {}),
  };
  route.schema = { ...schema, response: { ...answers, ...(schema.response as object | undefined) } };
}

export const openapiOptions = (version: string): FastifyDynamicSwaggerOptions => ({
  openapi: {
    openapi: '3.1.0',
    info: { title: 'homelab', version, description: 'What the operator-ui answers over HTTP. Explained in docs/operator-api.md.' },
    components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' }, session: { type: 'apiKey', in: 'cookie', name: 'homelab_session' } } },
    security: [{ token: [] }, { session: [] }],
  },
  transform: createJsonSchemaTransform({ skipList: [], zodToJsonConfig: { target: 'draft-2020-12' } }),
  transformObject: (document) => ('openapiObject' in document ? withOptionalBodies(document.openapiObject) : document.swaggerObject),
});

interface Operation {
  requestBody?: { required?: boolean; content?: Record<string, { schema?: { anyOf?: readonly { type?: string }[] } }> };
}

/** @fastify/swagger says of every body that it is required; one that may be null may be missing. */
function withOptionalBodies<T extends { readonly paths?: object }>(document: T): T {
  for (const path of Object.values(document.paths ?? {})) {
    for (const { requestBody } of Object.values(path as Record<string, Operation>)) {
      const mayBeNull = Object.values(requestBody?.content ?? {}).some(({ schema }) => schema?.anyOf?.some(({ type }) => type === 'null') === true);
      if (requestBody !== undefined && mayBeNull) requestBody.required = false;
    }
  }
  return document;
}
