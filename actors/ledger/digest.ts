/** What an approval binds to: a digest of everything that decides what would be done (docs: architecture, section 3). */
import { createHash } from 'node:crypto';
import { canonicalJson } from '../../contracts/canonical-json.ts';

/** 16 hex digits (64 bits): nobody searches for collisions here, and a person can still compare them by eye. */
const digestChars = 16;

export interface DigestedParts {
  readonly type: string;
  readonly node: string;
  readonly service: string | null;
  readonly params: Readonly<Record<string, unknown>>;
  readonly risk: string;
}

export const digestOf = ({ type, node, service, params, risk }: DigestedParts): string =>
  createHash('sha256').update(canonicalJson({ type, node, service, params, risk })).digest('hex').slice(0, digestChars);
