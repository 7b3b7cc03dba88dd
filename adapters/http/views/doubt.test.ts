/** What is not known any more is not shown as true by any view of the API: figures, lists, the text for an AI, the summary. */
import { describe, expect, it } from 'vitest';
import type { DocumentHead } from '../../../contracts/common.ts';
import type { LevelsOf, Topic } from '../../../contracts/topic.ts';
import { topics } from '../../../contracts/topics.ts';
import { aiText } from './ai-text.ts';
import { beliefKey, type Seen } from './freshness.ts';
import { actorRows, nodeRows, serviceRows } from './lists.ts';
import { metricsOf } from './metrics.ts';
import { summaryOf, topologyOf } from './overview.ts';

const nowMs = Date.parse('2026-03-01T12:00:00.000Z');
const ago = (seconds: number): string => new Date(nowMs - seconds * 1000).toISOString();
const started = ago(86_400);

class Lab {
  readonly documents = new Map<string, DocumentHead>();
  busDownSince: string | null = null;

  say<P extends string>(topic: Topic<P>, levels: LevelsOf<P>, body: object): this {
    this.documents.set(topic.build(levels), topic.schema.parse({ summary: '', ts: ago(5), session: 1, ...(levels as object), ...body }) as DocumentHead);
    return this;
  }

  node(node: string, site: string, more: object = {}): this {
    const rest = { status: 'online', site, engine: 'up', since: started, last_seen: ago(9), ...more };
    return this.say(topics.worldNode, { node }, rest).say(topics.nodeHealth, { node }, { status: 'online', engine: 'up', rev: 4, cpu_pct: 12 });
  }

  actor(node: string, actor: string, more: object = {}): this {
    return this.say(topics.actorStatus, { node, actor }, { status: 'online', summary: `${actor} on ${node}: watching`, rev: 2, ...more });
  }

  service(node: string, service: string, site: string): this {
    this.say(topics.worldService, { node, service }, { status: 'healthy', site, desired: 'declared', since: started });
    return this.say(topics.serviceHealth, { node, service }, { status: 'healthy', reason: 'running', since: started });
  }

  site(site: string, more: object = {}): this {
    const counts = { nodes: { online: 2 }, services: { healthy: 1 }, incidents_active: 0, actions_pending: 0, actions_running: 0 };
    return this.say(topics.site, { site }, { status: 'nominal', last_update: ago(9), ...counts, ...more });
  }

  link(status: string): this {
    return this.say(topics.link, { site: 'cabin' }, { status, since: ago(600), ts: ago(20), rev: 9 });
  }

  get seen(): Seen {
    const bus = this.busDownSince === null ? ({ status: 'up', since: started } as const) : ({ status: 'down', since: this.busDownSince } as const);
    return { picture: { cursor: 1, documents: this.documents, events: [], bus, isWhole: true }, here: 'hub', nowMs };
  }

  get ai(): string {
    return aiText(this.seen, (text) => text);
  }

  figures(name: string): readonly string[] {
    const text = metricsOf(this.seen, { streams: 0, version: '1' });
    return text.split('\n').filter((line) => line.startsWith(name));
  }

  get summary() {
    return summaryOf(this.seen, { node: 'vps', version: '1' });
  }
}

/** Two sites that are well. */
const well = (): Lab =>
  new Lab()
    .site('hub')
    .site('cabin')
    .link('up')
    .node('vps', 'hub')
    .node('desk', 'hub')
    .node('cabin-1', 'cabin')
    .actor('vps', 'observer')
    .actor('desk', 'node-agent')
    .actor('desk', 'executor')
    .actor('cabin-1', 'observer')
    .service('desk', 'web', 'hub')
    .service('cabin-1', 'zigbee', 'cabin');

