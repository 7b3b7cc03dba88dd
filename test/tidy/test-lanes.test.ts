/** Every project of tests is run by `npm test`: a new one that is in neither lane would pass by never running. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import configuration from '../../vitest.config.ts';
import { projectRoot } from './planted-tree.ts';

const lanes = JSON.parse(readFileSync(join(projectRoot, 'scripts/test-lanes.json'), 'utf8')) as Readonly<Record<'computing' | 'waiting', readonly string[]>>;

it('each project is in one lane, and each lane names projects only', () => {
  const projects = configuration.test?.projects ?? [];
  const names = projects.map((project) => (typeof project === 'object' && 'test' in project ? project.test?.name : undefined));
  expect(names.length).toBeGreaterThan(0);
  expect(new Set([...lanes.computing, ...lanes.waiting])).toEqual(new Set(names));
});
