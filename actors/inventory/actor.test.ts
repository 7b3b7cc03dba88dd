import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AccessList } from '../../contracts/desired.ts';
import { TopologyFile } from '../../contracts/inventory/topology.ts';
import { topics } from '../../contracts/topics.ts';
import { type FakeIo, FakeLife, fakeIo } from '../../test/kit/fake-io.ts';
import { brokenReading, readFile, reading, readNode } from '../../test/kit/inventory-world.ts';
import { StepClock } from '../../test/kit/step-clock.ts';
import { createInventoryModule } from './actor.ts';
import type { Checkout, InventoryPorts, OwnAccess } from './ports.ts';
import type { DeclaredTree } from './tree.ts';

let dataDir: string;
let clock: StepClock;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'inventory-'));
  clock = new StepClock();
});
afterEach(() => {
  rmSync(dataDir, { recursive: true });
});

/** A directory whose content a test sets. */
class Files implements InventoryPorts {
  content: DeclaredTree | Error | 'hangs' = reading([]);
  own: OwnAccess | null = null;
  onChange: (() => void) | null = null;

  readInventory(): Promise<Checkout> {
    if (this.content === 'hangs') return new Promise(() => undefined);
    return this.content instanceof Error
      ? Promise.reject(this.content)
      : Promise.resolve({ tree: this.content, commit: null, ...(this.own === null ? {} : { own: this.own }) });
  }

  watchInventory(onChange: () => void): () => void {
    this.onChange = onChange;
    return () => {
      this.onChange = null;
    };
  }
}

const newIo = (): FakeIo => fakeIo({ actor: 'inventory', clock, dataDir });
const start = (files: Files | null, io = newIo()): Promise<FakeLife> => FakeLife.start(createInventoryModule({ agents: ['node-agent'] }, files), io);
const declaredVps = reading([readNode('vps', ['web'])]);
const ownedTopics = (life: FakeLife): readonly string[] => life.blueprint.owns.map((read) => read.topic.filter(read.levels)).sort();