/** The power of desk is gone: the will of its node-agent has fired, and nothing else has said anything. */
const powerLoss = (): Lab =>
  well()
    .node('desk', 'hub', { status: 'offline', since: ago(300), last_seen: ago(310) })
    .say(topics.nodeHealth, { node: 'desk' }, { status: 'offline', ts: started })
    .say(topics.worldService, { node: 'desk', service: 'web' }, { status: 'unknown', last_status: 'healthy', site: 'hub', since: ago(300) });

const upOf = (lab: Lab): readonly string[] => lab.figures('homelab_actor_up').map((line) => line.replace(/^homelab_actor_up/, ''));

describe('figures', () => {
  it('are all there while everything is well', () => {
    expect(upOf(well())).toEqual([
      '{node="cabin-1",actor="observer"} 1',
      '{node="desk",actor="executor"} 1',
      '{node="desk",actor="node-agent"} 1',
      '{node="vps",actor="observer"} 1',
    ]);
    expect(well().figures('homelab_link_up')).toEqual(['homelab_link_up{site="cabin"} 1']);
  });

  it('say nothing of the actors of a machine that is away, or has gone silent; what ended stays ended', () => {
    expect(upOf(powerLoss().actor('desk', 'bridge', { status: 'offline' }))).toEqual([
      '{node="cabin-1",actor="observer"} 1',
      '{node="desk",actor="bridge"} 0',
      '{node="vps",actor="observer"} 1',
    ]);
    const silent = well().node('desk', 'hub', { last_seen: ago(120) });
    silent.say(topics.nodeHealth, { node: 'desk' }, { status: 'online', ts: ago(120) });
    expect(upOf(silent)).not.toContain('{node="desk",actor="executor"} 1');
  });

  it('say nothing of actors behind a dead link, and of their services that they are not known', () => {
    const cut = well().link('down');
    expect(upOf(cut).some((line) => line.includes('cabin-1'))).toBe(false);
    expect(cut.figures('homelab_services{')).toEqual(['homelab_services{site="cabin",status="unknown"} 1', 'homelab_services{site="hub",status="healthy"} 1']);
    expect(cut.figures('homelab_link_up')).toEqual(['homelab_link_up{site="cabin"} 0']);
  });

  it('say of no link and no actor that it is up while the broker is not reached', () => {
    const blind = well();
    blind.busDownSince = ago(30);
    expect([...blind.figures('homelab_link_up'), ...blind.figures('homelab_actor_up'), ...blind.figures('homelab_bus_up')]).toEqual(['homelab_bus_up 0']);
    expect(blind.figures('homelab_nodes{')).toEqual(['homelab_nodes{site="cabin",status="unknown"} 1', 'homelab_nodes{site="hub",status="unknown"} 2']);
    expect(blind.summary.sites.map(({ link }) => link?.status ?? null)).toEqual([null, 'unknown']);
  });
});

