/**
 * The JSON Schema of a file of the declared homelab, for editors: what may stand in it, and nothing else.
 *
 * Draft 7, because every version of the YAML language server reads it (2020-12 only the newest do, and only in part). Pure.
 */
import { z } from 'zod';
import type { inventoryFiles } from '../contracts/inventory/files.table.ts';

type FileRow = (typeof inventoryFiles)[keyof typeof inventoryFiles];

export function fileSchema({ path, means, schema, schemaName }: FileRow): string {
  const { $schema, ...rest } = z.toJSONSchema(schema, {
    target: 'draft-7',
    io: 'input',
    override: ({ jsonSchema: node }) => {
      // Editors show the description; a keyword of our own they do not know.
      const { unit } = node;
      if (typeof unit === 'string') node.description = [node.description, `(${unit})`].filter(Boolean).join(' ');
      delete node['unit'];
      // The bounds of whole numbers in JavaScript say nothing about the contract.
      if (node.maximum === Number.MAX_SAFE_INTEGER) delete node.maximum;
    },
  });
  return `${JSON.stringify({ $schema, title: schemaName, description: `${path}: ${means}`, ...rest }, null, 2)}\n`;
}
