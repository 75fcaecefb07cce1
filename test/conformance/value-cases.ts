import { describe, expect, it } from 'vitest';
import type { TableShape } from '../../src/model/plan.ts';
import { type Row, sameValue, type Value } from '../../src/model/value.ts';
import type { Fields } from '../../src/databases/memory/definition.ts';
import type { OpenBench } from './bench.ts';
import { useStage } from './stage.ts';
import { typed } from './tables.ts';

const bytes = (...list: readonly number[]): Uint8Array => new Uint8Array(list);

/** Values that every engine holds, canonical; a column that is left out is NULL. */
const samples: readonly Fields[] = [
  {},
  {
    number: -5,
    large: 9_007_199_254_740_993n,
    exact: '1.5000',
    coarse: Math.fround(0.1),
    fine: 0.1,
    flag: true,
    short: 'Zoë 🙂 \'"\\%_',
    long: 'line\r\nline\ttab',
    fixed: 'ab',
    raw: bytes(0, 255, 39, 92, 10),
    bits: '1010000001',
    document: '{"a":[1,2.5,null,true],"b":"x"}',
    day: '2024-02-29',
    clock: '23:59:59.123456',
    moment: '2024-02-29 12:34:56.789012',
    instant: '2024-02-29 12:34:56.5',
    second: '2024-02-29 12:34:56',
  },
  {
    number: -2_147_483_648,
    large: -9_223_372_036_854_775_808n,
    exact: '-99999999.9999',
    coarse: Math.fround(1 / 3),
    fine: 5e-300,
    flag: false,
    short: '',
    long: '',
    fixed: '',
    raw: bytes(),
    bits: '0000000000',
    document: '[]',
    day: '1000-01-01',
    clock: '00:00:00',
    moment: '1000-01-01 00:00:00',
    instant: '1970-01-02 00:00:01',
    second: '1000-01-01 00:00:00',
  },
  {
    number: 2_147_483_647,
    large: 9_223_372_036_854_775_807n,
    exact: '99999999.9999',
    coarse: Math.fround(123_456.789),
    fine: 1.797_693_134_862_315_7e308,
    flag: true,
    short: 'x'.repeat(50),
    long: 'é🙂'.repeat(30_000),
    fixed: 'abcde',
    raw: new Uint8Array(70_000).map((_, at) => (at * 31) % 256),
    bits: '1111111111',
    document: '{"k":"é🙂","long":9007199254740993,"z":{"a":1,"b":[{"c":"\\""}]}}',
    day: '9999-12-31',
    clock: '23:59:59.999999',
    moment: '9999-12-31 23:59:59.999999',
    instant: '2038-01-19 03:14:07',
    second: '9999-12-31 23:59:59',
  },
  {
    exact: '0.0001',
    coarse: 0,
    fine: -0.5,
    short: 'blanks at the end  ',
    long: ' \u00a0\u200b ',
    raw: bytes(32, 0, 32, 0),
    document: '"text"',
    clock: '12:00:00.1',
    moment: '2024-03-31 02:30:00',
    instant: '2024-03-31 02:30:00.000001',
  },
];

