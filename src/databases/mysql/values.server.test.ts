import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Fixture, flavors, move, openFixture, seedRoute } from '../../../test/mysql.ts';
import { describeServers } from '../../../test/servers.ts';
import type { Target, TargetTransaction } from '../../model/endpoint.ts';
import { type Row, sameValue, type Value } from '../../model/value.ts';
import { lockRows, scanRows } from './read-rows.ts';

/** Any text that UTF-8 can hold, with a good share of what a careless writer would trip over. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.string({
    unit: fc.constantFrom(
      "'",
      '"',
      '\\',
      '\0',
      '`',
      ';',
      '-',
      '\n',
      '\r',
      '\u001A',
      '%',
      '_',
      'é',
      '😀',
      ' ',
      '?',
      ':a',
    ),
    maxLength: 40,
  }),
);
const two = (number: number): string => String(number).padStart(2, '0');
const micros = fc.integer({ min: 0, max: 999_999 }).map((value) => {
  const digits = String(value).padStart(6, '0').replace(/0+$/, '');
  return digits === '' ? '' : `.${digits}`;
});
const date = fc
  .date({ min: new Date('1000-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
  .map((value) => value.toISOString().slice(0, 10));
const instant = fc
  .date({ min: new Date('1970-01-02'), max: new Date('2038-01-18'), noInvalidDate: true })
  .map((value) => value.toISOString().slice(0, 19).replace('T', ' '));
const clock = fc
  .tuple(fc.nat(23), fc.nat(59), fc.nat(59), micros)
  .map(([h, m, s, f]) => `${two(h)}:${two(m)}:${two(s)}${f}`);
const duration = fc
  .tuple(fc.boolean(), fc.nat(837), fc.nat(59), fc.nat(59), micros)
  .map(([minus, h, m, s, f]) => `${minus ? '-' : ''}${two(h)}:${two(m)}:${two(s)}${f}`)
  .filter((text) => text !== '-00:00:00');
const digits = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789'.split('')), minLength: 1, maxLength: length });
const exactDecimal = fc
  .tuple(fc.boolean(), digits(35), digits(30))
  .map(([minus, whole, fraction]) => `${minus ? '-' : ''}${BigInt(whole)}.${fraction.padEnd(30, '0')}`);
const number = fc.double({ noNaN: true, noDefaultInfinity: true });

/** Every kind of column with the values it has to give back. */
const columns: readonly (readonly [string, fc.Arbitrary<Value>])[] = [
  ['i1 TINYINT', fc.integer({ min: -128, max: 127 })],
  ['i3 MEDIUMINT UNSIGNED', fc.integer({ min: 0, max: 16_777_215 })],
  ['i4 INT', fc.integer({ min: -2_147_483_648, max: 2_147_483_647 })],
  ['i8 BIGINT', fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })],
  ['u8 BIGINT UNSIGNED', fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })],
  ['de DECIMAL(65,30)', exactDecimal],
  ['f4 FLOAT', fc.float({ noNaN: true, noDefaultInfinity: true })],
  ['f8 DOUBLE', number],
  ['bo TINYINT(1)', fc.oneof(fc.boolean(), fc.constantFrom(2, -1, 127))],
  ['b1 BIT(1)', fc.constantFrom('0', '1')],
  ['b64 BIT(64)', fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((value) => value.toString(2).padStart(64, '0'))],
  ['vc VARCHAR(80) CHARACTER SET utf8mb4', anyText],
  ['ch CHAR(80) CHARACTER SET utf8mb4', anyText.map((text) => text.replace(/ +$/, ''))],
  ['tx LONGTEXT CHARACTER SET utf8mb4', anyText],
  [
    'la VARCHAR(40) CHARACTER SET latin1',
    fc.string({ unit: fc.constantFrom(..."aZé€ÿ'\\ ñ".split('')), maxLength: 20 }),
  ],
  [
    "en ENUM('', 'a', 'A b', 'it''s', '1', '2') CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
    fc.constantFrom('', 'a', 'A b', "it's", '1', '2'),
  ],
  ["se SET('x', 'y''', 'z 1')", fc.subarray(['x', "y'", 'z 1'])],
  ['bi BINARY(8)', fc.uint8Array({ minLength: 8, maxLength: 8 })],
  ['vb VARBINARY(40)', fc.uint8Array({ maxLength: 40 })],
  ['bl LONGBLOB', fc.uint8Array({ maxLength: 400 })],
  ['da DATE', fc.oneof(date, fc.constantFrom('0000-00-00', '2024-00-00'))],
  ['ti TIME(6)', duration],
  [
    'dt DATETIME(6)',
    fc.oneof(
      fc.tuple(date, clock).map(([day, time]) => `${day} ${time}`),
      fc.constant('0000-00-00 00:00:00'),
    ),
  ],
  ['ts TIMESTAMP(6)', fc.tuple(instant, micros).map(([time, fraction]) => time + fraction)],
  ['ye YEAR', fc.oneof(fc.integer({ min: 1901, max: 2155 }), fc.constant(0))],
  ['js JSON', fc.constantFrom('{"a":1,"b":[true,null,"x\\"y"]}', '[]', '"t\\\\"', 'null', '{"é":"😀"}', '-1.5')],
];

