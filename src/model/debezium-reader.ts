import type { CapturedTable, Change } from './change.ts';
import type { DebeziumEvent, DebeziumJson, DebeziumReader } from './debezium.ts';
import { TandemError } from './error.ts';
import { type Column, sameTable, type TableRef, tableName } from './schema.ts';
import type { Row, Value } from './value.ts';

/** What a connector writes for one column (never null) -> canonical value; undefined = it left the value out. */
export type DebeziumDecode = (json: Exclude<DebeziumJson, null>) => Value | undefined;

/** Thrown by a {@link DebeziumDecode} for what does not tell the value that the database holds. */
export class NotTold extends Error {
  readonly expected: string;

  constructor(expected: string) {
    super(`Debezium wrote no ${expected}`);
    this.expected = expected;
  }
}

/** A table whose events are wanted. */
export interface ReadTable {
  readonly ref: TableRef;
  /** As inspected; of a state table as Tandem makes it. */
  readonly columns: readonly Column[];
  /** The primary key's columns. */
  readonly key: readonly string[];
  /** Old rows come whole; otherwise they tell of the key alone, and NULL of all else. */
  readonly fullImages: boolean;
  /** One of Tandem's own: what cannot be read there stops everything. */
  readonly own: boolean;
}

export interface Dialect {
  /** The table that an event's `source` block names. */
  readonly refOf: (source: JsonObject) => TableRef;
  readonly decoderOf: (column: Column) => DebeziumDecode;
}

export type JsonObject = { readonly [field: string]: DebeziumJson };

/** One version of a table, with the decoders of its columns in the order of the events. */
interface Version {
  readonly table: CapturedTable;
  readonly decodes: readonly DebeziumDecode[];
  /** Which columns an old row tells of. */
  readonly toldBefore: readonly boolean[];
}

/** Reads the events of one connector; what differs between the engines is in the {@link Dialect}. */
export class EventReader implements DebeziumReader {
  private readonly dialect: Dialect;
  private readonly tables: ReadonlyMap<string, ReadTable>;
  private readonly versions = new Map<string, Version>();
  /** The row as it was, of a key that is being changed. */
  private moving: { readonly table: CapturedTable; readonly before: Row } | null = null;

  constructor(dialect: Dialect, tables: readonly ReadTable[]) {
    this.dialect = dialect;
    this.tables = new Map(tables.map((table) => [tableName(table.ref), table]));
  }

  change(event: DebeziumEvent): Change | null {
    const { op, source, before, after, transaction } = event.envelope;
    if (!isObject(source) || typeof op !== 'string') throw notAnEvent('a record without op and source');
    const table = this.tables.get(tableName(this.dialect.refOf(source)));
    if (table === undefined) return null;
    if (op === 't') return { op: 'truncate', table: this.version(table, null).table, before: null, after: null };
    if ((!event.ended || !isObject(transaction)) && op !== 'r') return this.refused(table, outsideOfTransactions());
    const version = this.version(table, isObject(after) ? after : before);
    try {
      return this.rowChange(op, event, version);
    } catch (thrown) {
      if (!(thrown instanceof NotTold)) throw thrown;
      this.moving = null;
      return this.refused(table, lossy(table.ref, thrown));
    }
  }

  private rowChange(op: string, event: DebeziumEvent, version: Version): Change | null {
    const { table } = version;
    const { before, after } = event.envelope;
    const { moving } = this;
    this.moving = null;
    if (moving !== null && !(event.oldKey && op === 'c' && sameTable(moving.table.ref, table.ref))) {
      throw notAnEvent('half of a changed key');
    }
    switch (op) {
      case 'c':
        if (moving === null) return { op: 'insert', table, before: null, after: rowOf(version, after, null) };
        return { op: 'update', table, before: moving.before, after: rowOf(version, after, moving.before) };
      case 'r':
        return { op: 'read', table, before: null, after: rowOf(version, after, null) };
      case 'u': {
        const old = isObject(before) ? oldRowOf(version, before) : null;
        const row = rowOf(version, after, old);
        // Without an image of the old row its key is that of the new one.
        return { op: 'update', table, before: old ?? onlyTold(version, row), after: row };
      }
      case 'd': {
        const row = oldRowOf(version, before);
        if (!event.newKey) return { op: 'delete', table, before: row, after: null };
        this.moving = { table, before: row };
        return null;
      }
      default:
        throw notAnEvent(`the operation ${op}`);
    }
  }

