/**
 * Bundles cli/main.ts into dist/homelab.mjs, so that an installed machine starts without a TypeScript loader.
 *
 * Reads the sources, writes dist/; remembers in dist/stamp.json what it was built from and does nothing while that
 * holds. Files are renamed into place, so processes that start meanwhile see the old program or the new one, never half
 * of one. Fails with esbuild's message, and leaves the old program.
 */
import { mkdirSync, readdirSync, readFileSync, realpathSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');
const sourceFolders = ['contracts', 'bus', 'actors', 'adapters', 'cli'];

/** Every source file with its size and time: what the program is built from. Reading the contents would be slower than building. */
function sourceStamp() {
  /** @type {string[]} */
  const files = [];
  const add = (path) => {
    const { size, mtimeMs } = statSync(join(root, path));
    files.push(`${path} ${size} ${mtimeMs}`);
  };
  const walk = (folder) => {
    let entries;
    try {
      entries = readdirSync(join(root, folder), { withFileTypes: true });
    } catch {
      return;
    }
    for (const entry of entries) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) walk(path);
      else if (!entry.name.endsWith('.test.ts')) add(path);
    }
  };
  for (const folder of sourceFolders) walk(folder);
  add('package.json');
  add('scripts/build.mjs');
  return JSON.stringify(files.toSorted(), null, 1);
}

/** True when dist/homelab.mjs is what the sources say. */
function isFresh(stamp) {
  try {
    statSync(join(dist, 'homelab.mjs'));
    return readFileSync(join(dist, 'stamp.json'), 'utf8') === stamp;
  } catch {
    return false;
  }
}

function put(name, contents) {
  const next = join(dist, `${name}.${process.pid}.next`);
  writeFileSync(next, contents);
  renameSync(next, join(dist, name));
}

/** Resolves to whether it had to build. */
export async function build() {
  const stamp = sourceStamp();
  if (isFresh(stamp)) return false;
  const { build: bundle } = await import('esbuild');
  const { outputFiles } = await bundle({
    absWorkingDir: root,
    entryPoints: ['cli/main.ts'],
    outfile: 'dist/homelab.mjs',
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    packages: 'external',
    sourcemap: true,
    write: false,
    logLevel: 'warning',
  });
  mkdirSync(dist, { recursive: true });
  // The map first: a program that is there can always explain itself.
  for (const { path, contents } of outputFiles.toSorted((a, b) => b.path.length - a.path.length)) put(path.slice(dist.length + 1), contents);
  put('stamp.json', stamp);
  return true;
}

if (argv[1] !== undefined && realpathSync(argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    console.log((await build()) ? 'built dist/homelab.mjs' : 'dist/homelab.mjs is up to date');
  } catch (error) {
    console.error(`build: ${error.message}`);
    process.exitCode = 1;
  }
}
