#!/usr/bin/env node
/**
 * The `homelab` command: runs dist/homelab.mjs in this process, built first when it is missing or older than the sources.
 * Where only dist/ is installed, without sources, it is taken as it is. Fails with exit 1 when it cannot be built.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

const hasSources = existsSync(here('./main.ts')) && existsSync(here('../scripts/build.mjs'));
let ready = true;
if (hasSources) {
  try {
    const { build } = await import('../scripts/build.mjs');
    await build();
  } catch (error) {
    ready = false;
    const hint = error.code === 'ERR_MODULE_NOT_FOUND' ? 'its packages are not installed; run: npm ci' : error.message;
    console.error(`homelab: cannot be built: ${hint}`);
    process.exitCode = 1;
  }
}
if (ready) {
  await import(new URL('../dist/homelab.mjs', import.meta.url).href);
}
