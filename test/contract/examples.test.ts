/** Every contract accepts its good and older examples, refuses the bad ones by name, and ignores what it does not know. */
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { contractSchemas } from '../../scripts/contract-schemas.ts';
import { examples } from './examples.table.ts';

const overTheWire = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const laterField = { a_field_of_a_later_version: { with: ['anything'] } };

for (const [name, schema] of Object.entries(contractSchemas) as [keyof typeof contractSchemas, z.ZodType][]) {
  const { good, bad, older } = examples[name];

  describe(name, () => {
    it('has good, bad and older examples', () => {
      expect([good.length, bad.length, older.length].every((count) => count > 0)).toBe(true);
    });

    it.each(good.map((value) => [JSON.stringify(value).slice(0, 80), value]))('accepts and round-trips %s', (_, value) => {
      const parsed = schema.parse(overTheWire(value));
      expect(parsed).toMatchObject(value as object);
      expect(schema.parse(overTheWire(parsed))).toEqual(parsed);
    });

    it.each(good.map((value) => [JSON.stringify(value).slice(0, 80), value]))('ignores unknown fields in %s', (_, value) => {
      expect(schema.parse({ ...(value as object), ...laterField })).toEqual(schema.parse(value));
    });

    it.each(bad.map(({ field, value }, at) => [field === '' ? 'the message' : field, at + 1, value, field]))('refuses a bad %s (%d)', (_, __, value, field) => {
      const result = schema.safeParse(overTheWire(value));
      expect(result.success).toBe(false);
      expect(result.error?.issues.map((issue) => issue.path.join('.'))).toContain(field);
    });

    it.each(older.map(({ value, becomes }, at) => [at + 1, value, becomes]))('accepts an older writer (%d)', (_, value, becomes) => {
      const parsed = schema.parse(overTheWire(value));
      expect(parsed).toMatchObject({ ...value, ...becomes });
    });
  });
}
