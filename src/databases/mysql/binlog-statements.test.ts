import { describe, expect, it } from 'vitest';
import { classify } from './binlog-statements.ts';

const of = (sql: string) => classify({ sql, database: 'shop' });
const named = (sql: string) => {
  const statement = of(sql);
  return statement.kind === 'change'
    ? statement.tables.map(({ schema, table }) => `${schema}.${table}`)
    : statement.kind;
};

describe('statements of the log', () => {
  it('are told by their first word, whatever comments stand before it', () => {
    const kinds: [string, string][] = [
      ['BEGIN', 'begin'],
      ['START TRANSACTION', 'begin'],
      ['/* app */ commit', 'commit'],
      ['-- note\nROLLBACK', 'rollback'],
      ['ROLLBACK TO `s`', 'rollbackTo'],
      ["XA START X'71',X'',1", 'xaStart'],
      ["XA END X'71',X'',1", 'other'],
      ["XA COMMIT X'71',X'',1", 'xaCommit'],
      ["XA ROLLBACK X'71',X'',1", 'xaRollback'],
      ['SAVEPOINT `s`', 'other'],
      ['CREATE TABLE t (a INT)', 'definition'],
      ['CREATE VIEW v AS SELECT 1', 'definition'],
      ['ALTER TABLE t DROP COLUMN a', 'definition'],
      ['', 'other'],
    ];
    for (const [sql, kind] of kinds) expect(of(sql).kind, sql).toBe(kind);
  });

  it('name the table that they empty', () => {
    expect(of('TRUNCATE items')).toEqual({ kind: 'truncate', table: { schema: 'shop', table: 'items' } });
    expect(of('truncate /* x */ table `a``b` . `items`')).toEqual({
      kind: 'truncate',
      table: { schema: 'a`b', table: 'items' },
    });
    expect(of('TRUNCATE TABLE `table`')).toEqual({ kind: 'truncate', table: { schema: 'shop', table: 'table' } });
  });

  it('name tables that had another name before, unless they take the place of one', () => {
    const moved = (sql: string) => {
      const statement = of(sql);
      return statement.kind === 'definition' ? statement.moved.map(({ schema, table }) => `${schema}.${table}`) : null;
    };
    expect(moved('RENAME TABLE things TO items')).toEqual(['shop.items']);
    expect(moved('rename table `a`.`b` to c . d, e TO f')).toEqual(['c.d', 'shop.f']);
    expect(moved('RENAME TABLE items TO _items_del, _items_gho TO items')).toEqual(['shop._items_del']);
    expect(moved('ALTER TABLE things RENAME items')).toEqual(['shop.items']);
    expect(moved('ALTER TABLE things RENAME TO other.items')).toEqual(['other.items']);
    expect(moved('ALTER TABLE items RENAME COLUMN a TO b, RENAME INDEX c TO d')).toEqual([]);
    expect(moved('CREATE TABLE items (a INT)')).toEqual([]);
  });

  it('name every table that they may change, and none that stands in a text or comment', () => {
    expect(named("INSERT INTO `items` VALUES ('users', 1) /* orders */ -- carts")).toEqual([
      'shop.INTO',
      'shop.items',
      'shop.VALUES',
      'shop.1',
    ]);
    expect(named('UPDATE other.items SET a = 1')).toContain('other.items');
    expect(named('UPDATE other.items SET a = 1')).not.toContain('shop.items');
    expect(named("REPLACE INTO t VALUES ('it''s \\' items')")).not.toContain('shop.items');
    expect(named('DELETE FROM "items"')).toContain('shop.items');
    expect(named('/*!50000 DELETE */ FROM items')).toContain('shop.items');
    expect(named('/*M!100100 DELETE FROM items */')).toContain('shop.items');
    expect(named('WITH x AS (SELECT 1) DELETE FROM items')).toContain('shop.items');
    expect(named("LOAD DATA INFILE 'f' INTO TABLE items")).toContain('shop.items');
    expect(named('SET STATEMENT max_statement_time = 1 FOR INSERT INTO items VALUES (1)')).toContain('shop.items');
    expect(named('CREATE TABLE items AS SELECT 1')).toContain('shop.items');
    expect(named('ALTER TABLE items TRUNCATE PARTITION p')).toContain('shop.items');
    expect(named('SET PASSWORD FOR u = 1')).toBe('other');
  });
});
