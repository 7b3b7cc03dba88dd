/**
 * `homelab up --demo` as a real process: broken, repaired after a yes, its nodes without power, its engines hung. Everything it
 * says is marked as simulated, and the container engine that DOCKER_HOST names is never asked for anything.
 */
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeTree } from '../kit/declared-homelab.ts';
import { announcementFaults } from '../kit/ha-payload-rules.ts';
import { buildBundle, type HomelabProcess, homelab, Machine } from '../kit/homelab-process.ts';
import { freePort, haveMosquitto } from '../kit/mosquitto.ts';
import { mosquittoPub, Witness } from '../kit/mosquitto-tools.ts';

/** What one test broke the next finds mended; the two demos run beside each other. */
const inOrder = { concurrent: false };

describe.skipIf(!haveMosquitto()).concurrent('the demo', () => {
  let machine: Machine;
  let witness: Witness;
  let up: HomelabProcess;
  let url: string;
  let engine: Server;
  let asked = 0;

  beforeAll(async () => {
    buildBundle();
    const port = await freePort();
    url = `mqtt://127.0.0.1:${port}`;
    machine = new Machine({ HOMELAB_BROKER_PORT: String(port), HOMELAB_INCIDENT_GRACE_S: '1', HOMELAB_VERIFY_WINDOW_S: '40', NODE_NAME: 'lab' });
    const socket = join(machine.dataRoot, 'docker.sock');
    engine = createServer((connection) => {
      asked += 1;
      connection.destroy();
    });
    await new Promise<void>((resolve) => engine.listen(socket, resolve));
    machine = Object.assign(machine, { env: { ...machine.env, DOCKER_HOST: `unix://${socket}` } });
    up = machine.start('up', '--demo');
    await up.says('Nothing is ever repaired without your yes');
    witness = await Witness.open(url);
    await witness.see('the site to be nominal', 'homelab/world/sites/hub', (doc) => doc.status === 'nominal', { deadlineMs: 60_000 });
  });
  afterAll(async () => {
    await witness?.close();
    await machine?.dispose();
    engine?.close();
  });

  const demo = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await machine.command('demo', ...args);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    return stdout;
  };
  const cli = (...args: readonly string[]) => homelab(args, { ...machine.env, HOMELAB_BROKER_URL: url });
  const service = (node: string, name: string, status: string) =>
    witness.see(`${name} on ${node} to be ${status}`, `homelab/world/services/${node}/${name}`, (doc) => doc.status === status, { deadlineMs: 60_000 });
  const site = (status: string) => witness.see(`the site to be ${status}`, 'homelab/world/sites/hub', (doc) => doc.status === status, { deadlineMs: 60_000 });
  const said = (prefix: string) =>
    witness.messages.filter(({ topic, text }) => topic.startsWith(prefix) && text !== '').map(({ text }) => JSON.parse(text) as Record<string, unknown>);

  it('shows a homelab of four nodes that is well, and says that it is none', inOrder, async () => {
    expect(up.out).toContain('SIMULATED');
    expect(up.out).toContain('no container is touched');
    const desired = ['vps', 'piha', 'solaria', 'chelsty-infra'].map((node) => witness.find(`homelab/desired/${node}`));
    expect(desired.map((doc) => doc?.status)).toEqual(Array(4).fill('declared'));
    const status = await cli('status');
    expect(status.code).toBe(0);
    expect(status.stdout).toContain('SIMULATED');
    expect(await demo()).toMatch(/SIMULATED[\s\S]*piha\s+up\s+zigbee2mqtt\s+running/);
    expect(witness.find('homelab/health/piha/zigbee2mqtt')).toMatchObject({ image: 'simulated/zigbee2mqtt:2', simulated: true });
  });

  it('repairs a service that was broken, after a yes', inOrder, async () => {
    expect(await demo('break', 'vps', 'npm')).toContain('(simulated)');
    await service('vps', 'npm', 'down');
    const action = 'homelab/world/actions/vps/container-restart-vps-npm';
    await witness.see('a proposal', action, (doc) => doc.status === 'pending');
    const listed = await cli('actions');
    expect(listed.stdout).toContain('SIMULATED');
    await mosquittoPub(url, 'homelab/actions/approved/anna', 'container-restart-vps-npm');
    expect(await witness.see('the repair', action, (doc) => doc.status === 'completed', { deadlineMs: 60_000 })).toMatchObject({
      approved_by: 'anna',
      outcome: { ok: true, code: 'verified' },
    });
    await service('vps', 'npm', 'healthy');
    await site('nominal');
  });

  it('repairs a service that somebody stopped, and one that ran out of memory', inOrder, async () => {
    await demo('stop', 'piha', 'homeassistant');
    await demo('oom', 'vps', 'outline');
    await service('piha', 'homeassistant', 'stopped');
    await witness.see('an incident', 'homelab/world/incidents/vps/', (doc) => doc.service === 'outline' && doc.status === 'active');
    for (const [node, name] of [
      ['piha', 'homeassistant'],
      ['vps', 'outline'],
    ] as const) {
      const id = `container-restart-${node}-${name}`;
      await witness.see(`a proposal for ${name}`, `homelab/world/actions/${node}/${id}`, (doc) => doc.status === 'pending');
      const approved = await cli('approve', id);
      expect(approved.stdout).toContain('(simulated)');
      await witness.see(`${name} to be repaired`, `homelab/world/actions/${node}/${id}`, (doc) => doc.status === 'completed', { deadlineMs: 60_000 });
    }
    await site('nominal');
  });

  it('says of a hung engine that it hangs, and of its services that they are unknown, and proposes nothing', inOrder, async () => {
    await demo('hang-engine', 'chelsty-infra');
    await witness.see('the engine to be hung', 'homelab/health/chelsty-infra', (doc) => doc['engine'] === 'hung', { deadlineMs: 60_000 });
    await service('chelsty-infra', 'mosquitto', 'unknown');
    await demo('unhang-engine', 'chelsty-infra');
    await witness.see('the engine to be up', 'homelab/health/chelsty-infra', (doc) => doc['engine'] === 'up', { deadlineMs: 60_000 });
    await service('chelsty-infra', 'mosquitto', 'healthy');
    await site('nominal');
    expect(said('homelab/world/actions/chelsty-infra/')).toEqual([]);
  });

  it('loses a node at once, its services unknown and never down, and gets it back without another alarm', inOrder, async () => {
    await demo('kill-node', 'solaria');
    await witness.see('the will', 'homelab/health/solaria', (doc) => doc.status === 'offline' && String(doc['summary']).includes('connection'));
    await witness.see('the node to be offline', 'homelab/world/nodes/solaria', (doc) => doc.status === 'offline');
    await service('solaria', 'ollama', 'unknown');
    const off = await machine.command('demo', 'break', 'solaria', 'ollama');
    expect([off.code, off.stdout]).toEqual([1, expect.stringContaining('homelab demo start-node solaria')]);
    await demo('start-node', 'solaria');
    await witness.see('the node to be online', 'homelab/world/nodes/solaria', (doc) => doc.status === 'online', { deadlineMs: 60_000 });
    await service('solaria', 'ollama', 'healthy');
    await site('nominal');
    const kinds = said('homelab/world/incidents/solaria/').map((doc) => doc['kind']);
    expect(new Set(kinds)).toEqual(new Set(['node_offline']));
    expect(said('homelab/world/services/solaria/').map((doc) => doc['status'])).not.toContain('down');
    expect(said('homelab/world/actions/solaria/')).toEqual([]);
  });

  it('has one incident of a full disk, which ends when there is room again', inOrder, async () => {
    await demo('fill-disk', 'piha');
    const incident = 'homelab/world/incidents/piha/';
    await witness.see('the incident', incident, (doc) => doc['kind'] === 'disk' && doc.status === 'active', { deadlineMs: 60_000 });
    await demo('free-disk', 'piha');
    await witness.see('its end', incident, (doc) => doc['kind'] === 'disk' && doc.status === 'resolved', { deadlineMs: 60_000 });
    await site('nominal');
    const disks = said(incident).filter((doc) => doc['kind'] === 'disk');
    expect(new Set(disks.map((doc) => doc['id'])).size).toBe(1);
    expect(disks.at(-1)).toMatchObject({ trigger_type: 'disk_usage_high', occurrence_count: 1, resolved_by: 'disk_usage_normal' });
  });

  it.each([
    [['explode', 'piha'], 'there are: break,'],
    [['break', 'nowhere', 'npm'], 'there are: vps, piha, solaria, chelsty-infra'],
    [['break', 'piha', 'npm'], 'there are: mosquitto, zigbee2mqtt, homeassistant, grafana'],
    [['break', 'piha'], 'a service must be named on piha; there are: mosquitto'],
    [['kill-node'], 'a node must be named; there are: vps'],
  ])('lists what there is for %j', inOrder, async (args, list) => {
    const { code, stdout } = await machine.command('demo', ...args);
    expect([code, stdout]).toEqual([2, expect.stringContaining(list)]);
  });

  it('refuses to be a second one on its port, or one on the broker of others', inOrder, async () => {
    const second = await homelab(['up', '--demo'], { ...machine.env, HOMELAB_ROOT: join(machine.dataRoot, 'second') });
    expect([second.code, second.stderr]).toEqual([2, expect.stringMatching(/port \d+ on 127\.0\.0\.1 is taken[\s\S]*HOMELAB_BROKER_PORT/)]);
    const elsewhere = await cli('up', '--demo');
    expect([elsewhere.code, elsewhere.stderr]).toEqual([2, expect.stringContaining('unset HOMELAB_BROKER_URL')]);
  });

  it('has marked every document, event, reply and will as simulated', inOrder, () => {
    const ours = witness.messages.filter(
      ({ topic, text }) => text.startsWith('{') && !topic.startsWith('homelab/probes/') && !topic.startsWith('homelab/actions/approved/'),
    );
    const kinds = new Set(ours.map(({ topic }) => topic.split('/')[1]));
    for (const kind of ['actors', 'health', 'manifests', 'desired', 'world', 'cursors', 'decisions', 'events', 'replies', 'actions'])
      expect(kinds).toContain(kind);
    const unmarked = ours.filter(({ text }) => (JSON.parse(text) as { simulated?: boolean }).simulated !== true);
    expect(unmarked).toEqual([]);
    const texts = ours
      .map(({ text }) => JSON.parse(text) as { summary?: string; message?: string })
      .flatMap(({ summary, message }) => summary ?? message ?? []);
    expect(texts.filter((text) => !text.endsWith(' (simulated)'))).toEqual([]);
    expect(said('homelab/actors/').every((doc) => String(doc['version']).endsWith('+simulated'))).toBe(true);
  });

  it('shows Home Assistant nothing that it would refuse: every device that was announced all the while, and what they hang on', inOrder, async () => {
    const everything = await Witness.open(url, '#');
    try {
      await everything.see('the devices', 'homeassistant/device/homelab_site_hub/', () => true);
      const announced = [...everything.retained]
        .filter(([topic]) => topic.startsWith('homeassistant/'))
        .map(([topic, doc]) => ({ topic, text: JSON.stringify(doc) }));
      const services = said('homelab/world/services/')
        .filter((doc) => doc.status !== 'gone')
        .map((doc) => `${String(doc['node'])}/${String(doc['service'])}`);
      // A site, four machines, and each service.
      expect(announced).toHaveLength(1 + 4 + new Set(services).size);
      expect(announcementFaults(announced)).toEqual([]);
      expect(announced.filter(({ text }) => !text.includes('(simulated)'))).toEqual([]);
      // Every document that an entity reads now is there, but for the answers to requests, which are not retained.
      const read = announced.flatMap(({ text }) =>
        [...text.matchAll(/"(?:state_topic|topic|json_attributes_topic)":"([^"]+)"/g)].map(([, topic]) => topic ?? ''),
      );
      expect(new Set(read.filter((topic) => !everything.retained.has(topic)))).toEqual(new Set(['homelab/replies/homeassistant/hub']));
    } finally {
      await everything.close();
    }
  });

  it('forgets what was broken, and takes over what it left behind, when it is killed and started again', inOrder, async () => {
    await demo('break', 'piha', 'mosquitto');
    await service('piha', 'mosquitto', 'down');
    await up.kill9();
    up = machine.start('up', '--demo');
    await up.says('Nothing is ever repaired without your yes');
    await service('piha', 'mosquitto', 'healthy');
    await site('nominal');
    expect(await demo()).toMatch(/piha\s+up\s+mosquitto\s+running\n/);
  });

  it('ends cleanly, has asked no container engine for anything, and is then not there to be asked', inOrder, async () => {
    await up.stop();
    expect(up.child.exitCode).toBe(0);
    expect(asked).toBe(0);
    const { code, stderr } = await machine.command('demo', 'break', 'piha', 'mosquitto');
    expect([code, stderr]).toEqual([3, expect.stringContaining('homelab up --demo')]);
  });

  it('is what `up` suggests where there is no container engine, which it goes on looking for', inOrder, async () => {
    const env = {
      ...machine.env,
      HOMELAB_BROKER_PORT: '0',
      DOCKER_HOST: `unix://${join(machine.dataRoot, 'none.sock')}`,
      HOMELAB_ROOT: join(machine.dataRoot, 'real'),
    };
    const real = Object.assign(new Machine(env)).start('up');
    try {
      await real.says('homelab up --demo');
      await real.says('"connected"');
      expect(real.hasExited).toBe(false);
      expect(real.out).not.toContain('SIMULATED');
    } finally {
      await real.stop();
    }
  });
});

