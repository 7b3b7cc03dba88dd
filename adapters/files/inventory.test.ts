import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { InventoryReading } from '../../actors/inventory/ports.ts';
import { createInventoryFiles } from './inventory.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'inventory-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true });
});

function write(file: string, text: string): void {
  mkdirSync(dirname(join(directory, file)), { recursive: true });
  writeFileSync(join(directory, file), text);
}

const read = (): Promise<InventoryReading> => createInventoryFiles({ directory }).readInventory();
const vps = 'hosts/vps/services.yaml';

describe('reading services.yaml', () => {
  it('fills in what is left out', async () => {
    write(vps, 'services:\n  web:\n  db:\n    monitor: false\n    verify_window_s: 300\n    grace_s: 0\n');
    const { nodes, problems, hosts, present, access } = await read();
    expect({ problems, hosts, present, access }).toEqual({ problems: [], hosts: 'listed', present: ['vps'], access: null });
    expect(nodes).toEqual({
      vps: {
        file: vps,
        services: [
          { name: 'web', monitor: true },
          { name: 'db', monitor: false, verify_window_ms: 300_000, grace_ms: 0 },
        ],
        agents: null,
        site: null,
        lines: { web: 2, db: 3 },
      },
    });
  });

  it('accepts the keys of the original system as they are', async () => {
    write(
      vps,
      'agents: [node-agent]\nsite: hub\nservices:\n  web:\n    role: edge\n    exposure: [public]\n    depends_on: {local: [db]}\n    runtime:\n      config_path: /x\n',
    );
    const { nodes, problems } = await read();
    expect(problems).toEqual([]);
    expect(nodes.vps).toMatchObject({ agents: ['node-agent'], site: 'hub', services: [{ name: 'web', monitor: true }] });
  });

  it('takes an empty services key for "nothing should run here"', async () => {
    write(vps, 'services:\n');
    expect((await read()).nodes.vps?.services).toEqual([]);
  });

  it.each([
    ['YAML that does not parse', 'services:\n  web: {monitor: true\n  db: [\n', 3, 3, /^not YAML: /],
    ['a key that is there twice', 'services:\n  web:\n  db:\n  web:\n', 4, 3, /^not YAML: .*duplicat/],
    ['tabs for indentation', 'services:\n\tweb:\n', 2, 1, /^not YAML: /],
    ['a wrong type', 'services:\n  db:\n  web:\n    role: x\n    monitor: 5\n', 5, 5, /^services\.web\.monitor: .*boolean.*found 5/],
    ['yes for true, which YAML 1.2 takes for text', 'services:\n  web:\n    monitor: yes\n', 3, 5, /services\.web\.monitor: .*boolean.*found "yes"/],
    ['a name that cannot stand in a topic', 'services:\n  ok:\n  a/b:\n', 3, 3, /services\.a\/b: one topic level/],
    ['a list where names are expected', 'services:\n  - web\n', 1, 1, /^services: /],
    ['a window that is out of range', 'services:\n  web: {grace_s: -1}\n', 2, 9, /^services\.web\.grace_s: /],
    ['an item of a list', 'services:\nagents:\n  - node-agent\n  - 7\n', 4, 5, /^agents\.1: .*found 7/],
    ['a missing key', 'agents: []\n', 1, 1, /^services: /],
    ['another kind of file', 'just words\n', 1, 1, /^the file: /],
    ['an empty file', '# nothing here\n\n', 1, 1, /^the file is empty/],
  ])('says where %s is, and what was expected', async (_what, text, line, column, detail) => {
    write(vps, text);
    write('hosts/piha/services.yaml', 'services:\n  dns:\n');
    const { problems, nodes, present } = await read();
    expect(problems).toEqual([{ file: vps, node: 'vps', line, column, detail: expect.stringMatching(detail) }]);
    expect(present).toEqual(['piha', 'vps']);
    expect(Object.keys(nodes)).toEqual(['piha']);
  });

  it('counts the further mistakes of a file', async () => {
    write(vps, 'services:\n  web: {monitor: 1, grace_s: x}\n');
    expect((await read()).problems[0]?.detail).toContain('(and 1 more)');
  });

  it.each(['VPS', 'site-hub', 'a b', '$x'])('refuses %s as a node name, and says what one is', async (name) => {
    write(`hosts/${name}/services.yaml`, 'services:\n');
    const { problems, present } = await read();
    expect(problems).toMatchObject([
      { file: `hosts/${name}/services.yaml`, node: null, detail: expect.stringContaining("cannot be a node's name: lower case") },
    ]);
    expect(present).toEqual([]);
  });

  it('ignores plain files and directories without a services.yaml among the nodes', async () => {
    write('hosts/README.md', 'hosts');
    write('hosts/vps/capabilities.yaml', '{');
    expect(await read()).toMatchObject({ hosts: 'listed', present: [], problems: [] });
  });

  it('refuses a file that is far too large', async () => {
    write(vps, `services:\n  web:\n#${'x'.repeat(1024 * 1024)}`);
    expect((await read()).problems).toMatchObject([{ file: vps, node: 'vps', line: null, detail: expect.stringContaining('expected at most 1048576') }]);
  });

  it('reports a services.yaml that is a directory, and goes on', async () => {
    mkdirSync(join(directory, vps), { recursive: true });
    write('hosts/piha/services.yaml', 'services:\n');
    const { problems, present } = await read();
    expect(problems).toMatchObject([{ file: vps, node: 'vps', detail: 'the file cannot be read (EISDIR)' }]);
    expect(present).toEqual(['piha', 'vps']);
  });

  it('says that there is no hosts directory', async () => {
    expect(await read()).toMatchObject({ hosts: 'absent', present: [], problems: [{ file: 'hosts', detail: expect.stringContaining('ENOENT') }] });
  });

  it('says that the hosts directory cannot be looked into', async () => {
    write('hosts', 'a file');
    expect(await read()).toMatchObject({ hosts: 'unreadable', problems: [{ file: 'hosts', detail: expect.stringContaining('ENOTDIR') }] });
  });
});

