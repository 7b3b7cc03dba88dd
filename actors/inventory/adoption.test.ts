import { describe, expect, it } from 'vitest';
import { brokenReading, InventoryWorld, reading, readNode } from '../../test/kit/inventory-world.ts';

const empty = reading([]);
/** A machine without an inventory, up and running. */
const adopting = (): InventoryWorld => new InventoryWorld().read(empty).synced();

describe('a machine without an inventory', () => {
  it('is adopted from the first moment, with nothing on it yet', () => {
    expect(adopting().desired.get('vps')).toEqual({
      status: 'adopted',
      summary: 'nothing adopted yet: no inventory, and no service seen running',
      node: 'vps',
      site: 'hub',
      agents: ['node-agent', 'executor'],
      services: [],
      access: null,
    });
  });

  it('is adopted without a directory at all', () => {
    const w = new InventoryWorld({ hasDirectory: false }).synced().health('web', 'healthy');
    expect(w.services()).toEqual(['web']);
    expect(w.mode).toBe('adopting');
    expect(w.kinds).toContain('complete');
  });

  it('is adopted while other nodes are declared', () => {
    const w = new InventoryWorld()
      .read(reading([readNode('piha', ['dns'])]))
      .synced()
      .health('web', 'healthy');
    expect(w.services()).toEqual(['web']);
    expect(w.services('piha')).toEqual(['dns']);
  });

  it.each(['healthy', 'starting', 'unhealthy'])('adopts a compose service once it is seen running: %s', (status) => {
    const w = adopting().health('web', status);
    expect(w.desired.get('vps')?.services).toEqual([{ name: 'web', origin: 'adopted', monitor: true }]);
    expect(w.desired.get('vps')?.summary).toBe('1 service adopted because seen running');
  });

  it.each(['down', 'stopped', 'unknown'])('does not adopt what was never seen running: %s', (status) => {
    expect(adopting().health('web', status, { reason: 'crashed' }).services()).toEqual([]);
  });

  it.each(['always', 'unless-stopped', 'on-failure'])('adopts a container outside compose that has restart policy %s', (restart_policy) => {
    expect(adopting().health('web', 'healthy', { project: null, restart_policy }).services()).toEqual(['web']);
  });

  it.each(['no', ''])('does not adopt a bare container with restart policy "%s"', (restart_policy) => {
    expect(adopting().health('web', 'healthy', { project: null, restart_policy }).services()).toEqual([]);
  });

  it('lets a one-shot job go that ended well', () => {
    const w = adopting().health('migrate', 'starting').health('migrate', 'stopped', { reason: 'completed', exit_code: 0 });
    expect(w.services()).toEqual([]);
  });

  it('keeps a job that failed', () => {
    expect(adopting().health('migrate', 'starting').health('migrate', 'down', { reason: 'crashed', exit_code: 1 }).services()).toEqual(['migrate']);
  });

  it.each([
    ['a person stops it', 'stopped', 'stopped_by_person'],
    ['it is killed', 'down', 'killed'],
    ['the engine does not answer', 'unknown', 'engine_unreachable'],
  ])('keeps what it adopted when %s', (_what, status, reason) => {
    expect(adopting().health('web', 'healthy').health('web', status, { reason }).services()).toEqual(['web']);
  });

  it('lets go what is removed', () => {
    const w = adopting().health('web', 'healthy').removed('web');
    expect(w.services()).toEqual([]);
    expect(w.restarted().read(empty).synced().services()).toEqual([]);
  });

  it("does not adopt another node's services", () => {
    expect(adopting().health('web', 'healthy', {}, 'piha').services()).toEqual([]);
  });

  it('adopts nothing before everything retained is read', () => {
    const w = new InventoryWorld().read(empty).health('web', 'healthy');
    expect(w.services()).toBeNull();
    expect(w.synced().services()).toEqual(['web']);
  });

  it('remembers what it adopted before it publishes it', () => {
    const w = adopting();
    w.commands.length = 0;
    w.health('web', 'healthy');
    expect(w.kinds).toEqual(['rememberAdopted', 'publish']);
  });
});

describe('after a restart', () => {
  const before = (): InventoryWorld => adopting().health('web', 'healthy').health('db', 'healthy');

  it('still knows what it adopted, although it stands still now', () => {
    const w = before().restarted().read(empty).health('web', 'stopped', { reason: 'stopped_by_person' }).synced();
    expect(w.services()).toEqual(['db', 'web']);
  });

  it('does not let go what it has merely not heard of', () => {
    expect(before().restarted().read(empty).synced().services()).toEqual(['db', 'web']);
  });

  it('lets go what was removed meanwhile, when a living node-agent lists everything and not this', () => {
    const w = before().restarted().read(empty).manifest(['web']).nodeHealth(1).health('web', 'healthy').synced();
    expect(w.services()).toEqual(['web']);
  });

  it.each([
    ['the node-agent is offline', 1, { status: 'offline' }],
    ['the node-agent is degraded', 1, { status: 'degraded' }],
    ['its engine does not answer', 1, { engine: 'hung' }],
    ['it counts more services than its manifest lists', 2, {}],
  ])('keeps everything while %s', (_what, count, rest) => {
    const w = before().restarted().read(empty).manifest(['web']).nodeHealth(count, rest).synced();
    expect(w.services()).toEqual(['db', 'web']);
  });
});

describe('a machine that gets an inventory', () => {
  const declared = reading([readNode('vps', ['proxy'])]);

  it('adopts nothing any more', () => {
    const w = adopting().health('web', 'healthy').read(declared).health('db', 'healthy');
    expect(w.desired.get('vps')).toMatchObject({ status: 'declared', services: [{ name: 'proxy', origin: 'declared' }] });
    expect(w.memory.adopted).toEqual({ services: [] });
  });

  it('keeps what it adopted, and adopts no more, while the first file is broken', () => {
    const w = adopting()
      .health('web', 'healthy')
      .read(brokenReading(['vps']))
      .health('db', 'healthy');
    expect(w.services()).toEqual(['web']);
    expect(w.desired.get('vps')?.status).toBe('adopted');
    expect(w.mode).toBe('degraded');
    expect(w.removed('web').services()).toEqual([]);
  });

  it('adopts again what runs when the file goes away', () => {
    const w = new InventoryWorld().read(declared).synced().health('web', 'healthy').health('db', 'stopped', { reason: 'stopped_by_person' });
    expect(w.services()).toEqual(['proxy']);
    w.read(empty);
    expect(w.desired.get('vps')?.status).toBe('adopted');
    expect(w.services()).toEqual(['web']);
  });

  it('adopts nothing while its directory cannot be looked into', () => {
    const w = new InventoryWorld()
      .read(reading([], { hostsDirectory: 'unreadable', access: 'unreadable' }))
      .synced()
      .health('web', 'healthy');
    expect(w.services()).toBeNull();
    expect(w.kinds).not.toContain('complete');
  });
});
