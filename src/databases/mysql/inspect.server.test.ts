import { expect, test } from 'vitest';
import { flavors, openEndpointOf, openFixture } from '../../../test/mysql.ts';
import { describeServers } from '../../../test/servers.ts';

const everything = `CREATE TABLE every (
  id BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY,
  flag TINYINT(1) NOT NULL DEFAULT 0, small SMALLINT, big BIGINT NOT NULL, counter INT UNSIGNED,
  price DECIMAL(12,3), ratio FLOAT, score DOUBLE, mask BIT(12), born YEAR,
  code CHAR(4) CHARACTER SET latin1 COLLATE latin1_bin, name VARCHAR(50) COLLATE utf8mb4_unicode_ci, 
  body LONGTEXT, short TINYTEXT,
  state ENUM('on','it''s','a,b') DEFAULT 'on', tags SET('x','y'), status VARCHAR(9), grade VARCHAR(9),
  hash BINARY(16), raw VARBINARY(99), blobs LONGBLOB, doc JSON, spot POINT,
  day DATE, hour TIME(3), local DATETIME(6), moment TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
  total INT GENERATED ALWAYS AS (counter + 1) STORED,
  CONSTRAINT status_known CHECK (status IN ('new', 'it''s', 'b\\\\c')),
  CONSTRAINT grade_free CHECK (grade <> 'z'),
  UNIQUE KEY by_name (name, state), UNIQUE KEY by_code (code)
) ENGINE=InnoDB CHARACTER SET utf8mb4`;

