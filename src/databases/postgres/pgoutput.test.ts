import { describe, expect, it } from 'vitest';
import type { Change } from '../../model/change.ts';
import type { Column, TableSchema } from '../../model/schema.ts';
import { PgoutputDecoder } from './pgoutput.ts';

// Messages put together by hand from the manual's chapter 55.9.

const int8 = (value: number): Buffer => Buffer.from([value]);
const text = (value: string): Buffer => Buffer.from(`${value}\0`);

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function int64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigInt64BE(value);
  return bytes;
}

type Cell = string | null | undefined;

function tuple(...cells: Cell[]): Buffer {
  const parts = cells.map((cell) => {
    if (cell === null) return Buffer.from('n');
    if (cell === undefined) return Buffer.from('u');
    return Buffer.concat([Buffer.from('t'), int32(Buffer.byteLength(cell)), Buffer.from(cell)]);
  });
  return Buffer.concat([int16(cells.length), ...parts]);
}

function relation(id: number, table: string, identity: string, columns: readonly [string, number, boolean][]): Buffer {
  const parts = columns.map(([name, type, key]) => [int8(key ? 1 : 0), text(name), int32(type), int32(-1)]);
  const head = [Buffer.from('R'), int32(id), text('public'), text(table), Buffer.from(identity)];
  return Buffer.concat([...head, int16(columns.length), ...parts.flat()]);
}

const message = (tag: string, ...parts: Buffer[]): Buffer => Buffer.concat([Buffer.from(tag), ...parts]);
const tagged = (tag: string, row: Buffer): Buffer => Buffer.concat([Buffer.from(tag), row]);

const INT4 = 23;
const TEXT = 25;
const BPCHAR = 1042;
const ITEMS = relation(9, 'items', 'd', [
  ['id', INT4, true],
  ['name', TEXT, false],
  ['body', TEXT, false],
]);
const FULL = relation(9, 'items', 'f', [
  ['id', INT4, true],
  ['name', TEXT, true],
  ['body', TEXT, true],
]);

const schemaOf = (table: string, columns: readonly Partial<Column>[] = []): TableSchema =>
  ({ ref: { schema: 'public', table }, columns }) as unknown as TableSchema;

function decode(messages: readonly Buffer[], tables: readonly TableSchema[] = [schemaOf('items')]) {
  const events: unknown[] = [];
  const changes: (Change | null)[] = [];
  const decoder = new PgoutputDecoder(tables, {
    begin: (...begin) => events.push(['begin', ...begin]),
    commit: (endLsn) => events.push(['commit', endLsn]),
    change: (change) => {
      changes.push(change);
      events.push(change === null ? null : [change.op, change.before, change.after]);
    },
  });
  for (const each of messages) {
    // Messages lie within bigger chunks.
    const chunk = Buffer.concat([Buffer.from('head'), each, Buffer.from('tail')]);
    decoder.decode(chunk, 4, 4 + each.length);
  }
  return { events, changes };
}