describe('the inventory on a bus', () => {
  it('publishes what the files say, at start and when they change', async () => {
    const files = new Files();
    files.content = declaredVps;
    const life = await start(files);
    await life.idle();
    expect(life.io.held.get('desired/vps')).toMatchObject({ status: 'declared', agents: ['node-agent'], site: 'hub', services: [{ name: 'web' }] });
    expect(life.io.completed()).toBe(true);
    files.content = reading([readNode('vps', ['web', 'db'])]);
    files.onChange?.();
    await life.idle();
    expect(life.io.held.get('desired/vps')).toMatchObject({ services: [{ name: 'web' }, { name: 'db' }] });
    await life.stop();
    expect(files.onChange).toBeNull();
    expect(life.failures).toEqual([]);
  });

  it('reads again every minute, in case watching missed something', async () => {
    const files = new Files();
    const life = await start(files);
    await life.idle();
    files.content = declaredVps;
    await clock.run(59_999);
    await life.idle();
    expect(life.io.held.has('desired/vps')).toBe(false);
    await clock.run(1);
    await life.idle();
    expect(life.io.held.has('desired/vps')).toBe(true);
    await life.stop();
  });

  it('raises inventory_invalid with file and line, and keeps the last good version over a restart', async () => {
    const files = new Files();
    files.content = declaredVps;
    const first = await start(files);
    await first.idle();
    files.content = brokenReading(['vps']);
    files.onChange?.();
    await first.idle();
    expect(first.io.events).toMatchObject([{ type: 'inventory_invalid', severity: 'error', payload: { file: 'hosts/vps/services.yaml', line: 3 } }]);
    await first.stop();
    const second = await start(files);
    await second.idle();
    expect(second.io.held.get('desired/vps')).toMatchObject({ status: 'declared', services: [{ name: 'web' }] });
    expect(second.io.events).toEqual([]);
    expect(second.mode).toBe('degraded');
    expect(second.detail).toMatch(/^hosts\/vps\/services\.yaml:3\S* \S/);
    await second.stop();
  });

  it('remembers on disk what it adopted', async () => {
    const first = await start(null);
    first.synced();
    first.hearDocument(
      topics.serviceHealth,
      { node: 'vps', service: 'web' },
      { status: 'healthy', reason: 'running', node: 'vps', service: 'web', project: 'p', since: '2026-03-01T12:00:00.000Z' },
    );
    await first.idle();
    expect(JSON.parse(readFileSync(join(dataDir, 'adopted.json'), 'utf8'))).toEqual({ services: ['web'] });
    await first.stop();
    const second = await start(null);
    second.synced();
    await second.idle();
    expect(second.io.held.get('desired/vps')).toMatchObject({ status: 'adopted', services: [{ name: 'web', origin: 'adopted' }] });
    await second.stop();
  });

  it('goes on without a memory that cannot be read', async () => {
    writeFileSync(join(dataDir, 'declared.json'), '{"nodes":');
    writeFileSync(join(dataDir, 'adopted.json'), '{"services": 5}');
    const files = new Files();
    files.content = declaredVps;
    const life = await start(files);
    await life.idle();
    expect(life.io.held.has('desired/vps')).toBe(true);
    expect(life.failures).toEqual([]);
    await life.stop();
  });

  it.each(['hangs', new Error('input/output error')] as const)('keeps what was in force when the directory does not answer: %s', async (content) => {
    const files = new Files();
    files.content = declaredVps;
    const life = await start(files);
    await life.idle();
    expect(life.detail).toBeNull();
    files.content = content;
    files.onChange?.();
    await clock.run(10_000);
    await life.idle();
    expect(life.io.held.get('desired/vps')).toMatchObject({ services: [{ name: 'web' }] });
    expect(life.io.events).toMatchObject([{ type: 'inventory_invalid', payload: { file: 'hosts' } }]);
    expect(life.mode).toBe('degraded');
    await life.stop();
  });

  it('loads what an older version remembered', async () => {
    const vps = { services: [{ name: 'web', monitor: true }], agents: null, site: null };
    const told = { file: 'hosts/vps/services.yaml', node: 'vps', line: 3, column: 1, detail: 'not YAML' };
    writeFileSync(join(dataDir, 'declared.json'), JSON.stringify({ nodes: { vps }, access: { anna: 'operator' }, problems: [told] }));
    const files = new Files();
    files.content = brokenReading(['vps']);
    const life = await start(files);
    await life.idle();
    expect(life.io.held.get('desired/vps')).toMatchObject({ status: 'declared', services: [{ name: 'web' }] });
    expect(life.io.events).toEqual([]);
    await life.stop();
  });

  it('counts a directory that nobody named only once it names this machine', async () => {
    const files = new Files();
    files.content = reading([readNode('piha', ['dns'])], { access: { anna: 'operator' } });
    const life = await FakeLife.start(createInventoryModule({ agents: ['node-agent'], onlyIfOwnNode: true }, files), newIo());
    life.synced();
    await life.idle();
    expect(life.io.held.get('desired/vps')).toMatchObject({ status: 'adopted', access: null });
    expect(life.io.held.has('desired/piha')).toBe(false);
    expect(ownedTopics(life)).toEqual(['desired/vps']);
    files.content = reading([readNode('piha', ['dns']), readNode('vps', ['web'])]);
    files.onChange?.();
    await life.idle();
    expect(life.io.held.get('desired/vps')).toMatchObject({ status: 'declared', services: [{ name: 'web' }] });
    expect(life.io.held.has('desired/piha')).toBe(true);
    await life.stop();
  });

  it('does not take the homelab of somebody else for its own because of a directory with its name beside it', async () => {
    const files = new Files();
    const topology = readFile(
      'inventory/topology.yaml',
      TopologyFile.parse({ sites: { hub: { broker: { node: 'piha' } } }, nodes: { piha: { site: 'hub' } } }),
    );
    files.content = reading([readNode('piha', ['dns']), readNode('vps', ['web'])], { topology, access: { anna: 'operator' } });
    const life = await FakeLife.start(createInventoryModule({ agents: ['node-agent'], onlyIfOwnNode: true }, files), newIo());
    life.synced();
    await life.idle();
    expect(life.io.held.get('desired/vps')).toMatchObject({ status: 'adopted', access: null });
    expect(life.io.held.has('desired/piha')).toBe(false);
    await life.stop();
  });

  it.each([
    ['an adopted node', {}, { anna: 'operator', bob: 'reader' }],
    ['a declared homelab without a list', { vps: undefined }, { anna: 'operator', bob: 'reader' }],
    ['a declared homelab with a list, which is the authority', { vps: { carol: 'operator' } }, { carol: 'operator' }],
  ] as const)('says who may what from the list in the data directory: %s', async (_what, declared: { readonly vps?: AccessList | undefined }, expected) => {
    const files = new Files();
    const list = declared.vps === undefined ? {} : { access: declared.vps };
    files.content = reading('vps' in declared ? [readNode('vps', ['web'])] : [readNode('piha', ['dns'])], list);
    files.own = { access: readFile('access.yaml', { logins: { anna: 'operator', bob: 'reader' } }), findings: [] };
    const life = await FakeLife.start(createInventoryModule({ agents: ['node-agent'], onlyIfOwnNode: true }, files), newIo());
    life.synced();
    await life.idle();
    expect(life.io.held.get('desired/vps')).toMatchObject({ status: 'vps' in declared ? 'declared' : 'adopted', access: expected });
    await life.stop();
  });

  it('owns the desired documents of its own node and of those it has or had files of, and no other', async () => {
    const files = new Files();
    files.content = reading([readNode('piha', ['dns'])]);
    const first = await start(files);
    await first.idle();
    expect(ownedTopics(first)).toEqual(['desired/piha', 'desired/vps']);
    await first.stop();
    files.content = reading([readNode('solaria', ['llm'])]);
    const second = await start(files);
    expect(ownedTopics(second)).toEqual(['desired/piha', 'desired/solaria', 'desired/vps']);
    await second.stop();
  });

  it('removes the document of a node whose file is gone', async () => {
    const files = new Files();
    files.content = reading([readNode('piha', ['dns'])]);
    const life = await start(files);
    await life.idle();
    files.content = reading([]);
    files.onChange?.();
    await life.idle();
    expect(life.io.held.has('desired/piha')).toBe(false);
    await life.stop();
  });
});
