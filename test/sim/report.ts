/** What a person needs of a run that failed: which rule, what exactly, the last steps, and how to run it again. */
import type { Report } from './run-seed.ts';

export function explain(report: Report): string {
  if (report.breach === null) return `seed ${report.seed}: every rule held`;
  return [
    `seed ${report.seed} breaks ${report.breach.rule}: ${report.breach.detail}`,
    ...report.tail.map((line) => `  ${line}`),
    `again: npm run sim -- --seed ${report.seed} --trace`,
  ].join('\n');
}