describe('PgoutputDecoder', () => {
  it('reads a transaction', () => {
    const begin = message('B', int64(0x1_0000_0010n), int64(1_000_001n), int32(741));
    const commit = message('C', int8(0), int64(1n), int64(2n), int64(3n));
    const { events } = decode([
      begin,
      message('O', int64(1n), text('elsewhere')),
      ITEMS,
      message('I', int32(9), tagged('N', tuple('1', 'é', null))),
      message('U', int32(9), tagged('N', tuple('1', 'b', undefined))),
      message('U', int32(9), tagged('K', tuple('1', null, null)), tagged('N', tuple('2', 'b', 'c'))),
      message('D', int32(9), tagged('K', tuple('-2147483648', null, null))),
      commit,
    ]);
    expect(events).toEqual([
      ['begin', 0x1_0000_0010n, 946_684_801_000_001, 741],
      ['insert', null, [1, 'é', null]],
      ['update', [1, undefined, undefined], [1, 'b', undefined]],
      ['update', [1, undefined, undefined], [2, 'b', 'c']],
      ['delete', [-2147483648, undefined, undefined], null],
      ['commit', 2n],
    ]);
  });

  it('fills an unchanged value stored out of line from the whole old row, and keeps NULL apart from it', () => {
    const { events } = decode([
      FULL,
      message('U', int32(9), tagged('O', tuple('1', 'a', 'long')), tagged('N', tuple('1', null, undefined))),
      message('U', int32(9), tagged('O', tuple('1', null, null)), tagged('N', tuple('1', 'a', undefined))),
      message('D', int32(9), tagged('O', tuple('1', 'a', null))),
    ]);
    expect(events).toEqual([
      ['update', [1, 'a', 'long'], [1, null, 'long']],
      ['update', [1, null, null], [1, 'a', null]],
      ['delete', [1, 'a', null], null],
    ]);
  });

  it('makes a new table object when the columns change, and only then', () => {
    const insert = message('I', int32(9), tagged('N', tuple('1', 'a', 'b')));
    const wider = relation(9, 'items', 'd', [
      ['id', INT4, true],
      ['name', TEXT, false],
      ['body', TEXT, false],
      ['more', INT4, false],
    ]);
    const { changes } = decode([
      ITEMS,
      insert,
      ITEMS,
      insert,
      wider,
      message('I', int32(9), tagged('N', tuple('1', 'a', 'b', '7'))),
    ]);
    expect(changes[1]?.table).toBe(changes[0]?.table);
    expect(changes[2]?.table).not.toBe(changes[0]?.table);
    expect(changes[2]?.table.columns).toEqual(['id', 'name', 'body', 'more']);
    expect(changes[2]?.after).toEqual([1, 'a', 'b', 7]);
  });

  it('takes a domain by the type below it and an enum by what the catalogue said', () => {
    const columns: readonly [string, number, boolean][] = [
      ['id', 20001, true],
      ['mood', 20002, false],
      ['tags', 20003, false],
      ['code', BPCHAR, false],
    ];
    const { events } = decode(
      [
        message('Y', int32(20001), text(''), text('int8')),
        message('Y', int32(20002), text('public'), text('mood')),
        message('Y', int32(20003), text('public'), text('_mood')),
        relation(9, 'items', 'd', columns),
        message('I', int32(9), tagged('N', tuple('5', 'happy', '{happy,NULL}', 'ab   '))),
      ],
      [schemaOf('items', [{ name: 'tags', kind: 'array', element: 'text' }])],
    );
    expect(events).toEqual([['insert', null, [5n, 'happy', ['happy', null], 'ab']]]);
  });

  it('counts tables that are not wanted, and each table of a TRUNCATE', () => {
    const { events } = decode([
      ITEMS,
      relation(10, 'other', 'd', [['id', INT4, true]]),
      message('I', int32(10), tagged('N', tuple('1'))),
      message('T', int32(2), int8(0), int32(10), int32(9)),
    ]);
    expect(events).toEqual([null, null, ['truncate', null, null]]);
  });

  it.each([
    ['an unknown message', message('z')],
    ['a row of an unknown relation', message('I', int32(11), tagged('N', tuple('1')))],
    ['a tuple of an unknown kind', message('I', int32(9), tagged('Q', tuple('1')))],
    ['a value of an unknown kind', message('I', int32(9), Buffer.from('N\0\x01q'))],
    ['more values than columns', message('I', int32(9), tagged('N', tuple('1', '2', '3', '4')))],
  ])('stops at %s', (_, bad) => {
    expect(() => decode([ITEMS, bad])).toThrow(expect.objectContaining({ code: 'TD6010' }));
  });

  it('stops at a value that is cut off', () => {
    const cut = message('I', int32(9), Buffer.from('N\0\x01t'), int32(1000));
    expect(() => decode([ITEMS, cut])).toThrow(RangeError);
  });
});