describe('reading access.yaml', () => {
  it('gives logins and roles', async () => {
    write('inventory/access.yaml', 'logins:\n  anna: operator\n  telegram-bot: delegate\n');
    expect((await read()).access).toEqual({ anna: 'operator', 'telegram-bot': 'delegate' });
  });

  it('says which role is none', async () => {
    write(vps, 'services:\n');
    write('inventory/access.yaml', 'logins:\n  anna: operator\n  ben: root\n');
    const { access, problems } = await read();
    expect(access).toBe('unreadable');
    expect(problems).toMatchObject([
      { file: 'inventory/access.yaml', node: null, line: 3, column: 3, detail: expect.stringMatching(/logins\.ben: .*operator.*found "root"/) },
    ]);
  });
});

describe('watching', () => {
  /** Long enough for a slow machine; it ends as soon as the condition holds. */
  const deadlineMs = 10_000;

  async function until(condition: () => boolean): Promise<void> {
    const endMs = Date.now() + deadlineMs;
    while (!condition()) {
      if (Date.now() > endMs) throw new Error(`not within ${deadlineMs} ms`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  it('calls back for a change, a new node, a replaced file and a removal', async () => {
    write(vps, 'services:\n');
    let calls = 0;
    const stop = createInventoryFiles({ directory }).watchInventory(() => {
      calls += 1;
    });
    const change = async (what: () => void): Promise<void> => {
      const before = calls;
      // Watches are armed in the background: a change may come before them once, and is made again as a person would.
      await until(() => {
        if (calls === before) what();
        return calls > before;
      });
    };
    try {
      await change(() => write(vps, 'services:\n  web:\n'));
      await change(() => write('hosts/piha/services.yaml', 'services:\n'));
      await change(() => write('hosts/piha/services.yaml', 'services:\n  dns:\n'));
      await change(() => {
        write('hosts/vps/next', 'services:\n  db:\n');
        renameSync(join(directory, 'hosts/vps/next'), join(directory, vps));
      });
      await change(() => write('inventory/access.yaml', 'logins:\n'));
      await change(() => rmSync(join(directory, 'hosts/piha'), { recursive: true, force: true }));
    } finally {
      stop();
    }
  }, 60_000);

  it('watches nothing without complaint where there is nothing', () => {
    const stop = createInventoryFiles({ directory: join(directory, 'nowhere') }).watchInventory(() => undefined);
    expect(stop()).toBeUndefined();
  });
});
