import { z } from 'zod';
import { treeSchema } from './schema.ts';

/** The JSON Schema of tandem.yaml, by which editors complete and check it while it is written. */
export function configJsonSchema(): object {
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
