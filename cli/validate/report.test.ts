import { expect, it } from 'vitest';
import type { Finding } from '../../actors/inventory/tree.ts';
import { reportLines, summaryValue } from './report.ts';
import type { Validation } from './validation.ts';

const finding = (file: string, line: number | null): Finding => ({
  rule: 'image-tag',
  severity: 'error',
  file,
  place: line === null ? null : { line, column: 5 },
  detail: 'there is no tag',
});
const result = (findings: readonly Finding[]): Validation => ({
  findings,
  errors: findings.length,
  warnings: 1,
  nodes: 2,
  services: 1,
  tookMs: 1234,
  compose: { findings: [], pairsAsked: 3, programs: ['docker-compose 1.29.2', 'docker compose 2.26.1'], tookMs: 2500 },
});

it('groups findings by file, with places that terminals make links of, and ends with the counts and times', () => {
  expect(reportLines(result([finding('a.yml', 2), finding('a.yml', 7), finding('b.yml', null)]))).toEqual([
    'a.yml:2:5  error  there is no tag  (image-tag)',
    'a.yml:7:5  error  there is no tag  (image-tag)',
    '',
    'b.yml  error  there is no tag  (image-tag)',
    '',
    '3 errors, 1 warning; 2 nodes, 1 service in 1.23 s; 3 Compose files asked of docker-compose 1.29.2 and docker compose 2.26.1 in 2.50 s',
  ]);
});

it('is one line where nothing was found', () => {
  expect(reportLines(result([]))).toHaveLength(1);
  expect(summaryValue(result([]))).toMatchObject({ status: 'valid', compose: { files: 3, took_ms: 2500 } });
});
