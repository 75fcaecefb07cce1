import { expect, test } from 'vitest';
import { type Fixture, flavors, move, openEndpointOf, openFixture, seedRoute } from '../../../test/mysql.ts';
import { describeServers, startServer } from '../../../test/servers.ts';
import type { Finding } from '../../model/finding.ts';

/** The code and the subject of each finding. */
function summary(findings: readonly Finding[]): string[] {
  return findings.map(
    ({ code, severity, at }) => `${code} ${severity} ${at?.['setting'] ?? at?.['privilege'] ?? at?.['table'] ?? ''}`,
  );
}

/** A user of the test's own, and the address under which it logs in. */
async function createUser(fixture: Fixture, ...grants: string[]): Promise<string> {
  const name = fixture.schema.replace('test_', 'u_');
  await fixture.run(`CREATE USER ${name}@'%' IDENTIFIED BY 'secret'`);
  for (const grant of grants) await fixture.run(`GRANT ${grant} TO ${name}@'%'`);
  const url = new URL(fixture.url);
  url.username = name;
  url.password = 'secret';
  return url.href;
}

const wrong = {
  mysql: {
    binlog_row_image: 'MINIMAL',
    binlog_row_metadata: 'MINIMAL',
    gtid_mode: 'OFF',
    enforce_gtid_consistency: 'OFF',
    binlog_row_value_options: 'PARTIAL_JSON',
    binlog_expire_logs_seconds: '3600',
    sync_binlog: '0',
    innodb_flush_log_at_trx_commit: '2',
    binlog_order_commits: 'OFF',
    binlog_ignore_db: 'secrets',
  },
  mariadb: {
    binlog_format: 'MIXED',
    binlog_row_image: 'NOBLOB',
    binlog_row_metadata: 'NO_LOG',
    gtid_strict_mode: 'OFF',
    binlog_expire_logs_seconds: '3600',
    sync_binlog: '0',
    innodb_flush_log_at_trx_commit: '0',
    binlog_do_db: 'shop',
  },
};

for (const flavor of flavors) {
  await describeServers(`checking ${flavor}`, { server: flavor }, ({ server }) => {
    test('a least-privileged user can do all of it, and a check finds nothing amiss', async () => {
      await using fixture = await openFixture(server);
      await fixture.run(
        'CREATE TABLE people (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(9) NOT NULL, ' +
          'size INT AS (LENGTH(name)) VIRTUAL)',
      );
      const held = await seedRoute(fixture);
      const url = await createUser(
        fixture,
        'REPLICATION SLAVE, REPLICATION CLIENT ON *.*',
        `SELECT, INSERT, UPDATE, DELETE ON \`${fixture.schema}\`.*`,
      );
      await using endpoint = await openEndpointOf(fixture, url);
      const tables = [{ schema: fixture.schema, table: 'people' }];
      const findings = await endpoint.check({ tables, read: true, write: true });
      // How durable the shared server is, is not for this test to say.
      expect(summary(findings.filter(({ code }) => code !== 'TD5015'))).toEqual(['TD4003 note TRIGGER']);
      const shape = await fixture.shape('people');
      await using target = await endpoint.target();
      const transaction = await target.begin(held, move);
      const written = { ...shape, columns: shape.columns.slice(0, 2) };
      await transaction.write({ op: 'insert', shape: written, rows: [[undefined, 'a']], generated: true });
      await transaction.write({
        op: 'update',
        shape: written,
        keys: [[1], [2]],
        rows: [
          [1, 'b'],
          [2, 'c'],
        ],
      });
      await transaction.lock(written, [[1]]);
      await transaction.write({ op: 'delete', shape: written, keys: [[1]] });
      await transaction.commit();
      await endpoint.verifyPosition(await endpoint.logEnd());
      expect((await endpoint.inspect(tables))[0]?.key).toEqual(['id']);
    });

    test('each missing right is a finding with the GRANT that gives it', async () => {
      await using fixture = await openFixture(server);
      await fixture.run(
        'CREATE TABLE people (id INT PRIMARY KEY) ENGINE=InnoDB',
        'CREATE TABLE heap (id INT PRIMARY KEY) ENGINE=MyISAM',
      );
      const { schema } = fixture;
      const url = await createUser(fixture, `SELECT, INSERT ON \`${schema}\`.people`, `SELECT ON \`${schema}\`.heap`);
      await using endpoint = await openEndpointOf(fixture, url);
      const tables = ['people', 'heap'].map((table) => ({ schema, table }));
      const findings = (await endpoint.check({ tables, read: true, write: true })).filter(
        ({ code }) => code !== 'TD5015',
      );
      const monitor = flavor === 'mysql' ? 'REPLICATION CLIENT' : 'BINLOG MONITOR';
      expect(summary(findings)).toEqual([
        `TD4003 error ${monitor}`,
        'TD4003 error REPLICATION SLAVE',
        'TD4003 error UPDATE, DELETE',
        `TD5010 error ${schema}.heap`,
        'TD4003 error INSERT, UPDATE, DELETE',
        'TD4003 note TRIGGER',
        'TD4003 error SELECT, INSERT, UPDATE, DELETE',
      ]);
      for (const { fix } of findings) if (fix !== undefined) await fixture.run(fix.replace(/;$/, ''));
      // Rights on databases and on the server count from the next login.
      await using again = await openEndpointOf(fixture, url);
      const after = await again.check({ tables, read: true, write: true });
      expect(summary(after).filter((line) => line.includes('error'))).toEqual([]);
    });

    test('each wrong setting is a finding with what mends it', async () => {
      await using own = await startServer(flavor, { settings: wrong[flavor] });
      await using fixture = await openFixture(own, { row: false });
      await using endpoint = await openEndpointOf(fixture);
      const findings = await endpoint.check({ tables: [], read: true, write: false });
      const settings = findings.flatMap(({ at }) => at?.['setting'] ?? []);
      expect(settings.toSorted()).toEqual(Object.keys(wrong[flavor]).toSorted());
      await using target = await endpoint.target();
      const format = flavor === 'mysql' ? 'TD5006' : 'TD5005';
      await expect(target.checkpoint('left_right', 'main')).rejects.toMatchObject({ code: format, class: 'setup' });
      for (const { fix } of findings) expect(fix === undefined || fix.length > 5).toBe(true);
      for (const { fix, at } of findings) {
        if (fix === undefined || /^(?:Remove|\[)/.test(fix) || at?.['privilege'] !== undefined) continue;
        for (const sql of fix.split('\n')) await fixture.run(sql.replace(/;$/, ''));
      }
      const after = await endpoint.check({ tables: [], read: true, write: false });
      expect(after.flatMap(({ at }) => at?.['setting'] ?? []).filter((name) => !name.endsWith('_db'))).toEqual([]);
    });

    test('a server without a binary log, or that takes no writes, is told apart', async () => {
      await using own = await startServer(flavor, { settings: { skip_log_bin: '1' } });
      await using fixture = await openFixture(own);
      await using endpoint = await openEndpointOf(fixture);
      expect(summary(await endpoint.check({ tables: [], read: true, write: true }))).toContain('TD5004 error log_bin');
      await fixture.run('SET GLOBAL read_only = ON');
      expect(summary(await endpoint.check({ tables: [], read: false, write: true }))).toContain(
        'TD7008 warning read_only',
      );
    });
  });
}
