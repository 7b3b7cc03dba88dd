/** The checks of the machine itself: engine, disk, permissions, broker port, Node, deadlines. */
import { describe, expect, it } from 'vitest';
import { EngineTroubleError } from '../../actors/node-agent/ports.ts';
import { type Clock, systemClock } from '../../bus/clock.ts';
import { checkBrokerPort, listeningInodes, type PortHolder } from './broker-port.ts';
import { checkSpace } from './disk.ts';
import { checkEngine, type EnginePorts } from './engine.ts';
import { counted, findingsOf, listed, quoted } from './finding.ts';
import { checkPermissions, type PermissionPorts } from './permissions.ts';
import { runChecks } from './run-checks.ts';
import { checkCompose, checkNode } from './versions.ts';

const failing = (code: string): Error => Object.assign(new Error(`${code}: no`), { code });

describe('the container engine', () => {
  const engine = (over: Partial<EnginePorts> = {}): EnginePorts => ({
    socketPath: '/var/run/docker.sock',
    otherSockets: ['/run/user/1000/docker.sock'],
    kindOf: (path) => Promise.resolve(path === '/var/run/docker.sock' ? 'socket' : null),
    mayUse: () => Promise.resolve(),
    version: () => Promise.resolve({ engine: 'Docker 27.5.1', apiVersion: '1.47', tookMs: 3 }),
    ...over,
  });
  const trouble = (code: 'unreachable' | 'timeout' | 'refused'): Partial<EnginePorts> => ({
    version: () => Promise.reject(new EngineTroubleError({ code, retryable: true, detail: 'so it is' })),
  });

  const needed = { isExpected: true, isDemoRunning: false };

  it('that answers is ok, with its versions', async () => {
    expect(await checkEngine(engine(), needed)).toMatchObject({ level: 'ok', found: 'Docker 27.5.1, API 1.47, answered in 3 ms', mend: null });
  });

  it.each([
    ['is not there', { kindOf: () => Promise.resolve(null) }, 'no socket at', 'systemctl start docker'],
    [
      'is elsewhere',
      { kindOf: (path: string) => Promise.resolve(path.startsWith('/run/user') ? ('socket' as const) : null) },
      'but one at /run/user/1000/docker.sock',
      'export DOCKER_HOST=unix:///run/user/1000/docker.sock',
    ],
    ['is a directory', { kindOf: () => Promise.resolve('other' as const) }, 'not a socket', 'sudo rm -r /var/run/docker.sock'],
    ['may not be used', { mayUse: () => Promise.reject(failing('EACCES')) }, 'permission denied', 'sudo usermod -aG docker "$USER"'],
    ['is refused', trouble('unreachable'), 'nobody listens', 'systemctl restart docker'],
    ['hangs', trouble('timeout'), 'does not answer', 'live-restore'],
    ['answers with an error', trouble('refused'), 'so it is', 'journalctl -u docker'],
  ])('whose socket %s is an error with the command for that', async (_, over, found, mend) => {
    expect(await checkEngine(engine(over), needed)).toMatchObject({
      level: 'error',
      found: expect.stringContaining(found),
      mend: expect.stringContaining(mend),
    });
  });

  it('is not missed where no actor needs one', async () => {
    const missing = engine({ kindOf: () => Promise.resolve(null) });
    expect(await checkEngine(missing, { isExpected: false, isDemoRunning: false })).toMatchObject({ level: 'ok' });
    expect(await checkEngine(missing, { isExpected: true, isDemoRunning: true })).toMatchObject({ level: 'warning', means: expect.stringContaining('demo') });
  });
});

