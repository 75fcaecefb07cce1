import type { Endpoint } from '../model/endpoint.ts';
import { TandemError } from '../model/error.ts';
import type { Row } from '../model/value.ts';
import { stateOrNull } from './state-or-null.ts';
import type { Stream } from './sync-status.ts';

// What an operator asks of a sync stands in the `control` table of the left database. A running engine reads it from
// the log, so that asking works the same whether one is running here, elsewhere, or not at all.

/** The name of the row that pauses a stream; its value is `yes` or `no`. */
export function pauseName(stream: Stream): string {
  return `paused:${stream}`;
}

export function isPaused(value: unknown): boolean {
  return value === 'yes';
}

/** Does a row of the control table with this name ask for a decision about a conflict? */
export function isResolution(name: string): boolean {
  return name.startsWith(RESOLVE);
}

/** How the names of such rows begin. */
export const RESOLVE = 'resolve:';

/** What has been asked of this side and is not done yet. */
export async function readControls(endpoint: Endpoint): Promise<{ name: string; value: string }[]> {
  const shape = endpoint.state.control;
  const [name, value] = ['name', 'value'].map((each) => shape.columns.findIndex((column) => column.name === each));
  const found: { name: string; value: string }[] = [];
  for await (const rows of endpoint.scan(shape)) {
    for (const row of rows) found.push({ name: String(row[name ?? 0]), value: String(row[value ?? 1]) });
  }
  return found;
}

/** Which of the streams are asked to pause. Throws TD5013 where the state tables do not exist. */
export async function readPaused(left: Endpoint, streams: readonly Stream[]): Promise<ReadonlySet<Stream>> {
  const paused = new Set<Stream>();
  const value = left.state.control.columns.findIndex((column) => column.name === 'value');
  for (const stream of streams) {
    const row = await findControl(left, pauseName(stream));
    if (row !== null && isPaused(row[value])) paused.add(stream);
  }
  return paused;
}

/** Asks for a pause, or for its end; true where that changed anything. Throws TD5013 without state tables. */
export async function setPaused(left: Endpoint, stream: Stream, paused: boolean): Promise<boolean> {
  const name = pauseName(stream);
  const value = paused ? 'yes' : 'no';
  const found = await findControl(left, name);
  const before = found !== null && (await readPaused(left, [stream])).has(stream);
  if (before === paused) return false;
  const table = quotedName(left);
  const sql =
    found === null
      ? `INSERT INTO ${table} (name, value) VALUES ('${name}', '${value}')`
      : `UPDATE ${table} SET value = '${value}' WHERE name = '${name}'`;
  await left.run({ title: `${paused ? 'pause' : 'resume'} ${stream}`, sql });
  return true;
}

/** Writes a row of the control table. Name and value must be plain letters: they become part of a statement. */
export async function insertControl(endpoint: Endpoint, name: string, value: string): Promise<void> {
  const sql = `INSERT INTO ${quotedName(endpoint)} (name, value) VALUES ('${name}', '${value}')`;
  await endpoint.run({ title: `ask for ${name}`, sql });
}

export async function deleteControl(endpoint: Endpoint, name: string): Promise<void> {
  const sql = `DELETE FROM ${quotedName(endpoint)} WHERE name = '${name}'`;
  await endpoint.run({ title: `take back ${name}`, sql });
}

/** The value of a row of the control table, or null where there is none. */
export async function readControl(endpoint: Endpoint, name: string): Promise<string | null> {
  const row = await findControl(endpoint, name);
  return row === null
    ? null
    : String(row[endpoint.state.control.columns.findIndex((column) => column.name === 'value')]);
}

async function findControl(left: Endpoint, name: string): Promise<Row | null> {
  const shape = left.state.control;
  await using target = await left.target();
  const rows = await stateOrNull(target.find(shape, shape.key, [[name]]));
  if (rows !== null) return rows[0] ?? null;
  throw new TandemError('TD5013', 'the left database has no state tables of this sync', { fix: 'tandem apply' });
}

function quotedName(endpoint: Endpoint): string {
  const { schema, table } = endpoint.state.control.ref;
  const mark = endpoint.facts.engine === 'postgres' ? '"' : '`';
  return [schema, table].map((part) => mark + part.replaceAll(mark, mark + mark) + mark).join('.');
}
