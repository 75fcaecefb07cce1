import type { Step } from '../../model/endpoint.ts';
import { quoteName, quoteTable, quoteText } from './literals.ts';
import type { Session } from './session.ts';
import { createStateTable, stateTableNames } from './state.ts';

/** The statements that are still missing: the state database and its tables. The log needs nothing made for it. */
export async function missingSteps(session: Session, schema: string): Promise<readonly Step[]> {
  const steps: Step[] = [];
  const databases = await session.rows(`SHOW DATABASES LIKE ${likePattern(schema)}`);
  if (databases.length === 0) {
    const sql = `CREATE DATABASE IF NOT EXISTS ${quoteName(schema)} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`;
    steps.push({ title: `create the database ${schema} for Tandem's own tables`, sql });
  }
  const present = await tablesIn(session, schema);
  for (const name of stateTableNames) {
    if (present.has(name)) continue;
    steps.push({ title: `create the table ${schema}.${name}`, sql: createStateTable(schema, name) });
  }
  return steps;
}

/** Drops the state tables, and their database where nothing else is in it. */
export async function removalSteps(session: Session, schema: string): Promise<readonly Step[]> {
  const present = await tablesIn(session, schema);
  const own = stateTableNames.filter((name) => present.has(name));
  const steps: Step[] = own.map((name) => ({
    title: `drop the table ${schema}.${name}`,
    sql: `DROP TABLE IF EXISTS ${quoteTable({ schema, table: name })}`,
  }));
  if (own.length > 0 && present.size === own.length) {
    steps.push({ title: `drop the database ${schema}`, sql: `DROP DATABASE IF EXISTS ${quoteName(schema)}` });
  }
  return steps;
}

async function tablesIn(session: Session, schema: string): Promise<ReadonlySet<string>> {
  const rows = await session.rows(
    `SELECT TABLE_NAME FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${quoteText(schema)}`,
  );
  return new Set(rows.map((row) => String(row[0])));
}

/** A name as a pattern that only it matches. */
function likePattern(name: string): string {
  return quoteText(name.replaceAll(/[\\%_]/g, String.raw`\$&`));
}
