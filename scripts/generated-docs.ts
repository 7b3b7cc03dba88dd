/**
 * The generated documents as text: a JSON Schema of each contract, the table of topics and event types, the fields of the declared
 * homelab, what is declared in this repository, the table of environment variables in the guide, the traps that the linter knows, and the files of the declared brokers.
 *
 * Reads the contracts, the settings, the declared homelab, and pages that keep their text outside of the marks; returns file contents.
 * scripts/generate.ts writes them, a contract test compares them.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ruleRows } from '../actors/inventory/rules/rules.table.ts';
import { readTree } from '../adapters/files/tree.ts';
import { committedFiles } from '../cli/broker-config/site-files.ts';
import { traps } from '../cli/broker-lint/lint.ts';
import { mapPage } from '../cli/map/page.ts';
import { variables } from '../cli/settings.ts';
import { requestSchemas } from '../contracts/action.ts';
import { topicRoot } from '../contracts/defaults.ts';
import { eventTypeRow, eventTypes } from '../contracts/event-types.table.ts';
import { inventoryFiles } from '../contracts/inventory/files.table.ts';
import { allTopics, topics } from '../contracts/topics.ts';
import { accessTable } from './access-table.ts';
import { contractName, contractSchemas } from './contract-schemas.ts';
import { fileSchema } from './file-schema.ts';
import { homelabPage, inventoryPage } from './inventory-page.ts';
import { markdownTable as table } from './markdown.ts';

const root = join(import.meta.dirname, '..');

/** File contents by path from the project's root. */
export async function generatedDocs(): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const [name, schema] of Object.entries(contractSchemas)) files.set(`docs/schemas/${name}.json`, jsonSchema(name, schema));
  for (const file of Object.values(inventoryFiles)) files.set(`docs/schemas/${file.schemaName}.json`, fileSchema(file));
  files.set('docs/topics.md', topicsPage());
  files.set('docs/inventory.md', inventoryPage(ruleRows));
  const tree = await readTree(root);
  files.set('docs/homelab.md', homelabPage(mapPage(tree)));
  for (const [path, text] of committedFiles(tree)) files.set(path, text);
  files.set('docs/guide.md', withTable('docs/guide.md', 'variables', variableTable()));
  files.set('docs/access.md', withTable('docs/access.md', 'access', accessTable()));
  files.set('docs/broker-config.md', withTable('docs/broker-config.md', 'traps', trapTable()));
  return files;
}

/** What may be sent (`io: input`): fields with a default may be absent, times may be older forms. Unknown fields are ignored, not refused. */
function jsonSchema(name: string, schema: z.ZodType): string {
  const { $schema, ...rest } = z.toJSONSchema(schema, {
    io: 'input',
    override: ({ jsonSchema: node }) => {
      // zod spells out the calendar as a regular expression of 400 characters; `format` says the same to readers and validators.
      if (node.format === 'date-time' || node.format === 'uuid') delete node.pattern;
      // The bounds of whole numbers in JavaScript say nothing about the contract.
      if (node.maximum === Number.MAX_SAFE_INTEGER) delete node.maximum;
    },
  });
  const used = allTopics
    .filter(([, topic]) => topic.schema === schema)
    .map(([, topic]) => (topic.foreign === true ? topic.pattern : `${topicRoot}/${topic.pattern}`));
  return `${JSON.stringify({ $schema, title: name, ...(used.length > 0 ? { $comment: `on ${used.join(', ')}` } : {}), ...rest }, null, 2)}\n`;
}

const named = (pattern: string): string => pattern.replaceAll('{', '<').replaceAll('}', '>');
const shown = (pattern: string): string => `${topicRoot}/${named(pattern)}`;
const link = (name: string): string => `[${name}](schemas/${name}.json)`;

/** A page with a table between two marks. Throws when the page has no place for it. */
function withTable(path: string, mark: string, rows: string): string {
  const page = readFileSync(join(root, path), 'utf8');
  const block = new RegExp(`(<!-- ${mark} -->\n)[\\s\\S]*?(<!-- /${mark} -->)`);
  if (!block.test(page)) throw new Error(`${path}: expected <!-- ${mark} --> and <!-- /${mark} --> on lines of their own`);
  return page.replace(block, (_, begin: string, end: string) => `${begin}${rows}\n${end}`);
}

/** The environment variables as cli/settings.ts has them. */
const variableTable = (): string =>
  table(
    ['variable', 'meaning', 'default'],
    Object.entries(variables).map(([name, [means, fallback]]) => [`\`${name}\``, means, fallback]),
  );

