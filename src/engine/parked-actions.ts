import type { OperatorTransaction } from '../model/endpoint.ts';
import { asTandemError, TandemError } from '../model/error.ts';
import type { LinkPlan, TableShape } from '../model/plan.ts';
import { otherSide, type Side } from '../model/policy.ts';
import type { Row, Value } from '../model/value.ts';
import { KeyMap, keyFromText } from '../pipeline/lane/keys.ts';
import { rowKeyText } from '../pipeline/lane/linked.ts';
import { mapImage } from '../pipeline/map/map.ts';
import { type Act, auditRun } from './audit.ts';
import { linkOf, type ParkedEntry, type StoredError } from './parked-list.ts';
import type { Prepared } from './prepare.ts';
import { sourceSide } from './provision.ts';
import type { Stream } from './sync-status.ts';

// What an operator does about parked rows. It is written into the tables that the engine reads anyway, so that it works
// the same whether an engine runs here, elsewhere, or not until tomorrow.

const CHUNK = 1_000;

/** Who acts, when, and why. */
export type Operator = Omit<Act, 'action' | 'subject' | 'details'>;

/** Has the rows asked for at once. Returns how many of them are still parked. */
export function retryParked(prepared: Prepared, entries: readonly ParkedEntry[], by: Operator): Promise<number> {
  return mark(prepared, entries, { ...by, action: 'parked.retry' }, () => ({ state: 'owed', next_retry_us: 0n }));
}

/** Lets both sides differ in these rows until they change again at their source. */
export function discardParked(prepared: Prepared, entries: readonly ParkedEntry[], by: Operator): Promise<number> {
  const discarded = { actor: by.actor, atUs: by.atUs, reason: by.reason };
  return mark(prepared, entries, { ...by, action: 'parked.discard' }, (entry) => {
    const error: StoredError = { ...(JSON.parse(entry.stored.error) as StoredError), discarded };
    return { state: 'discarded', error: JSON.stringify(error) };
  });
}

async function mark(
  prepared: Prepared,
  entries: readonly ParkedEntry[],
  act: Operator & { readonly action: string },
  change: (entry: ParkedEntry) => Readonly<Record<string, Value>>,
): Promise<number> {
  let marked = 0;
  for (const stream of ['left->right', 'right->left'] satisfies Stream[]) {
    const endpoint = prepared[otherSide(sourceSide(stream))];
    const ofStream = entries.filter((entry) => entry.stream === stream);
    for (let at = 0; at < ofStream.length; at += CHUNK) {
      const chunk = ofStream.slice(at, at + CHUNK);
      marked += await endpoint.operate(async (transaction) => {
        const shape = endpoint.state.parked;
        const found = await transaction.lock(
          shape,
          chunk.map((entry) => entry.stored.key),
        );
        const standing = chunk.filter((_, nth) => found[nth] !== null);
        if (standing.length === 0) return 0;
        await transaction.write({
          op: 'update',
          shape,
          keys: standing.map((entry) => entry.stored.key),
          rows: standing.map((entry) => imageOf(shape, change(entry))),
        });
        const ids = standing.map((entry) => entry.id);
        const id = `${act.id}-${stream.slice(0, 1)}${at}`;
        const subject = ids.length === 1 ? `${stream} ${ids[0]}` : `${stream} ${ids.length} rows`;
        await transaction.write(auditRun(endpoint.state.audit, { ...act, id, subject, details: { ids } }));
        return standing.length;
      });
    }
  }
  return marked;
}

/** Columns that are not named stay as they are. */
function imageOf(shape: TableShape, values: Readonly<Record<string, Value>>): Row {
  return shape.columns.map(({ name }) => values[name]);
}

/** What a parked row is on both sides now; null = absent. Values, by column. */
export interface BothSides {
  readonly source: Readonly<Record<string, Value>> | null;
  readonly target: Readonly<Record<string, Value>> | null;
}

export async function readBothSides(prepared: Prepared, entry: ParkedEntry): Promise<BothSides> {
  const from = sourceSide(entry.stream);
  const link = requireLink(prepared, entry);
  const source = await readRow(prepared, link, from, entry.stored.rowKey);
  const key = await counterpartKey(prepared, link, from, entry.stored.rowKey);
  const target = key === null ? null : await readRow(prepared, link, otherSide(from), key);
  return { source: named(link, from, source), target: named(link, otherSide(from), target) };
}

