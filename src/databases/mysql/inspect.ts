import type { ForeignKey, ReferentialAction, TableRef, TableSchema, Trigger, UniqueKey } from '../../model/schema.ts';
import { parseCheck, parseJsonValid, unescapeClause } from './check-clause.ts';
import { type Checked, columnFields, readColumn } from './columns.ts';
import { atLeast, type Flavor, type Version } from './flavor.ts';
import { quoteText } from './literals.ts';
import type { Cells, Session } from './session.ts';

const systemSchemas = ['information_schema', 'mysql', 'performance_schema', 'sys'];

/** All base tables that the user may see, without the server's and Tandem's own. */
export async function listTables(session: Session, stateSchema: string): Promise<readonly TableRef[]> {
  const hidden = [...systemSchemas, stateSchema].map(quoteText).join(', ');
  const rows = await session.rows(
    'SELECT TABLE_SCHEMA, TABLE_NAME FROM information_schema.TABLES ' +
      `WHERE TABLE_TYPE = 'BASE TABLE' AND TABLE_SCHEMA NOT IN (${hidden}) ORDER BY TABLE_SCHEMA, TABLE_NAME`,
  );
  return rows.map(([schema, table]) => ({ schema: String(schema), table: String(table) }));
}

/**
 * Tables that exist, in the order asked. A fixed number of queries for each database, however many tables there are.
 */
export async function inspectTables(
  session: Session,
  flavor: Flavor,
  version: Version,
  tables: readonly TableRef[],
): Promise<readonly TableSchema[]> {
  const [settings] = await session.rows('SELECT @@GLOBAL.binlog_row_image, @@lower_case_table_names');
  const server: Server = {
    flavor,
    fullImages: settings?.[0] === 'FULL',
    logsCascades: flavor.logsCascadesFrom !== null && atLeast(version, flavor.logsCascadesFrom),
  };
  // Where names ignore case, the catalogue's spelling may differ from the one asked for.
  const fold = Number(settings?.[1]) === 0 ? (name: string) => name : (name: string) => name.toLowerCase();
  const known = new Map<string, TableSchema>();
  for (const schema of new Set(tables.map((table) => table.schema))) {
    const names = tables.filter((table) => table.schema === schema).map((table) => table.table);
    for (const found of await inspectSchema(session, server, schema, names)) {
      known.set(fold(`${found.ref.schema}\0${found.ref.table}`), found);
    }
  }
  return tables.flatMap((table) => known.get(fold(`${table.schema}\0${table.table}`)) ?? []);
}

interface Server {
  readonly flavor: Flavor;
  readonly fullImages: boolean;
  readonly logsCascades: boolean;
}

async function inspectSchema(session: Session, server: Server, schema: string, names: readonly string[]) {
  const catalogue = await readCatalogue(session, server.flavor, schema, names);
  return catalogue.tables.map(([schemaName, tableName, engine]): TableSchema => {
    const of = (rows: ReadonlyMap<string, readonly Cells[]>) => rows.get(String(tableName)) ?? [];
    const checked = readChecks(server.flavor, of(catalogue.checks));
    const keys = readKeys(of(catalogue.keys));
    return {
      ref: { schema: String(schemaName), table: String(tableName) },
      columns: of(catalogue.columns).map((cells) => readColumn(server.flavor, cells, checked)),
      key: keys.primary,
      uniques: keys.uniques,
      foreignKeys: readForeignKeys(of(catalogue.foreignKeys)),
      triggers: of(catalogue.triggers).map(readTrigger),
      fullImages: server.fullImages,
      transactional: engine === 'InnoDB',
      logsCascades: server.logsCascades,
    };
  });
}

