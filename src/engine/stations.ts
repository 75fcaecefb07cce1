import { restartFloor } from '../arbiter/rules.ts';
import { lower, type Position } from '../model/change.ts';
import type { Context } from '../model/context.ts';
import type { Checkpoint, Endpoint, Target } from '../model/endpoint.ts';
import { otherSide, type Side } from '../model/policy.ts';
import type { TableShape } from '../model/plan.ts';
import type { Column } from '../model/schema.ts';
import { decodeRow, type Row, type Value } from '../model/value.ts';
import type { Lane } from '../pipeline/lane/lane.ts';
import { hashKeyText, rowKeyText } from '../pipeline/lane/linked.ts';
import { LedgerBook } from '../pipeline/write/ledger.ts';
import type { GroupNote } from '../pipeline/write/owe.ts';
import { isHeld, Parked, type ParkedRow } from '../pipeline/lane/parked.ts';
import type { EngineLimits } from './limits.ts';
import { readParked } from './parked-state.ts';
import type { Stream } from './sync-status.ts';

export const STREAMS: readonly Stream[] = ['left->right', 'right->left'];

export function streamFrom(side: Side): Stream {
  return side === 'left' ? 'left->right' : 'right->left';
}

/** A route's end in its target: a connection that writes, and the checkpoint row under this engine's epoch. */
export interface Station {
  readonly stream: Stream;
  readonly lane: Lane;
  readonly source: Side;
  readonly target: Target;
  readonly held: Checkpoint;
  readonly parked: Parked;
  readonly book: LedgerBook;
  /** What stands about the table group in the target; null = nothing yet. */
  readonly group: GroupNote | null;
}

/** Takes over one lane of one route: from here on a predecessor cannot commit any more (correctness 2.2 no. 2). */
export async function openStation(
  endpoint: Endpoint,
  lane: Lane,
  source: Side,
  context: Context,
  limits: EngineLimits,
): Promise<Station> {
  const stream = streamFrom(source);
  const target = await endpoint.target();
  try {
    const held = await takeOver(target, stream, lane.plan.id, context);
    lane.resume(source, held);
    const rows = await readParked(target, endpoint.state.parked, stream, lane, source);
    if (lane.remote === source) loadHeld(lane, stream, rows);
    const keyColumn = lane.remote === source ? 'remote_key' : 'home_key';
    const limit = { rowsMax: limits.conflictRows, ageUsMax: limits.conflictDays * DAY_US };
    const book = new LedgerBook(limit, keyColumn);
    await loadBook(book, target, endpoint.state.conflict, lane.plan.id);
    await loadDirty(target, endpoint.state.dirty, stream, lane, source);
    const group = await readGroup(target, endpoint.state.table_group, stream, lane.plan.id);
    const parked = new Parked(rows);
    lane.parked[otherSide(source)] = parked;
    return { stream, lane, source, target, held, parked, book, group };
  } catch (thrown) {
    await target[Symbol.asyncDispose]();
    throw thrown;
  }
}

const SLOW_MS = 1_000;

/** A predecessor that was stopped inside a transaction still holds the row, until its server ends that transaction. */
async function takeOver(target: Target, stream: Stream, lane: string, context: Context): Promise<Checkpoint> {
  const done = new AbortController();
  const isSlow = context.sleep(SLOW_MS, done.signal).then(
    () => context.log.warn({ stream, lane }, 'waiting for a transaction of a predecessor to end'),
    () => undefined,
  );
  try {
    return await target.takeOver(stream, lane);
  } finally {
    done.abort();
    await isSlow;
  }
}

/** Rows that wait for a person's decision still wait after a restart. */
function loadHeld(lane: Lane, stream: Stream, rows: readonly ParkedRow[]): void {
  for (const row of rows) {
    const link = lane.plan.links.find((candidate) => candidate.id === row.link);
    if (link === undefined || row.targetKey === null || !isHeld(row)) continue;
    lane.held.open(`${stream} ${row.link} ${row.sourceKey}`, hashKeyText(link, row.targetKey), 0);
  }
}

