import type { CapturedTable } from '../../model/change.ts';
import { TandemError } from '../../model/error.ts';
import { type Column, type TableRef, tableName, type TableSchema } from '../../model/schema.ts';
import { STATE_TABLES, type StateTableName } from '../../model/state.ts';
import { planColumn } from './binlog-columns.ts';
import { corrupt, headerBytes, tableIdAt } from './binlog-events.ts';
import type { BinlogStream } from './binlog-stream.ts';
import { TableMap } from './binlog-table-map.ts';
import type { ColumnPlan } from './binlog-values.ts';
import type { Charsets } from './charset.ts';
import type { Flavor } from './flavor.ts';

/** How to read the rows of one version of a wanted table. */
export interface TablePlan {
  readonly table: CapturedTable;
  readonly columns: readonly ColumnPlan[];
  /** A row of NULLs. */
  readonly blank: readonly null[];
}

interface Mapped {
  /** The table map's content, to see at a glance that nothing has changed. */
  readonly content: Buffer;
  readonly plan: TablePlan | null;
}

/** What is asked of the server before its log is read. */
type Server = Pick<BinlogStream, 'charsets' | 'foldsNames'>;

/** Which tables of the log are wanted, and how each version of them is read. Outlives connections. */
export class BinlogTables {
  readonly #wanted: ReadonlyMap<string, TableSchema>;
  readonly #engine: Flavor['engine'];
  readonly #charsets: Charsets;
  readonly #foldsNames: boolean;
  /** By the log's number of the table. Numbers are given anew when a table changes or the server restarts. */
  readonly #byId = new Map<number, Mapped>();
  /** By content of the table map: the same version of a table keeps its plan under every number. */
  readonly #byContent = new Map<string, TablePlan>();

  constructor(tables: readonly TableSchema[], engine: Flavor['engine'], server: Server) {
    this.#engine = engine;
    this.#charsets = server.charsets;
    this.#foldsNames = server.foldsNames;
    this.#wanted = new Map(tables.map((table) => [this.#key(table.ref), table]));
  }

  /** A new file of the log begins: numbers of tables no longer hold. */
  forgetIds(): void {
    this.#byId.clear();
  }

  /** A TABLE_MAP event. Throws TD7005, TD2108. */
  map(buffer: Buffer, start: number, end: number): void {
    const id = tableIdAt(buffer, start);
    const content = buffer.subarray(start + headerBytes + 8, end);
    const known = this.#byId.get(id);
    if (known !== undefined && known.content.equals(content)) return;
    this.#byId.set(id, { content: Buffer.from(content), plan: this.#planOf(content) });
  }

  /** Null for a table that is not wanted. */
  plan(id: number): TablePlan | null {
    const mapped = this.#byId.get(id);
    if (mapped === undefined) throw corrupt('rows of a table that was not described');
    return mapped.plan;
  }

  /** The table as it was last seen in the log or, before that, as the catalogue has it; null where it is not wanted. */
  named(ref: TableRef): CapturedTable | null {
    const schema = this.#wanted.get(this.#key(ref));
    if (schema === undefined) return null;
    for (const { table } of [...this.#byContent.values()].toReversed()) {
      if (table.ref === schema.ref) return table;
    }
    return { ref: schema.ref, columns: schema.columns.map((column) => column.name) };
  }

  #key(ref: TableRef): string {
    return this.#foldsNames ? tableName(ref).toLowerCase() : tableName(ref);
  }

  #planOf(content: Buffer): TablePlan | null {
    const described = new TableMap(content, this.#engine);
    const schema = this.#wanted.get(this.#key(described.ref));
    if (schema === undefined) return null;
    const key = content.toString('latin1');
    const known = this.#byContent.get(key);
    if (known !== undefined) return known;
    const columns = planColumns(described, schema, this.#charsets);
    const table = { ref: schema.ref, columns: columns.map((column) => column.name) };
    const plan = { table, columns, blank: columns.map(() => null) };
    this.#byContent.set(key, plan);
    return plan;
  }
}

function planColumns(map: TableMap, schema: TableSchema, charsets: Charsets): ColumnPlan[] {
  const names = map.names ?? namesOfCatalogue(map, schema);
  const byName = new Map(schema.columns.map((column) => [column.name, column]));
  return map.types.map((type, at) => {
    const name = names[at] ?? '';
    const collation = map.collations.get(at);
    const facts = {
      ref: schema.ref,
      name,
      type,
      meta: map.metas[at] ?? 0,
      unsigned: map.unsigned?.has(at) ?? null,
      charset: collation === undefined ? null : charsets.ofCollation(collation),
      labels: map.labels.get(at) ?? null,
      column: byName.get(name) ?? null,
    };
    return planColumn(facts, charsets);
  });
}

/** Without `binlog_row_metadata=FULL` the log has no names, and columns are told by their place as the table is now. */
function namesOfCatalogue(map: TableMap, schema: TableSchema): readonly string[] {
  const state = STATE_TABLES[schema.ref.table as StateTableName] as
    | { columns: readonly { name: string }[] }
    | undefined;
  const columns: readonly Pick<Column, 'name'>[] = schema.columns.length > 0 ? schema.columns : (state?.columns ?? []);
  if (columns.length === map.types.length) return columns.map((column) => column.name);
  throw new TandemError(
    'TD7005',
    `The columns of ${tableName(schema.ref)} have changed, and the log does not name them.`,
    {
      expected: `${columns.length} columns`,
      found: `${map.types.length} columns in the log`,
      fix: 'SET GLOBAL binlog_row_metadata = FULL;',
      at: { table: tableName(schema.ref) },
    },
  );
}
