import { setTimeout as sleep } from 'node:timers/promises';
import type { Connection } from '../src/cli/demo/database.ts';
import { openArena, type Servers } from './arena.ts';
import { INSERT_ROWS, inBatches, makeRows, TABLE, valuesList } from './dataset.ts';

/** What parked rows cost the others, from left to right. Rows per second, the median of several rounds. */
export interface ParkedCost {
  readonly rows: number;
  readonly parkedRows: number;
  /** Nothing is parked. */
  readonly without: number;
  /** So many rows are parked, and none of the backlog is. */
  readonly beside: number;
  /** One row in a hundred of the backlog is refused; all of its rows counted. */
  readonly among: number;
}

const parkedRows = 10_000;
const rounds = 3;
const firstParkedId = 100_000_000;

/** All three in turn, several times over: one slow moment of the machine then does not decide. */
export async function measureParked(servers: Servers, rows: number, say: (line: string) => void): Promise<ParkedCost> {
  const found = { without: [] as number[], beside: [] as number[], among: [] as number[] };
  for (let round = 1; round <= rounds; round++) {
    say(
      `round ${round} of ${rounds}: a backlog of ${rows} rows, beside ${parkedRows} parked ones, with poison among it`,
    );
    found.without.push(await measure(servers, rows, { parked: 0, isPoison: () => false }));
    found.beside.push(await measure(servers, rows, { parked: parkedRows, isPoison: () => false }));
    found.among.push(await measure(servers, rows, { parked: 0, isPoison: (id) => id % 100 === 50 }));
  }
  const { without, beside, among } = found;
  return { rows, parkedRows, without: median(without), beside: median(beside), among: median(among) };
}

interface Given {
  /** Rows that are parked before anything is measured. */
  readonly parked: number;
  readonly isPoison: (id: number) => boolean;
}

async function measure(servers: Servers, rows: number, { parked, isPoison }: Given): Promise<number> {
  await using arena = await openArena(servers);
  const { engine } = arena;
  const { left, right } = arena.connections;
  await right.execute(`ALTER TABLE ${TABLE} ADD CONSTRAINT no_poison CHECK (name <> 'poison')`);
  await insert(left, firstParkedId, parked, () => true);
  await engine.drain();
  await engine.halt();
  await insert(left, 1, rows, isPoison);
  const arriving = Array.from({ length: rows }, (_, at) => at + 1).filter((id) => !isPoison(id)).length;
  const began = performance.now();
  const draining = engine.drain();
  // Parked rows are tried again from time to time, so that the engine's own idleness would tell another story.
  while ((await count(right)) < arriving) await sleep(50);
  const ms = performance.now() - began;
  await draining;
  return Math.round(rows / (ms / 1000));
}

async function insert(connection: Connection, first: number, rows: number, isPoison: (id: number) => boolean) {
  for (const [from, to] of inBatches(first, first + rows, INSERT_ROWS)) {
    const made = makeRows(from, to, 0).map((row) => row.with(2, isPoison(Number(row[0])) ? 'poison' : row[2]));
    await connection.execute(`INSERT INTO ${TABLE} VALUES ${valuesList(made as never, connection.engine)}`);
  }
}

async function count(connection: Connection): Promise<number> {
  return Number((await connection.query(`SELECT count(*) AS n FROM ${TABLE}`))[0]?.['n']);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

export function describeParked({ rows, without, beside, among }: ParkedCost): readonly string[] {
  const share = (value: number) => `${Math.round((value / without) * 100)} %`;
  return [
    `a backlog of ${rows} rows: ${without} rows a second`,
    `beside ${parkedRows} parked rows: ${beside} rows a second, ${share(beside)}`,
    `with one row in a hundred refused: ${among} rows a second, ${share(among)}`,
  ];
}
