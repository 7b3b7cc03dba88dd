/** The committed documents are those that the contracts generate, and say what readers get wrong most. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { judge } from '../../actors/inventory/rules/judge.ts';
import { ruleRows } from '../../actors/inventory/rules/rules.table.ts';
import { readTree } from '../../adapters/files/tree.ts';
import { inventoryFiles } from '../../contracts/inventory/files.table.ts';
import { allTopics } from '../../contracts/topics.ts';
import { fieldRows } from '../../scripts/contract-fields.ts';
import { generatedDocs } from '../../scripts/generated-docs.ts';
import { inventoryExample } from '../../scripts/inventory-example.table.ts';
import { writeTree } from '../kit/declared-homelab.ts';

const root = join(import.meta.dirname, '../..');
const files = await generatedDocs();
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
      const shown = `${topic.foreign === true ? '' : 'homelab/'}${topic.pattern.replaceAll('{', '<').replaceAll('}', '>')}`;
      const row = page.split('\n').find((line) => line.startsWith(`| \`${shown}\``));
      const schema = /\((schemas\/\w+\.json)\)/.exec(row ?? '')?.[1];
      expect(files.has(`docs/${schema}`), `${topic.pattern}: ${row}`).toBe(true);
    }
  });

  it('contain schemas that require what has no default, and close nothing on the bus', () => {
    const event = JSON.parse(files.get('docs/schemas/Event.json') ?? '{}') as { readonly required: readonly string[] };
    expect(event.required).toEqual(['id', 'ts', 'node', 'source', 'lane', 'seq', 'type', 'severity']);
    const ofFiles: readonly string[] = Object.values(inventoryFiles).map(({ schemaName }) => `docs/schemas/${schemaName}.json`);
    for (const [path, text] of files) expect([path, text.includes('"additionalProperties": false')]).toEqual([path, ofFiles.includes(path)]);
  });
});

describe('the schemas of files, for editors', () => {
  interface Node {
    readonly $schema?: string;
    readonly title?: string;
    readonly description?: string;
    readonly properties?: Readonly<Record<string, Node>>;
    readonly additionalProperties?: Node | boolean;
    readonly items?: Node;
    readonly anyOf?: readonly Node[];
  }
  const objects = (node: Node, path: string): readonly (readonly [string, Node])[] => [
    ...(node.properties === undefined ? [] : [[path, node] as const]),
    ...Object.entries(node.properties ?? {}).flatMap(([key, child]) => objects(child, `${path}.${key}`)),
    ...(typeof node.additionalProperties === 'object' ? objects(node.additionalProperties, `${path}.<name>`) : []),
    ...(node.items === undefined ? [] : objects(node.items, `${path}[]`)),
    ...(node.anyOf ?? []).flatMap((each) => objects(each, path)),
  ];

  it.each(Object.values(inventoryFiles))('$schemaName is draft 7, closed at every level, and says what each field is', ({ schemaName }) => {
    const schema = JSON.parse(files.get(`docs/schemas/${schemaName}.json`) ?? '{}') as Node;
    expect(schema.$schema).toBe('http://json-schema.org/draft-07/schema#');
    expect([schema.title, typeof schema.description]).toEqual([schemaName, 'string']);
    for (const [path, node] of objects(schema, schemaName)) {
      expect([path, node.additionalProperties]).toEqual([path, false]);
      for (const [key, child] of Object.entries(node.properties ?? {}))
        expect([`${path}.${key}`, child.description ?? '']).toEqual([`${path}.${key}`, expect.stringMatching(/./)]);
    }
  });
});

describe('docs/inventory.md', () => {
  const inventory = files.get('docs/inventory.md') ?? '';

  it('has every field of every file, and every rule', () => {
    for (const { schema } of Object.values(inventoryFiles)) {
      for (const { path, meaning, value } of fieldRows(schema)) {
        const last = path.split('.').at(-1) ?? path;
        expect(
          [path, meaning, value].every((text) => text !== ''),
          path,
        ).toBe(true);
        expect(inventory, path).toMatch(new RegExp(`\\b${last.replace(/[^\w]/g, '.')}`));
      }
    }
    for (const [rule] of ruleRows) expect(inventory).toContain(`| ${rule} |`);
  });

  it('has an example that reads without a fault, and that no rule has anything against', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'inventory-example-'));
    try {
      writeTree(directory, inventoryExample);
      const tree = await readTree(directory);
      expect(judge(tree, { version: '0.1.0', actors: [] })).toEqual([]);
      expect([...tree.hosts.keys(), ...tree.services.keys()]).toEqual(['attic', 'mosquitto']);
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
    for (const path of Object.keys(inventoryExample)) expect(inventory).toContain(`\`${path}\``);
  });
});
