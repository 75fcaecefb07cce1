import { createRandom, type Random } from '../../src/cli/demo/random.ts';
import type { Connection, SampleEngine } from '../../src/cli/demo/database.ts';
import type { Server } from '../../src/cli/demo/servers/server.ts';
import type { LinkDeclaration } from '../../src/mapping/declaration.ts';
import { otherSide, type Side } from '../../src/model/policy.ts';
import { openTablePair, type TablePair } from '../table-pair.ts';
import { same, type Sample, type TypeCase } from './case.ts';

const columnsMax = 12;
const randomCount = 25;
/** Added to a row's id by the side that copies it. */
const copied = 1_000_000;

/** A row with nothing in it but one value. */
interface Written {
  readonly id: number;
  readonly side: Side;
  readonly sample: Sample;
  readonly table: string;
  readonly column: TypeCase;
}

/** What became of one value; every text is what the application of that side reads. */
export interface Outcome {
  readonly sql: string;
  readonly from: SampleEngine;
  readonly parked: string | null;
  /** By the side that wrote it: at once, at the end, and as a copy that the other side made and sent. */
  readonly written: string | null;
  readonly left: string | null;
  readonly returned: string | null;
  /** By the other side. */
  readonly there: string | null;
  /** The other side's update of another column came back. */
  readonly touched: boolean;
}

export interface Judged {
  readonly expected: Outcome;
  readonly found: Outcome;
}

/**
 * Every value goes once around: written by one side's application, carried to the other side, where the application
 * touches the row and also inserts a copy of it, both of which come back. Resolves to what was to be and what was, by
 * case. The seed repeats the values that were drawn.
 */
export async function carryAll(
  servers: Readonly<Record<Side, Server>>,
  cases: readonly TypeCase[],
  seed: number,
): Promise<ReadonlyMap<string, readonly Judged[]>> {
  const engines = { left: servers.left.engine, right: servers.right.engine };
  const held = cases.filter((each) => typeOf(each, engines.left) !== null && typeOf(each, engines.right) !== null);
  const tables = tablesOf(held);
  await using pair = await openTablePair(servers, {
    async create(connections) {
      for (const side of ['left', 'right'] as const) await createTables(connections[side], tables);
    },
    links: Object.fromEntries([...tables].map(([name, columns]) => [name, linkOf(name, columns, engines)])),
  });
  const randoms = { left: createRandom(seed), right: createRandom(seed + 1) };
  const written = [
    ...writesOf(tables, engines, 'left', 1, randoms.left),
    ...writesOf(tables, engines, 'right', 100_001, randoms.right),
  ];
  for (const side of ['left', 'right'] as const) {
    await writeAll(
      pair.connections[side],
      written.filter((each) => each.side === side),
    );
  }
  const before = await readAll(pair, tables);
  await pair.sync.idle();
  for (const side of ['left', 'right'] as const) await touchAll(pair.connections[side], tables, side);
  await pair.sync.idle();
  const after = await readAll(pair, tables);
  const parked = new Map((await pair.parked()).map((row) => [`${row.side} ${row.key}`, row.code]));
  return judge(written, engines, { before, after, parked });
}

function typeOf(column: TypeCase, engine: SampleEngine): string | null {
  if (engine === 'mariadb' && column.mariadb !== undefined) return column.mariadb;
  return engine === 'postgres' ? column.postgres : column.mysql;
}

function tablesOf(cases: readonly TypeCase[]): ReadonlyMap<string, readonly TypeCase[]> {
  const tables = new Map<string, readonly TypeCase[]>();
  for (let at = 0; at < cases.length; at += columnsMax) {
    tables.set(`values_${at / columnsMax}`, cases.slice(at, at + columnsMax));
  }
  return tables;
}

async function createTables(connection: Connection, tables: ReadonlyMap<string, readonly TypeCase[]>): Promise<void> {
  const { engine } = connection;
  if (engine === 'postgres') {
    await connection.execute('CREATE EXTENSION citext');
    await connection.execute("CREATE TYPE shade AS ENUM ('red', 'deep, blue', 'it''s', 'Grün', '')");
  }
  for (const [name, columns] of tables) {
    const list = columns.map((column) => `${column.name} ${typeOf(column, engine)} NULL`).join(', ');
    await connection.execute(`CREATE TABLE ${name} (id integer PRIMARY KEY, touched integer NOT NULL, ${list})`);
  }
}

function linkOf(
  name: string,
  columns: readonly TypeCase[],
  engines: Readonly<Record<Side, SampleEngine>>,
): LinkDeclaration {
  const linked = columns.map(({ name: column, codec }) => {
    const withCodec = codec !== undefined && engines.left === 'postgres';
    return [column, withCodec ? { to: column, codec } : column] as const;
  });
  return { left: name, right: name, columns: { id: 'id', touched: 'touched', ...Object.fromEntries(linked) } };
}

function* writesOf(
  tables: ReadonlyMap<string, readonly TypeCase[]>,
  engines: Readonly<Record<Side, SampleEngine>>,
  side: Side,
  firstId: number,
  random: Random,
): Generator<Written> {
  let id = firstId;
  for (const [table, columns] of tables) {
    for (const column of columns) {
      for (const sample of samplesOf(column, engines, side, random)) yield { id: id++, side, sample, table, column };
    }
  }
}

