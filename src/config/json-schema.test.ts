import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { treeSchema } from './schema.ts';

/** Also the script that writes the file: `npx vitest run src/config/json-schema.test.ts -u`. */
test('the JSON Schema that editors use is the one of this code', async () => {
  const file = resolve(import.meta.dirname, '../../schemas/tandem.schema.json');
  await expect(`${JSON.stringify(configJsonSchema(), null, 2)}\n`).toMatchFileSnapshot(file);
});

test('it knows what a person completes while typing', () => {
  const text = JSON.stringify(configJsonSchema());
  for (const word of ['titleCase', 'enumMap', 'naturalKeys', 'mapped', 'mariadb', 'toRight'])
    expect(text).toContain(word);
});

/** The JSON Schema of tandem.yaml, by which editors complete and check it while it is written. */
function configJsonSchema(): object {
  const schema = z.toJSONSchema(treeSchema(false), { io: 'input', unrepresentable: 'any', override: dropFunctions });
  return { ...schema, title: 'tandem.yaml', description: 'A two-way sync of two live databases' };
}

/** Values that YAML cannot write (bigint, bytes) would become `{}`, which allows everything. */
function dropFunctions({ jsonSchema }: { readonly jsonSchema: { anyOf?: unknown[] } }): void {
  if (jsonSchema.anyOf === undefined) return;
  jsonSchema.anyOf = jsonSchema.anyOf.filter(
    (branch) => typeof branch !== 'object' || branch === null || Object.keys(branch).length > 0,
  );
}