/** Reads everything about some tables of one database; all but the tables come by table name. */
async function readCatalogue(session: Session, flavor: Flavor, schema: string, names: readonly string[]) {
  const where = (prefix = '', column = 'TABLE_NAME', schemaColumn = 'TABLE_SCHEMA') =>
    `${prefix}${schemaColumn} = ${quoteText(schema)} AND ${prefix}${column} IN (${names.map(quoteText).join(', ')})`;
  const read = async (sql: string) => byTable(await session.rows(sql));
  return {
    tables: await session.rows(
      `SELECT TABLE_SCHEMA, TABLE_NAME, ENGINE FROM information_schema.TABLES WHERE ${where()} ` +
        "AND TABLE_TYPE = 'BASE TABLE'",
    ),
    columns: await read(
      `SELECT ${columnFields.join(', ')} FROM information_schema.COLUMNS WHERE ${where()} ` +
        'ORDER BY TABLE_NAME, ORDINAL_POSITION',
    ),
    keys: await read(
      `SELECT TABLE_NAME, INDEX_NAME, COLUMN_NAME FROM information_schema.STATISTICS WHERE ${where()} ` +
        'AND NON_UNIQUE = 0 ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX',
    ),
    foreignKeys: await read(
      'SELECT k.TABLE_NAME, k.CONSTRAINT_NAME, k.COLUMN_NAME, k.REFERENCED_TABLE_SCHEMA, k.REFERENCED_TABLE_NAME, ' +
        'k.REFERENCED_COLUMN_NAME, r.DELETE_RULE, r.UPDATE_RULE FROM information_schema.KEY_COLUMN_USAGE k ' +
        'JOIN information_schema.REFERENTIAL_CONSTRAINTS r ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA ' +
        `AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME AND r.TABLE_NAME = k.TABLE_NAME WHERE ${where('k.')} ` +
        'ORDER BY k.TABLE_NAME, k.CONSTRAINT_NAME, k.ORDINAL_POSITION',
    ),
    checks: await read(flavor.checksSql(where)),
    triggers: await read(
      'SELECT EVENT_OBJECT_TABLE, TRIGGER_NAME, ACTION_TIMING, EVENT_MANIPULATION, ACTION_STATEMENT ' +
        `FROM information_schema.TRIGGERS WHERE ${where('', 'EVENT_OBJECT_TABLE', 'EVENT_OBJECT_SCHEMA')} ` +
        'ORDER BY EVENT_OBJECT_TABLE, TRIGGER_NAME',
    ),
  };
}

/** Rows by the table that their first cell names. */
function byTable(rows: readonly Cells[]): ReadonlyMap<string, readonly Cells[]> {
  return grouped(rows, 0);
}

function grouped(rows: readonly Cells[], at: number): ReadonlyMap<string, readonly Cells[]> {
  const groups = new Map<string, Cells[]>();
  for (const row of rows) {
    const name = String(row[at]);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [row]);
    else group.push(row);
  }
  return groups;
}

function readChecks(flavor: Flavor, rows: readonly Cells[]): Checked {
  const values = new Map<string, readonly string[]>();
  const json = new Set<string>();
  for (const [, clause] of rows) {
    const text = flavor.engine === 'mysql' ? unescapeClause(String(clause)) : String(clause);
    const allowed = parseCheck(text);
    if (allowed !== null) values.set(allowed.column, allowed.values);
    const jsonColumn = flavor.engine === 'mariadb' ? parseJsonValid(text) : null;
    if (jsonColumn !== null) json.add(jsonColumn);
  }
  return { values, json };
}

/** Indexes over expressions have parts without a column; they cannot be keys of a link. */
function readKeys(rows: readonly Cells[]): { primary: readonly string[]; uniques: readonly UniqueKey[] } {
  let primary: readonly string[] = [];
  const uniques: UniqueKey[] = [];
  for (const [name, parts] of grouped(rows, 1)) {
    const columns = parts.flatMap(([, , column]) => (column === null || column === undefined ? [] : [String(column)]));
    if (columns.length < parts.length) continue;
    if (name === 'PRIMARY') primary = columns;
    else uniques.push({ name, columns, deferrable: false });
  }
  return { primary, uniques };
}

function readForeignKeys(rows: readonly Cells[]): readonly ForeignKey[] {
  return [...grouped(rows, 1)].map(([name, parts]) => {
    const [, , , schema, table, , onDelete, onUpdate] = (parts[0] ?? []).map(String);
    return {
      name,
      columns: parts.map((part) => String(part[2])),
      references: { schema: schema ?? '', table: table ?? '' },
      referencedColumns: parts.map((part) => String(part[5])),
      onDelete: actionOf(onDelete),
      onUpdate: actionOf(onUpdate),
      deferrable: false,
    };
  });
}

function actionOf(rule: string | undefined): ReferentialAction {
  switch (rule) {
    case 'CASCADE':
      return 'cascade';
    case 'SET NULL':
      return 'set null';
    case 'SET DEFAULT':
      return 'set default';
    case 'RESTRICT':
      return 'restrict';
    default:
      return 'no action';
  }
}

function readTrigger(cells: Cells): Trigger {
  const [, name, timing, event, body] = cells.map(String);
  return { name: name ?? '', event: `${timing} ${event}`, guarded: /@tandem_apply\b/i.test(body ?? '') };
}
