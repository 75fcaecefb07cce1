import type { Side } from '../../model/policy.ts';
import type { Connection } from './database.ts';
import { sampleTables } from './sample.ts';
import { recordWrites } from './writes.ts';

/** Creates one side's tables, and the record of who writes what. */
export async function createSample(connection: Connection, side: Side): Promise<void> {
  for (const statement of sampleTables(side, connection.engine)) await connection.execute(statement);
  await recordWrites(connection, side);
}
