import type { Column } from '../../model/schema.ts';
import type { Kind } from '../../model/value.ts';
import { parseLabels } from './check-clause.ts';
import type { Flavor } from './flavor.ts';
import type { Cell, Cells } from './session.ts';

/** What {@link readColumn} expects to be selected from information_schema.COLUMNS, in this order. */
export const columnFields = [
  'TABLE_NAME',
  'COLUMN_NAME',
  'DATA_TYPE',
  'COLUMN_TYPE',
  'IS_NULLABLE',
  'COLUMN_DEFAULT',
  'EXTRA',
  'CHARACTER_MAXIMUM_LENGTH',
  'NUMERIC_PRECISION',
  'NUMERIC_SCALE',
  'DATETIME_PRECISION',
  'CHARACTER_SET_NAME',
  'COLLATION_NAME',
  'GENERATION_EXPRESSION',
] as const;

const kinds: Readonly<Record<string, Kind>> = {
  tinyint: 'int',
  smallint: 'int',
  mediumint: 'int',
  int: 'int',
  year: 'int',
  bigint: 'bigint',
  decimal: 'decimal',
  float: 'float4',
  double: 'float8',
  bit: 'bit',
  char: 'text',
  varchar: 'text',
  tinytext: 'text',
  text: 'text',
  mediumtext: 'text',
  longtext: 'text',
  enum: 'text',
  set: 'set',
  binary: 'bytes',
  varbinary: 'bytes',
  tinyblob: 'bytes',
  blob: 'bytes',
  mediumblob: 'bytes',
  longblob: 'bytes',
  json: 'json',
  uuid: 'uuid',
  inet4: 'text',
  inet6: 'text',
  date: 'date',
  time: 'time',
  datetime: 'timestamp',
  timestamp: 'timestamptz',
};

/** Allowed values and JSON columns come from the table's CHECK constraints. */
export interface Checked {
  readonly values: ReadonlyMap<string, readonly string[]>;
  readonly json: ReadonlySet<string>;
}

export function readColumn(flavor: Flavor, cells: Cells, checked: Checked): Column {
  const [, , dataType, columnType, nullable, fallback, extra, characters, precision, scale, fraction] =
    cells.map(textOf);
  const [charset, collation, expression] = cells.slice(11).map(textOf);
  const name = String(cells[1]);
  const native = columnType ?? '';
  const kind = kindOf(dataType ?? '', native, checked.json.has(name));
  const generated = (expression ?? '') !== '' && expression !== null;
  const auto = (extra ?? '').includes('auto_increment');
  const decimal = kind === 'decimal';
  return {
    name,
    kind,
    native,
    nullable: nullable === 'YES',
    // MariaDB prints the default NULL of a nullable column as a word.
    hasDefault: auto || generated || (fallback !== null && !(flavor.engine === 'mariadb' && fallback === 'NULL')),
    auto,
    generated,
    values: /^(?:enum|set)$/.test(dataType ?? '') ? parseLabels(native) : (checked.values.get(name) ?? null),
    length: lengthOf(kind, dataType ?? '', kind === 'bit' ? precision : characters),
    precision: decimal ? Number(precision) : null,
    scale: decimal ? Number(scale) : null,
    fraction: kind === 'time' || kind === 'timestamp' || kind === 'timestamptz' ? Number(fraction ?? 0) : null,
    unsigned: / unsigned\b/.test(native),
    charset: kind === 'json' ? null : (charset ?? null),
    collation: kind === 'json' ? null : (collation ?? null),
    element: null,
  };
}

function textOf(cell: Cell): string | null {
  return cell === null ? null : String(cell);
}

function kindOf(dataType: string, native: string, isJson: boolean): Kind {
  if (isJson) return 'json';
  if (native === 'tinyint(1)') return 'bool';
  return kinds[dataType] ?? 'unsupported';
}

/** LONGTEXT and LONGBLOB hold more than any statement could carry. ENUM and SET are limited by their labels. */
function lengthOf(kind: Kind, dataType: string, length: string | null | undefined): number | null {
  if (length === null || length === undefined || dataType.startsWith('long')) return null;
  if (dataType === 'enum' || dataType === 'set') return null;
  return kind === 'text' || kind === 'bytes' || kind === 'bit' ? Number(length) : null;
}
