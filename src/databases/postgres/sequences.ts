import type { WriteRun } from '../../model/endpoint.ts';
import type { TableShape } from '../../model/plan.ts';
import type { Row } from '../../model/value.ts';
import type { Run } from './select.ts';

type InsertRun = Extract<WriteRun, { op: 'insert' }>;

/** How far a sequence may be drawn number by number; beyond that it is set. */
const stepsMax = 1000;

/**
 * Keeps the sequences of identity and serial columns ahead of the keys that were made elsewhere, so that the users' own
 * inserts do not run into them.
 */
export class Sequences {
  /** By shape and column: the sequence's OID, or null where there is none to move, and how far it is known to be. */
  private readonly known = new WeakMap<TableShape, Map<number, { readonly oid: string | null; mark: bigint }>>();

  /** Call with the rows of an insert run, in the same transaction. */
  async advance(run: Run, { shape, rows, generated }: InsertRun): Promise<void> {
    for (const [at, column] of shape.columns.entries()) {
      if (!column.auto || rows[0]?.[at] === undefined || (generated && shape.key.includes(at))) continue;
      const highest = highestOf(rows, at);
      const entry = this.entryOf(shape).get(at) ?? { oid: await sequenceOf(run, shape, column.name), mark: 0n };
      this.entryOf(shape).set(at, entry);
      if (entry.oid === null || highest <= entry.mark) continue;
      const answer = await run(ADVANCE, [entry.oid, highest.toString()]);
      entry.mark = BigInt(answer.rows[0]?.[0] ?? highest);
    }
  }

  private entryOf(shape: TableShape): Map<number, { readonly oid: string | null; mark: bigint }> {
    const entries = this.known.get(shape) ?? new Map<number, { readonly oid: string | null; mark: bigint }>();
    this.known.set(shape, entries);
    return entries;
  }
}

/**
 * A sequence is moved only forwards: drawing numbers cannot go back, setval() can, when somebody draws between our
 * look and our setting. So setval() is kept for distances that nobody draws in between.
 */
const ADVANCE = `SELECT CASE
    WHEN s.last >= $2::bigint OR $2::bigint > s.seqmax THEN s.last
    WHEN $2::bigint - s.last <= ${stepsMax} THEN
      (SELECT max(nextval($1::oid::regclass)) FROM generate_series(1, $2::bigint - s.last))
    ELSE setval($1::oid::regclass, $2::bigint) END
  FROM (SELECT coalesce(pg_sequence_last_value(seqrelid), seqstart - 1) AS last, seqmax
    FROM pg_catalog.pg_sequence WHERE seqrelid = $1::oid) s`;

/** A sequence with a stride shares its numbers with another one (odd and even): it never needs to be moved. */
async function sequenceOf(run: Run, shape: TableShape, column: string): Promise<string | null> {
  const { rows } = await run(OF_COLUMN, [shape.ref.schema, shape.ref.table, column]);
  return rows[0]?.[0] ?? null;
}

/** An identity or serial column owns its sequence; any other default of nextval() depends on one. */
const OF_COLUMN = `SELECT s.seqrelid FROM pg_catalog.pg_attribute a
  JOIN pg_catalog.pg_class t ON t.oid = a.attrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace
  LEFT JOIN pg_catalog.pg_attrdef f ON f.adrelid = a.attrelid AND f.adnum = a.attnum
  JOIN pg_catalog.pg_depend d ON
    (d.classid = 'pg_catalog.pg_class'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
      AND d.refobjid = a.attrelid AND d.refobjsubid = a.attnum)
    OR (d.classid = 'pg_catalog.pg_attrdef'::regclass AND d.objid = f.oid)
  JOIN pg_catalog.pg_sequence s ON s.seqrelid IN (d.objid, d.refobjid)
  WHERE n.nspname = $1 AND t.relname = $2 AND a.attname = $3 AND s.seqincrement = 1 LIMIT 1`;

function highestOf(rows: readonly Row[], column: number): bigint {
  let highest = 0n;
  for (const row of rows) {
    const value = row[column];
    const number = typeof value === 'bigint' ? value : BigInt(typeof value === 'number' ? value : 0);
    if (number > highest) highest = number;
  }
  return highest;
}
