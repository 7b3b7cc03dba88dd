/** What a command prints, kept for a test. */
import type { Output } from '../../cli/output.ts';

export interface CapturedOutput extends Output {
  readonly text: string;
  readonly values: readonly unknown[];
}

export function capturedOutput(options: { readonly json?: boolean } = {}): CapturedOutput {
  const lines: string[] = [];
  const values: unknown[] = [];
  return {
    json: options.json ?? false,
    line: (text) => void lines.push(text),
    value: (value) => void values.push(value),
    get text() {
      return lines.join('\n');
    },
    values,
  };
}
