import type { Column } from '../../model/schema.ts';
import type { Kind } from '../../model/value.ts';
import { columnTypes, type ColumnFacts } from './binlog-columns.ts';

const kinds = new Map<number, Kind>([
  [columnTypes.short, 'int'],
  [columnTypes.int, 'int'],
  [columnTypes.medium, 'int'],
  [columnTypes.year, 'int'],
  [columnTypes.bigint, 'bigint'],
  [columnTypes.decimal, 'decimal'],
  [columnTypes.float, 'float4'],
  [columnTypes.double, 'float8'],
  [columnTypes.bit, 'bit'],
  [columnTypes.date, 'date'],
  [columnTypes.time, 'time'],
  [columnTypes.time2, 'time'],
  [columnTypes.datetime, 'timestamp'],
  [columnTypes.datetime2, 'timestamp'],
  [columnTypes.timestamp, 'timestamptz'],
  [columnTypes.timestamp2, 'timestamptz'],
  [columnTypes.json, 'json'],
]);

/** Types that the log shows as strings; which ones, the catalogue alone knows. */
const hidden: readonly (Kind | undefined)[] = ['json', 'uuid', 'unsupported', undefined];

/**
 * The kind of a column's values by what the log itself says of them; null where it does not tell. A column that was
 * altered since the plan was made shows here before one of its values is taken for something else.
 */
export function kindInLog({ type, meta, charset, column }: ColumnFacts): Kind | null {
  const known = kinds.get(type);
  if (known !== undefined) return known;
  // TINYINT(1) and TINYINT are one to the log.
  if (type === columnTypes.tiny) return column?.kind === 'bool' ? 'bool' : 'int';
  if (type === columnTypes.string && (meta & 0xff) === columnTypes.set) return 'set';
  if (type === columnTypes.string && (meta & 0xff) === columnTypes.enum) return 'text';
  if (charset === null || hidden.includes(column?.kind) || isAddress(column)) return null;
  return charset === 'binary' ? 'bytes' : 'text';
}

/** Addresses of MariaDB are texts to SQL and bytes in the log. */
function isAddress(column: Column | null): boolean {
  return column?.native === 'inet4' || column?.native === 'inet6';
}