/** What stands in angle brackets would be taken for HTML. */
const visible = (text: string): string => text.replaceAll('<', '&lt;');

const trapTable = (): string =>
  table(
    ['trap', 'severity', 'why', 'instead'],
    traps.map(({ id, severity, why, instead }) => [`\`${id}\``, severity, visible(why), visible(instead)]),
  );

const bridgeWords = { up: 'site → hub', down: 'hub → site', none: 'no' } as const;

const topicRows = (): readonly (readonly string[])[] =>
  allTopics.map(([, topic]) => [
    `\`${topic.foreign === true ? named(topic.pattern) : shown(topic.pattern)}\``,
    topic.foreign === true && !topic.retained ? 'as its writer likes' : topic.retained ? 'yes' : topic.kind === 'request' ? '**never**' : 'no',
    topic.owner,
    bridgeWords[topic.bridge],
    link(contractName(topic.schema)),
    topic.means,
  ]);

const eventRows = (): readonly (readonly string[])[] =>
  Object.keys(eventTypes).map((type) => {
    const row = eventTypeRow(type);
    return [`\`${type}\``, row?.severity ?? '', row?.opens ?? '', row?.closes?.join(', ') ?? '', row?.means ?? ''];
  });

const requestRows = (): readonly (readonly string[])[] =>
  Object.entries(requestSchemas).map(([state, schema]) => [
    `\`${shown(topics.request.pattern.replace('{state}', state))}\``,
    link(contractName(schema)),
    requestMeans[state] ?? '',
  ]);

const requestMeans: Readonly<Record<string, string>> = {
  pending: 'proposes an action',
  approved: 'a person agrees; a program never may',
  rejected: 'a person refuses',
  cancelled: 'withdraws an action that has not begun',
  running: 'an executor claims an approved action',
  completed: 'an executor reports that it went well',
  failed: 'an executor reports that it did not',
};

function topicsPage(): string {
  const requests = shown(topics.request.pattern.replace('{requester}', '{login}'));
  const documents = shown(topics.action.pattern);
  const anonymous = shown(topics.anonymousRequest.pattern).replace('<state>', 'approved');
  const approve = `${topicRoot}/${topics.request.build({ state: 'approved', requester: 'alice' })}`;
  const watch = `${topicRoot}/${topics.action.filter()}`;
  return `<!-- Generated by \`npm run generate\` from contracts/topics.ts and contracts/event-types.table.ts. Do not edit. -->
# Topics

**\`${requests}\` carries REQUESTS and is never retained.** It says "please move this action to \`<state>\`"; nothing can
be read there afterwards. **The actions themselves are the retained documents at \`${documents}\`**: what is proposed, who
agreed, what became of it. The ledger writes them, once it has judged the request.

See the actions, and approve one as the broker login \`alice\`:

\`\`\`sh
mosquitto_sub -v -t '${watch}'
mosquitto_pub -q 1 -t ${approve} -m container-restart-vps-web
\`\`\`

Publish requests without \`-r\`. The message is an action's id, a beginning of it that fits only one, the word \`next\` when
exactly one action is pending, or JSON such as \`{"id": "container-restart-vps-web", "note": "go ahead"}\`. Where the broker
has no logins and only this machine can reach it, the topic is \`${anonymous}\`. The answer comes on
\`${shown(topics.reply.pattern)}\`.

## All topics

Every topic has one writer; one without the root is another program's, and only read, but for what is announced to Home Assistant. What is true now is a retained document; what happened is an event; what should happen is a
request. Everything is JSON at QoS 1 and works over MQTT 3.1.1. The root \`${topicRoot}\` can be changed with
\`HOMELAB_TOPIC_ROOT\`. "Bridge" says whether the bridge of an edge site carries the topic, and which way.

${table(['topic', 'retained', 'writer', 'bridge', 'payload', 'what it is'], topicRows())}

Documents begin with the same keys: \`status\` (one word), \`summary\` (one line for people), \`ts\`, then \`session\` and \`rev\`.
Of two copies of a document the one with the higher (\`session\`, \`rev\`) is newer. A document ends with \`"status": "gone"\`,
followed by an empty message. Schemas describe what is accepted: a field with a default may be absent, an unknown field is
ignored.

## Requests, by state

${table(['topic', 'payload', 'what it asks'], requestRows())}

## Event types

Events on \`${shown(topics.events.pattern)}\` carry one of these as \`type\`. Other types are stored and shown, and change
nothing. "Opens" is the kind of incident that an event is evidence for, "closes" the kinds it ends.

${table(['type', 'severity', 'opens', 'closes', 'what happened'], eventRows())}
`;
}
