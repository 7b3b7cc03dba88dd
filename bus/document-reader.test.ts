import { describe, expect, it } from 'vitest';
import { DocumentReader } from './document-reader.ts';

const manifest = 'manifests/vps/node-agent';
const document = 'health/vps/web';

/** A reader that knows a document of session 1 and the manifest that lists it. */
function knowing(): DocumentReader {
  const reader = new DocumentReader();
  reader.judge(document, { status: 'healthy', summary: '', ts: '2026-03-01T12:00:00.000Z', session: 1, rev: 1 }, 0);
  hear(reader, { session: 1, rev: 1 }, [document]);
  return reader;
}

function hear(reader: DocumentReader, { session, rev }: { readonly session: number; readonly rev: number }, listed: readonly string[]): readonly string[] {
  reader.judge(manifest, { status: 'complete', summary: '', ts: '2026-03-01T12:00:00.000Z', session, rev }, 0);
  return reader.manifest(manifest, listed, 0);
}

describe('a manifest that no longer lists a document', () => {
  it('proves its deletion', () => {
    expect(hear(knowing(), { session: 2, rev: 1 }, [])).toEqual([document]);
  });

  it('does not take away for ever what its writer wrote again in a later session', () => {
    const reader = knowing();
    expect(reader.judge(document, { status: 'healthy', summary: '', ts: '2026-03-01T12:05:00.000Z', session: 3, rev: 1 }, 0)).toBe('new');
    expect(hear(reader, { session: 2, rev: 1 }, [])).toEqual([]);
    expect(hear(reader, { session: 3, rev: 1 }, [document])).toEqual([]);
  });

  it('proves the deletion of such a document once it is of that session itself', () => {
    const reader = knowing();
    reader.judge(document, { status: 'healthy', summary: '', ts: '2026-03-01T12:05:00.000Z', session: 3, rev: 1 }, 0);
    hear(reader, { session: 2, rev: 1 }, []);
    expect(hear(reader, { session: 3, rev: 1 }, [])).toEqual([document]);
  });
});
