import { describe, expect, it } from 'vitest';
import { brokenReading, InventoryWorld, problem, reading, readNode } from '../../test/kit/inventory-world.ts';

const vps = readNode('vps', ['web', 'db']);
const piha = readNode('piha', ['dns']);

describe('what is declared', () => {
  it('is published for every node that has a file', () => {
    const w = new InventoryWorld().read(reading([vps, readNode('piha', ['dns'], { agents: [], site: 'ken' })], { access: { anna: 'operator' } }));
    expect(w.desired.get('vps')).toEqual({
      status: 'declared',
      summary: '2 services declared in hosts/vps/services.yaml',
      node: 'vps',
      site: 'hub',
      agents: ['node-agent', 'executor'],
      services: [
        { name: 'web', origin: 'declared', monitor: true, contract: expect.stringMatching(/^[0-9a-f]{12}$/) },
        { name: 'db', origin: 'declared', monitor: true, contract: expect.stringMatching(/^[0-9a-f]{12}$/) },
      ],
      access: { anna: 'operator' },
    });
    expect(w.desired.get('piha')).toMatchObject({ site: 'ken', agents: [], services: [{ name: 'dns' }], access: { anna: 'operator' } });
    expect(w.mode).toBe('declared');
  });

  it('is published only when it changes', () => {
    const w = new InventoryWorld().read(reading([vps]));
    w.commands.length = 0;
    w.read(reading([vps])).read(reading([vps]));
    expect(w.commands).toEqual([]);
    w.read(reading([readNode('vps', ['web'])]));
    expect(w.kinds).toEqual(['rememberDeclared', 'publish']);
  });

  it('is remembered before it is published', () => {
    const w = new InventoryWorld().read(reading([vps]));
    expect(w.kinds).toEqual(['rememberDeclared', 'publish', 'complete']);
  });

  it('is removed with its file', () => {
    const w = new InventoryWorld().read(reading([vps, piha])).read(reading([vps]));
    expect(w.services('piha')).toBeNull();
    expect(
      w
        .restarted()
        .read(reading([vps]))
        .services('piha'),
    ).toBeNull();
  });

  it('says nothing before the files are read, even if it remembers everything', () => {
    const w = new InventoryWorld().read(reading([vps])).restarted();
    expect(w.synced().mode).toBe('reading');
    expect(w.kinds).not.toContain('complete');
  });
});

describe('a file that does not parse', () => {
  it('keeps the last good version of its own node only', () => {
    const w = new InventoryWorld().read(reading([vps, piha]));
    w.read(brokenReading(['vps'], [readNode('piha', ['dns', 'vpn'])]));
    expect(w.services('vps')).toEqual(['web', 'db']);
    expect(w.services('piha')).toEqual(['dns', 'vpn']);
    expect(w.desired.get('vps')?.summary).toBe(
      '2 services declared in hosts/vps/services.yaml; the last good version is in force, see hosts/vps/services.yaml:3:1',
    );
    expect(w.mode).toBe('degraded');
  });

  it('is told once, with file and line, and told again when it is mended', () => {
    const w = new InventoryWorld().read(reading([vps]));
    for (let times = 0; times < 3; times += 1) w.read(brokenReading(['vps']));
    expect(w.told).toEqual(['inventory_invalid hosts/vps/services.yaml:3:1: not YAML']);
    w.read(reading([vps]));
    expect(w.told.slice(1)).toEqual(['inventory_valid hosts/vps/services.yaml is well again']);
    expect(w.mode).toBe('declared');
  });

  it('is told anew when it is broken in another place', () => {
    const w = new InventoryWorld().read(brokenReading(['vps']));
    w.read({ ...brokenReading(['vps']), findings: [problem('vps', 'not YAML', 9)] });
    expect(w.told).toHaveLength(2);
  });

  it('keeps the last good version over a restart, and does not tell again', () => {
    const w = new InventoryWorld()
      .read(reading([vps]))
      .read(brokenReading(['vps']))
      .restarted();
    w.read(brokenReading(['vps'])).synced();
    expect(w.services()).toEqual(['web', 'db']);
    expect(w.told).toEqual([]);
    w.read(reading([vps]));
    expect(w.told).toEqual(['inventory_valid hosts/vps/services.yaml is well again']);
  });

  it('from the start publishes nothing for its node, and sweeps nothing away', () => {
    const w = new InventoryWorld()
      .read(brokenReading(['vps'], [piha]))
      .synced()
      .health('web', 'healthy');
    expect(w.services('vps')).toBeNull();
    expect(w.services('piha')).toEqual(['dns']);
    expect(w.kinds).not.toContain('complete');
    w.read(reading([vps, piha]));
    expect(w.kinds).toContain('complete');
  });

  it('that is deleted is no problem any more', () => {
    const w = new InventoryWorld().read(brokenReading(['piha'], [vps])).read(reading([vps]));
    expect(w.told.at(-1)).toBe('inventory_valid hosts/piha/services.yaml is well again');
  });
});

