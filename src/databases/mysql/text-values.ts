import { TandemError } from '../../model/error.ts';
import type { Column } from '../../model/schema.ts';
import type { Row, Value } from '../../model/value.ts';
import { bitText, setMembers, trimBlanks, trimFraction } from './canonical.ts';
import { jsonOrText } from './canonical-json.ts';
import { quoteName } from './literals.ts';
import type { Cell, Cells } from './session.ts';

/** Turns what SQL gives for one column into its canonical value; the reader of the log comes to the same one. */
export type CellDecoder = (cell: Cell) => Value;

/**
 * What to select for a column; the table goes by the name `t`. Numbers with a floating point come as text, because the
 * driver's own reader of them is off by one in the last digit for about one value in sixty; FLOAT is widened to DOUBLE
 * before, because its own text has only six digits.
 */
export function selectExpression(column: Column): string {
  const name = `t.${quoteName(column.name)}`;
  if (column.kind === 'float8') return `CAST(${name} AS CHAR)`;
  return column.kind === 'float4' ? `CAST(CAST(${name} AS DOUBLE) AS CHAR)` : name;
}

/** Compiles the decoder of whole rows, in the order of the columns. */
export function rowDecoder(columns: readonly Column[]): (cells: Cells) => Row {
  const decoders = columns.map(cellDecoder);
  return (cells) => {
    const row: Value[] = [];
    for (let at = 0; at < decoders.length; at++) {
      const cell = cells[at];
      const decode = decoders[at];
      row.push(cell === null || cell === undefined || decode === undefined ? null : decode(cell));
    }
    return row;
  };
}

function cellDecoder(column: Column): CellDecoder {
  const { length, values } = column;
  switch (column.kind) {
    case 'int':
    case 'float8':
      return Number;
    case 'float4':
      return (cell) => Math.fround(Number(cell));
    case 'bool':
      return boolean;
    case 'bigint':
      return (cell) => BigInt(String(cell));
    case 'bit':
      return (cell) => bitText(bytesOf(cell), length ?? 1);
    case 'text':
      return column.native.startsWith('char(') ? (cell) => trimBlanks(String(cell)) : String;
    case 'set':
      return (cell) => setMembers(String(cell), values ?? []);
    case 'decimal':
    case 'uuid':
    case 'date':
      return String;
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return (cell) => trimFraction(String(cell));
    case 'json':
      return (cell) => jsonOrText(String(cell));
    case 'bytes':
      return bytesOf;
    case 'array':
    case 'interval':
    case 'unsupported':
      return () => {
        throw new TandemError('TD2108', `the column ${column.name} has a type that Tandem does not carry`, {
          found: column.native,
          at: { column: column.name },
        });
      };
  }
}

function boolean(cell: Cell): Value {
  const number = Number(cell);
  return number === 0 ? false : number === 1 ? true : number;
}

/** A copy of its own: the driver's buffers are parts of a whole packet, which would stay in memory with them. */
function bytesOf(cell: Cell): Uint8Array {
  return cell instanceof Buffer ? new Uint8Array(cell) : Buffer.from(String(cell), 'latin1');
}
