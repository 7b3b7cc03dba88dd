/** What can be looked at: the documents as they are, and what is made of them. Nothing here changes anything. */
import { z } from 'zod';
import { Action, openStates } from '../../contracts/action.ts';
import { Event } from '../../contracts/event.ts';
import { Incident } from '../../contracts/incident.ts';
import type { PayloadOf, Topic } from '../../contracts/topic.ts';
import { topics } from '../../contracts/topics.ts';
import { Deployment } from '../../contracts/world.ts';
import { redactProse } from '../docker/redact.ts';
import type { App, WebParts } from './app-types.ts';
import { pageOfHeard } from './heard-events.ts';
import { AllQuery, Documents, EventsQuery, Health, isAll, Summary, Topology } from './schemas.ts';
import type { Streams } from './stream.ts';
import { aiText } from './views/ai-text.ts';
import { documentsOf } from './views/documents-of.ts';
import { beliefKey, type Seen } from './views/freshness.ts';
import { ActorRow, actorRows, NodeRow, nodeRows, ServiceRow, serviceRows } from './views/lists.ts';
import { metricsOf } from './views/metrics.ts';
import { summaryOf, topologyOf } from './views/overview.ts';
import { tokensOf } from './views/token-count.ts';

const look = { config: { gate: 'look' } } as const;
const textType = 'text/plain; charset=utf-8';
/** By the format of Prometheus. */
const figuresType = 'text/plain; version=0.0.4; charset=utf-8';

const EventsPage = z.object({
  events: z.array(Event).describe('newest first'),
  next: z.string().nullable().describe('`before` of the page after this one; null: there is none'),
  source: z.enum(['store', 'memory']).describe('store: the history of this machine; memory: only the newest that were heard since the start'),
});

const seenAt = ({ desk }: WebParts): Seen => ({ picture: desk.picture(), here: desk.site, nowMs: desk.now() });

export function addLooking(app: App, parts: WebParts, streams: Streams): void {
  const { desk } = parts;
  const seen = (): Seen => seenAt(parts);
  const self = { node: desk.node, version: desk.version };

  app.get('/healthz', { config: { gate: 'open' }, schema: { summary: 'Whether it runs', response: { 200: Health } } }, () => {
    const { bus, isWhole } = desk.picture();
    const heardAtMs = desk.heardAtMs();
    const heard_s = heardAtMs === null ? null : Math.max(0, desk.now() - heardAtMs) / 1000;
    return { status: bus.status === 'up' && isWhole ? ('ok' as const) : ('degraded' as const), bus: bus.status, whole: isWhole, heard_s };
  });
  app.get('/summary', { ...look, schema: { summary: 'Is anything wrong', response: { 200: Summary } } }, () => summaryOf(seen(), self));
  app.get('/topology', { ...look, schema: { summary: 'Sites, nodes, links and what needs what', response: { 200: Topology } } }, () => topologyOf(seen()));
  const text = {
    config: { gate: 'look', answersText: textType },
    schema: { summary: 'The current world as text for an AI, below 8,000 tokens, without secrets' },
  } as const;
  app.get('/ai', text, (_request, reply) => {
    // Nothing of a container is at hand here: what looks like a secret by its form or by the words around it goes.
    const world = aiText(seen(), redactProse);
    return reply
      .type(textType)
      .header('x-homelab-tokens', String(tokensOf(world)))
      .send(world);
  });
  app.get('/metrics', { config: { gate: 'figures', answersText: figuresType }, schema: { summary: 'Figures for Prometheus' } }, (_request, reply) =>
    reply.type(figuresType).send(metricsOf(seen(), { streams: streams.count(), version: desk.version })),
  );
  addLists(app, parts);
}

/** What is made of the documents alone is the same while nothing has changed: whoever has it already is told so. */
const tagged = { config: { gate: 'look', taggedBy: 'documents' } } as const;
/** That it may not be believed any more is a change too, and time alone makes it. */
const taggedByBelief = { config: { gate: 'look', taggedBy: 'belief' } } as const;

function addTags(app: App, parts: WebParts): void {
  app.addHook('preHandler', (request, reply, done) => {
    const { taggedBy } = request.routeOptions.config;
    if (taggedBy === undefined) {
      done();
      return;
    }
    const tag = `W/"${parts.desk.picture().cursor}${taggedBy === 'belief' ? `.${beliefKey(seenAt(parts))}` : ''}"`;
    reply.header('etag', tag);
    if (request.headers['if-none-match'] === tag) reply.code(304).send();
    else done();
  });
}

function addLists(app: App, parts: WebParts): void {
  const { desk, store } = parts;
  const every = <T extends Topic>(topic: T): PayloadOf<T>[] => [...documentsOf(desk.picture(), topic)];
  addTags(app, parts);

  app.get('/documents', { ...tagged, schema: { summary: 'Everything that is true now, for a page', response: { 200: Documents } } }, () => {
    const { cursor, documents, bus, isWhole } = desk.picture();
    const { site, node, version } = desk;
    return { cursor, site, node, version, bus, whole: isWhole, documents: Object.fromEntries(documents) };
  });
  app.get('/nodes', { ...taggedByBelief, schema: { summary: 'Nodes', response: { 200: z.array(NodeRow) } } }, () => nodeRows(seenAt(parts)));
  app.get('/services', { ...taggedByBelief, schema: { summary: 'Services', response: { 200: z.array(ServiceRow) } } }, () => serviceRows(seenAt(parts)));
  app.get('/incidents', { ...tagged, schema: { summary: 'Active incidents', querystring: AllQuery, response: { 200: z.array(Incident) } } }, ({ query }) =>
    every(topics.incident).filter(({ status }) => isAll(query) || status === 'active'),
  );
  app.get('/deployments', { ...tagged, schema: { summary: 'Deployments', response: { 200: z.array(Deployment) } } }, () => every(topics.deployment));
  app.get('/actions', { ...tagged, schema: { summary: 'Open actions', querystring: AllQuery, response: { 200: z.array(Action) } } }, ({ query }) =>
    every(topics.action).filter(({ status }) => isAll(query) || openStates.some((state) => state === status)),
  );
  app.get('/actors', { ...taggedByBelief, schema: { summary: 'Actors, with their modes', response: { 200: z.array(ActorRow) } } }, () =>
    actorRows(seenAt(parts)),
  );
  app.get('/events', { ...look, schema: { summary: 'Events, newest first', querystring: EventsQuery, response: { 200: EventsPage } } }, async ({ query }) => {
    const { node = null, type = null, since = null, until = null, before = null, limit } = query;
    const wanted = { node, type, since, until, before, limit };
    const stored = await store.page(wanted);
    const { events, next } = stored ?? pageOfHeard(desk.picture().events, wanted);
    return { events: [...events], next, source: stored === null ? ('memory' as const) : ('store' as const) };
  });
}
