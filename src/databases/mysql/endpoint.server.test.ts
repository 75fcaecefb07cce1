import { expect, test } from 'vitest';
import { flavors, openEndpointOf, openFixture, quietContext } from '../../../test/mysql.ts';
import { describeServers, startServer } from '../../../test/servers.ts';
import type { Position } from '../../model/change.ts';
import { STATE_TABLES } from '../../model/state.ts';
import { openEndpoint } from './endpoint.ts';
import { mariadbFlavor, mysqlFlavor } from './flavor.ts';

for (const flavor of flavors) {
  await describeServers(`an endpoint on ${flavor}`, { server: flavor }, ({ server }) => {
    test('names its server, and refuses to be taken for the other flavor', async () => {
      await using fixture = await openFixture(server);
      await using endpoint = await openEndpointOf(fixture);
      expect(endpoint.facts).toMatchObject({ engine: flavor, version: expect.stringMatching(/^\d+\.\d+\.\d+$/) });
      expect(endpoint.facts.identity.length).toBeGreaterThan(20);
      const options = { url: fixture.url, label: 'left', side: 'left' as const, sync: 's', stateSchema: 'tandem' };
      const other = flavor === 'mysql' ? mariadbFlavor : mysqlFlavor;
      await expect(openEndpoint(other, options, quietContext)).rejects.toMatchObject({ code: 'TD5014' });
    });

    test('tells why it cannot connect', async () => {
      await using fixture = await openFixture(server);
      const failure = async (change: (url: URL) => void) => {
        const url = new URL(fixture.url);
        change(url);
        return openEndpointOf(fixture, url.href).catch((error) => error);
      };
      expect(await failure((url) => (url.password = 'wrong'))).toMatchObject({ code: 'TD4002' });
      expect(await failure((url) => (url.pathname = '/nowhere'))).toMatchObject({ code: 'TD4004' });
      expect(await failure((url) => (url.port = '1'))).toMatchObject({ code: 'TD4001', class: 'transient' });
      expect(await failure((url) => url.searchParams.set('ssl-mode', 'odd'))).toMatchObject({ code: 'TD1002' });
      expect(JSON.stringify(await failure((url) => (url.password = 'wrong')))).not.toContain('wrong');
    });

    test('connects with encryption when asked', async () => {
      // MariaDB 10.11 makes no certificate by itself; there the refusal is what counts.
      await using fixture = await openFixture(server);
      const url = `${fixture.url}?ssl-mode=REQUIRED`;
      const opened = openEndpointOf(fixture, url);
      if (flavor === 'mysql') await (await opened)[Symbol.asyncDispose]();
      else await expect(opened).rejects.toMatchObject({ code: 'TD4001' });
    });

    test('shows what is missing, makes it, and takes it away again without touching anything else', async () => {
      await using fixture = await openFixture(server);
      await using endpoint = await openEndpointOf(fixture);
      await fixture.run('CREATE TABLE users (id INT PRIMARY KEY)');
      const steps = await endpoint.missing([]);
      expect(steps.map((step) => step.title)).toHaveLength(Object.keys(STATE_TABLES).length);
      for (const step of steps) await endpoint.run(step);
      expect(await endpoint.missing([])).toEqual([]);
      for (const shape of Object.values(endpoint.state)) {
        const [found] = await endpoint.inspect([shape.ref]);
        expect(found?.columns.map(({ name, kind, nullable, length }) => ({ name, kind, nullable, length }))).toEqual(
          shape.columns.map(({ name, kind, nullable, length }) => ({ name, kind, nullable, length })),
        );
        expect(found?.key).toEqual(shape.key.map((at) => shape.columns[at]?.name));
      }
      for (const step of await endpoint.removal()) await endpoint.run(step);
      expect(await endpoint.removal()).toEqual([]);
      expect(await fixture.rows('SHOW TABLES')).toEqual([['users']]);
    });

    test('drops the state database when nothing else is in it', async () => {
      await using fixture = await openFixture(server);
      const stateSchema = `${fixture.schema}_state`;
      const options = { url: fixture.url, label: 'left', side: 'left' as const, sync: 's', stateSchema };
      await using endpoint = await openEndpoint(fixture.flavor, options, quietContext);
      for (const step of await endpoint.missing([])) await endpoint.run(step);
      expect(await endpoint.missing([])).toEqual([]);
      for (const step of await endpoint.removal()) await endpoint.run(step);
      expect(await fixture.rows(`SHOW DATABASES LIKE '${stateSchema}'`)).toEqual([]);
    });

    test('counts, and measures how far a position is behind', async () => {
      await using fixture = await openFixture(server);
      await fixture.run('CREATE TABLE t (id INT PRIMARY KEY)');
      await using endpoint = await openEndpointOf(fixture);
      const first = await endpoint.firstPosition();
      await fixture.run('INSERT INTO t VALUES (1)', 'INSERT INTO t VALUES (2),(3)');
      const behind = await endpoint.behind(first);
      expect(behind.unit).toBe('transactions');
      // Other tests may write to the same server meanwhile.
      expect(behind.amount).toBeGreaterThanOrEqual(2);
      expect(endpoint.positions.covers(await endpoint.logEnd(), first)).toBe(true);
      expect(endpoint.positions.covers(first, await endpoint.logEnd())).toBe(false);
      await endpoint.verifyPosition(first);
      expect(await endpoint.count({ schema: fixture.schema, table: 't' })).toBe(3);
    });

    test('answers many questions at once', async () => {
      await using fixture = await openFixture(server);
      await fixture.run('CREATE TABLE t (id INT PRIMARY KEY)');
      await using endpoint = await openEndpointOf(fixture);
      const counts = Array.from({ length: 20 }, () => endpoint.count({ schema: fixture.schema, table: 't' }));
      expect(await Promise.all(counts)).toEqual(counts.map(() => 0));
    });

    test('refuses a position of another history, of lost transactions, and of a log that is gone', async () => {
      await using own = await startServer(flavor);
      await using fixture = await openFixture(own);
      await using endpoint = await openEndpointOf(fixture);
      const start = await endpoint.logEnd();
      const foreign = flavor === 'mysql' ? '00000000-0000-0000-0000-00000000000a:1-5' : '7-1-5';
      await expect(endpoint.verifyPosition(`gtid:${foreign}` as Position)).rejects.toMatchObject({ code: 'TD6005' });
      const ahead = start.replace(/(\d+)$/, (number) => String(Number(number) + 1000)) as Position;
      await expect(endpoint.verifyPosition(ahead)).rejects.toMatchObject({ code: 'TD6004', class: 'history' });
      await fixture.run('CREATE TABLE t (id INT)', 'FLUSH BINARY LOGS');
      await endpoint.verifyPosition(start);
      const latest = (await fixture.rows('SHOW BINARY LOGS')).at(-1)?.[0];
      await fixture.run(`PURGE BINARY LOGS TO '${String(latest)}'`);
      await expect(endpoint.verifyPosition(start)).rejects.toMatchObject({ code: 'TD6002', class: 'history' });
      await endpoint.verifyPosition(await endpoint.logEnd());
    });
  });
}
