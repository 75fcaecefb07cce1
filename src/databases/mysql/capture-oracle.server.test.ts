import ZongJi from '@vlasky/zongji';
import { expect, test } from 'vitest';
import { type Fixture, flavors, openFixture } from '../../../test/mysql.ts';
import { endOfLog, insertedInto, inserts, openLog, readUntil } from '../../../test/mysql-log.ts';
import { describeServers } from '../../../test/servers.ts';
import type { Value } from '../../model/value.ts';
import { trimFraction } from './canonical.ts';
import { jsonOrText } from './canonical-json.ts';

const table = `CREATE TABLE items (
  id INT PRIMARY KEY, tiny TINYINT, small SMALLINT UNSIGNED, medium MEDIUMINT, big BIGINT, huge BIGINT UNSIGNED,
  price DECIMAL(30,10), ratio FLOAT, exact DOUBLE, name VARCHAR(60), old VARCHAR(60) CHARACTER SET latin1, code CHAR(8),
  kind ENUM('a','b,c','d'), tags SET('x','y','z'), doc JSON, raw VARBINARY(20), day DATE, moment DATETIME(6),
  stamp TIMESTAMP(3) NULL, span TIME(3), age YEAR) ENGINE=InnoDB`;

const rows = [
  `(1, -128, 65535, -8388608, -9223372036854775808, 18446744073709551615, -12345678901234567890.0123456789, 1.5, 0.1,
    'é😀', 'Ünïcode €', 'abc', 'b,c', 'x,z', '{"b": [1, 2.5], "a": "é"}', x'00ff10', '2024-02-29',
    '2024-02-29 12:34:56.789012', '2024-02-29 12:34:56.789', '-12:34:56.789', 2024)`,
  `(2, 127, 0, 8388607, 9223372036854775807, 0, 0.1, -2.25, 1e300, '', '', '', 'a', '', '[]', x'', '1000-01-01',
    '9999-12-31 23:59:59', '1970-01-01 00:00:01', '838:59:59', 1901)`,
  `(3${', NULL'.repeat(20)})`,
];

type Written = Readonly<Record<string, string | number | Buffer | null>>;

/** What the other reader makes of the rows that `write` inserts into the fixture's table. */
async function readByOther(fixture: Fixture, write: () => Promise<void>): Promise<Written[]> {
  const { rowsAsArray: _, ...connection } = fixture.connection;
  const zongji = new ZongJi({ ...connection, timezone: 'Z' });
  const seen: Written[] = [];
  await new Promise<void>((resolve, reject) => {
    zongji.on('error', reject);
    zongji.on('ready', () => void write().catch(reject));
    zongji.on('binlog', (event) => {
      if (event.getEventName() === 'writerows') seen.push(...(event as unknown as { rows: Written[] }).rows);
      if (seen.length === rows.length) resolve();
    });
    zongji.start({
      startAtEnd: true,
      serverId: 77_000 + process.pid,
      includeEvents: ['tablemap', 'writerows'],
      includeSchema: { [fixture.schema]: ['items'] },
    });
  });
  zongji.stop();
  return seen;
}

/** Its values in canonical form. */
function canonical(column: string, value: string | number | Buffer | null | undefined): Value {
  if (value === null || value === undefined) return null;
  switch (column) {
    case 'big':
    case 'huge':
      return BigInt(String(value));
    case 'ratio':
      return Math.fround(Number(value));
    case 'tags':
      return String(value) === '' ? [] : String(value).split(',');
    case 'doc':
      return jsonOrText(String(value));
    case 'raw':
      return new Uint8Array(value as Buffer);
    case 'moment':
    case 'stamp':
    case 'span':
      return trimFraction(String(value));
    default:
      return value;
  }
}

for (const flavor of flavors) {
  await describeServers(`the log of ${flavor}, read by others`, { server: flavor }, ({ server }) => {
    test('holds the same rows', async () => {
      await using fixture = await openFixture(server);
      await fixture.run(table);
      const from = await endOfLog(fixture);
      const theirs = await readByOther(fixture, () => fixture.run(`INSERT INTO items VALUES ${rows.join()}`));
      const log = await openLog(fixture, { tables: ['items'] });
      const transactions = await readUntil(log, from, inserts('items', 1));
      const columns = transactions[0]?.changes[0]?.table.columns ?? [];
      expect(insertedInto('items', transactions)).toEqual(
        theirs.map((row) => columns.map((column) => canonical(column, row[column]))),
      );
    });
  });
}
