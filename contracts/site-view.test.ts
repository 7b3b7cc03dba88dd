/** What is nominal for one reader is so for all, and nothing that may be old is. */
import { describe, expect, it } from 'vitest';
import { ActorStatus } from './actor-status.ts';
import { actorViewsOf, doubtsAboutNodes } from './actor-view.ts';
import { NodeHealth } from './health.ts';
import { LinkStatus } from './link.ts';
import { type Evidence, isNominal, siteViewsOf, verdictOf } from './site-view.ts';
import { SiteSummary, WorldNode } from './world.ts';

const nowMs = Date.parse('2026-03-01T12:00:00.000Z');
const ago = (seconds: number): string => new Date(nowMs - seconds * 1000).toISOString();
const head = { summary: 'one line', ts: ago(5), session: 3, rev: 7 };

const site = (name: string, over: object = {}): SiteSummary =>
  SiteSummary.parse({
    ...{ ...head, status: 'nominal', site: name, last_update: ago(12), nodes: {}, services: {}, incidents_active: 0, actions_pending: 0, actions_running: 0 },
    ...over,
  });
const node = (name: string, over: object = {}): WorldNode =>
  WorldNode.parse({ ...head, status: 'online', node: name, site: 'hub', engine: 'up', since: ago(7200), last_seen: ago(12), ...over });
const actor = (name: string, over: object = {}): ActorStatus => ActorStatus.parse({ ...head, status: 'online', node: 'vps', actor: name, ...over });
const health = (over: object): NodeHealth => NodeHealth.parse({ ...head, status: 'online', node: 'vps', ...over });
const link = (status: string, over: object = {}): LinkStatus => LinkStatus.parse({ ...head, status, ts: ago(20), site: 'cabin', since: ago(900), ...over });

/** Two sites, all well. */
const well: Evidence = {
  here: 'hub',
  sites: [site('cabin', { last_update: ago(3000) }), site('hub')],
  links: [link('up')],
  nodes: [node('vps'), node('cabin-1', { site: 'cabin', last_seen: ago(3000) })],
  actors: [actor('observer'), actor('node-agent'), actor('observer', { node: 'cabin-1' }), actor('bridge', { node: 'cabin-1' })],
};
const silentLink: Partial<Evidence> = { sites: [site('hub', { links: [{ site: 'farm', status: 'unknown', down_since: ago(600) }] })], links: [] };
const fault = actor('inventory', { mode: 'degraded', detail: 'hosts/vps/services.yaml:3:9: expected a mapping' });

const views = (over: Partial<Evidence> = {}) => siteViewsOf({ ...well, ...over }, nowMs);
const shown = (over: Partial<Evidence> = {}) => views(over).map((view) => [view.site, view.status, view.doubt?.kind ?? null, view.doubt?.since ?? null]);

