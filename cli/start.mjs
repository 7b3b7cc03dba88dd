#!/usr/bin/env node
/**
 * What is installed as dist/homelab.mjs: starts the program beside it, homelab.cjs, with what V8 compiled of it before.
 *
 * Reads homelab.cjs and homelab.cache (made by scripts/build.mjs; without it, or where it was made for another build or by
 * another Node, the program starts all the same, 0.1 s later), and homelab.cjs.map once a stack trace is shown.
 */
import { readFileSync } from 'node:fs';
import { createRequire, SourceMap } from 'node:module';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';

/**
 * As the Dockerfile gives them to Node. Of these only the first has an effect on a process that runs already, and it is the one that
 * counts: new objects live in 1 MB instead of 16 MB. The others are here because V8 takes a cache only under the flags it was made with.
 */
for (const flag of ['--semi-space-growth-factor=1', '--max-semi-space-size=1', '--max-old-space-size=64']) setFlagsFromString(flag);

const here = dirname(fileURLToPath(import.meta.url));
const program = resolve(here, 'homelab.cjs');

/** The first line of the program names its build; the first line of the cache names the build it was made from. */
export const buildOf = (bytes) => bytes.toString('latin1', 0, bytes.indexOf(10));

function codeCacheOf(build) {
  try {
    const cache = readFileSync(resolve(here, 'homelab.cache'));
    return buildOf(cache) === build ? cache.subarray(build.length + 1) : undefined;
  } catch {
    return undefined;
  }
}

const bytes = readFileSync(program);
// esbuild writes ASCII only.
const source = bytes.toString('latin1');
/** For scripts/code-cache.mjs. */
export const script = new Script(source, { filename: program, cachedData: codeCacheOf(buildOf(bytes)) });

let map = new WeakRef({});

/** Places in stack traces as places in the sources. Kept only while memory allows: parsed, the map takes as much as all actors. */
function sourcePlace(place, line, column) {
  try {
    let known = map.deref();
    if (!(known instanceof SourceMap)) {
      known = new SourceMap(JSON.parse(readFileSync(`${program}.map`, 'utf8')));
      map = new WeakRef(known);
    }
    const { originalSource, originalLine, originalColumn } = known.findEntry(line - 1, column - 1);
    return originalSource === undefined ? place : `${resolve(here, originalSource)}:${originalLine + 1}:${originalColumn + 1}`;
  } catch {
    return place;
  }
}

const frameOf = (frame) =>
  `\n    at ${frame}`.replace(/[^\s(]*homelab\.cjs:(\d+):(\d+)/, (place, line, column) => sourcePlace(place, Number(line), Number(column)));
Error.prepareStackTrace = (error, frames) => `${Error.prototype.toString.call(error)}${frames.map(frameOf).join('')}`;

script.runInThisContext()(createRequire(program), program, here);
