import type { Finding } from '../../model/finding.ts';
import { type Column, type TableSchema, tableName } from '../../model/schema.ts';
import type { Flavor } from './flavor.ts';
import type { Session } from './session.ts';

/** What Debezium's connector cannot carry of these tables, and which setting makes it unreliable. */
export async function checkDebezium(
  session: Session,
  flavor: Flavor,
  tables: readonly TableSchema[],
): Promise<readonly Finding[]> {
  const order = flavor.engine === 'mysql' ? '@@GLOBAL.binlog_order_commits' : '1';
  const [row] = await session.rows(`SELECT @@GLOBAL.sql_mode, ${order}`);
  const modes = String(row?.[0]).split(',');
  const zeroDates = !modes.includes('NO_ZERO_DATE') || !modes.includes('NO_ZERO_IN_DATE');
  const findings = String(row?.[1]) === '1' ? [] : [commitsOutOfOrder()];
  for (const { ref, columns } of tables) {
    for (const column of columns) {
      const found = findingOf(flavor, column, zeroDates);
      if (found !== null) findings.push({ ...found, at: { table: tableName(ref), column: column.name } });
    }
  }
  return findings;
}

function commitsOutOfOrder(): Finding {
  return {
    code: 'TD5062',
    severity: 'error',
    message: 'transactions become visible in another order than that of the log',
    expected: 'binlog_order_commits = ON',
    found: 'OFF',
    fix: 'SET PERSIST binlog_order_commits = ON;',
  };
}

/** Character sets of which Java has the very table of the server, but for bytes that neither takes for a character. */
const sharedCharsets = /^(?:utf8|utf8mb3|utf8mb4|utf16|utf16le|utf32|ucs2|ascii|latin1)$/;

function findingOf(flavor: Flavor, { kind, native, charset }: Column, zeroDates: boolean): Finding | null {
  if (/^inet[46]\b/.test(native)) {
    return {
      code: 'TD5060',
      severity: 'error',
      message: 'Debezium cannot parse a table with such a column: its connector stops',
      expected: 'a type that its parser knows, such as varchar(45)',
      found: native,
    };
  }
  if (native === 'uuid') {
    return {
      code: 'TD5060',
      severity: 'error',
      message: 'Debezium moves the bytes of a uuid whose last one is zero: one in 256 arrives as another',
      expected: 'binary(16) or char(36)',
      found: native,
    };
  }
  if (native.includes('COMPRESSED')) {
    return {
      code: 'TD5060',
      severity: 'error',
      message: 'Debezium cannot read the values of a compressed column: its connector stops',
      expected: 'a column without COMPRESSED',
      found: native,
    };
  }
  if (zeroDates && (kind === 'date' || kind === 'timestamp')) {
    return {
      code: 'TD5061',
      severity: 'error',
      message: 'Debezium writes NULL, or the default of the column, for dates such as 0000-00-00 and 2024-00-15',
      expected: 'a server that takes no such dates: NO_ZERO_DATE and NO_ZERO_IN_DATE in its sql_mode',
      found: native,
      fix: "SET GLOBAL sql_mode = CONCAT(@@GLOBAL.sql_mode, ',STRICT_ALL_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE');",
    };
  }
  if (flavor.engine === 'mysql' && kind === 'json') {
    return {
      code: 'TD5061',
      severity: 'note',
      message: 'Debezium writes times and bytes that SQL put into JSON otherwise than the server shows them',
      found: native,
    };
  }
  if (kind === 'text' && charset !== null && !sharedCharsets.test(charset)) {
    return {
      code: 'TD5061',
      severity: 'warning',
      message: "Debezium reads this character set by Java's table, which differs from the server's in some characters",
      expected: 'utf8mb4',
      found: charset,
    };
  }
  return null;
}
