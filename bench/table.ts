/** Rows as a Markdown table, readable in a terminal too. Pure. */
import type { Row } from './figure.ts';

const headings = ['figure', 'ours', 'reference', 'ratio (median)', 'spread', 'goal', 'met'];

const cells = ({ figure, ours, reference, ratio, spread, goal, met }: Row): readonly string[] => [
  figure,
  ours,
  reference,
  ratio,
  spread,
  goal,
  met === null ? '-' : met ? 'yes' : 'NO',
];

export function table(rows: readonly Row[]): string {
  const lines = [headings, ...rows.map(cells)];
  const widths = headings.map((_, at) => Math.max(...lines.map((line) => line[at]?.length ?? 0)));
  const written = lines.map((line) => `| ${line.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join(' | ')} |`);
  const rule = `| ${widths.map((width) => '---'.padEnd(width, '-')).join(' | ')} |`;
  return [written[0], rule, ...written.slice(1)].join('\n');
}
