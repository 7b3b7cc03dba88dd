/**
 * Builds the web page (adapters/http/page) into dist/page: one HTML file, one script and one style sheet with their digests in their
 * names, and nothing that is fetched from elsewhere. No inline script or style, so that the strictest Content-Security-Policy will do.
 *
 * The page needs the patterns of contracts/topics.ts, not its schemas: what came over the bus has been checked there. And it needs the names
 * of the types of events, not what they mean. So these tables are evaluated here, and zod (100 kB) and the rest of them stay out of the page.
 *
 * Called by scripts/build.mjs, which remembers what was built from what. Writes new files first, then the HTML that names them, then
 * removes what no page names any more. Fails with Vite's message, and leaves the old page.
 */
import { mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const pageRoot = join(root, 'adapters', 'http', 'page');

/** What the page takes of a table: the name that it exports, and of each row what is kept. */
const taken = new Map([
  [join(root, 'contracts', 'topics.ts'), { name: 'topics', keep: ({ pattern }) => ({ pattern }) }],
  [join(root, 'contracts', 'event-types.table.ts'), { name: 'eventTypes', keep: () => ({}) }],
]);

/** A module with nothing but that: `export const topics = {nodeHealth: {pattern: 'health/{node}'}, …};` */
async function reduced(file, { name, keep }) {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({ entryPoints: [file], bundle: true, format: 'esm', platform: 'node', target: 'node20', write: false });
  const table = (await import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`))[name];
  return `export const ${name} = ${JSON.stringify(Object.fromEntries(Object.entries(table).map(([key, row]) => [key, keep(row)])))};`;
}

/** @type {import('vite').Plugin} */
const reducedTables = {
  name: 'reduced-tables',
  enforce: 'pre',
  async load(id) {
    const wanted = taken.get(id);
    return wanted === undefined ? null : reduced(id, wanted);
  },
};

/** What is built, as `[name, contents]`. */
async function bundlePage() {
  const { build } = await import('vite');
  const result = await build({
    root: pageRoot,
    configFile: false,
    // Relative: the page may stand behind a proxy, below a path.
    base: './',
    logLevel: 'warn',
    publicDir: false,
    plugins: [reducedTables],
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: { write: false, target: 'es2022', modulePreload: { polyfill: false }, assetsInlineLimit: 0, reportCompressedSize: false },
  });
  const [{ output }] = Array.isArray(result) ? result : [result];
  return output.map((file) => [file.fileName, file.type === 'chunk' ? file.code : file.source]);
}

/** Resolves to the names of the files. */
export async function buildPage(dist) {
  const target = join(dist, 'page');
  const files = await bundlePage();
  const isPage = ([name]) => name.endsWith('.html');
  for (const [name, contents] of files.toSorted((a, b) => Number(isPage(a)) - Number(isPage(b)))) {
    mkdirSync(dirname(join(target, name)), { recursive: true });
    const next = join(target, `${name}.${process.pid}.next`);
    writeFileSync(next, contents);
    renameSync(next, join(target, name));
  }
  const wanted = new Set(files.map(([name]) => name));
  for (const entry of readdirSync(target, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    // Half a file of a build that runs beside this one is that one's business.
    if (entry.isFile() && !wanted.has(path.slice(target.length + 1)) && !path.endsWith('.next')) rmSync(path, { force: true });
  }
  return [...wanted];
}