describe('how the sites are', () => {
  it('is what their observers say while everything between is there, our own first', () => {
    expect(shown()).toEqual([
      ['hub', 'nominal', null, null],
      ['cabin', 'nominal', null, null],
    ]);
    expect(isNominal(views())).toBe(true);
  });

  it.each<[string, Partial<Evidence>, readonly [string, string, string | null][]]>([
    [
      'the reader has no broker',
      { bus: { status: 'down', since: ago(40) } },
      [
        ['hub', 'bus', ago(40)],
        ['cabin', 'bus', ago(40)],
      ],
    ],
    ['the link is cut', { links: [link('down')] }, [['cabin', 'link', ago(900)]]],
    ['its observer is away', { actors: [actor('observer', { status: 'offline' }), actor('observer', { node: 'cabin-1' })] }, [['hub', 'observer', null]]],
    ['no observer is known', { actors: [actor('observer')] }, [['cabin', 'observer', null]]],
    [
      'nothing was heard for longer than three heartbeats',
      { nodes: [node('vps', { last_seen: ago(91) }), node('cabin-1', { site: 'cabin' })] },
      [['hub', 'silent', ago(91)]],
    ],
    ['a declared site was never heard', silentLink, [['farm', 'never', ago(600)]]],
  ])('is not known, and not nominal, when %s', (_, over, expected) => {
    expect(shown(over).filter(([, , kind]) => kind !== null)).toEqual(expected.map(([name, kind, since]) => [name, 'unknown', kind, since]));
    expect([verdictOf(views(over)), isNominal(views(over))]).toEqual(['unknown', false]);
  });

  it('is what the observer says, for as long as a machine is switched off', () => {
    const off = { sites: [site('hub', { status: 'critical', last_update: ago(7200), nodes: { online: 1, offline: 1 } })], links: [] };
    const nodes = [node('vps'), node('desk', { status: 'offline', last_seen: ago(7200) })];
    expect(views({ ...off, nodes })).toMatchObject([{ site: 'hub', status: 'critical', doubt: null, heardAt: ago(12) }]);
    expect(views({ ...off, nodes: nodes.slice(1) })).toMatchObject([{ status: 'critical', doubt: null, heardAt: ago(7200) }]);
    // Whoever is said to be there must still be heard.
    expect(views({ ...off, nodes: [node('vps', { last_seen: ago(91) }), ...nodes.slice(1)] })).toMatchObject([
      { status: 'unknown', doubt: { kind: 'silent' } },
    ]);
  });

  it('waits as long as a node says that it takes from one heartbeat to the next', () => {
    const over = { sites: [site('hub', { last_update: ago(150) })], links: [], nodes: [node('vps', { last_seen: ago(150) })] };
    expect(isNominal(views(over))).toBe(false);
    expect(isNominal(views({ ...over, health: new Map([['vps', health({ heartbeat_ms: 60_000 })]]) }))).toBe(true);
  });

  it('is not nominal while a file of the inventory has a fault: what is in it is looked at by nobody', () => {
    const faulty = views({ actors: [...well.actors, fault] });
    expect(faulty.map(({ status, faults }) => [status, faults.length])).toEqual([
      ['nominal', 1],
      ['nominal', 0],
    ]);
    expect([verdictOf(faulty), isNominal(faulty)]).toEqual(['degraded', false]);
  });

  it('is not nominal when the faulty file is on a machine that no observer knows: it counts with our own site', () => {
    const elsewhere = { ...fault, node: 'desk' };
    const faulty = views({ actors: [...well.actors, elsewhere] });
    expect(faulty.map((view) => [view.site, view.faults])).toEqual([
      ['hub', [elsewhere]],
      ['cabin', []],
    ]);
    expect([verdictOf(faulty), isNominal(faulty)]).toEqual(['degraded', false]);
    // Where nothing stands here of our own site, it counts all the same.
    expect(isNominal(views({ here: 'attic', actors: [...well.actors, elsewhere] }))).toBe(false);
    expect(views({ actors: [...well.actors, { ...fault, node: 'cabin-1' }] }).map((view) => view.faults.length)).toEqual([0, 1]);
  });

  it.each<[string, Partial<Evidence>]>([
    ['a machine', { nodes: [node('vps', { last_seen: ago(-91) }), node('desk'), node('cabin-1', { site: 'cabin' })] }],
    ['the whole site', { sites: [site('cabin', { last_update: ago(3000) }), site('hub', { last_update: ago(-3600) })] }],
  ])('is not known when the last word of %s is of a time that is to come: its silence would be nominal until then', (_, over) => {
    expect(shown(over)).toEqual([
      ['hub', 'unknown', 'clock', null],
      ['cabin', 'nominal', null, null],
    ]);
    expect(isNominal(views(over))).toBe(false);
  });

  it('is what its observer says while the clocks differ by less than what a heartbeat may be late', () => {
    expect(isNominal(views({ nodes: [node('vps', { last_seen: ago(-90) }), node('cabin-1', { site: 'cabin' })] }))).toBe(true);
  });

  it('is silent before its clock counts: one machine says nothing, the word of another is of a time that is to come', () => {
    expect(shown({ nodes: [node('vps', { last_seen: ago(-3600) }), node('desk', { last_seen: ago(91) })] })[0]).toEqual(['hub', 'unknown', 'silent', ago(91)]);
  });

  it('is the worst of all, and not known where nobody has reported', () => {
    expect(verdictOf(views({ sites: [site('hub', { status: 'degraded' }), site('cabin', { status: 'critical' })] }))).toBe('critical');
    expect(verdictOf(views({ links: [link('down')], sites: [site('hub', { status: 'degraded' }), site('cabin', { status: 'critical' })] }))).toBe('degraded');
    expect([verdictOf([]), isNominal([])]).toEqual(['unknown', false]);
  });
});