describe('the disk', () => {
  const space = (usedPct: number, inodesPct: number) => ({
    blocks: 1000,
    bfree: 1000 - usedPct * 10,
    bavail: 1000 - usedPct * 10,
    bsize: 4096,
    files: 1000,
    ffree: 1000 - inodesPct * 10,
  });
  it.each([
    [84.9, 'ok'],
    [85, 'warning'],
    [94.9, 'warning'],
    [95, 'error'],
    [100, 'error'],
  ])('at %d %% is %s, in bytes and in inodes', (pct, level) => {
    expect(checkSpace('/data', space(pct, 10)).map((each) => each.level)).toEqual([level, 'ok']);
    expect(checkSpace('/data', space(10, pct)).map((each) => each.level)).toEqual(['ok', level]);
  });

  it('says the reason for its numbers, and a mend', () => {
    expect(checkSpace('/data', space(96, 1))[0]).toMatchObject({
      means: expect.stringMatching(/85 %.*95 %.*ext4/),
      mend: expect.stringContaining('docker image prune'),
    });
  });

  it('without a fixed number of inodes is ok', () => {
    expect(checkSpace('/data', { ...space(1, 0), files: 0, ffree: 0 })[1]).toMatchObject({ level: 'ok' });
  });

  it('that does not say how large it is, is a warning', () => {
    expect(checkSpace('/data', { blocks: 0, bfree: 0, bavail: 0, bsize: 4096, files: 0, ffree: 0 })[0]).toMatchObject({ level: 'warning' });
  });
});

describe('permissions', () => {
  const files = (refused: Readonly<Record<string, string>>, tree: Readonly<Record<string, readonly string[]>> = {}): PermissionPorts => ({
    mayWrite: (path) => (refused[path] === undefined ? Promise.resolve() : Promise.reject(failing(refused[path]))),
    list: (path) => Promise.resolve(tree[path] ?? []),
  });

  it('are ok where everything can be written, or can be made', async () => {
    expect(await checkPermissions(files({}, { '/data': ['ledger'], '/data/ledger': ['journal.jsonl'] }), '/data')).toMatchObject({ level: 'ok' });
    expect(await checkPermissions(files({ '/a/b/data': 'ENOENT', '/a/b': 'ENOENT' }), '/a/b/data')).toMatchObject({
      level: 'ok',
      found: expect.stringContaining('not there yet'),
    });
  });

  it.each([
    ['EACCES', 'cannot be written by this user', 'sudo chown -R'],
    ['EROFS', 'read-only', 'mount -o remount,rw'],
    ['ENOTDIR', 'is a file', 'HOMELAB_ROOT'],
  ])('are an error when the directory answers %s', async (code, found, mend) => {
    expect(await checkPermissions(files({ '/data': code }), '/data')).toMatchObject({
      level: 'error',
      found: expect.stringContaining(found),
      mend: expect.stringContaining(mend),
    });
  });

  it('are an error when the directory cannot be made', async () => {
    const found = await checkPermissions(files({ '/a/data': 'ENOENT', '/a': 'EACCES' }), '/a/data');
    expect(found).toMatchObject({ level: 'error', mend: expect.stringContaining('sudo install -d') });
  });

  it('are an error for what another user left inside, and a file that vanished is none', async () => {
    const tree = { '/data': ['ledger', 'observer'], '/data/ledger': ['journal.jsonl', 'session.next'], '/data/observer': [] };
    const found = await checkPermissions(files({ '/data/ledger/journal.jsonl': 'EACCES', '/data/ledger/session.next': 'ENOENT' }, tree), '/data');
    expect(found).toMatchObject({
      level: 'error',
      found: expect.stringContaining('1 entry in /data cannot be written, the first is /data/ledger/journal.jsonl'),
    });
  });
});

