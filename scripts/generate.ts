/**
 * Writes what is generated from the code (`npm run generate`): docs/schemas/, docs/topics.md, docs/inventory.md, docs/homelab.md, the tables in docs/guide.md and
 * docs/broker-config.md, and the files of the declared brokers below hosts/. Removes schemas of contracts that no longer exist. `npm run check` fails while the committed files differ.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generatedDocs } from './generated-docs.ts';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const files = await generatedDocs();

mkdirSync(join(root, 'docs/schemas'), { recursive: true });
for (const name of readdirSync(join(root, 'docs/schemas'))) {
  if (!files.has(`docs/schemas/${name}`)) rmSync(join(root, 'docs/schemas', name));
}
for (const [path, text] of files) {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}
console.log(
  `generated ${files.size} files: docs/topics.md, docs/inventory.md, docs/homelab.md, docs/schemas/, the tables in docs/guide.md and docs/broker-config.md, and hosts/*/runtime/mosquitto/`,
);
