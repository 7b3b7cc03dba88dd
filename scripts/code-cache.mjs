/**
 * Makes dist/homelab.cache: what V8 compiled of the program during one real start, so that no later start compiles it again.
 *
 * Runs `homelab up` in a process of its own, with a broker on a free port of this machine, a directory that is removed at the end and no
 * container engine, until every actor is connected. Fails when that does not come about in time.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** A start takes half a second; a loaded machine gets 30 s. */
const deadlineMs = 30_000;

/** Every actor says its mode before any of them is connected. */
function areAllConnected(log) {
  const namesIn = (pattern) => new Set([...log.matchAll(pattern)].map(([, name]) => name));
  const connected = namesIn(/"actor":"([^"]+)"[^\n]*"msg":"connected"/g);
  return connected.size > 0 && connected.size === namesIn(/"actor":"([^"]+)"/g).size;
}

/** Writes `<directory>/homelab.cache`. Rejects with what the program said. */
export async function makeCodeCache(directory) {
  const root = mkdtempSync(join(tmpdir(), 'homelab-build-'));
  const env = {
    PATH: process.env.PATH,
    HOMELAB_ROOT: root,
    HOMELAB_BROKER_PORT: '0',
    HOMELAB_HTTP_PORT: '0',
    NODE_NAME: 'build',
    DOCKER_HOST: `unix://${root}/no-engine`,
  };
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), directory], { env, stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  let said = '';
  let isAsked = false;
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said += text;
    if (isAsked || !areAllConnected(said)) return;
    isAsked = true;
    child.send('write');
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), deadlineMs);
  const [code] = await once(child, 'close');
  clearTimeout(timer);
  rmSync(root, { recursive: true, force: true });
  if (code !== 0) throw new Error(`the program could not be started to make its code cache: ${said.slice(-1000)}`);
}

/** In the process that is spawned above. */
async function start(directory) {
  process.once('message', () => {
    const file = join(directory, 'homelab.cache');
    const next = `${file}.${process.pid}.next`;
    writeFileSync(next, Buffer.concat([Buffer.from(`${build}\n`), script.createCachedData()]));
    renameSync(next, file);
    process.exit(0);
  });
  argv.splice(1, argv.length, join(directory, 'homelab.mjs'), 'up');
  const { buildOf, script } = await import(pathToFileURL(argv[1]).href);
  const build = buildOf(await readFile(join(dirname(argv[1]), 'homelab.cjs')));
}

if (process.send !== undefined && argv[1] === fileURLToPath(import.meta.url)) await start(argv[2]);