describe('an actor that said it is online', () => {
  const said = (over: Partial<Evidence>): Readonly<Record<string, string>> =>
    Object.fromEntries(
      actorViewsOf({ ...well, ...over }, nowMs).map((view) => [`${view.said.actor} ${view.said.node}`, `${view.status} ${view.doubt?.kind ?? ''}`.trim()]),
    );

  it('is, while its node is heard', () => {
    expect(new Set(Object.values(said({})))).toEqual(new Set(['online']));
  });

  it.each<[string, Partial<Evidence>, string]>([
    ['the reader has no broker', { bus: { status: 'down', since: ago(40) } }, 'unknown bus'],
    ['its node is away', { nodes: [node('vps', { status: 'offline' })] }, 'unknown offline'],
    ['the will of its node was read, by nobody else yet', { health: new Map([['vps', health({ status: 'offline' })]]) }, 'unknown offline'],
    ['the heartbeat of its node is too old', { nodes: [node('vps', { last_seen: ago(91) })] }, 'unknown silent'],
    ['the heartbeat of its node is of a time that is to come', { nodes: [node('vps', { last_seen: ago(-91) })] }, 'unknown clock'],
    ['its node has not been heard yet', { nodes: [node('vps', { status: 'unknown', last_seen: null })] }, 'unknown unheard'],
  ])('is not known to be when %s', (_, over, expected) => {
    expect(said({ ...over, actors: well.actors.slice(0, 2) })).toEqual({ 'observer vps': expected, 'node-agent vps': expected });
  });

  it('is not known to be behind a dead link, and what was bad may be over', () => {
    const actors = [...well.actors, actor('executor', { node: 'cabin-1', status: 'failed' }), actor('executor', { status: 'failed' })];
    expect(said({ links: [link('down')], actors })).toEqual({
      ...{ 'observer vps': 'online', 'node-agent vps': 'online', 'executor vps': 'failed' },
      ...{ 'observer cabin-1': 'unknown link', 'bridge cabin-1': 'unknown link', 'executor cabin-1': 'unknown link' },
    });
  });

  it('stays what it said last where that was its end', () => {
    const actors = [actor('executor', { status: 'failed' }), actor('bridge', { status: 'offline' }), actor('ledger', { status: 'restarting' })];
    expect(said({ nodes: [node('vps', { status: 'offline' })], actors })).toEqual({
      'executor vps': 'failed',
      'bridge vps': 'offline',
      'ledger vps': 'unknown offline',
    });
  });

  it('is believed where no heartbeat is expected, and where a node is heard although its observer is not', () => {
    expect(said({ nodes: [node('vps', { status: 'unmonitored', last_seen: null })] })['observer vps']).toBe('online');
    const late = { nodes: [node('vps', { last_seen: ago(400) })] };
    expect(said({ ...late, health: new Map([['vps', health({ ts: ago(20) })]]) })['node-agent vps']).toBe('online');
    expect(said({ ...late, health: new Map([['vps', health({ ts: ago(-500) })]]) })['node-agent vps']).toBe('unknown silent');
    const ahead = { nodes: [node('vps', { last_seen: ago(-400) })] };
    expect(said({ ...ahead, health: new Map([['vps', health({ ts: ago(20) })]]) })['node-agent vps']).toBe('online');
  });
});

describe('what stands of a node', () => {
  it('is doubted with its site, and when it has gone silent; not because its observer says that it is away', () => {
    const doubt = (over: Partial<Evidence>, name = 'vps', of = 'hub') =>
      doubtsAboutNodes({ ...well, ...over }, views(over), nowMs)({ node: name, site: of })?.kind ?? null;
    expect(doubt({})).toBeNull();
    expect(doubt({ nodes: [node('vps', { status: 'offline', last_seen: ago(900) })] })).toBeNull();
    expect(doubt({ nodes: [node('vps', { last_seen: ago(900) }), node('cabin-1', { site: 'cabin' })] })).toBe('silent');
    expect(doubt({ links: [link('down')] }, 'cabin-1', 'cabin')).toBe('link');
    expect(doubt({ actors: [] })).toBe('observer');
  });
});
