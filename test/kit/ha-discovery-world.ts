/** ha-discovery over a fake bus that hands its own announcements back, as a broker does, and short words for what it hears. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHaDiscoveryModule } from '../../actors/ha-discovery/actor.ts';
import type { Delivery } from '../../bus/actor.ts';
import { topics } from '../../contracts/topics.ts';
import { type FakeIo, FakeLife, fakeIo } from './fake-io.ts';
import type { Announcement } from './ha-payload-rules.ts';
import { StepClock } from './step-clock.ts';

const directories: string[] = [];

/** For afterEach. */
export function endDiscoveryWorlds(): void {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
}

const since = '2026-03-01T12:00:00.000Z';

interface Options {
  readonly site?: string;
  readonly node?: string;
  /** Of an earlier life. */
  readonly dataDir?: string;
  /** What the broker holds. */
  readonly retained?: ReadonlyMap<string, string>;
  readonly isSimulated?: boolean;
}

export class DiscoveryWorld {
  readonly clock: StepClock;
  readonly io: FakeIo;
  readonly life: FakeLife;
  readonly dataDir: string;
  /** What the broker holds below `homeassistant/`. */
  readonly retained: Map<string, string>;
  /** The broker is slow: it hands nothing back yet. */
  holdsEchoes = false;
  private handed = 0;

  private constructor(parts: Pick<DiscoveryWorld, 'clock' | 'io' | 'life' | 'dataDir' | 'retained'>) {
    this.clock = parts.clock;
    this.io = parts.io;
    this.life = parts.life;
    this.dataDir = parts.dataDir;
    this.retained = parts.retained;
  }

  static async open({ site = 'hub', node = 'vps', dataDir, retained = new Map(), isSimulated = false }: Options = {}): Promise<DiscoveryWorld> {
    const clock = new StepClock();
    const dir = dataDir ?? mkdtempSync(join(tmpdir(), 'ha-discovery-'));
    if (dataDir === undefined) directories.push(dir);
    const io = fakeIo({ actor: 'ha-discovery', clock, dataDir: dir, site, node });
    const life = await FakeLife.start(createHaDiscoveryModule({ root: 'homelab', version: '0.1.0', random: () => 0.5, isSimulated }), io);
    const world = new DiscoveryWorld({ clock, io, life, dataDir: dir, retained: new Map(retained) });
    for (const [topic, text] of retained) world.hearDevice(topic, text, { retained: true });
    return world;
  }

  async connect(): Promise<void> {
    this.life.synced();
    await this.settle();
  }

  async disconnect(): Promise<void> {
    this.io.connected = false;
    this.life.hear({ kind: 'disconnected', at: this.clock.now() });
    await this.settle();
  }

  async reconnect(): Promise<void> {
    this.io.connected = true;
    for (const [topic, text] of this.retained) this.hearDevice(topic, text, { retained: true });
    await this.connect();
  }

  async run(ms: number): Promise<void> {
    await this.clock.run(ms, () => this.settle());
  }

  private async settle(): Promise<void> {
    for (let turn = 0; turn < 4; turn += 1) {
      // The memory is a real file.
      await new Promise((resolve) => setImmediate(resolve));
      await this.life.idle();
      this.handBack();
    }
  }

  /** The broker takes what is announced, and hands it to everybody who has subscribed: the writer too. */
  private handBack(): void {
    if (this.holdsEchoes) return;
    const fresh = this.io.announced.slice(this.handed);
    this.handed = this.io.announced.length;
    for (const { topic, payload } of fresh) {
      const text = payload === null ? '' : JSON.stringify(payload);
      if (payload === null) this.retained.delete(topic);
      else this.retained.set(topic, text);
      this.hearDevice(topic, text, { retained: false });
    }
  }

  hearDevice(topic: string, text: string, { retained }: { readonly retained: boolean }): void {
    const levels = topics.homeAssistantDevice.match(topic);
    if (levels === null) throw new Error(`${topic} is no topic of a device`);
    const payload: unknown = text === '' ? null : JSON.parse(text);
    this.life.hear({ kind: 'message', name: 'homeAssistantDevice', topic, levels, text, payload, retained, at: this.clock.now() } satisfies Delivery);
  }

  /** Home Assistant says its birth or its will. */
  homeAssistant(status: 'online' | 'offline'): void {
    const at = this.clock.now();
    this.life.hear({ kind: 'message', name: 'homeAssistantStatus', topic: '', levels: {}, text: status, payload: { status }, retained: false, at });
  }

  /** Somebody presses the first of two buttons there. */
  tap(payload: unknown, { retained = false }: { readonly retained?: boolean } = {}): void {
    const at = this.clock.now();
    const [levels, text] = [{ site: 'hub' }, JSON.stringify(payload)];
    this.life.hear({ kind: 'message', name: 'homeAssistantTap', topic: topics.homeAssistantTap.build(levels), levels, text, payload, retained, at });
  }

  site(site = 'hub'): void {
    const counts = { nodes: {}, services: {}, incidents_active: 0, actions_pending: 0, actions_running: 0 };
    this.life.hearDocument(topics.site, { site }, { status: 'nominal', site, ...counts });
  }

  node(
    node: string,
    { site = 'hub', status = 'online', location }: { readonly site?: string; readonly status?: string; readonly location?: string } = {},
  ): void {
    this.life.hearDocument(topics.worldNode, { node }, { status, node, site, since });
    if (location !== undefined) this.life.hearDocument(topics.desired, { node }, { status: 'declared', node, site, location, services: [] });
  }

  service(node: string, service: string, { site = 'hub', desired = 'declared' }: { readonly site?: string; readonly desired?: string } = {}): void {
    this.life.hearDocument(topics.worldService, { node, service }, { status: 'healthy', node, service, site, desired, since });
  }

  serviceGone(node: string, service: string): void {
    this.life.hearDocument(topics.worldService, { node, service }, null);
  }

  actor(node: string, actor: string): void {
    this.life.hearDocument(topics.actorStatus, { node, actor }, { status: 'online', node, actor });
  }

  /** The observer on a node lists what it owns. */
  manifest(node: string, listed: readonly string[]): void {
    this.life.hearDocument(topics.manifest, { node, actor: 'observer' }, { status: 'complete', topics: [...listed] });
  }

  link(site: string, status = 'up'): void {
    this.life.hearDocument(topics.link, { site }, { status, site });
  }

  action(id: string, status = 'pending', more: object = {}): void {
    const body = {
      id,
      type: 'container_restart',
      risk: 'low',
      site: 'hub',
      node: 'vps',
      service: 'web',
      attempt: 1,
      digest: 'd',
      evidence: { message: `${id} is down` },
    };
    const times = { proposed_by: 'supervisor-vps', proposed_at: since, verify_window_ms: 1, transition_history: [] };
    this.life.hearDocument(topics.action, { node: 'vps', id }, { ...body, ...times, status, ...more });
  }

  /** Announced since the last call, and taken away, by id. */
  said(): readonly string[] {
    const fresh = this.io.announced.slice(this.told);
    this.told = this.io.announced.length;
    return fresh.map(({ topic, payload }) => `${payload === null ? '-' : '+'} ${topics.homeAssistantDevice.match(topic)?.id ?? topic}`);
  }
  private told = 0;

  get announcements(): readonly Announcement[] {
    return [...this.retained].map(([topic, text]) => ({ topic, text }));
  }
}