const row: fc.Arbitrary<Row> = fc.tuple(...columns.map(([, values]) => fc.option(values, { freq: 8 })));

/** Runs `work` in a transaction, which always ends. */
async function within<Result>(
  target: Target,
  work: (transaction: TargetTransaction) => Promise<Result>,
): Promise<Result> {
  const transaction = await target.begin(await target.takeOver('left_right', 'main'), move);
  try {
    const result = await work(transaction);
    await transaction.commit();
    return result;
  } catch (error) {
    await transaction.rollback();
    throw error;
  }
}

async function openAllTypes(fixture: Fixture, more: readonly string[] = []) {
  const definitions = [...columns.map(([definition]) => definition), ...more].map((each) => `${each} NULL`);
  await fixture.run(`CREATE TABLE every (id INT PRIMARY KEY, ${definitions.join(', ')}) ENGINE=InnoDB`);
  const shape = await fixture.shape('every');
  await seedRoute(fixture);
  const read = async (): Promise<Row[]> => {
    const found: Row[] = [];
    for await (const chunk of scanRows((work) => work(fixture.session), shape)) found.push(...chunk);
    return found;
  };
  return { shape, read, target: fixture.target() };
}

for (const flavor of flavors) {
  await describeServers(`values of ${flavor}`, { server: flavor }, ({ server }) => {
    test('come back exactly as they were written, by every form of writing and reading', async () => {
      await using fixture = await openFixture(server);
      const { shape, read, target } = await openAllTypes(fixture);
      const same = (found: Row | null | undefined, expected: Row) => {
        for (const [at, column] of shape.columns.entries()) {
          if (!sameValue(column.kind, found?.[at], expected[at]))
            expect({ [column.name]: found?.[at] }).toEqual({ [column.name]: expected[at] });
        }
      };
      const property = fc.asyncProperty(
        fc.array(row, { minLength: 2, maxLength: 12 }),
        fc.array(row, { minLength: 12, maxLength: 12 }),
        async (first, second) => {
          const inserted = first.map((values, at) => [at, ...values]);
          const updated = inserted.map((_, at) => [at, ...(second[at] ?? [])]);
          const keys = inserted.map((values) => values.slice(0, 1));
          await fixture.run('DELETE FROM every');
          await within(target, (transaction) =>
            transaction.write({ op: 'insert', shape, rows: inserted, generated: false }),
          );
          for (const [at, found] of (await read()).entries()) same(found, inserted[at] ?? []);
          await within(target, async (transaction) => {
            await transaction.write({ op: 'update', shape, keys, rows: updated });
            for (const [at, found] of (await transaction.lock(shape, keys)).entries()) same(found, updated[at] ?? []);
            await transaction.write({ op: 'update', shape, keys: keys.slice(0, 1), rows: inserted.slice(0, 1) });
            same((await transaction.lock(shape, keys))[0], inserted[0] ?? []);
            expect((await transaction.write({ op: 'delete', shape, keys })).missing).toEqual([]);
          });
          expect(await read()).toEqual([]);
        },
      );
      await fc.assert(property, { numRuns: 60, endOnFailure: true });
    });

    test('that a column cannot hold as they are get refused, never changed', async () => {
      await using fixture = await openFixture(server);
      const { shape, read, target } = await openAllTypes(fixture, [
        'ds DATETIME',
        'd2 DECIMAL(5,2)',
        'v3 VARCHAR(3)',
        't1 TINYTEXT',
      ]);
      const cases: readonly (readonly [string, Value, string])[] = [
        ['i1', 128, 'TD3003'],
        ['u8', -1n, 'TD3003'],
        ['d2', '1.005', 'TD3002'],
        ['d2', '1000.0', 'TD3003'],
        ['de', 'NaN', 'TD3004'],
        ['f8', Number.POSITIVE_INFINITY, 'TD3004'],
        ['f4', 1e300, 'TD3003'],
        ['v3', 'abcd', 'TD3007'],
        ['v3', 'abc ', 'TD3007'],
        ['t1', 'x'.repeat(300), 'TD3007'],
        ['la', '中', 'TD3006'],
        ['vc', '\uD800', 'TD3006'],
        ['en', '3', 'TD3001'],
        ['en', 'A', 'TD3001'],
        ['se', ['x', 'w'], 'TD3001'],
        ['ds', '2024-01-01 00:00:00.5', 'TD3002'],
        ['dt', 'infinity', 'TD3004'],
        ['dt', '2024-02-30 00:00:00', 'TD3004'],
        ['ts', '1969-12-31 00:00:00', 'TD3004'],
        ['da', '2024-01-01 00:00:00', 'TD3004'],
        ['ti', '900:00:00', 'TD3004'],
        ['bi', new Uint8Array(9), 'TD3007'],
        ['b64', '101', 'TD3007'],
        ['i4', 'text', 'TD3004'],
        ['id', null, 'TD7003'],
      ];
      for (const [name, value, code] of cases) {
        const values = shape.columns.map(
          (column): Value => (column.name === name ? value : column.name === 'id' ? 1 : null),
        );
        const run = { op: 'insert', shape, rows: [values], generated: false } as const;
        const failure = await within(target, (transaction) => transaction.write(run)).catch((error) => error);
        expect({ name, code: failure.code, class: failure.class }).toEqual({ name, code, class: 'row' });
      }
      expect(await read()).toEqual([]);
    });

    test('of any size go through every form of writing', async () => {
      await using fixture = await openFixture(server);
      await fixture.run(
        'CREATE TABLE large (id INT PRIMARY KEY, a LONGBLOB, b VARBINARY(20000), ' +
          'c LONGTEXT, d VARCHAR(9000), e LONGBLOB) ' +
          'CHARACTER SET utf8mb4',
      );
      await seedRoute(fixture);
      const shape = await fixture.shape('large');
      const target = fixture.target();
      const keys = [[1], [2], [3]];
      for (const size of [0, 511, 512, 8_192, 20_000, 65_535, 65_536, 140_000]) {
        const rows = keys.map(([id = 0]): Row => {
          const filled = (length: number) => new Uint8Array(length).fill(id);
          const texts = ['é'.repeat(size + id), '😀'.repeat(Math.min(size, 9_000))];
          return [id, filled(size + id), filled(Math.min(size, 20_000)), ...texts, filled(2 * size)];
        });
        await within(target, async (transaction) => {
          const empty = keys.map(([id = 0]): Row => [id, null, null, null, null, null]);
          await transaction.write({ op: 'insert', shape, rows: empty, generated: false });
          await transaction.write({ op: 'update', shape, keys, rows });
          const found = await transaction.lock(shape, keys);
          for (const [at, row] of rows.entries()) {
            for (const [index, value] of row.entries()) {
              expect({ size, index, same: sameValue('bytes', found[at]?.[index], value) }).toEqual({
                size,
                index,
                same: true,
              });
            }
          }
          await transaction.write({ op: 'delete', shape, keys });
        });
      }
    });

    test.each([['alone'], ['with another']])('find their rows as keys %s, of every type', async (form) => {
      await using fixture = await openFixture(server);
      const keyed = columns.filter(([definition]) => !/TEXT|BLOB|JSON/.test(definition));
      await seedRoute(fixture);
      const target = fixture.target();
      const by = form === 'alone' ? [0] : [0, 1];
      for (const [definition, values] of keyed) {
        const name = definition.split(' ')[0];
        const key = form === 'alone' ? name : `${name}, m`;
        await fixture.run(`CREATE TABLE k_${name} (${definition} NOT NULL, m INT, n INT, PRIMARY KEY (${key}))`);
        const shape = await fixture.shape(`k_${name}`);
        const [sample = []] = fc.sample(
          fc.uniqueArray(values, {
            minLength: 2,
            maxLength: 12,
            selector: (value) => String(value).toLowerCase().replace(/\W/g, ''),
          }),
          1,
        );
        // Texts that are no key as the server prints them: MySQL compares some keys as texts.
        const short: readonly Value[] = name === 'ti' ? ['01:00:00.5'] : [];
        const rows = (n: number): Row[] => [...short, ...sample].map((value) => [value, 7, n]);
        const keys = rows(0).map((row) => by.map((at) => row[at]));
        const first = { keys: keys.slice(0, 1), rows: rows(3).slice(0, 1) };
        await within(target, async (transaction) => {
          await transaction.write({ op: 'insert', shape, rows: rows(1), generated: false });
          await transaction.write({ op: 'update', shape, keys, rows: rows(2) });
          expect({ definition, rows: await transaction.lock(shape, keys) }).toEqual({ definition, rows: rows(2) });
          expect({ definition, rows: await transaction.find(shape, by, first.keys) }).toEqual({
            definition,
            rows: rows(2).slice(0, 1),
          });
          const written = await transaction.write({ op: 'update', shape, ...first });
          expect({ definition, ...written }).toEqual({ definition, keys: [], missing: [] });
          expect((await transaction.write({ op: 'delete', shape, keys })).missing).toEqual([]);
        });
        expect(await lockRows(fixture.session, fixture.flavor, shape, keys)).toEqual(keys.map(() => null));
      }
    });

    test('are scanned in key order, each row once, whatever the key', async () => {
      await using fixture = await openFixture(server);
      await fixture.run(
        "CREATE TABLE ordered (e ENUM('z','a','m'), t VARCHAR(10) COLLATE utf8mb4_general_ci, n INT, " +
          'PRIMARY KEY (e, t, n)) CHARACTER SET utf8mb4',
        `INSERT INTO ordered WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 900)
         SELECT e, t, n FROM r, (SELECT 'z' e UNION SELECT 'a' UNION SELECT 'm') es,
         (SELECT 'B' t UNION SELECT 'a' UNION SELECT 'c ') ts`,
      );
      const shape = await fixture.shape('ordered');
      const seen = new Set<string>();
      const sizes: number[] = [];
      for await (const chunk of scanRows((work) => work(fixture.session), shape)) {
        sizes.push(chunk.length);
        for (const each of chunk) seen.add(JSON.stringify(each));
      }
      expect(seen.size).toBe(8100);
      expect(sizes).toEqual([2000, 2000, 2000, 2000, 100]);
    });
  });
}
