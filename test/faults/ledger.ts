import { setTimeout as sleep } from 'node:timers/promises';
import { connect, type Connection, databaseOf, type SampleSide } from '../../src/cli/demo/database.ts';
import { createRandom } from '../../src/cli/demo/random.ts';
import type { LinkDeclaration } from '../../src/mapping/declaration.ts';
import type { Side } from '../../src/model/policy.ts';

// A ledger is never changed, only added to: the left takes odd numbers, the right even ones. A trigger counts how often
// each row was inserted on each side, so a row that was lost, applied twice or sent back shows, whatever happens to
// keys. Beside it stand a few registers, which both sides overwrite all the time.

const registers = 4;

/** The statements that create ledger and registers on one side, with the registers' rows. */
export function ledgerTables(engine: SampleSide['engine']): readonly string[] {
  const rows = Array.from({ length: registers }, (_, at) => `(${at}, 'new')`).join(', ');
  const suffix = engine === 'postgres' ? '' : ' ENGINE = InnoDB';
  return [
    `CREATE TABLE ledger (id int PRIMARY KEY, note varchar(40) NOT NULL)${suffix}`,
    `CREATE TABLE registers (id int PRIMARY KEY, value varchar(40) NOT NULL)${suffix}`,
    `CREATE TABLE ledger_inserts (id int NOT NULL, by_sync int NOT NULL)${suffix}`,
    ...(engine === 'postgres' ? postgresTrigger : mysqlTrigger),
    `INSERT INTO registers VALUES ${rows}`,
  ];
}

const postgresTrigger = [
  `CREATE FUNCTION count_ledger() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO ledger_inserts VALUES
    (NEW.id, CASE WHEN current_setting('tandem.apply', true) = 'on' THEN 1 ELSE 0 END);
  RETURN NULL;
END
$$`,
  'CREATE TRIGGER count_ledger AFTER INSERT ON ledger FOR EACH ROW EXECUTE FUNCTION count_ledger()',
];

const mysqlTrigger = [
  `CREATE TRIGGER count_ledger AFTER INSERT ON ledger FOR EACH ROW
  INSERT INTO ledger_inserts VALUES (NEW.id, IF(@tandem_apply IS NULL, 0, 1))`,
];

export function ledgerLinks(sides: Readonly<Record<Side, SampleSide>>): Readonly<Record<string, LinkDeclaration>> {
  const name = (side: Side, table: string): string =>
    `${sides[side].engine === 'postgres' ? 'public' : databaseOf(sides[side].url)}.${table}`;
  const link = (table: string, column: string): LinkDeclaration => ({
    left: name('left', table),
    right: name('right', table),
    columns: { id: 'id', [column]: column },
    keys: { shared: { left: 'odd', right: 'even' } },
  });
  return { ledger: link('ledger', 'note'), registers: link('registers', 'value') };
}

/** Both applications at work, each on a connection of its own that it makes anew whenever it breaks. */
export interface Writers {
  /** Writes until the signal fires. */
  run(signal: AbortSignal): Promise<void>;
  /** Numbers whose insertion the side's database has confirmed. */
  readonly confirmed: Readonly<Record<Side, number[]>>;
}

/** `first`: the left's first number is the next one, the right's the one after. */
export function createWriters(sides: Readonly<Record<Side, SampleSide>>, seed: number, first = 0): Writers {
  const confirmed = { left: [] as number[], right: [] as number[] };
  const writeOn = async (side: Side, signal: AbortSignal): Promise<void> => {
    const random = createRandom(seed + (side === 'left' ? 0 : 1));
    let connection: Connection | null = null;
    for (let number = first + (side === 'left' ? 1 : 2); !signal.aborted; number += 2) {
      try {
        connection ??= await connect(sides[side]);
        await connection.execute('INSERT INTO ledger VALUES (?, ?)', [number, `${side} ${number}`]);
        confirmed[side].push(number);
        const register = [`${side} ${number}`, random.below(registers)];
        await connection.execute('UPDATE registers SET value = ? WHERE id = ?', register);
      } catch {
        // The server is away, or has ended the transaction: an application would go on with its next write.
        await connection?.[Symbol.asyncDispose]();
        connection = null;
      }
      await sleep(random.below(20), undefined, { signal }).catch(() => undefined);
    }
    await connection?.[Symbol.asyncDispose]();
  };
  return {
    confirmed,
    async run(signal) {
      await Promise.all([writeOn('left', signal), writeOn('right', signal)]);
    },
  };
}

/** How many rows of the other side the sync has brought to this one. */
export async function countArrived(connection: Connection): Promise<number> {
  const rows = await connection.query('SELECT count(*) AS n FROM ledger_inserts WHERE by_sync = 1');
  return Number(rows[0]?.['n']);
}

/** Everything that is wrong with ledger and registers, in words; empty where all is well. Only while nobody writes. */
export async function auditLedger(
  connections: Readonly<Record<Side, Connection>>,
  { confirmed }: { readonly confirmed: Readonly<Record<Side, readonly number[]>> },
): Promise<readonly string[]> {
  const wrong: string[] = [];
  const ids = { left: await ledgerOf(connections.left), right: await ledgerOf(connections.right) };
  for (const [side, other] of [['left', 'right'] as const, ['right', 'left'] as const]) {
    for (const id of ids[side].keys()) if (!ids[other].has(id)) wrong.push(`${id} is on the ${side} alone`);
    for (const id of confirmed[side]) if (!ids[side].has(id)) wrong.push(`${id}, confirmed on the ${side}, is gone`);
    for (const [id, inserts] of ids[side]) {
      const isOwn = (id % 2 === 1) === (side === 'left');
      const expected = isOwn ? '1 by the application, 0 by the sync' : '0 by the application, 1 by the sync';
      if (inserts !== expected) wrong.push(`${id} was inserted on the ${side}: ${inserts}`);
    }
  }
  const [left, right] = await Promise.all([registersOf(connections.left), registersOf(connections.right)]);
  if (left !== right) wrong.push(`registers differ: ${left} and ${right}`);
  return wrong;
}

async function ledgerOf(connection: Connection): Promise<ReadonlyMap<number, string>> {
  const rows = await connection.query(
    `SELECT l.id, count(i.id) AS inserts, sum(i.by_sync) AS by_sync
     FROM ledger l LEFT JOIN ledger_inserts i ON i.id = l.id GROUP BY l.id`,
  );
  return new Map(
    rows.map((row) => {
      const bySync = Number(row['by_sync'] ?? 0);
      return [Number(row['id']), `${Number(row['inserts']) - bySync} by the application, ${bySync} by the sync`];
    }),
  );
}

async function registersOf(connection: Connection): Promise<string> {
  const rows = await connection.query('SELECT id, value FROM registers ORDER BY id');
  return rows.map((row) => `${String(row['id'])}=${String(row['value'])}`).join(', ');
}