for (const flavor of flavors) {
  await describeServers(`inspecting ${flavor}`, { server: flavor }, ({ server }) => {
    test('names every column in the words of the model', async () => {
      await using fixture = await openFixture(server);
      await fixture.run(everything);
      const { columns, key, uniques, fullImages, transactional } = await fixture.inspect('every');
      const kinds = Object.fromEntries(columns.map((column) => [column.name, column.kind]));
      expect(kinds).toEqual(
        Object.fromEntries([
          ...['born', 'counter', 'small', 'total'].map((name) => [name, 'int']),
          ...['big', 'id'].map((name) => [name, 'bigint']),
          ...['body', 'code', 'grade', 'name', 'short', 'state', 'status'].map((name) => [name, 'text']),
          ...['blobs', 'hash', 'raw'].map((name) => [name, 'bytes']),
          ...Object.entries({
            flag: 'bool',
            price: 'decimal',
            ratio: 'float4',
            score: 'float8',
            mask: 'bit',
            tags: 'set',
          }),
          ...Object.entries({ doc: 'json', spot: 'unsupported', day: 'date', hour: 'time', local: 'timestamp' }),
          ['moment', 'timestamptz'],
        ]),
      );
      const column = (name: string) => columns.find((each) => each.name === name);
      expect(column('id')).toMatchObject({ auto: true, hasDefault: true, unsigned: true, nullable: false });
      expect(column('big')).toMatchObject({ auto: false, hasDefault: false, unsigned: false, nullable: false });
      expect(column('small')).toMatchObject({ hasDefault: false, nullable: true, length: null });
      expect(column('flag')).toMatchObject({ hasDefault: true });
      expect(column('price')).toMatchObject({ precision: 12, scale: 3 });
      expect(column('mask')).toMatchObject({ length: 12 });
      expect(column('code')).toMatchObject({ length: 4, charset: 'latin1', collation: 'latin1_bin' });
      expect(column('name')).toMatchObject({ length: 50, charset: 'utf8mb4', collation: 'utf8mb4_unicode_ci' });
      expect(column('body')).toMatchObject({ length: null });
      expect(column('short')).toMatchObject({ length: 255 });
      expect(column('state')).toMatchObject({ values: ['on', "it's", 'a,b'], hasDefault: true });
      expect(column('tags')).toMatchObject({ values: ['x', 'y'] });
      expect(column('status')).toMatchObject({ values: ['new', "it's", 'b\\c'] });
      expect(column('grade')).toMatchObject({ values: null });
      expect(column('hash')).toMatchObject({ length: 16, charset: null });
      expect(column('hour')).toMatchObject({ fraction: 3 });
      expect(column('local')).toMatchObject({ fraction: 6 });
      expect(column('moment')).toMatchObject({ fraction: 0, hasDefault: true });
      expect(column('doc')).toMatchObject({ charset: null, collation: null });
      expect(column('total')).toMatchObject({ generated: true });
      expect(column('spot')).toMatchObject({ native: 'point' });
      expect({ key, uniques, fullImages, transactional }).toEqual({
        key: ['id'],
        uniques: [
          { name: 'by_code', columns: ['code'], deferrable: false },
          { name: 'by_name', columns: ['name', 'state'], deferrable: false },
        ],
        fullImages: true,
        transactional: true,
      });
    });

    test('knows references, triggers and what its server logs of cascades', async () => {
      await using fixture = await openFixture(server);
      await fixture.run(
        'CREATE TABLE parent (a INT, b INT, PRIMARY KEY (b, a)) ENGINE=InnoDB',
        'CREATE TABLE child (id INT PRIMARY KEY, a INT, b INT, ' +
          'CONSTRAINT up FOREIGN KEY (b, a) REFERENCES parent (b, a) ' +
          'ON DELETE CASCADE ON UPDATE SET NULL) ENGINE=InnoDB',
        'CREATE TRIGGER loud BEFORE UPDATE ON child FOR EACH ROW SET NEW.a = OLD.a',
        'CREATE TRIGGER quiet AFTER INSERT ON child FOR EACH ROW IF @tandem_apply IS NULL THEN SET @x = 1; END IF',
        'CREATE TABLE heap (id INT PRIMARY KEY) ENGINE=MyISAM',
      );
      const child = await fixture.inspect('child');
      expect((await fixture.inspect('parent')).key).toEqual(['b', 'a']);
      expect(child.foreignKeys).toEqual([
        {
          name: 'up',
          columns: ['b', 'a'],
          references: { schema: fixture.schema, table: 'parent' },
          referencedColumns: ['b', 'a'],
          onDelete: 'cascade',
          onUpdate: 'set null',
          deferrable: false,
        },
      ]);
      expect(child.triggers).toEqual([
        { name: 'loud', event: 'BEFORE UPDATE', guarded: false },
        { name: 'quiet', event: 'AFTER INSERT', guarded: true },
      ]);
      expect(child.logsCascades).toBe(server.engine === 'mysql');
      expect((await fixture.inspect('heap')).transactional).toBe(false);
    });

    test('lists base tables, and leaves out what it does not know', async () => {
      await using fixture = await openFixture(server);
      await fixture.run('CREATE TABLE b (id INT)', 'CREATE TABLE a (id INT)', 'CREATE VIEW v AS SELECT * FROM a');
      await using endpoint = await openEndpointOf(fixture);
      const { schema } = fixture;
      const found = await endpoint.inspect(['b', 'none', 'a', 'v'].map((table) => ({ schema, table })));
      expect(found.map(({ ref }) => ref.table)).toEqual(['b', 'a']);
      // The state tables live in the fixture's database here, so that it is left out as a whole.
      expect((await endpoint.tables()).filter((table) => table.schema === schema)).toEqual([]);
      expect(await endpoint.inspect([])).toEqual([]);
    });
  });
}

await describeServers('inspecting mariadb alone', { server: 'mariadb' }, ({ server }) => {
  test('knows its own types', async () => {
    await using fixture = await openFixture(server);
    await fixture.run('CREATE TABLE own (id UUID PRIMARY KEY, address INET6, packed VARCHAR(9) COMPRESSED)');
    const { columns } = await fixture.inspect('own');
    expect(columns.map((column) => column.kind)).toEqual(['uuid', 'text', 'text']);
  });
});
