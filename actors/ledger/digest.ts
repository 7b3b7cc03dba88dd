/** What an approval binds to: a digest of everything that decides what would be done (docs: architecture, section 3). */
import { createHash } from 'node:crypto';

/** 16 hex digits (64 bits): nobody searches for collisions here, and a person can still compare them by eye. */
const digestChars = 16;

/** The same text for the same value, whatever the order of its keys. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).filter(([, each]) => each !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, each]) => `${JSON.stringify(key)}:${canonicalJson(each)}`).join(',')}}`;
}

export interface DigestedParts {
  readonly type: string;
  readonly node: string;
  readonly service: string | null;
  readonly params: Readonly<Record<string, unknown>>;
  readonly risk: string;
}

export const digestOf = ({ type, node, service, params, risk }: DigestedParts): string =>
  createHash('sha256').update(canonicalJson({ type, node, service, params, risk })).digest('hex').slice(0, digestChars);