/** The lane's ledger as the database has it: open entries whole, of the others what it takes to prune them. */
async function loadBook(book: LedgerBook, target: Target, shape: TableShape, lane: string): Promise<void> {
  const names = ['id', 'lane', 'link', 'home_key', 'remote_key', 'state', 'decided_us'];
  const brief = { ...shape, columns: names.map((name) => shape.columns[columnOf(shape, name)] as Column), key: [0] };
  const closed = (await target.find(brief, [1], [[lane]])).map((row) => named(brief, row));
  const by = ['lane', 'state'].map((name) => columnOf(shape, name));
  const open = (await target.find(shape, by, [[lane, 'open']])).map((row) => named(shape, row));
  book.load([...closed.filter((row) => row['state'] !== 'open'), ...open]);
}

const DAY_US = 86_400_000_000;

/** A row of a state table by column names. */
export function named(shape: TableShape, row: Row): Readonly<Record<string, Value>> {
  return Object.fromEntries(shape.columns.map((column, at) => [column.name, row[at] ?? null]));
}

/** What the target is owed since the group stopped outlives a restart. */
async function loadDirty(target: Target, shape: TableShape, stream: Stream, lane: Lane, source: Side): Promise<void> {
  const { dirty } = lane.sides[otherSide(source)];
  for (const link of lane.plan.links) {
    const by = ['stream', 'link'].map((name) => columnOf(shape, name));
    for (const row of await target.find(shape, by, [[stream, link.id]])) {
      const text = row[columnOf(shape, 'row_key')];
      if (typeof text !== 'string') {
        dirty.addWhole(link.id);
        continue;
      }
      const key = decodeRow(text);
      const effectiveUs = Number(row[columnOf(shape, 'effective_us')]);
      dirty.add({ link: link.id, sourceKey: rowKeyText(link, source, key), key, effectiveUs });
    }
  }
}

/** The row of the table_group table, or null. */
export async function readGroup(
  target: Target,
  shape: TableShape,
  stream: Stream,
  lane: string,
): Promise<GroupNote | null> {
  const [row] = await target.find(shape, shape.key, [[stream, lane]]);
  if (row === undefined) return null;
  const text = (name: string) => {
    const value = row[columnOf(shape, name)];
    return typeof value === 'string' ? value : null;
  };
  return {
    state: text('state') as GroupNote['state'],
    code: text('code'),
    error: text('error'),
    sinceUs: Number(row[columnOf(shape, 'since_us')]),
    tables: text('tables') ?? '',
  };
}

/** Deferrals outlive a restart: the remote side's table remembers which home changes it has not seen. */
export async function loadDeferrals(target: Target, shape: TableShape, lane: Lane): Promise<void> {
  for (const link of lane.plan.links) {
    for (const row of await target.find(shape, [columnOf(shape, 'link')], [[link.id]])) {
      const hash = hashKeyText(link, String(row[columnOf(shape, 'row_key')]));
      const position = row[columnOf(shape, 'position')] as Position;
      lane.sides[lane.remote].deferrals.set(hash, [{ position, from: 0, until: Infinity }]);
    }
  }
}

export function columnOf(shape: TableShape, name: string): number {
  return shape.columns.findIndex((column) => column.name === name);
}

/** Where the reader of one side must begin, over all lanes (correctness 1.4). */
export function startOf(side: Side, stations: readonly Station[], endpoint: Endpoint): Position {
  const { positions } = endpoint;
  const floors = stations
    .filter((station) => station.source === side)
    .map((leaving) => {
      const arriving = stations.find((each) => each.lane === leaving.lane && each.source === otherSide(side));
      const { floor, known } = arriving?.held ?? { floor: null, known: null };
      return restartFloor(positions, leaving.held.position, floor, known);
    });
  const [first, ...rest] = floors;
  if (first === undefined) throw new RangeError('a sync has at least one lane');
  return rest.reduce((floor, each) => lower(positions, floor, each), first);
}

/** The log of a context with the fields of one sync in every line. */
export function namedContext(context: Context, sync: string): Context {
  const named = (level: 'debug' | 'info' | 'warn' | 'error') => (fields: object, message: string) =>
    context.log[level]({ sync, ...fields }, message);
  const log = { debug: named('debug'), info: named('info'), warn: named('warn'), error: named('error') };
  const { nowMs, random, sleep } = context;
  return {
    nowMs,
    random,
    sleep,
    log,
    get spillFolder() {
      return context.spillFolder;
    },
  };
}