describe('the port of the built-in broker', () => {
  const check = (holders: readonly PortHolder[], over: object = {}) =>
    checkBrokerPort(
      { holders: () => Promise.resolve(holders) },
      { port: 1883, variable: 'HOMELAB_BROKER_PORT', hasOtherBroker: false, ownPids: [], demoPid: null, ...over },
    );
  const mosquitto = { pid: 7, command: '/usr/sbin/mosquitto -c x' };

  it.each([
    ['free', [], {}, 'ok', 'is free'],
    ['held by our actors', [{ pid: 9, command: 'node dist/x.mjs up' }], { ownPids: [9] }, 'ok', 'homelab itself'],
    ['held by another homelab', [{ pid: 9, command: 'node cli/homelab.mjs broker' }], {}, 'ok', 'homelab itself'],
    ['held by the demo here', [{ pid: 9, command: 'node dist/x.mjs up' }], { demoPid: 9 }, 'ok', 'the broker of a demo'],
    ['held by a demo elsewhere', [{ pid: 9, command: 'node cli/homelab.mjs up --demo' }], {}, 'ok', 'the broker of a demo'],
    ['held by a broker that our actors use', [mosquitto], { ownPids: [9] }, 'ok', 'mosquitto'],
    ['not needed', [mosquitto], { hasOtherBroker: true }, 'ok', 'not needed'],
    ['chosen by the system', [mosquitto], { port: 0 }, 'ok', 'any free one'],
    ['held by somebody else', [mosquitto], {}, 'warning', '/usr/sbin/mosquitto -c x (process 7)'],
    ['held by another user', [{ pid: null, command: null }], {}, 'warning', 'a program of another user'],
  ] as const)('%s', async (_, holders, over, level, found) => {
    const finding = await check(holders, over);
    expect(finding).toMatchObject({ level, found: expect.stringContaining(found) });
    if (level === 'warning') expect(finding.mend).toContain('HOMELAB_BROKER_URL=mqtt://127.0.0.1:1883 homelab up');
  });

  it('for TLS has a variable of its own', async () => {
    const finding = await check([mosquitto], { port: 8883, variable: 'HOMELAB_BROKER_TLS_PORT' });
    expect(finding).toMatchObject({ level: 'warning', mend: 'HOMELAB_BROKER_TLS_PORT=8884 homelab up' });
  });

  it('is found in /proc/net/tcp among listeners only', () => {
    const row = (port: string, state: string, inode: string): string =>
      `   0: 0100007F:${port} 00000000:0000 ${state} 00000000:00000000 00:00000000 00000000     0        0 ${inode} 1 0 100 0 0 10 0`;
    const table = ['  sl  local_address rem_address   st', row('075B', '0A', '111'), row('075B', '01', '222'), row('075C', '0A', '333')].join('\n');
    expect(listeningInodes(table, 1883)).toEqual(['111']);
  });
});

describe('versions', () => {
  it.each([
    ['v20.19.0', 'ok'],
    ['v20.20.2', 'ok'],
    ['v22.0.0', 'ok'],
    ['v20.18.9', 'error'],
    ['v18.20.0', 'error'],
  ])('of Node: %s is %s', (running, level) => {
    expect(checkNode(running, '>=20.19')).toMatchObject({ level });
  });

  it('of Compose are for information', () => {
    expect([checkCompose(null), checkCompose('2.32.1')].map(({ level }) => level)).toEqual(['ok', 'ok']);
  });
});

describe('running checks', () => {
  const impatient: Clock = { ...systemClock, setTimeout: (fn) => setTimeout(fn, 10) };
  it('keeps their order, and neither a hang nor a bug takes the others with it', async () => {
    const good = { name: 'good', deadlineMs: 5_000, run: () => Promise.resolve([findingsOf('good').ok('fine', 'good')]) };
    const hung = { name: 'hung', deadlineMs: 5_000, run: () => new Promise<never>(() => undefined) };
    const broken = {
      name: 'broken',
      deadlineMs: 5_000,
      run: () => {
        throw new Error('bug');
      },
    };
    const found = await runChecks([hung, broken, good], impatient);
    expect(found.map(({ name, level, found: what }) => `${name} ${level} ${what}`)).toEqual([
      'hung error no answer within 5 s',
      'broken error the check failed: bug',
      'good ok fine',
    ]);
    for (const each of found) expect(each.mend === null).toBe(each.level === 'ok');
  });
});

it('writes lists, counts and shell words for a line', () => {
  expect(listed(['a', 'b', 'c', 'd'])).toBe('a, b, c and 1 more');
  expect([counted(1, 'file'), counted(2, 'file')]).toEqual(['1 file', '2 files']);
  expect([quoted('/a/b.c'), quoted("it's")]).toEqual(['/a/b.c', `'it'\\''s'`]);
});
