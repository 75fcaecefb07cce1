import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';
import { connect, type Connection, type SampleSide } from '../../src/cli/demo/database.ts';

const clocks: Readonly<Record<Connection['engine'], string>> = {
  postgres: 'SELECT floor(extract(epoch FROM clock_timestamp()))::text AS second',
  mysql: 'SELECT unix_timestamp() AS second',
  mariadb: 'SELECT unix_timestamp() AS second',
};

/** Waits until that server's clock shows another second. */
export async function nextSecond(connection: Connection): Promise<void> {
  const second = async (): Promise<number> =>
    Number((await connection.query(clocks[connection.engine]))[0]?.['second']);
  const before = await second();
  while ((await second()) === before) await sleep(10);
}

/** Ends every session of that database but the one that does it. */
export async function cutConnections(connection: Connection): Promise<void> {
  if (connection.engine === 'postgres') {
    const cut = await connection.query(
      `SELECT pg_terminate_backend(pid) AS done FROM pg_stat_activity
       WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );
    expect(cut.length).toBeGreaterThan(0);
    return;
  }
  const others = await connection.query(
    'SELECT id AS id FROM information_schema.processlist WHERE db = database() AND id <> connection_id()',
  );
  expect(others.length).toBeGreaterThan(0);
  // A session may be gone by the time it is to be ended.
  for (const { id } of others) await connection.execute(`KILL ${String(id)}`).catch(() => undefined);
}

// InnoDB makes its list of transactions anew only where nobody has asked for a tenth of a second.
const waiting: Readonly<Record<Connection['engine'], string>> = {
  postgres: `SELECT count(*)::int AS n FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  mysql: `SELECT count(*) AS n FROM information_schema.innodb_trx t
    JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id
    WHERE t.trx_state = 'LOCK WAIT' AND p.db = database()`,
  mariadb: `SELECT count(*) AS n FROM information_schema.innodb_trx t
    JOIN information_schema.processlist p ON p.id = t.trx_mysql_thread_id
    WHERE t.trx_state = 'LOCK WAIT' AND p.db = database()`,
};

/** A deadlock between an application and what `work` starts, in which the latter loses. */
export async function lockCrosswise(
  side: SampleSide,
  statements: { readonly first: string; readonly second: string },
  work: () => Promise<unknown>,
): Promise<void> {
  await using application = await connect(side);
  await using observer = await connect(side);
  const inPostgres = side.engine === 'postgres';
  // PostgreSQL ends the transaction whose patience ends first, InnoDB the one that has written less.
  if (inPostgres) await application.execute("SET deadlock_timeout = '60s'");
  await application.execute(`CREATE TABLE weight (n int)${inPostgres ? '' : ' ENGINE = InnoDB'}`);
  const heavy = Array.from({ length: 500 }, (_, n) => `(${n})`).join(', ');
  await application.transaction(async () => {
    await application.execute(`INSERT INTO weight VALUES ${heavy}`);
    expect(await application.execute(statements.first)).toBe(1);
    await work();
    const waiters = async (): Promise<unknown> => (await observer.query(waiting[side.engine]))[0]?.['n'];
    await expect.poll(waiters, { timeout: 60_000, interval: 250 }).not.toBe(0);
    expect(await application.execute(statements.second)).toBe(1);
  });
}
