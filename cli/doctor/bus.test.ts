/** The checks of what the documents say: clock, actors, versions, outboxes. */
import { describe, expect, it } from 'vitest';
import { ActorStatus } from '../../contracts/actor-status.ts';
import { NodeHealth } from '../../contracts/health.ts';
import { WorldNode } from '../../contracts/world.ts';
import { believed, checkActors, checkInventory } from './actors.ts';
import { checkClock } from './clock.ts';
import { checkOutboxes, type OutboxLine } from './outbox.ts';
import { checkOtherVersions } from './versions.ts';

const nowMs = Date.parse('2026-03-01T12:00:00.000Z');
const at = (seconds: number): string => new Date(nowMs + seconds * 1000).toISOString();
const head = { summary: 'one line', ts: at(0), session: 1, rev: 1 };
const actor = (name: string, over: object = {}): ActorStatus =>
  ActorStatus.parse({ ...head, status: 'online', node: 'vps', actor: name, version: '0.1.0', ...over });

describe('the clock', () => {
  const health = (node: string, ts: number, over: object = {}): NodeHealth => NodeHealth.parse({ ...head, status: 'online', node, ts: at(ts), ...over });
  const seen = (node: string, lastSeen: number): WorldNode =>
    WorldNode.parse({ ...head, status: 'online', node, site: 'hub', since: at(0), last_seen: at(lastSeen) });
  const check = (documents: { health?: readonly NodeHealth[]; world?: readonly WorldNode[] }, observerOn = 'vps') =>
    checkClock({ nowMs, node: 'vps', health: [], world: [], actors: [actor('observer', { node: observerOn })], ...documents });

  it('is honestly unknown with one machine on the bus', () => {
    expect(check({ health: [health('vps', -10)], world: [seen('vps', -10)] })).toMatchObject({ level: 'ok', found: expect.stringContaining('unknown') });
    expect(check({})).toMatchObject({ found: expect.stringContaining('unknown') });
  });

  it('is ok when another node is heard as it stamps', () => {
    expect(check({ health: [health('piha', -12)], world: [seen('piha', -11)] })).toMatchObject({ level: 'ok', found: 'within 1 s, by 1 heartbeat' });
  });

  it.each([
    [-6, 'warning', 'piha is 6 s behind the observer on vps'],
    [6, 'warning', 'piha is 6 s ahead of'],
    [-89, 'warning', 'behind'],
    [-90, 'error', 'piha is 90 s behind'],
    [-7200, 'error', 'piha is 120 min behind'],
  ])('of another node %i s off is %s', (offset, level, found) => {
    const finding = check({ health: [health('piha', -30 + offset)], world: [seen('piha', -30)] });
    expect(finding).toMatchObject({ level, found: expect.stringContaining(found), mend: expect.stringContaining('ssh piha sudo timedatectl set-ntp true') });
  });

  it('of this machine is measured where the observer runs elsewhere, and mended here', () => {
    const finding = check({ health: [health('vps', -5)], world: [seen('vps', -65)] }, 'piha');
    expect(finding).toMatchObject({ level: 'warning', found: 'vps is 60 s ahead of the observer on piha', mend: expect.stringMatching(/^sudo timedatectl/) });
  });

  it('shows by a heartbeat from the future, even without an observer', () => {
    const alone = { nowMs, node: 'vps', world: [], actors: [] };
    expect(checkClock({ ...alone, health: [health('piha', 100)] })).toMatchObject({
      level: 'error',
      found: 'piha is at least 100 s ahead of this machine (vps)',
    });
    expect(checkClock({ ...alone, health: [health('vps', 20)] })).toMatchObject({
      level: 'warning',
      found: 'vps is at least 20 s behind its own last heartbeat',
    });
  });

  it('is not judged by a will, whose time is that of the connection', () => {
    expect(check({ health: [health('piha', -9000, { status: 'offline' })], world: [seen('piha', -30)] })).toMatchObject({
      found: expect.stringContaining('unknown'),
    });
  });
});

