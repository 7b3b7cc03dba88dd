/**
 * Bundles the programs of the bench with the bundler, the options and the left-out libraries of the product:
 * `node bench/bundle.mjs <directory>` writes `<directory>/<program>.mjs`. Fails with esbuild's message.
 */
import { readdirSync } from 'node:fs';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { asModule, bundleOptions } from '../scripts/build.mjs';

const programs = fileURLToPath(new URL('./programs/', import.meta.url));
const [outdir] = argv.slice(2);
if (outdir === undefined) throw new Error('expected: bundle.mjs <directory>');
const entryPoints = readdirSync(programs).map((name) => `${programs}${name}`);
await build({ ...bundleOptions, ...asModule, entryPoints, outdir, outExtension: { '.js': '.mjs' } });
