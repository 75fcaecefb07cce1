import { describe, expect, it } from 'vitest';
import type { DebeziumEvent, DebeziumJson } from './debezium.ts';
import { type DebeziumDecode, EventReader, NotTold, type ReadTable, sourceText } from './debezium-reader.ts';
import type { Column } from './schema.ts';

const column = (name: string): Column => ({
  name,
  kind: 'text',
  native: 'text',
  nullable: true,
  hasDefault: false,
  auto: false,
  generated: false,
  values: null,
  length: null,
  precision: null,
  scale: null,
  fraction: null,
  unsigned: false,
  charset: null,
  collation: null,
  element: null,
});
const users: ReadTable = {
  ref: { schema: 's', table: 'users' },
  columns: [column('id'), column('name')],
  key: ['id'],
  fullImages: true,
  own: false,
};
/** `left out` stands for a value that was left out, `odd` for one that cannot be read. */
const decode: DebeziumDecode = (json) => {
  if (json === 'odd') throw new NotTold('text');
  return json === 'left out' ? undefined : `<${json as string}>`;
};
const readerOf = (...tables: ReadTable[]) =>
  new EventReader(
    { refOf: (source) => ({ schema: 's', table: sourceText(source, 'table') }), decoderOf: () => decode },
    tables,
  );

type Images = { readonly before?: DebeziumJson; readonly after?: DebeziumJson };
function event(op: string, { before = null, after = null }: Images, more: Partial<DebeziumEvent> = {}): DebeziumEvent {
  const envelope = { op, before, after, source: { table: 'users' }, transaction: { id: '1', total_order: 1 } };
  return { envelope, newKey: false, oldKey: false, ended: true, ...more };
}

describe('events of Debezium', () => {
  it('become changes, with one object for the table as long as its columns stay', () => {
    const reader = readerOf(users);
    const inserted = reader.change(event('c', { after: { id: '1', name: null } }));
    const updated = reader.change(event('u', { before: { id: '1', name: null }, after: { id: '1', name: 'x' } }));
    const deleted = reader.change(event('d', { before: { id: '1', name: 'x' } }));
    expect(inserted).toMatchObject({ op: 'insert', before: null, after: ['<1>', null] });
    expect(updated).toMatchObject({ op: 'update', before: ['<1>', null], after: ['<1>', '<x>'] });
    expect(deleted).toMatchObject({ op: 'delete', before: ['<1>', '<x>'], after: null });
    expect(updated?.table).toBe(inserted?.table);
    expect(deleted?.table).toBe(inserted?.table);
    expect(reader.change(event('t', {}))).toEqual({
      op: 'truncate',
      table: inserted?.table,
      before: null,
      after: null,
    });
    expect(reader.change(event('r', { after: { id: '1', name: 'x' } }))?.op).toBe('read');
  });

  it('tell of a column that came or went', () => {
    const reader = readerOf(users);
    const first = reader.change(event('c', { after: { id: '1', name: 'x' } }));
    const later = reader.change(event('c', { after: { id: '1', more: 'y' } }));
    expect(later?.table.columns).toEqual(['id', 'more']);
    expect(later?.after).toEqual(['<1>', undefined]);
    expect(later?.table).not.toBe(first?.table);
  });

  it('join the two halves of a changed key', () => {
    const reader = readerOf(users);
    expect(reader.change(event('d', { before: { id: '1', name: 'x' } }, { newKey: true }))).toBeNull();
    expect(reader.change(event('c', { after: { id: '2', name: 'left out' } }, { oldKey: true }))).toMatchObject({
      op: 'update',
      before: ['<1>', '<x>'],
      after: ['<2>', '<x>'],
    });
  });

  it('are refused where the second half of a changed key does not follow', () => {
    const reader = readerOf(users);
    reader.change(event('d', { before: { id: '1', name: 'x' } }, { newKey: true }));
    expect(() => reader.change(event('c', { after: { id: '2', name: 'x' } }))).toThrow(
      expect.objectContaining({ code: 'TD6010' }),
    );
  });

  it('keep what the log left out because it did not change', () => {
    const images = { before: { id: '1', name: 'old' }, after: { id: '1', name: 'left out' } };
    expect(readerOf(users).change(event('u', images))?.after).toEqual(['<1>', '<old>']);
  });

  it('tell of the key alone where old rows are not logged whole', () => {
    const reader = readerOf({ ...users, fullImages: false });
    const after = { id: '1', name: 'left out' };
    expect(reader.change(event('u', { after }))).toMatchObject({
      before: ['<1>', undefined],
      after: ['<1>', undefined],
    });
    expect(reader.change(event('d', { before: { id: '1', name: null } }))?.before).toEqual(['<1>', undefined]);
  });

  it.each([
    ['a value that does not tell', event('c', { after: { id: '1', name: 'odd' } })],
    ['rows without an END', event('c', { after: { id: '1', name: 'x' } }, { ended: false })],
  ])('are unreadable for %s, and stop everything in a table of our own', (_, odd) => {
    expect(readerOf(users).change(odd)).toMatchObject({ op: 'unreadable', table: { misfit: { code: 'TD6041' } } });
    expect(() => readerOf({ ...users, own: true }).change(odd)).toThrow(expect.objectContaining({ code: 'TD6041' }));
  });

  it('of other tables are left out', () => {
    expect(readerOf().change(event('c', { after: { id: '1', name: 'x' } }))).toBeNull();
  });

  it.each([
    ['no operation', { envelope: { before: null }, newKey: false, oldKey: false, ended: true }],
    ['another operation', event('m', { after: { id: '1', name: 'x' } })],
    ['no row', event('c', {})],
  ])('are refused with %s', (_, odd) => {
    expect(() => readerOf(users).change(odd)).toThrow(expect.objectContaining({ code: 'TD6010' }));
  });
});
