import { TandemError } from '../../model/error.ts';
import type { Finding } from '../../model/finding.ts';
import { type TableRef, type TableSchema, tableName } from '../../model/schema.ts';
import { STATE_TABLES } from '../../model/state.ts';
import type { Flavor, Version } from './flavor.ts';
import { quoteName, quoteTable } from './literals.ts';
import type { Session } from './session.ts';
import { stateTableNames } from './state.ts';

/**
 * Rights are tried, not read: the server itself knows best what roles, patterns and column grants amount to. EXPLAIN
 * needs the rights of the statement it explains and runs nothing.
 */
async function isAllowed(session: Session, sql: string): Promise<boolean> {
  try {
    await session.rows(sql);
    return true;
  } catch (error) {
    if (error instanceof TandemError && error.code === 'TD4003') return false;
    throw error;
  }
}

/** The account that the server takes us for, as GRANT writes it. */
export async function currentAccount(session: Session): Promise<string> {
  const [row] = await session.rows('SELECT CURRENT_USER()');
  const [, user = '', host = ''] = /^(.*)@([^@]*)$/.exec(String(row?.[0])) ?? [];
  return `${quoteName(user)}@${quoteName(host)}`;
}

/** The rights to read the log and to ask about it. */
export async function checkLogRights(
  session: Session,
  flavor: Flavor,
  version: Version,
  account: string,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  if (!(await isAllowed(session, flavor.logStatus(version))))
    findings.push(missingRight(flavor.logPrivilege, '*.*', account));
  if (!(await mayReplicate(session, flavor))) findings.push(missingRight('REPLICATION SLAVE', '*.*', account));
  return findings;
}

async function mayReplicate(session: Session, flavor: Flavor): Promise<boolean> {
  // MySQL has a harmless question that needs this right; MariaDB has none, but shows the rights of active roles as
  // well.
  if (flavor.engine === 'mysql') return isAllowed(session, 'SHOW REPLICAS');
  return grants(await grantLines(session), ['REPLICATION SLAVE'], ['*.*']);
}

/** The rights on one table that is read or written. */
export async function checkTableRights(
  session: Session,
  table: TableSchema,
  write: boolean,
  account: string,
): Promise<readonly Finding[]> {
  const name = quoteTable(table.ref);
  const columns = table.columns.filter((column) => !column.generated).map((column) => column.name);
  const refused: string[] = [];
  for (const [right, sql] of probes(name, columns, write)) {
    if ((await probe(session, sql)) === 'refused') refused.push(right);
  }
  return refused.length === 0 ? [] : [missingRight(refused.join(', '), name, account, table.ref)];
}

/** A statement for each right, which fails without it on any of the columns. */
function probes(table: string, columns: readonly string[], write: boolean): readonly (readonly [string, string])[] {
  const names = columns.map(quoteName);
  const select = ['SELECT', `EXPLAIN SELECT * FROM ${table}`] as const;
  if (!write) return [select];
  return [
    select,
    ['INSERT', `EXPLAIN INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => 'DEFAULT').join(', ')})`],
    ['UPDATE', `EXPLAIN UPDATE ${table} SET ${names.map((name) => `${name} = ${name}`).join(', ')} WHERE FALSE`],
    ['DELETE', `EXPLAIN DELETE FROM ${table} WHERE FALSE`],
  ];
}

async function probe(session: Session, sql: string): Promise<'allowed' | 'refused' | 'absent'> {
  try {
    return (await isAllowed(session, sql)) ? 'allowed' : 'refused';
  } catch (error) {
    const code = error instanceof TandemError ? error.code : '';
    // DEFAULT of a column that has none is an error of its own, which comes after the rights.
    if (code === 'TD7003') return 'allowed';
    // Only whoever has the right is told that the log's format stands in the way; the settings say that by themselves.
    if (code === 'TD5005') return 'allowed';
    if (code === 'TD7005' || code === 'TD4004') return 'absent';
    throw error;
  }
}

/** Without TRIGGER the server hides the triggers of a table, so that nobody can warn of them. */
export async function checkTriggerRights(
  session: Session,
  tables: readonly TableRef[],
  account: string,
): Promise<readonly Finding[]> {
  const lines = await grantLines(session);
  const schemas = [...new Set(tables.map((table) => table.schema))];
  const hidden = schemas.filter((schema) => {
    const objects = tables.filter((table) => table.schema === schema).map((table) => quoteTable(table));
    return (
      !grants(lines, ['TRIGGER'], ['*.*', `${quoteName(schema)}.*`]) &&
      !objects.every((each) => grants(lines, ['TRIGGER'], [each]))
    );
  });
  return hidden.map((schema) => ({
    code: 'TD4003',
    severity: 'note',
    message: `the triggers of ${schema} cannot be seen, so nothing can be said about them`,
    expected: `TRIGGER on ${quoteName(schema)}.*`,
    fix: `GRANT TRIGGER ON ${quoteName(schema)}.* TO ${account};`,
    at: { schema, privilege: 'TRIGGER' },
  }));
}

/** The rights on Tandem's own tables, or, while they are not there, to create them. */
export async function checkStateRights(session: Session, schema: string, account: string): Promise<readonly Finding[]> {
  const object = `${quoteName(schema)}.*`;
  for (const name of stateTableNames) {
    const columns = STATE_TABLES[name].columns.map((column) => column.name);
    for (const [, sql] of probes(quoteTable({ schema, table: name }), columns, true)) {
      const answer = await probe(session, sql);
      if (answer === 'absent') return checkCreation(session, object, account);
      if (answer === 'refused') return [missingRight('SELECT, INSERT, UPDATE, DELETE', object, account)];
    }
  }
  return [];
}

async function checkCreation(session: Session, object: string, account: string): Promise<readonly Finding[]> {
  const needed = ['CREATE', 'SELECT', 'INSERT', 'UPDATE', 'DELETE'];
  if (grants(await grantLines(session), needed, ['*.*', object])) return [];
  const fix = missingRight(needed.join(', '), object, account);
  return [
    { ...fix, severity: 'warning', message: "the user may not create Tandem's own tables; let an administrator do it" },
  ];
}

async function grantLines(session: Session): Promise<readonly string[]> {
  return (await session.rows('SHOW GRANTS')).map((row) => String(row[0]));
}

/**
 * Do these lines give all the rights on one of the objects? Roles of MySQL are not resolved: with one, the answer is
 * yes.
 */
function grants(lines: readonly string[], rights: readonly string[], objects: readonly string[]): boolean {
  const given = new Set<string>();
  for (const line of lines) {
    const match = /^GRANT (.*?) ON (.*?) TO /.exec(line);
    if (match === null) return true;
    const object = (match[2] ?? '').replaceAll(String.raw`\_`, '_');
    if (!objects.includes(object)) continue;
    for (const right of (match[1] ?? '').split(',')) given.add(right.trim());
  }
  return given.has('ALL PRIVILEGES') || rights.every((right) => given.has(right));
}

function missingRight(right: string, object: string, account: string, table?: TableRef): Finding {
  return {
    code: 'TD4003',
    severity: 'error',
    message: `the user lacks ${right} on ${table === undefined ? object : tableName(table)}`,
    expected: `${right} on ${object}`,
    fix: `GRANT ${right} ON ${object} TO ${account};`,
    at: { ...(table === undefined ? {} : { table: tableName(table) }), privilege: right },
  };
}
