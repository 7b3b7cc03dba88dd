/** A document as text: its head (ts, session, rev) apart from the content that two copies of it share. */
import { DocumentHead } from '../contracts/common.ts';

export interface Parsed {
  /** Key order of the contract, without ts, session and rev. */
  readonly content: string;
  readonly head: DocumentHead;
}

/** The stable text that two copies of one document share: everything but ts, session and rev. */
export function contentOf(document: Readonly<Record<string, unknown>>): string {
  const { ts: _ts, session: _session, rev: _rev, ...rest } = document;
  return JSON.stringify(rest);
}

/** What is published: status, summary, ts, session, rev first. */
export function withHead(content: string, ts: string, at: { readonly session: number; readonly rev: number }): string {
  const { status, summary, ...rest } = JSON.parse(content) as Record<string, unknown>;
  return JSON.stringify({ status, summary, ts, session: at.session, rev: at.rev, ...rest });
}

/** null: empty, or not a document at all (then it is as good as absent). */
export function parseDocument(payload: Buffer): Parsed | null {
  if (payload.length === 0) return null;
  try {
    const value: unknown = JSON.parse(payload.toString('utf8'));
    const head = DocumentHead.parse(value);
    return { head, content: contentOf(value as Record<string, unknown>) };
  } catch {
    return null;
  }
}

/** The site a document says it is of, or null. */
export function siteOf(document: Parsed | null): string | null {
  const site = document === null ? null : (JSON.parse(document.content) as Record<string, unknown>).site;
  return typeof site === 'string' ? site : null;
}
