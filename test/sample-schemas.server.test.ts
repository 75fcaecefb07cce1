import { expect, test } from 'vitest';
import { connect } from '../src/cli/demo/database.ts';
import { sampleTables } from '../src/cli/demo/sample.ts';
import { openDatabase } from '../src/databases/index.ts';
import { createContext } from '../src/engine/context.ts';
import type { Side } from '../src/model/policy.ts';
import type { TableSchema } from '../src/model/schema.ts';
import { legacySchemas, revampSchemas } from './sample-schemas.ts';
import { describeServers, freshDatabase } from './servers.ts';

/** The unit tests' picture of the sample must be what real catalogues say. */
await describeServers('the sample as real servers describe it', { left: 'postgres', right: 'mysql' }, (servers) => {
  test.each([
    ['left', 'postgres', legacySchemas],
    ['right', 'mysql', revampSchemas],
  ] as const)('%s on %s', async (side, engine, expected) => {
    const url = await freshDatabase(servers[side]);
    await createTables(side, engine, url);
    using context = createContext({ level: 'error' });
    const database = await openDatabase(engine);
    const names = { label: side, side, sync: 'sample', stateSchema: 'tandem' };
    await using endpoint = await database.open({ url, ...names }, context);
    // The server is shared with other tests, whose databases it shows too.
    const schema = engine === 'postgres' ? 'public' : new URL(url).pathname.slice(1);
    const found = await endpoint.inspect((await endpoint.tables()).filter((ref) => ref.schema === schema));
    expect(found.map(simplified)).toEqual(expected.map(simplified).toSorted(byTable));
  });
});

async function createTables(side: Side, engine: 'postgres' | 'mysql', url: string): Promise<void> {
  await using connection = await connect({ engine, url });
  for (const statement of sampleTables(side, engine)) await connection.execute(statement);
}

/**
 * Without what depends on the server or on the test: names of constraints and of the database, the triggers, and
 * whether this version logs cascades.
 */
function simplified({ ref, columns, key, uniques, foreignKeys }: TableSchema) {
  return {
    table: ref.table,
    columns,
    key,
    uniques: uniques.map((unique) => unique.columns.join()).toSorted(),
    foreignKeys: foreignKeys
      .map(({ columns: from, references, onDelete }) => `${from.join()} ${references.table} ${onDelete}`)
      .toSorted(),
  };
}

function byTable(a: { readonly table: string }, b: { readonly table: string }): number {
  return a.table < b.table ? -1 : 1;
}
