import { expect, test } from 'vitest';
import { openPostgres, type PostgresBench, readUntil, ref, shapeOf } from '../../../test/postgres.ts';
import { describeServers, isForeign, startServer } from '../../../test/servers.ts';
import type { CheckRequest } from '../../model/endpoint.ts';

async function codes(bench: PostgresBench, request: Partial<CheckRequest> = {}): Promise<string[]> {
  const findings = await bench.endpoint.check({ tables: [], read: true, write: true, ...request });
  return findings.map(({ code, at }) =>
    `${code} ${at?.['privilege'] ?? at?.['setting'] ?? ''} ${at?.['table'] ?? ''}`.trim(),
  );
}

for (const name of ['postgres-15', 'postgres-18'] as const) {
  await describeServers(`catalogue of ${name}`, { server: name }, ({ server }) => {
    test('columns', async () => {
      await using bench = await openPostgres(server);
      await bench.sql(`CREATE SCHEMA s; CREATE TYPE s.mood AS ENUM ('b', 'a');
        CREATE TYPE s.floats AS RANGE (subtype = float8); CREATE DOMAIN ip AS inet;
        CREATE DOMAIN email AS varchar(20) NOT NULL CHECK (value IN ('x', 'y'));
        CREATE TABLE t (
          id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, ser serial, m s.mood, e email, ea s.mood[],
          v varchar(50) COLLATE "C" NOT NULL DEFAULT 'q' CHECK (v IN ('q', 'it''s')), c char(3), n numeric(10,2),
          ns numeric(5,-2), free numeric, ts timestamptz(3), t6 time, b bit(8), vb varbit(9),
          g int GENERATED ALWAYS AS (1) STORED,
          geo point, money money, ttz timetz, r int4range, own s.floats, far ip, ips inet[], gone int);
        ALTER TABLE t DROP COLUMN gone`);
      const { columns, key } = await bench.inspect('t');
      expect(key).toEqual(['id']);
      const short = columns.map((column) => {
        const facts = Object.entries(column).filter(
          ([field, value]) => value !== null && value !== false && field !== 'name',
        );
        return [column.name, Object.fromEntries(facts)];
      });
      const open = { nullable: true };
      expect(Object.fromEntries(short)).toEqual({
        id: { kind: 'bigint', native: 'bigint', hasDefault: true, auto: true },
        ser: { kind: 'int', native: 'integer', hasDefault: true, auto: true },
        m: { kind: 'text', native: 's.mood', ...open, values: ['b', 'a'] },
        e: { kind: 'text', native: 'public.email', length: 20, collation: 'default', values: ['x', 'y'] },
        ea: { kind: 'array', native: 's.mood[]', ...open, element: 'text' },
        v: {
          kind: 'text',
          native: 'character varying(50)',
          hasDefault: true,
          length: 50,
          collation: 'C',
          values: ['q', "it's"],
        },
        c: { kind: 'text', native: 'character(3)', ...open, length: 3, collation: 'default' },
        n: { kind: 'decimal', native: 'numeric(10,2)', ...open, precision: 10, scale: 2 },
        ns: { kind: 'decimal', native: 'numeric(5,-2)', ...open, precision: 5, scale: -2 },
        free: { kind: 'decimal', native: 'numeric', ...open },
        ts: { kind: 'timestamptz', native: 'timestamp(3) with time zone', ...open, fraction: 3 },
        t6: { kind: 'time', native: 'time without time zone', ...open, fraction: 6 },
        b: { kind: 'bit', native: 'bit(8)', ...open, length: 8 },
        vb: { kind: 'bit', native: 'bit varying(9)', ...open, length: 9 },
        g: { kind: 'int', native: 'integer', ...open, generated: true },
        geo: { kind: 'unsupported', native: 'point', ...open },
        money: { kind: 'unsupported', native: 'money', ...open },
        ttz: { kind: 'unsupported', native: 'time with time zone', ...open },
        r: { kind: 'text', native: 'int4range', ...open },
        own: { kind: 'unsupported', native: 's.floats', ...open },
        far: { kind: 'unsupported', native: 'public.ip', ...open },
        ips: { kind: 'array', native: 'inet[]', ...open, element: 'text' },
      });
    });

    test('keys, foreign keys, triggers; tables in the order asked', async () => {
      await using bench = await openPostgres(server);
      await bench.sql(`CREATE TABLE parent (b int, a int, PRIMARY KEY (a, b));
        CREATE TABLE child (id int PRIMARY KEY, x int, y int, z text, CONSTRAINT z_once UNIQUE (z) DEFERRABLE,
          CONSTRAINT up FOREIGN KEY (x, y) REFERENCES parent (a, b) ON DELETE CASCADE ON UPDATE SET NULL DEFERRABLE);
        CREATE UNIQUE INDEX xy ON child (y, x) INCLUDE (z);
        CREATE UNIQUE INDEX partial ON child (x) WHERE x > 0;
        CREATE UNIQUE INDEX expression ON child (lower(z));
        CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
        CREATE FUNCTION guarded() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN IF current_setting('tandem.apply', true) = 'on' THEN RETURN new; END IF; RETURN new; END $$;
        CREATE TRIGGER loud BEFORE INSERT OR UPDATE ON child FOR EACH ROW EXECUTE FUNCTION f();
        CREATE TRIGGER quiet AFTER DELETE ON child FOR EACH ROW EXECUTE FUNCTION guarded();
        CREATE TRIGGER off AFTER DELETE ON child FOR EACH ROW EXECUTE FUNCTION f();
        ALTER TABLE child DISABLE TRIGGER off`);
      const [child, parent, ...none] = await bench.endpoint.inspect([ref('child'), ref('nowhere'), ref('parent')]);
      expect(none).toEqual([]);
      expect(parent).toMatchObject({ ref: ref('parent'), key: ['a', 'b'], uniques: [], fullImages: false });
      expect(child?.uniques).toEqual([
        { name: 'xy', columns: ['y', 'x'], deferrable: false },
        { name: 'z_once', columns: ['z'], deferrable: true },
      ]);
      expect(child?.foreignKeys).toEqual([
        {
          name: 'up',
          columns: ['x', 'y'],
          references: ref('parent'),
          referencedColumns: ['a', 'b'],
          onDelete: 'cascade',
          onUpdate: 'set null',
          deferrable: true,
        },
      ]);
      expect(child?.triggers).toEqual([
        { name: 'loud', event: 'BEFORE INSERT OR UPDATE', guarded: false },
        { name: 'quiet', event: 'AFTER DELETE', guarded: true },
      ]);
      expect(await bench.endpoint.tables()).toEqual([ref('child'), ref('parent')]);
    });

    test('what is missing is made once and in order, grows with the tables, and can be removed', async () => {
      await using bench = await openPostgres(server);
      await bench.sql('CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY)');
      const titles = async (...tables: string[]): Promise<string[]> =>
        (await bench.endpoint.missing(tables.map(ref))).map(({ title }) => title.replace(bench.slot, 'NAME'));
      const all = await titles('a');
      expect(all[0]).toBe('create schema tandem');
      expect(all.slice(-4)).toEqual([
        'log whole old rows of tandem.checkpoint',
        'log whole old rows of public.a',
        'create publication NAME',
        'create replication slot NAME',
      ]);
      await bench.provision([ref('a')]);
      expect(await titles('a')).toEqual([]);
      expect(await bench.endpoint.tables()).toEqual([ref('a'), ref('b')]);
      expect(await titles('a', 'b')).toEqual(['log whole old rows of public.b', 'add to publication NAME: public.b']);
      await bench.provision([ref('a'), ref('b')]);
      expect(await titles('a', 'b')).toEqual([]);
      await bench.sql(`ALTER PUBLICATION ${bench.slot} SET (publish = 'insert')`);
      expect(await titles('a', 'b')).toEqual(['correct publication NAME']);
      for (const step of await bench.endpoint.removal()) await bench.endpoint.run(step);
      expect(await bench.endpoint.removal()).toEqual([]);
      expect(await titles('a')).toHaveLength(all.length - 1);
    });

    test('a role with the least privileges can do it all, and the check names what it lacks', async () => {
      await using admin = await openPostgres(server);
      const role = `worker_${admin.slot}`.slice(0, 60);
      const database = new URL(admin.url).pathname.slice(1);
      await admin.sql(`CREATE TABLE t (id serial PRIMARY KEY, v text); CREATE TABLE hidden (id int PRIMARY KEY);
        ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;
        CREATE ROLE ${role} LOGIN PASSWORD 'pw'`);
      const url = new URL(admin.url);
      url.username = role;
      url.password = 'pw';
      await using worker = await openPostgres(server, url.href);
      const tables = [ref('t'), ref('hidden')];
      const lacking = (await codes(worker, { tables })).filter((code) => code.startsWith('TD4003'));
      expect(lacking.toSorted()).toEqual([
        'TD4003 BYPASSRLS public.hidden',
        'TD4003 CREATE',
        'TD4003 REPLICATION',
        'TD4003 SELECT, INSERT, UPDATE, DELETE public.hidden',
        'TD4003 SELECT, INSERT, UPDATE, DELETE public.t',
        'TD4003 USAGE, UPDATE public.t',
        'TD4003 ownership public.hidden',
        'TD4003 ownership public.t',
      ]);
      // Each finding brings the SQL that mends it; ownership is mended by having the owner run the statements.
      const findings = await worker.endpoint.check({ tables, read: true, write: true });
      for (const { code, fix } of findings) if (code === 'TD4003') await admin.sql(fix ?? '').catch(() => undefined);
      for (const step of await worker.endpoint.missing(tables)) {
        await worker.endpoint.run(step).catch(() => admin.endpoint.run(step));
      }
      for (const { code, fix } of await worker.endpoint.check({ tables, read: true, write: true })) {
        if (code === 'TD4003') await admin.sql(fix ?? '');
      }
      expect((await codes(worker, { tables })).filter((code) => code.startsWith('TD4003'))).toEqual([]);
      expect(await worker.endpoint.missing(tables)).toEqual([]);
      // And now the work itself.
      const from = await worker.endpoint.firstPosition();
      await worker.endpoint.verifyPosition(from);
      const table = await worker.inspect('t');
      await using target = await worker.endpoint.target();
      const move = { position: from, floor: null, known: null, effectiveUs: 0 };
      await target.seed('s', 'l', move);
      const transaction = await target.begin(await target.takeOver('s', 'l'), move);
      await transaction.write({ op: 'insert', shape: shapeOf(table), rows: [[50, 'x']], generated: false });
      expect(await transaction.lock(shapeOf(table), [[50]])).toEqual([[50, 'x']]);
      await transaction.commit();
      const source = worker.endpoint.source({ tables: [table], chunkRows: 100 });
      const [seen] = await readUntil(source, from, () => true);
      expect(seen?.changes[0]?.after).toEqual([50, 'x']);
      await worker.endpoint.logEnd();
      await target[Symbol.asyncDispose]();
      for (const step of await worker.endpoint.removal()) {
        await worker.endpoint.run(step).catch(() => admin.endpoint.run(step));
      }
      await admin.sql(`DROP OWNED BY ${role}; REVOKE ALL ON DATABASE ${database} FROM ${role}`);
    });

    test('a login that cannot work says which part of it', async () => {
      await using bench = await openPostgres(server);
      const { database } = await import('./index.ts');
      const attempt = async (change: (url: URL) => void): Promise<unknown> => {
        const url = new URL(bench.url);
        change(url);
        const names = { label: 'revamp', side: 'left', sync: 'x', stateSchema: 'tandem' } as const;
        return database.open({ url: url.href, ...names }, bench.context);
      };
      await expect(attempt((url) => (url.password = 'hush'))).rejects.toMatchObject({ code: 'TD4002', class: 'setup' });
      await expect(attempt((url) => (url.pathname = '/nowhere'))).rejects.toMatchObject({ code: 'TD4004' });
      const unreachable = attempt((url) => (url.port = '1'));
      await expect(unreachable).rejects.toMatchObject({ code: 'TD4001', class: 'transient' });
      const password = decodeURIComponent(new URL(bench.url).password);
      await expect(unreachable).rejects.not.toThrow(password);
    });
  });
}

test.skipIf(isForeign('postgres'))(
  'settings that do not fit are found, with the statement that mends them',
  async () => {
    const settings = { wal_level: 'replica', max_replication_slots: '0', max_wal_senders: '0', fsync: 'off' };
    await using server = await startServer('postgres-15', { settings });
    await using bench = await openPostgres(server);
    expect(await codes(bench)).toEqual([
      'TD5015',
      'TD5001 wal_level',
      'TD5002 max_replication_slots',
      'TD5002 max_wal_senders',
      'TD5011 max_slot_wal_keep_size',
    ]);
    expect(await codes(bench, { read: false })).toEqual(['TD5015']);
    await bench.sql('ALTER SYSTEM SET default_transaction_read_only = on');
    await bench.sql('SELECT pg_reload_conf()');
    while (!(await codes(bench)).includes('TD7008')) await bench.context.sleep(10);
  },
);
