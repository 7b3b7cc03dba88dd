/**
 * Bundles cli/main.ts and everything it imports into one file, dist/homelab.cjs, so that an installed machine needs neither a
 * TypeScript loader nor node_modules: dist/ alone is the program, and dist/homelab.mjs starts it. Beside it are its source map,
 * what V8 compiled of it (homelab.cache), the web page (page/), and the only native part, LevelDB of the built-in broker. Libraries that a library loads
 * and we never call are left out (they cost memory on a Pi).
 *
 * Reads the sources, writes dist/; remembers in dist/stamp.json what it was built from and does nothing while that
 * holds. Files are renamed into place, so processes that start meanwhile see the old program or the new one, never half
 * of one. Fails with esbuild's message, and leaves the old program.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, realpathSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { buildPage } from './build-page.mjs';
import { makeCodeCache } from './code-cache.mjs';

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
  add('package-lock.json');
  add('scripts/build.mjs');
  add('scripts/build-page.mjs');
  add('scripts/code-cache.mjs');
  return JSON.stringify(files.toSorted(), null, 1);
}

/** dockerode loads these at start: ssh for engines on other machines (refused by us), grpc for buildkit sessions. Together 25 MB of memory. */
const neverCalled = /^(ssh2|@grpc\/grpc-js|@grpc\/proto-loader|protobufjs)$/;

/** @type {import('esbuild').Plugin} */
const leaveOut = {
  name: 'leave-out',
  setup(build) {
    build.onResolve({ filter: neverCalled }, ({ path }) => ({ path, namespace: 'left-out' }));
    build.onLoad({ filter: /.*/, namespace: 'left-out' }, () => ({ contents: 'module.exports = {};' }));
    // Every language that zod speaks: English is the only one that is asked for.
    build.onLoad({ filter: /zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({ contents: "export { default as en } from './en.js';" }));
    // LevelDB looks for its binary beside its own sources; in the bundle that is beside the program.
    build.onLoad({ filter: /classic-level[\\/]binding\.js$/ }, () => ({
      contents: "module.exports = require('node-gyp-build')(require('node:path').join(__dirname, 'classic-level'));",
    }));
  },
};

/** CommonJS libraries expect these; an ES module does not have them. */
const commonJsNames = [
  "import { createRequire as createRequireHere } from 'node:module';",
  "import { dirname as dirnameOf } from 'node:path';",
  "import { fileURLToPath as pathOfUrl } from 'node:url';",
  'const require = createRequireHere(import.meta.url);',
  'const __filename = pathOfUrl(import.meta.url);',
  'const __dirname = dirnameOf(__filename);',
].join('');

/**
 * How the program is bundled, whatever goes in; bench/ bundles what it compares with in the same way.
 * @type {import('esbuild').BuildOptions}
 */
export const bundleOptions = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  external: ['bufferutil', 'utf-8-validate'], // optional, and not installed
  plugins: [leaveOut],
  minify: true,
  logLevel: 'warning',
};

/**
 * For a bundle that Node starts by itself.
 * @type {import('esbuild').BuildOptions}
 */
export const asModule = { format: 'esm', banner: { js: commonJsNames } };

/**
 * For one that cli/start.mjs starts: a script whose value is a function, because V8's code cache is for scripts only. `import()` within
 * the bundle needs no loader; what it imports is evaluated then and not before.
 * @type {(build: string) => import('esbuild').BuildOptions}
 */
const asFunction = (build) => ({
  format: 'cjs',
  supported: { 'dynamic-import': false },
  define: { 'import.meta.url': 'programUrl' },
  banner: {
    js: `/* ${build} */\n(function (require, __filename, __dirname) { 'use strict'; const programUrl = require('node:url').pathToFileURL(__filename).href;`,
  },
  footer: { js: '})' },
});

/** File by file, each whole at once: a program that starts meanwhile has its library mapped into memory, and must not see it change. */
function putNativeParts() {
  const from = join(root, 'node_modules', 'classic-level');
  const prebuilt = readdirSync(join(from, 'prebuilds'), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(from, join(entry.parentPath, entry.name)));
  for (const name of ['package.json', ...prebuilt]) {
    if (/[\\/](android|win32)-[^\\/]*[\\/]/.test(name)) continue;
    mkdirSync(dirname(join(dist, 'classic-level', name)), { recursive: true });
    put(join('classic-level', name), readFileSync(join(from, name)));
  }
}

/** True when dist/ is what the sources say. */
function isFresh(stamp) {
  try {
    for (const name of ['homelab.mjs', 'homelab.cjs', 'homelab.cjs.map', 'page/index.html']) statSync(join(dist, name));
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
    ...bundleOptions,
    ...asFunction(createHash('sha256').update(stamp).digest('hex').slice(0, 16)),
    entryPoints: ['cli/main.ts'],
    outfile: 'dist/homelab.cjs',
    // The sources themselves are in the repository; without them the map is a third.
    sourcemap: 'external',
    sourcesContent: false,
    write: false,
  });
  mkdirSync(dist, { recursive: true });
  await buildPage(dist);
  putNativeParts();
  // The map first: a program that is there can always explain itself.
  for (const { path, contents } of outputFiles.toSorted((a, b) => b.path.length - a.path.length)) put(path.slice(dist.length + 1), contents);
  put('homelab.mjs', readFileSync(join(root, 'cli', 'start.mjs')));
  await makeCodeCache(dist).catch((error) => {
    console.error(`build: ${error.message}`);
  });
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