describe('a directory that cannot be listed', () => {
  it.each(['unreadable', 'absent'] as const)('keeps everything while hosts is %s', (hosts) => {
    const w = new InventoryWorld().read(reading([vps, piha], { access: { anna: 'operator' } }));
    w.read(reading([], { hostsDirectory: hosts, findings: hosts === 'unreadable' ? [problem(null)] : [] }));
    expect(w.services('vps')).toEqual(['web', 'db']);
    expect(w.services('piha')).toEqual(['dns']);
    expect(w.desired.get('vps')?.access).toEqual({ anna: 'operator' });
    expect(w.mode).toBe('degraded');
    expect(w.told).toHaveLength(1);
  });

  it('does not count as mending the files in it', () => {
    const w = new InventoryWorld()
      .read(brokenReading(['vps'], [piha]))
      .read(reading([], { hostsDirectory: 'unreadable', access: 'unreadable', findings: [problem(null)] }));
    expect(w.told.some((each) => each.startsWith('inventory_valid'))).toBe(false);
  });

  it('is no problem to somebody who never had one', () => {
    const w = new InventoryWorld().read(reading([], { hostsDirectory: 'absent' })).synced();
    expect(w.told).toEqual([]);
    expect(w.mode).toBe('adopting');
    expect(w.kinds).toContain('complete');
  });
});

describe('access.yaml', () => {
  it('keeps the last good list when it is broken, also over a restart', () => {
    const w = new InventoryWorld().read(reading([vps], { access: { anna: 'operator' } })).read(reading([vps], { access: 'unreadable' }));
    expect(w.desired.get('vps')?.access).toEqual({ anna: 'operator' });
    expect(
      w
        .restarted()
        .read(reading([vps], { access: 'unreadable' }))
        .desired.get('vps')?.access,
    ).toEqual({ anna: 'operator' });
  });

  it('that was never good lets nobody in, instead of everybody', () => {
    expect(new InventoryWorld().read(reading([vps], { access: 'unreadable' })).desired.get('vps')?.access).toEqual({});
  });

  it('that is deleted is gone', () => {
    const w = new InventoryWorld().read(reading([vps], { access: { anna: 'operator' } })).read(reading([vps]));
    expect(w.desired.get('vps')?.access).toBeNull();
  });
});

describe('two services whose actions would share an id', () => {
  const a = readNode('a', ['b-c']);
  const ab = readNode('a-b', ['c']);

  it('are refused in the file that comes second, with its line', () => {
    const w = new InventoryWorld().read(reading([a, ab]));
    expect(w.services('a')).toEqual(['b-c']);
    expect(w.services('a-b')).toBeNull();
    expect(w.told).toEqual([
      'inventory_invalid hosts/a-b/services.yaml:2: services.c: its actions would have the same ids as those of b-c on a; rename one of them',
    ]);
  });

  it('leave in force what was there first', () => {
    const w = new InventoryWorld().read(reading([ab])).read(reading([a, ab]));
    expect(w.services('a-b')).toEqual(['c']);
    expect(w.services('a')).toBeNull();
  });

  it('may change places in one commit', () => {
    const w = new InventoryWorld().read(reading([readNode('a', []), ab])).read(reading([a, readNode('a-b', [])]));
    expect(w.services('a')).toEqual(['b-c']);
    expect(w.services('a-b')).toEqual([]);
    expect(w.told).toEqual([]);
  });

  it('are refused within one file', () => {
    const w = new InventoryWorld().read(reading([readNode('vps', ['Web', 'web'])]));
    expect(w.told[0]).toContain('hosts/vps/services.yaml:3: services.web: its actions would have the same ids as those of Web in the same file');
  });
});
