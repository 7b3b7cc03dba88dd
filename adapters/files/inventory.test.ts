import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
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

const vps = 'hosts/vps/services.yaml';

/** As a person at the checkout; git's own configuration of this machine must not matter. */
function git(...args: readonly string[]): string {
  const identity = ['-c', 'user.name=anna', '-c', 'user.email=anna@example.org', '-c', 'commit.gpgsign=false'];
  return execFileSync('git', [...identity, '-C', directory, ...args], { encoding: 'utf8' }).trim();
}

describe('reading the inventory', () => {
  it('names the commit of the checkout, and says when the declared files differ from it', async () => {
    const commit = async (): Promise<string | null> => (await createInventoryFiles({ directory }).readInventory()).commit;
    write(vps, 'services:\n');
    expect(await commit()).toBeNull();
    git('init', '--quiet');
    expect(await commit()).toBeNull();
    git('add', '.');
    git('commit', '--quiet', '--message', 'first');
    const first = git('rev-parse', 'HEAD');
    expect(await commit()).toBe(first);
    write('README.md', 'not declared');
    expect(await commit()).toBe(first);
    write('hosts/piha/services.yaml', 'services:\n');
    expect(await commit()).toBe(`${first}+`);
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

  it('calls back for the access list of the data directory, which it reads beside the tree', async () => {
    const ownAccessFile = join(directory, 'data.yaml');
    const files = createInventoryFiles({ directory: join(directory, 'declared'), ownAccessFile });
    expect((await files.readInventory()).own).toEqual({ access: 'absent', findings: [] });
    let calls = 0;
    const stop = files.watchInventory(() => {
      calls += 1;
    });
    try {
      // Its first word is that it watches.
      await until(() => calls > 0);
      write('data.yaml', 'logins: { bob: reader }\n');
      await until(() => calls > 1);
      expect((await files.readInventory()).own?.access).toMatchObject({ path: 'data.yaml', value: { logins: { bob: 'reader' } } });
      write('data.yaml', 'logins: [');
      expect((await files.readInventory()).own).toMatchObject({ access: 'broken', findings: [{ rule: 'not-yaml', file: 'data.yaml' }] });
    } finally {
      stop();
    }
  });

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
      await change(() => write('services/web/docker-compose.yml', 'services:\n'));
      await change(() => write('hosts/vps/runtime/web/docker-compose.override.yml', 'services:\n'));
      await change(() => write('hosts/vps/runtime/web/docker-compose.override.yml', 'services: {}\n'));
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