describe('the actors', () => {
  const check = (expected: readonly string[], ...statuses: readonly ActorStatus[]) => checkActors({ node: 'vps', expected, statuses });

  it('are ok when all that belong here are online', () => {
    expect(check(['observer', 'ledger'], actor('observer'), actor('ledger'))).toMatchObject({ level: 'ok', found: '2 online on vps' });
  });

  it('are ok when nobody says that any should run', () => {
    expect(check([], actor('observer', { node: 'piha', status: 'offline' }))).toMatchObject({ level: 'ok', found: 'none known on vps' });
  });

  it.each(['offline', 'failed', 'stopped', 'restarting'] as const)('that belong here and are %s are an error, with the command that starts them', (status) => {
    const finding = check(['observer', 'ledger'], actor('observer', { status, last_error: 'disk full' }), actor('ledger'));
    expect(finding).toMatchObject({ level: 'error', found: expect.stringContaining(`observer ${status}`), mend: 'homelab run observer' });
  });

  it('that belong here and were never heard of are an error', () => {
    expect(check(['observer', 'ledger'])).toMatchObject({ level: 'error', found: expect.stringContaining('observer never heard of'), mend: 'homelab up' });
  });

  it('that went without a goodbye, and whom nobody expects, are a warning', () => {
    expect(check([], actor('executor', { status: 'offline' }))).toMatchObject({ level: 'warning', mend: 'homelab run executor' });
    expect(check([], actor('executor', { status: 'stopped' }))).toMatchObject({ level: 'ok' });
  });

  it('include a node-agent whose death only the heartbeat of its node tells', () => {
    const health = (status: string) => [NodeHealth.parse({ ...head, status, node: 'vps' })];
    const actors = [actor('node-agent'), actor('ledger'), actor('node-agent', { node: 'piha' })];
    const said = (status: string) => believed({ actors, health: health(status) }).map((each) => each.status);
    expect(said('offline')).toEqual(['offline', 'online', 'online']);
    expect(said('degraded')).toEqual(['online', 'online', 'online']);
  });

  it('that found a second one of themselves are an error', () => {
    expect(check([], actor('observer', { status: 'duplicate_writer' }))).toMatchObject({ level: 'error', found: expect.stringContaining('runs elsewhere') });
  });
});

describe('the inventory', () => {
  const check = (...statuses: readonly ActorStatus[]) => checkInventory({ node: 'vps', statuses });
  const faulty = { mode: 'degraded', detail: 'hosts/vps/services.yaml:3:9: expected a mapping' };

  it('is a warning where a file has a fault, with the place and the command that lists all of them', () => {
    expect(check(actor('inventory', faulty))).toMatchObject({
      level: 'warning',
      found: 'vps: hosts/vps/services.yaml:3:9: expected a mapping',
      mend: 'homelab validate   # lists every fault',
    });
    expect(check(actor('inventory', { ...faulty, node: 'piha' }))).toMatchObject({ mend: 'homelab validate   # lists every fault; on piha' });
  });

  it('is ok where no file has one, or nobody reads them', () => {
    expect(check(actor('inventory', { mode: 'declared' }))).toMatchObject({ level: 'ok', found: 'no file has a fault' });
    expect(check(actor('inventory', { ...faulty, status: 'stopped' }))).toMatchObject({ level: 'ok', found: 'nobody reads it now' });
  });
});

describe('versions on the bus', () => {
  it.each([
    ['nobody is online', [actor('observer', { status: 'stopped', version: '0.0.1' })], 'ok'],
    ['all run ours', [actor('observer'), actor('ledger')], 'ok'],
    ['a simulated one runs ours', [actor('observer', { version: '0.1.0+simulated' })], 'ok'],
    ['one runs another', [actor('observer'), actor('node-agent', { node: 'piha', version: '0.0.9' })], 'warning'],
  ] as const)('when %s', (_, actors, level) => {
    const finding = checkOtherVersions('0.1.0', actors);
    expect(finding.level).toBe(level);
    if (level === 'warning') expect(finding).toMatchObject({ found: 'this is 0.1.0, but node-agent on piha 0.0.9', mend: expect.stringContaining('on piha') });
  });
});

describe('the outboxes', () => {
  const lines = (count: number, seconds: number): readonly OutboxLine[] =>
    Array.from({ length: count }, (_, index) => ({ source: 'node-agent', lane: 'urgent' as const, seq: index + 1, ts: at(-seconds) }));
  const upTo = (urgent: number) => ({ 'node-agent': { urgent, info: 0 } });

  it.each([
    ['stored ones do not wait', lines(5, 999), upTo(5), 'ok', 'nothing waits'],
    ['young ones are on the way', lines(5, 10), upTo(3), 'ok', '2 events on the way'],
    ['old ones wait', lines(5, 600), upTo(3), 'warning', '2 events for 10 min'],
    ['of a source that the store never heard all wait', lines(5, 600), {}, 'warning', '5 events'],
    ['without a cursor nothing is certain', lines(5, 600), null, 'ok', 'at most 5 events'],
    ['nearly full is an error', lines(9_000, 600), {}, 'error', '9000 events'],
    ['nearly full is an error without a cursor too', lines(9_000, 600), null, 'error', '9000 events'],
  ] as const)('%s', (_, waiting, positions, level, found) => {
    expect(checkOutboxes(waiting, positions, nowMs)).toMatchObject({ level, found: expect.stringContaining(found) });
  });
});
