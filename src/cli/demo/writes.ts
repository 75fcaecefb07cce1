import type { Side } from '../../model/policy.ts';
import type { Connection } from './database.ts';
import { phrase, SAMPLE } from './sample.ts';

/**
 * An independent count of who wrote which row how often. Triggers of the demo's own note every insert and update of the
 * sample's tables in a table `demo_writes`, which no link names, together with the session variable that only a sync
 * sets. Deletes are left out: one that came back would find nothing to delete.
 */
export async function recordWrites(connection: Connection, side: Side): Promise<void> {
  const statements = connection.engine === 'postgres' ? postgresTriggers(side) : mysqlTriggers(side);
  for (const statement of statements) await connection.execute(statement);
}

type Table = keyof typeof SAMPLE;

const tables = Object.keys(SAMPLE) as Table[];

const labels: Readonly<Record<Table, string>> = {
  users: 'NEW.{users.email}',
  posts: 'NEW.{posts.post_title}',
  likes: `concat((SELECT {users.email} FROM {users} WHERE id = NEW.{likes.user_id}), ' likes ',
    (SELECT {posts.post_title} FROM {posts} WHERE id = NEW.{likes.post_id}))`,
};

const recordTable = `CREATE TABLE demo_writes (
  link varchar(10) NOT NULL, label varchar(320) NOT NULL, by_sync int NOT NULL)`;

function postgresTriggers(side: Side): readonly string[] {
  return [
    recordTable,
    ...tables.flatMap((table) => [
      `CREATE FUNCTION demo_record_${table}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO demo_writes VALUES ('${table}', ${phrase(side, labels[table])},
    CASE WHEN current_setting('tandem.apply', true) = 'on' THEN 1 ELSE 0 END);
  RETURN NULL;
END
$$`,
      phrase(
        side,
        `CREATE TRIGGER demo_record AFTER INSERT OR UPDATE ON {${table}}
  FOR EACH ROW EXECUTE FUNCTION demo_record_${table}()`,
      ),
    ]),
  ];
}

function mysqlTriggers(side: Side): readonly string[] {
  const record = (table: Table, event: string): string =>
    phrase(
      side,
      `CREATE TRIGGER demo_${event}_${table} AFTER ${event} ON {${table}} FOR EACH ROW
  INSERT INTO demo_writes VALUES ('${table}', ${labels[table]}, IF(@tandem_apply IS NULL, 0, 1))`,
    );
  return [
    `${recordTable} DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
    ...tables.flatMap((table) => [record(table, 'insert'), record(table, 'update')]),
  ];
}

/** How often each side's application and the sync wrote one row. */
export interface RowWrites {
  /** Link and label, for messages. */
  readonly row: string;
  readonly byApplication: Record<Side, number>;
  readonly bySync: Record<Side, number>;
}

export async function readWrites(left: Connection, right: Connection): Promise<readonly RowWrites[]> {
  const rows = new Map<string, RowWrites>();
  const sql = 'SELECT link, label, by_sync, count(*) AS writes FROM demo_writes GROUP BY link, label, by_sync';
  for (const [side, connection] of [['left', left] as const, ['right', right] as const]) {
    for (const { link, label, by_sync: bySync, writes } of await connection.query(sql)) {
      const name = `${String(link)} ${String(label)}`;
      const row = rows.get(name) ?? { row: name, byApplication: { left: 0, right: 0 }, bySync: { left: 0, right: 0 } };
      rows.set(name, row);
      row[Number(bySync) === 0 ? 'byApplication' : 'bySync'][side] += Number(writes);
    }
  }
  return [...rows.values()];
}

/**
 * Writes of the sync that came back.
 *
 * - On a row that one side's application alone wrote: every write of the sync on that side.
 * - On a row that both wrote: what no decision explains. That is, by the row, what exceeds one write for every write of
 *   either application; and over all such rows together, what exceeds that and `reasserted`, the engine's own count of
 *   decisions.
 */
export function countEchoes(rows: readonly RowWrites[], reasserted: number): number {
  let alone = 0;
  let contested = 0;
  let unexplained = -reasserted;
  for (const { byApplication, bySync } of rows) {
    const { left, right } = byApplication;
    if (left > 0 && right > 0) {
      const allowed = left + right;
      contested += Math.max(0, bySync.left - allowed) + Math.max(0, bySync.right - allowed);
      unexplained += bySync.left + bySync.right - allowed;
    } else alone += left > 0 ? bySync.left : bySync.right;
  }
  return alone + Math.max(contested, unexplained, 0);
}

/**
 * Writes beyond one for each of the application, on the other side of rows that one side alone wrote. They are no
 * echoes, and harmless: a row that was set aside may get its state twice, once because its parent arrived and once
 * because it was time to try again.
 */
export function countRepeats(rows: readonly RowWrites[]): number {
  let repeats = 0;
  for (const { byApplication, bySync } of rows) {
    const { left, right } = byApplication;
    if (left > 0 && right > 0) continue;
    repeats += left > 0 ? Math.max(0, bySync.right - left) : Math.max(0, bySync.left - right);
  }
  return repeats;
}