describe('the lists', () => {
  it('say what was, and that it was, of a machine that is away', () => {
    const { seen } = powerLoss();
    expect(serviceRows(seen).find(({ service }) => service === 'web')).toMatchObject({
      ...{ status: 'unknown', last_status: 'healthy', stale: null, health: null },
      health_was: { status: 'healthy' },
    });
    expect(nodeRows(seen).find(({ node }) => node === 'desk')).toMatchObject({
      status: 'offline',
      engine: null,
      health: null,
      health_was: { status: 'offline' },
    });
    expect(actorRows(seen).find(({ actor }) => actor === 'executor')).toMatchObject({
      ...{ status: 'unknown', status_was: 'online', stale: `its node is offline since ${ago(300)}` },
    });
  });

  it('say so of everything behind a dead link, and nothing so while it is there', () => {
    const cut = well().link('down').seen;
    expect(serviceRows(cut).find(({ service }) => service === 'zigbee')).toMatchObject({
      ...{ status: 'unknown', last_status: 'healthy', stale: `link down since ${ago(600)}`, health: null },
      health_was: { status: 'healthy' },
    });
    expect(nodeRows(cut).map(({ node, status, stale }) => [node, status, stale === null])).toEqual([
      ['cabin-1', 'unknown', false],
      ['desk', 'online', true],
      ['vps', 'online', true],
    ]);
    expect(topologyOf(cut).nodes.map(({ status }) => status)).toEqual(['unknown', 'online', 'online']);
    for (const row of [...serviceRows(well().seen), ...nodeRows(well().seen)]) expect(row).toMatchObject({ stale: null, health_was: null });
  });

  it('say that the clock is why, where the last word is of a time that is to come', () => {
    const ahead = well().site('hub', { last_update: ago(-3600) });
    const why = 'its clock is ahead of ours, so that its silence would not be noticed';
    expect(nodeRows(ahead.seen).find(({ node }) => node === 'desk')).toMatchObject({ status: 'unknown', stale: why });
    expect(ahead.summary).toMatchObject({
      status: 'unknown',
      sites: [
        { site: 'hub', stale: why },
        { site: 'cabin', stale: null },
      ],
    });
    expect(ahead.ai).toContain(why);
  });

  it('are another answer once time alone has made them old', () => {
    const { seen } = well();
    expect(beliefKey({ ...seen, nowMs: nowMs + 1000 })).toBe(beliefKey(seen));
    expect(beliefKey({ ...seen, nowMs: nowMs + 120_000 })).not.toBe(beliefKey(seen));
  });
});

describe('the text for an AI', () => {
  it('knows neither the engine nor the actors of a machine that is away', () => {
    const text = powerLoss().ai;
    expect(text).toContain(`- desk (site hub): offline since ${ago(300)}, last heard ${ago(310)}\n`);
    expect(text).toContain(`- on desk: not known since ${ago(300)} (its node is offline since ${ago(300)}): executor was online, node-agent was online`);
    expect(text).not.toContain('desk (site hub): offline since 2026-03-01T11:55:00.000Z, engine');
  });

  it('does not take the time of a will for that of its death', () => {
    const text = well().actor('desk', 'bridge', { status: 'offline', summary: 'bridge on desk: connection lost', rev: undefined, ts: started }).ai;
    expect(text).toContain(`- bridge on desk: connection lost (offline, since when is not known; it had connected after ${started})`);
    expect(well().actor('desk', 'bridge', { status: 'stopped', ts: ago(60) }).ai).toContain(`(stopped since ${ago(60)})`);
  });

  it('lists nothing as healthy that may not be so any more', () => {
    const [, healthy] = well().link('down').ai.split('## Healthy services, by node');
    expect(healthy).not.toContain('zigbee');
    expect(well().link('down').ai).toContain(`- on cabin-1: not known, link down since ${ago(600)}; were healthy: zigbee`);
  });
});

describe('the summary', () => {
  it('is not nominal while a file of the inventory has a fault, as homelab status says it', () => {
    const lab = well().actor('vps', 'inventory', { mode: 'degraded', detail: 'hosts/vps/services.yaml:3:9: expected a mapping' });
    expect(lab.summary).toMatchObject({ status: 'degraded' });
    expect(lab.summary.sites[0]).toMatchObject({ status: 'degraded', inventory_faults: ['inventory of vps: hosts/vps/services.yaml:3:9: expected a mapping'] });
    expect(lab.figures('homelab_site_nominal')).toEqual(['homelab_site_nominal{site="hub"} 0', 'homelab_site_nominal{site="cabin"} 1']);
    expect(lab.ai).toContain('  - inventory of vps: hosts/vps/services.yaml:3:9: expected a mapping');
  });

  it('is critical, not unknown, for as long as a machine is switched off', () => {
    const lab = powerLoss().site('hub', { status: 'critical', last_update: ago(310), nodes: { online: 1, offline: 1 } });
    expect(lab.summary.sites[0]).toMatchObject({ site: 'hub', status: 'critical', stale: null });
  });
});
