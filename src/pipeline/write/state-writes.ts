import type { TargetTransaction, WriteRun } from '../../model/endpoint.ts';
import type { LinkPlan, TableShape } from '../../model/plan.ts';
import type { StateTableName } from '../../model/state.ts';
import { encodeRow, type Row, type Value } from '../../model/value.ts';
import { rowHash } from '../lane/linked.ts';
import type { Restatement } from '../lane/restatement.ts';
import type { Arena } from '../map/ops.ts';

type StateValues = Readonly<Record<string, Value>>;
type StateShapes = Readonly<Record<StateTableName, TableShape>>;

/** A row of a state table as an image of its shape. */
function imageOf(shape: TableShape, values: StateValues): Row {
  return shape.columns.map((column) => values[column.name] ?? null);
}

function insertRun(shape: TableShape, rows: readonly StateValues[]): WriteRun {
  return { op: 'insert', shape, rows: rows.map((row) => imageOf(shape, row)), generated: false };
}

/**
 * State rows collected while a transaction is composed and written at its end. Restatements are inserted and deleted in
 * the same transaction: the log carries them, the table stays empty.
 */
export class StateWrites {
  readonly #shapes: StateShapes;
  readonly #rows: Partial<Record<StateTableName, StateValues[]>> = {};
  readonly #gone: Partial<Record<StateTableName, Row[]>> = {};

  constructor(shapes: StateShapes) {
    this.#shapes = shapes;
  }

  put(table: StateTableName, row: StateValues): void {
    (this.#rows[table] ??= []).push(row);
  }

  /** Also takes back what was put under this key before. */
  remove(table: StateTableName, key: Row): void {
    (this.#gone[table] ??= []).push(key);
    const { columns, key: at } = this.#shapes[table];
    const isOther = (row: StateValues) => at.some((column, index) => row[columns[column]?.name ?? ''] !== key[index]);
    const rows = this.#rows[table];
    if (rows !== undefined) this.#rows[table] = rows.filter(isOther);
  }

  /** What is collected so far; calling the result takes back all that came after. */
  mark(): () => void {
    const rows = Object.entries(this.#rows).map(([name, list]) => ({
      name: name as StateTableName,
      list,
      n: list.length,
    }));
    const gone = Object.entries(this.#gone).map(([name, list]) => ({
      name: name as StateTableName,
      list,
      n: list.length,
    }));
    return () => {
      for (const name of Object.keys(this.#rows) as StateTableName[]) delete this.#rows[name];
      for (const name of Object.keys(this.#gone) as StateTableName[]) delete this.#gone[name];
      // A list only grows at its end, or is replaced by another one.
      for (const { name, list, n } of rows) this.#rows[name] = list.slice(0, n);
      for (const { name, list, n } of gone) this.#gone[name] = list.slice(0, n);
    };
  }

  /** Is a restatement with this id collected already? */
  restates(id: string): boolean {
    return this.#rows.reassert?.some((row) => row['id'] === id) ?? false;
  }

  /** The later one of two with the same id counts, and stands where it came. */
  restate(restatement: Restatement): void {
    const { key, image, provenance, effectiveUs, ...rest } = restatement;
    if (this.restates(rest.id)) this.#rows.reassert = this.#rows.reassert?.filter((row) => row['id'] !== rest.id) ?? [];
    this.put('reassert', {
      ...rest,
      row_key: encodeRow(key),
      image: image === null ? null : encodeRow(image),
      provenance: provenance === null ? null : JSON.stringify(provenance),
      effective_us: BigInt(effectiveUs),
    });
    (this.#gone.reassert ??= []).push([rest.id]);
  }

  /** Asks the other side to tell the children of a row again, where this side's server may have removed them unsaid. */
  recall(idPrefix: string, { lane, target }: Pick<Arena, 'lane' | 'target'>, link: LinkPlan, key: Row): void {
    if (!link.cascades.some(({ from }) => from === target)) return;
    const id = `${idPrefix}:recall:${rowHash(link, target, key)}`;
    const empty = { image: null, provenance: null, effectiveUs: 0 };
    this.restate({ id, lane: lane.plan.id, link: link.id, purpose: 'recall', key, ...empty });
  }

  /** Old rows first, so that a row can be replaced; reassert rows go after they came. */
  async write(transaction: TargetTransaction): Promise<void> {
    const names = Object.keys(this.#shapes) as StateTableName[];
    for (const name of names.filter((candidate) => candidate !== 'reassert')) await this.#delete(transaction, name);
    for (const name of names) {
      const rows = this.#rows[name];
      if (rows !== undefined && rows.length > 0)
        await transaction.write(insertRun(this.#shapes[name], lastPerKey(this.#shapes[name], rows)));
    }
    await this.#delete(transaction, 'reassert');
  }

  async #delete(transaction: TargetTransaction, name: StateTableName): Promise<void> {
    const keys = this.#gone[name];
    if (keys === undefined || keys.length === 0) return;
    const unique = [...new Map(keys.map((key) => [encodeRow(key), key])).values()];
    await transaction.write({ op: 'delete', shape: this.#shapes[name], keys: unique });
  }
}

function lastPerKey(shape: TableShape, rows: readonly StateValues[]): readonly StateValues[] {
  const names = shape.key.map((at) => shape.columns[at]?.name ?? '');
  return [...new Map(rows.map((row) => [names.map((name) => String(row[name])).join('\u0000'), row])).values()];
}