describe.skipIf(!haveMosquitto()).concurrent('the demo of a declared homelab', () => {
  it('simulates its machines and containers, and shows those that nobody watches', async () => {
    buildBundle();
    const port = await freePort();
    const url = `mqtt://127.0.0.1:${port}`;
    const machine = new Machine({ HOMELAB_BROKER_PORT: String(port), HOMELAB_INCIDENT_GRACE_S: '1', NODE_NAME: 'lab' });
    writeTree(machine.dataRoot);
    const up = machine.start('up', '--demo');
    let witness: Witness | null = null;
    try {
      await up.says('Nothing is ever repaired without your yes');
      expect(up.out).toContain('tower, pi, shed (5 containers, all made up)');
      expect(up.out).toContain('shed-ha: declared, and not watched by anybody');
      const seen = await Witness.open(url);
      witness = seen;
      await seen.see('the site to be nominal', 'homelab/world/sites/hub', (doc) => doc.status === 'nominal', { deadlineMs: 60_000 });
      // Declared for another site, and shown all the same: a demo has one broker.
      await seen.see('the far broker', 'homelab/world/services/shed/mosquitto', (doc) => doc.status === 'healthy');
      await seen.see('who is not watched', 'homelab/world/nodes/shed-ha', (doc) => doc.status === 'unmonitored');
      expect(seen.find('homelab/desired/tower')).toMatchObject({ simulated: true, roles: ['control-plane'] });
      const { stdout } = await machine.command('demo', 'list');
      expect(stdout).toMatch(/shed-ha +unmonitored +homeassistant +not watched/);
      await machine.command('demo', 'break', 'tower', 'wiki-postgres');
      await seen.see('a proposal', 'homelab/world/actions/tower/container-restart-tower-wiki-postgres', (doc) => doc.status === 'pending', {
        deadlineMs: 60_000,
      });
    } finally {
      await witness?.close();
      await machine.dispose();
    }
  });
});