/** One canonical form, whichever way a value comes. */
export function valueCases(openBench: OpenBench): void {
  describe('values', () => {
    const stage = useStage(openBench);
    const imagesFrom = (first: number): Row[] =>
      samples.map((fields, at) =>
        stage()
          .shape('typed')
          .columns.map(({ name }): Value => (name === 'id' ? first + at : (fields[name] ?? null))),
      );
    const keys = (images: readonly Row[]): Row[] => images.map((image) => image.slice(0, 1));
    const byId = (rows: readonly Row[]) => rows.toSorted((a, b) => Number(a[0]) - Number(b[0]));

    const expectEverywhere = async (images: readonly Row[], captured: readonly (Row | null)[]): Promise<void> => {
      const shape = stage().shape('typed');
      const target = await stage().target();
      const scanned: Row[] = [];
      for await (const chunk of stage().endpoint.scan(shape)) scanned.push(...chunk);
      expectSame('captured', shape, captured, images);
      expectSame('locked', shape, await stage().write((to) => to.lock(shape, keys(images))), images);
      expectSame('found', shape, byId(await target.find(shape, [0], keys(images))), images);
      expectSame('scanned', shape, scanned, images);
    };

    it('that an application wrote are the same in the log, under a lock, when found and when scanned', async () => {
      const from = await stage().endpoint.logEnd();
      await stage().app(async (transaction) => {
        for (const [at, fields] of samples.entries()) await transaction.insert('typed', { ...fields, id: at + 1 });
      });
      const changes = (await stage().read(from, ['typed'])).flatMap((transaction) => transaction.changes);
      await expectEverywhere(
        imagesFrom(1),
        changes.map(({ after }) => after),
      );
    });

    it('that an engine wrote arrive as they were', async () => {
      const from = await stage().endpoint.logEnd();
      const images = imagesFrom(100);
      const shape = stage().shape('typed');
      await stage().write((to) => to.write({ op: 'insert', shape, rows: images, generated: false }));
      const changes = (await stage().read(from, ['typed'])).flatMap((transaction) => transaction.changes);
      await expectEverywhere(
        images,
        changes.map(({ after }) => after),
      );
    });

    it('that an engine updated arrive as they were, and the log still has the old ones', async () => {
      const images = imagesFrom(1);
      const shape = stage().shape('typed');
      const route = await stage().route();
      await route.write((to) => to.write({ op: 'insert', shape, rows: images, generated: false }));
      const from = await stage().endpoint.logEnd();
      // Every row takes the values of the next one, so every value becomes NULL once and every NULL a value.
      const rows = images.map((image, at) => [image[0], ...(images[(at + 1) % images.length] ?? []).slice(1)]);
      await route.write((to) => to.write({ op: 'update', shape, keys: keys(images), rows }));
      const changes = (await stage().read(from, ['typed'])).flatMap((transaction) => transaction.changes);
      const [before, after]: [Row[], Row[]] = [[], []];
      for (const change of changes) {
        if (change.before !== null) before.push(change.before);
        if (change.after !== null) after.push(change.after);
      }
      expectSame('old', shape, byId(before), images);
      await expectEverywhere(rows, byId(after));
    });

    it.each([[['long']], [['raw']], [['long', 'raw', 'second']]])(
      'of more than 64 KiB survive an update of several rows: %s',
      async (names) => {
        const shape = stage().shape('typed', ['id', ...names]);
        const rowsOf = (size: number): Row[] =>
          [1, 2, 3].map((id) => [id, ...names.map((name) => sized(name, size + id))]);
        const route = await stage().route();
        await route.write((to) => to.write({ op: 'insert', shape, rows: rowsOf(10), generated: false }));
        const rows = rowsOf(65_535);
        await route.write((to) => to.write({ op: 'update', shape, keys: keys(rows), rows }));
        expectSame('updated', shape, await route.write((to) => to.lock(shape, keys(rows))), rows);
      },
    );

    it('find their rows again', async () => {
      const shape = stage().shape('typed');
      const images = imagesFrom(1);
      await stage().write((to) => to.write({ op: 'insert', shape, rows: images, generated: false }));
      const target = await stage().target();
      const searchable = typed.columns.filter(({ kind }) => !['json', 'float4', 'float8'].includes(kind));
      for (const { name } of searchable) {
        const at = shape.columns.findIndex((column) => column.name === name);
        const row = images[3] ?? [];
        const found = await target.find(shape, [at], [[row[at]]]);
        expect([name, found.some(([id]) => id === row[0])]).toEqual([name, true]);
      }
    });
  });

  describe('a scan', () => {
    const stage = useStage(openBench);

    it('gives every row once, in the order of keys', async () => {
      const ids = Array.from({ length: 5000 }, (_, at) => ((at * 7919) % 5000) - 2500);
      const rows = ids.map((id): Row => [id, `n${id}`]);
      const shape = stage().shape('item', ['id', 'name']);
      await stage().write((to) => to.write({ op: 'insert', shape, rows, generated: false }));
      const found: Row[] = [];
      for await (const chunk of stage().endpoint.scan(shape)) {
        expect(chunk.length).toBeGreaterThan(0);
        found.push(...chunk);
      }
      expect(found).toEqual(rows.toSorted((a, b) => Number(a[0]) - Number(b[0])));
      expect(await stage().endpoint.count(shape.ref)).toBe(5000);
    });

    it('gives every row once where the key has several columns', async () => {
      const shape = stage().shape('pair', ['b', 'a']);
      const rows = Array.from({ length: 3000 }, (_, at): Row => [`k${at % 50}`, Math.floor(at / 50)]);
      await stage().write((to) => to.write({ op: 'insert', shape, rows, generated: false }));
      const found: Row[] = [];
      for await (const chunk of stage().endpoint.scan(shape)) found.push(...chunk);
      const text = (row: Row): string => row.join();
      expect(found).toHaveLength(3000);
      expect(new Set(found.map(text))).toEqual(new Set(rows.map(text)));
      const numbers = found.map((row) => Number(row[1]));
      expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    });

    it('gives nothing of an empty table', async () => {
      const found: Row[] = [];
      for await (const chunk of stage().endpoint.scan(stage().shape('item'))) found.push(...chunk);
      expect(found).toEqual([]);
      expect(await stage().endpoint.count(stage().schema('item').ref)).toBe(0);
    });
  });
}

function sized(column: string, size: number): Value {
  if (column === 'second') return '2024-02-29 12:34:56';
  return column === 'raw' ? new Uint8Array(size).fill(size % 256) : 'x'.repeat(size);
}

/** Compares canonical values by the one equality that decides, and shows only what differs. */
function expectSame(where: string, shape: TableShape, found: readonly (Row | null)[], expected: readonly Row[]): void {
  expect(found.length).toBe(expected.length);
  const differences = expected.flatMap((row, at) =>
    shape.columns.flatMap(({ name, kind }, column) => {
      const [wanted, got] = [row[column], found[at]?.[column]];
      return sameValue(kind, wanted, got) ? [] : [{ where, row: at, name, wanted: brief(wanted), got: brief(got) }];
    }),
  );
  expect(differences).toEqual([]);
}

function brief(value: Value | undefined): string {
  const text = value instanceof Uint8Array ? Buffer.from(value).toString('hex') : String(value);
  return `${typeof value} ${text.slice(0, 60)} (${text.length})`;
}
