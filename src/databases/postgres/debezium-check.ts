import type { Finding } from '../../model/finding.ts';
import { type Column, type TableSchema, tableName } from '../../model/schema.ts';

/** What Debezium's connector cannot carry of these tables. */
export function checkDebezium(tables: readonly TableSchema[]): readonly Finding[] {
  return tables.flatMap(({ ref, columns }) =>
    columns.flatMap((column) => {
      const found = findingOf(column);
      return found === null ? [] : [{ ...found, at: { table: tableName(ref), column: column.name } }];
    }),
  );
}

/** Elements of which nothing comes, or others than there are: the connector writes NULL, stops, or loses `BC`. */
const elementsNotCarried = /^(?:bit|bit varying|xml|name|interval|date|time without time zone)\b/;

function findingOf({ kind, native }: Column): Finding | null {
  if (kind === 'array') {
    if (elementsNotCarried.test(native)) return notCarried(native, 'Debezium does not carry arrays of this type');
    return {
      code: 'TD5061',
      severity: 'warning',
      message: 'Debezium does not tell where an array begins: one that does not begin at 1 arrives as one that does',
      expected: 'arrays of one dimension that begin at 1',
      found: native,
    };
  }
  if (/^bit varying\b/.test(native)) return notCarried(native, 'Debezium does not tell how many bits there are');
  if (native === 'name') return notCarried(native, 'Debezium writes NULL for values of this type');
  return null;
}

function notCarried(native: string, message: string): Finding {
  return { code: 'TD5060', severity: 'error', message, expected: 'a type that it carries', found: native };
}
