/** The committed documents are those that the contracts generate, and say what readers get wrong most. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { allTopics } from '../../contracts/topics.ts';
import { generatedDocs } from '../../scripts/generated-docs.ts';

const root = join(import.meta.dirname, '../..');
const files = generatedDocs();
const page = files.get('docs/topics.md') ?? '';

describe('the generated documents', () => {
  it.each([...files])('%s is committed as generated (else: npm run generate)', (path, text) => {
    expect(readFileSync(join(root, path), 'utf8')).toBe(text);
  });

  it('include no schema of a contract that is gone', () => {
    expect(readdirSync(join(root, 'docs/schemas')).filter((name) => !files.has(`docs/schemas/${name}`))).toEqual([]);
  });

  it('say at the top that actions/<state> carries requests, and where the documents are', () => {
    const top = page.split('\n').slice(0, 16).join('\n');
    expect(top).toContain('`homelab/actions/<state>/<login>` carries REQUESTS and is never retained');
    expect(top).toContain('`homelab/world/actions/<node>/<id>`');
    expect(top).toMatch(/mosquitto_sub .*homelab\/world\/actions\//);
    expect(top).toMatch(/mosquitto_pub .*-t homelab\/actions\/approved\/\S+ -m \S+/);
  });

  it('have a row for each topic, with a link to a schema that exists', () => {
    for (const [, topic] of allTopics) {
      const row = page.split('\n').find((line) => line.startsWith(`| \`homelab/${topic.pattern.replaceAll('{', '<').replaceAll('}', '>')}\``));
      const schema = /\((schemas\/\w+\.json)\)/.exec(row ?? '')?.[1];
      expect(files.has(`docs/${schema}`), `${topic.pattern}: ${row}`).toBe(true);
    }
  });

  it('contain schemas that require what has no default, and close nothing', () => {
    const event = JSON.parse(files.get('docs/schemas/Event.json') ?? '{}') as { readonly required: readonly string[] };
    expect(event.required).toEqual(['id', 'ts', 'node', 'source', 'lane', 'seq', 'type', 'severity']);
    for (const text of files.values()) expect(text).not.toContain('"additionalProperties": false');
  });
});