  /** The same object for as long as the columns stay the same; `row` is null where an event has none. */
  private version(table: ReadTable, row: DebeziumJson | undefined): Version {
    const name = tableName(table.ref);
    const known = this.versions.get(name);
    const columns = isObject(row) ? Object.keys(row) : (known?.table.columns ?? table.columns.map((each) => each.name));
    if (known !== undefined && sameNames(known.table.columns, columns)) return known;
    const decodes = columns.map((column) => {
      const found = table.columns.find((each) => each.name === column);
      return found === undefined ? leftOut : this.dialect.decoderOf(found);
    });
    const toldBefore = columns.map((column) => table.fullImages || table.key.includes(column));
    const version: Version = { table: { ref: table.ref, columns }, decodes, toldBefore };
    this.versions.set(name, version);
    return version;
  }

  private refused(table: ReadTable, error: TandemError): Change {
    if (table.own) throw error;
    const columns = table.columns.map(({ name }) => name);
    return { op: 'unreadable', table: { ref: table.ref, columns, misfit: error }, before: null, after: null };
  }
}

/** A column that the plan does not know: nobody asks for its value. */
const leftOut: DebeziumDecode = () => undefined;

/** `old` gives the values that the log leaves out because they did not change. */
function rowOf({ table, decodes }: Version, json: DebeziumJson | undefined, old: Row | null): Row {
  if (!isObject(json)) throw notAnEvent('a row change without its row');
  const row: (Value | undefined)[] = [];
  for (let at = 0; at < decodes.length; at++) {
    const value = json[table.columns[at] ?? ''];
    const decode = decodes[at];
    let decoded: Value | undefined = null;
    if (value === undefined || decode === undefined) decoded = undefined;
    else if (value !== null) decoded = decode(value);
    row.push(decoded === undefined && old !== null ? old[at] : decoded);
  }
  return row;
}

function oldRowOf(version: Version, json: DebeziumJson | undefined): Row {
  return onlyTold(version, rowOf(version, json, null));
}

function onlyTold({ toldBefore }: Version, row: Row): Row {
  return toldBefore.every(Boolean) ? row : row.map((value, at) => (toldBefore[at] === true ? value : undefined));
}

function sameNames(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}

export function isObject(json: DebeziumJson | undefined): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

/** A text of an event's `source` block. Throws TandemError TD6010. */
export function sourceText(source: JsonObject, name: string): string {
  const found = source[name];
  if (typeof found === 'string') return found;
  throw notAnEvent(`a source block without ${name}`);
}

function notAnEvent(found: string): TandemError {
  return new TandemError('TD6010', "a table's topic holds something that is no change event of Debezium", {
    expected: "Debezium's envelope as JSON without schemas, with transaction metadata",
    found,
  });
}

function lossy(ref: TableRef, { expected }: NotTold): TandemError {
  return new TandemError('TD6041', `a value of ${tableName(ref)} was not told as the database holds it`, {
    expected,
    fix: 'docs/kafka-debezium.md lists what Debezium cannot carry. Where such values occur, use another capture.',
    at: { table: tableName(ref) },
  });
}

function outsideOfTransactions(): TandemError {
  return new TandemError('TD6041', 'Debezium tells the rows of an XA transaction before it is committed', {
    expected: 'rows of committed transactions',
    fix: 'Write the linked tables without XA, or let Tandem read the log itself.',
  });
}
