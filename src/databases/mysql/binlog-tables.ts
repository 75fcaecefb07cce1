import type { CapturedTable } from '../../model/change.ts';
import { TandemError } from '../../model/error.ts';
import { type Column, type TableRef, tableName, type TableSchema } from '../../model/schema.ts';
import { STATE_TABLES, type StateTableName } from '../../model/state.ts';
import { type ColumnFacts, planColumn } from './binlog-columns.ts';
import { kindInLog } from './binlog-kinds.ts';
import { corrupt, headerBytes, tableIdAt } from './binlog-events.ts';
import type { BinlogStream } from './binlog-stream.ts';
import { TableMap } from './binlog-table-map.ts';
import type { ColumnPlan } from './binlog-values.ts';
import type { Charsets } from './charset.ts';
import type { Flavor } from './flavor.ts';

/** How to read the rows of one version of a wanted table. */
export interface TablePlan {
  /** Its `misfit` says where the rows of this version cannot be read. */
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
  readonly #stateSchema: string;
  readonly #engine: Flavor['engine'];
  readonly #charsets: Charsets;
  readonly #foldsNames: boolean;
  /** By the log's number of the table. Numbers are given anew when a table changes or the server restarts. */
  readonly #byId = new Map<number, Mapped>();
  /** By content of the table map: the same version of a table keeps its plan under every number. */
  readonly #byContent = new Map<string, TablePlan>();
  readonly #refused = new Map<string, CapturedTable>();
  /** Tables that were altered in the log since they were inspected. */
  readonly #altered = new Set<TableSchema>();

  /** `stateSchema`: where Tandem's own tables are, which must be readable. */
  constructor(tables: readonly TableSchema[], engine: Flavor['engine'], server: Server, stateSchema: string) {
    this.#stateSchema = stateSchema;
    this.#engine = engine;
    this.#charsets = server.charsets;
    this.#foldsNames = server.foldsNames;
    this.#wanted = new Map(tables.map((table) => [this.#key(table.ref), table]));
  }

  /** A new file of the log begins: numbers of tables no longer hold. */
  forgetIds(): void {
    this.#byId.clear();
  }

  /** A statement of the log may have altered these tables: what was planned without their columns' names is void. */
  altered(refs: readonly TableRef[]): void {
    for (const ref of refs) {
      const schema = this.#wanted.get(this.#key(ref));
      if (schema === undefined || schema.columns.length === 0) continue;
      this.#altered.add(schema);
      this.#byId.clear();
      for (const [content, { table }] of this.#byContent) if (table.ref === schema.ref) this.#byContent.delete(content);
    }
  }

  /** A TABLE_MAP event. Throws TD7005, TD2108 for a state table; others become misfits. */
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

  /** All that are wanted of the user's. */
  users(): readonly CapturedTable[] {
    const refs = [...this.#wanted.values()].map(({ ref }) => ref);
    return refs.flatMap((ref) => (ref.schema === this.#stateSchema ? [] : (this.named(ref) ?? [])));
  }

  /**
   * A version of the table whose rows cannot be read for this reason; the same object for the same reason. Throws the
   * error where it is a state table.
   */
  refused({ ref, columns }: CapturedTable, error: TandemError): CapturedTable {
    if (ref.schema === this.#stateSchema) throw error;
    const name = `${tableName(ref)} ${error.message}`;
    const known = this.#refused.get(name);
    if (known !== undefined) return known;
    const table = { ref, columns, misfit: error };
    this.#refused.set(name, table);
    return table;
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
    const plan = this.#plan(described, schema);
    this.#byContent.set(key, plan);
    return plan;
  }

  #plan(described: TableMap, schema: TableSchema): TablePlan {
    const { ref } = schema;
    try {
      const names = described.names ?? namesOfCatalogue(described, schema, this.#altered.has(schema));
      const facts = factsOf(described, names, schema, this.#charsets);
      const columns = facts.map((each) => planColumn(each, this.#charsets));
      const table = { ref, columns: names, kinds: facts.map(kindInLog) };
      return { table, columns, blank: columns.map(() => null) };
    } catch (thrown) {
      if (!(thrown instanceof TandemError) || ref.schema === this.#stateSchema) throw thrown;
      return { table: { ref, columns: described.names ?? [], misfit: thrown }, columns: [], blank: [] };
    }
  }
}

function factsOf(map: TableMap, names: readonly string[], schema: TableSchema, charsets: Charsets): ColumnFacts[] {
  const byName = new Map(schema.columns.map((column) => [column.name, column]));
  return map.types.map((type, at) => {
    const name = names[at] ?? '';
    const collation = map.collations.get(at);
    return {
      ref: schema.ref,
      name,
      type,
      meta: map.metas[at] ?? 0,
      unsigned: map.unsigned?.has(at) ?? null,
      charset: collation === undefined ? null : charsets.ofCollation(collation),
      labels: map.labels.get(at) ?? null,
      column: byName.get(name) ?? null,
    };
  });
}

/** Without `binlog_row_metadata=FULL` the log has no names, and columns are told by their place as the table is now. */
function namesOfCatalogue(map: TableMap, schema: TableSchema, altered: boolean): readonly string[] {
  if (altered) throw unnamed(schema);
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

function unnamed({ ref }: TableSchema): TandemError {
  return new TandemError('TD5031', `${tableName(ref)} was altered, and the log does not name its columns`, {
    expected: 'binlog_row_metadata = FULL',
    found: 'rows whose columns could only be told by their places in the table as it was before',
    fix: 'SET GLOBAL binlog_row_metadata = FULL;',
    at: { table: tableName(ref) },
  });
}