/** Between two of a family every value of the type is one that both hold. */
function samplesOf(
  column: TypeCase,
  engines: Readonly<Record<Side, SampleEngine>>,
  side: Side,
  random: Random,
): readonly Sample[] {
  const { random: draw } = column;
  const more = draw === undefined ? [] : Array.from({ length: randomCount }, () => draw(random, engines[side]));
  const chosen = engines[side] === 'postgres' ? column.fromPostgres : column.fromMysql;
  if (engines.left === 'postgres' || engines.right === 'postgres') return [...chosen, ...same(...more)];
  return same(...chosen.filter((sample) => sample.loose !== true).map((sample) => sample.sql), ...more);
}

async function writeAll(connection: Connection, written: readonly Written[]): Promise<void> {
  for (const strict of [true, false]) {
    const chosen = written.filter(({ sample }) => (sample.loose !== true) === strict);
    if (connection.engine !== 'postgres') {
      await connection.execute(`SET sql_mode = '${strict ? 'STRICT_ALL_TABLES' : ''}'`);
    }
    await connection.transaction(async () => {
      for (const { table, column, id, sample } of chosen) {
        const sql = `INSERT INTO ${table} (id, touched, ${column.name}) VALUES (${id}, 0, ${sample.sql})`;
        await connection.query(sql);
      }
    });
  }
}

/** What the other side's application does with all that has arrived. */
async function touchAll(
  connection: Connection,
  tables: ReadonlyMap<string, readonly TypeCase[]>,
  side: Side,
): Promise<void> {
  const foreign = side === 'left' ? 'id > 100000' : 'id <= 100000';
  if (connection.engine !== 'postgres') await connection.execute("SET sql_mode = 'STRICT_ALL_TABLES'");
  for (const [table, columns] of tables) {
    const names = columns.map((column) => column.name).join(', ');
    const copy = `SELECT id + ${copied}, 2, ${names} FROM ${table} WHERE ${foreign} AND id < ${copied}`;
    await connection.execute(`INSERT INTO ${table} (id, touched, ${names}) ${copy}`);
    await connection.execute(`UPDATE ${table} SET touched = 1 WHERE ${foreign} AND id < ${copied}`);
  }
}

interface Read {
  readonly touched: number;
  readonly values: Readonly<Record<string, string | null>>;
}

type ReadRows = Readonly<Record<Side, ReadonlyMap<number, Read>>>;

async function readAll(pair: TablePair, tables: ReadonlyMap<string, readonly TypeCase[]>): Promise<ReadRows> {
  const read = async (side: Side): Promise<ReadonlyMap<number, Read>> => {
    const rows = new Map<number, Read>();
    for (const [table, columns] of tables) {
      const list = columns.map((column) => `${textOf(column, pair.connections[side].engine)} AS ${column.name}`);
      for (const row of await pair.connections[side].query(`SELECT id, touched, ${list.join(', ')} FROM ${table}`)) {
        const { id, touched, ...values } = row;
        rows.set(Number(id), { touched: Number(touched), values: values as Read['values'] });
      }
    }
    return rows;
  };
  return { left: await read('left'), right: await read('right') };
}

function textOf(column: TypeCase, engine: SampleEngine): string {
  const own = column.read?.[engine];
  const expression = own === undefined ? column.name : own(column.name);
  return engine === 'postgres' ? `(${expression})::text` : `CAST(${expression} AS CHAR)`;
}

interface Evidence {
  readonly before: ReadRows;
  readonly after: ReadRows;
  readonly parked: ReadonlyMap<string, string>;
}

function judge(
  written: readonly Written[],
  engines: Readonly<Record<Side, SampleEngine>>,
  { before, after, parked }: Evidence,
): ReadonlyMap<string, readonly Judged[]> {
  const judged = new Map<string, Judged[]>();
  for (const { id, side, sample, column } of written) {
    const there = otherSide(side);
    const value = (rows: ReadRows, on: Side, of: number): string | null =>
      rows[on].get(of)?.values[column.name] ?? null;
    const facts = { sql: sample.sql, from: engines[side], written: value(before, side, id) };
    const found: Outcome = {
      ...facts,
      parked: parked.get(`${there} ${id}`) ?? null,
      left: value(after, side, id),
      returned: value(after, side, id + copied),
      there: value(after, there, id),
      touched: after[side].get(id)?.touched === 1,
    };
    const arrives =
      sample.parks === null || (sample.held !== undefined && Object.values(engines).includes(sample.held));
    const expected: Outcome = {
      ...facts,
      parked: arrives ? null : sample.parks,
      left: facts.written,
      returned: arrives ? (sample.back === undefined ? facts.written : sample.back) : null,
      there: arrives ? (sample.there === undefined ? found.there : sample.there) : null,
      touched: arrives,
    };
    const list = judged.get(column.name) ?? [];
    list.push({ expected, found });
    judged.set(column.name, list);
  }
  return judged;
}
