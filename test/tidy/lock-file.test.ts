/** The lock file is whole, so that `npm ci` works on a fresh clone on every platform, and names no private registry. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { projectRoot } from './planted-tree.ts';

interface Entry {
  readonly version?: string;
  readonly resolved?: string;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}
const readJson = (name: string): unknown => JSON.parse(readFileSync(join(projectRoot, name), 'utf8'));
const { packages } = readJson('package-lock.json') as { readonly packages: Readonly<Record<string, Entry>> };
const manifest = readJson('package.json') as Readonly<Record<'dependencies' | 'devDependencies', Readonly<Record<string, string>>>>;

/** Where node would find `name` from the package at `from`: in its own node_modules, or in one further out. */
function findEntry(from: string, name: string): Entry | undefined {
  for (let at = from; ; at = at.slice(0, at.lastIndexOf('node_modules/')).replace(/\/$/, '')) {
    const entry = packages[`${at === '' ? '' : `${at}/`}node_modules/${name}`];
    if (entry !== undefined || at === '') return entry;
  }
}

describe('package-lock.json', () => {
  it('has the packages for other platforms too: without them npm ci refuses to install on any', () => {
    const missing = Object.entries(packages).flatMap(([path, entry]) =>
      Object.keys(entry.optionalDependencies ?? {})
        .filter((name) => findEntry(path, name) === undefined)
        .map((name) => `${path} may need ${name}`),
    );
    expect(missing).toEqual([]);
  });

  it('names no registry but the public one', () => {
    const hosts = Object.values(packages).map((entry) => (entry.resolved === undefined ? 'registry.npmjs.org' : new URL(entry.resolved).host));
    expect([...new Set(hosts)]).toEqual(['registry.npmjs.org']);
  });

  it('agrees with package.json, which names exact versions', () => {
    for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
      expect(version, name).toMatch(/^\d+\.\d+\.\d+$/);
      expect(packages[`node_modules/${name}`]?.version, name).toBe(version);
    }
  });
});
