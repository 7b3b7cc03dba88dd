/** `homelab init` on a real engine and on the stand-in: the proposal reads without a fault, holds no secret, and overwrites nothing. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { judge } from '../../actors/inventory/rules/judge.ts';
import { contentOf } from '../../actors/inventory/tree.ts';
import { readTree } from '../../adapters/files/tree.ts';
import type { SimulatedContainer } from '../../adapters/simulated/container.ts';
import { init } from '../../cli/commands/init.ts';
import { listInForce, rolesNow } from '../../cli/creds/roles.ts';
import { UnavailableError } from '../../cli/session.ts';
import { readSettings, type Settings, UsageError } from '../../cli/settings.ts';
import { capturedOutput } from '../kit/captured-output.ts';
import { writeFiles } from '../kit/declared-files.ts';
import { type Dockerd, haveDockerd, startDockerd } from '../kit/dockerd.ts';
import { busyboxImage, politeCommand } from '../kit/images.ts';
import { StandInEngine } from '../kit/stand-in-engine.ts';

const secret = 'hunter2-not-for-git';
let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'homelab-init-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

const settingsFor = (socket: string, env: Readonly<Record<string, string>> = {}): Settings =>
  readSettings({ HOMELAB_INVENTORY: directory, HOMELAB_ROOT: join(directory, 'data'), NODE_NAME: 'attic', DOCKER_HOST: `unix://${socket}`, ...env });
const read = (path: string): string => readFileSync(join(directory, path), 'utf8');
const compose = (project: string, service: string): Record<string, string> => ({
  'com.docker.compose.project': project,
  'com.docker.compose.service': service,
});

async function proposed(settings: Settings): Promise<Record<string, unknown>> {
  expect(await init(settings, capturedOutput(), {})).toBe(0);
  const tree = await readTree(directory);
  expect(judge(tree, { version: '0.1.0', actors: [] }).filter(({ severity }) => severity === 'error')).toEqual([]);
  return contentOf(tree.hosts.get('attic')!.services)!.services ?? {};
}

describe.skipIf(!haveDockerd())('on a real engine', () => {
  let engine: Dockerd;
  beforeAll(async () => {
    engine = await startDockerd();
    await engine.importBusybox();
    const run = (name: string, ...args: readonly string[]): Promise<string> =>
      engine.docker('run', '-d', '--network', 'none', '--name', name, '-e', `PASSWORD=${secret}`, ...args, busyboxImage, ...politeCommand);
    const labels = (project: string, service: string): string[] =>
      Object.entries(compose(project, service)).flatMap(([key, value]) => ['--label', `${key}=${value}`]);
    await run('wiki_db_1', ...labels('wiki', 'db'), '--memory', '64m');
    await run('wiki_web_1', ...labels('wiki', 'web'), '--label', 'com.docker.compose.depends_on=db:service_started:false', '-p', '127.0.0.1:8080:80');
    await run('blog_db_1', ...labels('blog', 'db'));
    await run('mosquitto', '--restart', 'unless-stopped', '-v', '/opt/homelab/data/mosquitto:/mosquitto/data');
    await run('experiment');
    await run('Loud', '--restart', 'always');
  });
  afterAll(async () => {
    await engine.stop();
  });

  it('proposes what the inventory would adopt, under its canonical names, with what can be known of it', async () => {
    expect(await proposed(settingsFor(engine.socketPath))).toMatchObject({
      'blog-db': { depends_on: { local: [] } },
      'wiki-db': {},
      web: { depends_on: { local: ['wiki-db'] } },
      mosquitto: { runtime: { data_path: '/opt/homelab/data/mosquitto' } },
    });
    const text = read('hosts/attic/services.yaml');
    expect(text).toMatch(/wiki-db: {3}# .*, restart: no, 64 MiB, no health check/);
    expect(text).toMatch(/web: {3}# .*, port 127\.0\.0\.1:8080→80, restart: no, no memory limit/);
    expect(text).toMatch(/# Left out:\n(# .*\n)*# {3}experiment: no compose project and no restart policy/);
    expect(text).toMatch(/# {3}Loud: a declared service has a name of lower case/);
    expect(contentOf((await readTree(directory)).hosts.get('attic')!.capabilities)).toMatchObject({ runtime: { container_engine: 'docker' } });
  });

  it('writes no value of a variable', async () => {
    await init(settingsFor(engine.socketPath), capturedOutput(), {});
    const out = capturedOutput({ json: true });
    await init(settingsFor(engine.socketPath), out, { print: true });
    expect(read('hosts/attic/services.yaml') + read('hosts/attic/capabilities.yaml') + JSON.stringify(out.values)).not.toContain(secret);
  });
});

describe('on the stand-in engine', () => {
  let engine: StandInEngine;
  let socket: string;
  let socketDirectory: string;
  const start = async (containers: readonly SimulatedContainer[]): Promise<void> => {
    socketDirectory = mkdtempSync(join(tmpdir(), 'homelab-init-engine-'));
    socket = join(socketDirectory, 'engine.sock');
    engine = new StandInEngine({ effectsFile: join(socketDirectory, 'effects'), containers });
    await engine.listen(socket);
  };
  afterEach(async () => {
    await engine.close();
    rmSync(socketDirectory, { recursive: true, force: true });
  });
  const broker: SimulatedContainer = { name: 'mosquitto', image: 'eclipse-mosquitto:2.0.21', restartPolicy: 'unless-stopped' };

  it('proposes a topology around the broker that runs here', async () => {
    await start([broker, { name: 'x', labels: compose('on', 'no'), image: 'evil\n  key: value', env: [`A=${secret}`] }]);
    const services = await proposed(settingsFor(socket));
    expect(services).toMatchObject({ mosquitto: { role: 'message-broker' }, no: {} });
    const topology = contentOf((await readTree(directory)).topology);
    expect(topology).toMatchObject({ sites: { hub: { broker: { node: 'attic', service: 'mosquitto' } } }, nodes: { attic: { site: 'hub' } } });
  });

  it('leaves every file that is there, and says which lines to add to a topology that a person wrote', async () => {
    await start([broker]);
    const written = {
      'hosts/attic/services.yaml': 'services: {}\n',
      'inventory/topology.yaml': 'sites: { hub: { broker: { node: vps } } }\nnodes: { vps: { site: hub } }\n',
    };
    for (const [path, text] of Object.entries(written)) {
      mkdirSync(join(directory, path, '..'), { recursive: true });
      writeFileSync(join(directory, path), text);
    }
    const out = capturedOutput();
    expect(await init(settingsFor(socket), out, {})).toBe(0);
    for (const [path, text] of Object.entries(written)) expect(read(path)).toBe(text);
    expect(out.text).toMatch(/left +hosts\/attic\/services\.yaml +was there already/);
    expect(out.text).toMatch(/written +hosts\/attic\/capabilities\.yaml/);
    expect(out.text).toMatch(/Add to inventory\/topology\.yaml, below nodes:\n {2}attic:\n {4}site: hub/);
  });

  describe('beside the homelab of somebody else', () => {
    const others = {
      'inventory/topology.yaml': 'sites: { hub: { broker: { node: vps } } }\nnodes: { vps: { site: hub } }\n',
      'inventory/access.yaml': 'logins: { anna: operator }\n',
      'hosts/vps/services.yaml': 'services: {}\n',
    };
    const logins = 'kim: { tokens: [] }\nhomeassistant: { tokens: [] }\nexecutor-attic: { tokens: [] }\n';
    let clone: string;
    let settings: Settings;
    beforeEach(async () => {
      await start([broker]);
      clone = writeFiles(others);
      writeFileSync(join(directory, 'logins.yaml'), logins, { mode: 0o600 });
      // As where HOMELAB_INVENTORY is not set: then it is the directory of the program.
      const named = settingsFor(socket, { HOMELAB_ROOT: directory });
      settings = { ...named, inventoryDir: clone, isInventoryNamed: false, proposalDir: join(directory, 'proposal') };
    });
    afterEach(() => {
      rmSync(clone, { recursive: true, force: true });
    });

    it('writes into a directory of its own, where nothing counts, and says what to do for it to count', async () => {
      const out = capturedOutput();
      expect(await init(settings, out, {})).toBe(0);
      expect(readdirSync(join(clone, 'hosts'))).toEqual(['vps']);
      const written = await readTree(settings.proposalDir);
      expect([...written.hosts.keys()]).toEqual(['attic']);
      expect(contentOf(written.topology)?.nodes).toMatchObject({ attic: { site: 'hub' } });
      expect(out.text).toContain('Nothing of it counts yet');
      expect(out.text).toContain(`export HOMELAB_INVENTORY=${settings.proposalDir}`);
      expect(await rolesNow(settings)).toEqual({ kim: 'operator' });
    });

    it('proposes a list that keeps the role of everybody who has a login', async () => {
      await init(settings, capturedOutput(), {});
      expect(contentOf((await readTree(settings.proposalDir)).access)).toEqual({ logins: { kim: 'operator' } });
      const chosen = { ...settings, inventoryDir: settings.proposalDir, isInventoryNamed: true };
      expect((await listInForce(chosen))?.roles['kim']).toBe('operator');
    });

    it('writes there once that homelab names this machine', async () => {
      writeFileSync(join(clone, 'inventory/topology.yaml'), 'sites: { hub: { broker: { node: vps } } }\nnodes: { vps: { site: hub }, attic: { site: hub } }\n');
      const out = capturedOutput();
      await init(settings, out, {});
      expect(readdirSync(join(clone, 'hosts'))).toEqual(['attic', 'vps']);
      expect(out.text).not.toContain('counts yet');
    });
  });

  it('shows the proposal and writes nothing with --print', async () => {
    await start([broker]);
    const out = capturedOutput();
    await init(settingsFor(socket), out, { print: true });
    expect(out.text).toContain('# ==> hosts/attic/services.yaml');
    expect(out.text).toContain('mosquitto:   # eclipse-mosquitto:2.0.21');
    expect(existsSync(join(directory, 'hosts'))).toBe(false);
  });

  it('writes nothing about a machine whose engine is there and does not answer', async () => {
    await start([broker]);
    const deaf = join(socketDirectory, 'deaf.sock');
    writeFileSync(deaf, '');
    await expect(init(settingsFor(deaf), capturedOutput(), {})).rejects.toThrow(UnavailableError);
    expect(existsSync(join(directory, 'hosts'))).toBe(false);
  });

  it('refuses a name that no node can have', async () => {
    await start([]);
    await expect(init(settingsFor(socket, { NODE_NAME: 'site-hub' }), capturedOutput(), {})).rejects.toThrow(UsageError);
  });
});