/**
 * What will come of trying again, as far as it can be told without trying: the source's row is gone, its values still
 * cannot cross (and why), or the target has to say.
 */
export async function foresee(
  prepared: Prepared,
  entry: ParkedEntry,
  changes: Readonly<Record<string, Value>> = {},
): Promise<'gone' | 'open' | TandemError> {
  const from = sourceSide(entry.stream);
  const link = requireLink(prepared, entry);
  const image = await readRow(prepared, link, from, entry.stored.rowKey);
  if (image === null) return 'gone';
  const changed = image.map((value, at) => changes[link[from].columns[at]?.name ?? ''] ?? value);
  try {
    mapImage(link, from, changed);
    return 'open';
  } catch (thrown) {
    return asTandemError(thrown);
  }
}

/**
 * Changes the row at its source, as an application of that side would: the change flows like any other, and what comes
 * of it is the same on both sides. Throws TD8042 where the row is not there any more, and what the source's database
 * says to the change.
 */
export async function editParked(
  prepared: Prepared,
  entry: ParkedEntry,
  changes: Readonly<Record<string, Value>>,
  by: Operator,
): Promise<void> {
  const from = sourceSide(entry.stream);
  const side = requireLink(prepared, entry)[from];
  const shape: TableShape = { ref: side.ref, columns: side.columns, key: side.key };
  const endpoint = prepared[from];
  await endpoint.operate(async (transaction) => {
    await requireRow(transaction, shape, entry);
    const { missing } = await transaction.write({
      op: 'update',
      shape,
      keys: [entry.stored.rowKey],
      rows: [imageOf(shape, changes)],
    });
    if (missing.length > 0) throw rowGone(entry);
    const act = { ...by, action: 'parked.edit', subject: `${entry.stream} ${entry.id}` };
    await transaction.write(auditRun(endpoint.state.audit, { ...act, details: { columns: Object.keys(changes) } }));
  });
}

async function requireRow(transaction: OperatorTransaction, shape: TableShape, entry: ParkedEntry): Promise<void> {
  const [row] = await transaction.lock(shape, [entry.stored.rowKey]);
  if (row === null || row === undefined) throw rowGone(entry);
}

function rowGone(entry: ParkedEntry): TandemError {
  return new TandemError('TD8042', 'the row is not at its source any more, so it cannot be changed there', {
    fix: `tandem parked retry ${entry.id} (the target follows: the row goes there, too)`,
  });
}

async function readRow(prepared: Prepared, link: LinkPlan, side: Side, key: Row): Promise<Row | null> {
  const { ref, columns, key: keyAt } = link[side];
  await using target = await prepared[side].target();
  const [row] = await target.find({ ref, columns, key: keyAt }, keyAt, [key]);
  return row ?? null;
}

/** The key of the same row on the other side; null where it has no counterpart. */
async function counterpartKey(prepared: Prepared, link: LinkPlan, from: Side, key: Row): Promise<Row | null> {
  if (link.keys === 'shared') return link.left.key.map((at, nth) => mapKey(link, from, at, key[nth]));
  await using left = await prepared.left.target();
  await using right = await prepared.right.target();
  const stores = [
    { target: left, shape: prepared.left.state.key_map },
    { target: right, shape: prepared.right.state.key_map },
  ];
  const text = rowKeyText(link, from, key);
  const found = (await new KeyMap(stores).resolve(link, from, [text])).get(text);
  return found === undefined ? null : keyFromText(link, otherSide(from), found);
}

/** A key's value in the other side's kind; as it is where it cannot cross, for then no row has it there. */
function mapKey(link: LinkPlan, from: Side, at: number, value: Value | undefined): Value {
  const codec = link.pairs[at]?.codec ?? null;
  if (codec === null || value === undefined) return value ?? null;
  try {
    return from === 'left' ? codec.toRight(value) : codec.toLeft(value);
  } catch {
    return value;
  }
}

function named(link: LinkPlan, side: Side, row: Row | null): Readonly<Record<string, Value>> | null {
  if (row === null) return null;
  return Object.fromEntries(link[side].columns.map(({ name }, at) => [name, row[at] ?? null]));
}

function requireLink(prepared: Prepared, entry: ParkedEntry): LinkPlan {
  const link = linkOf(prepared, entry.link);
  if (link === undefined) throw new TandemError('TD9002', `the link '${entry.link}' has gone`);
  return link;
}
