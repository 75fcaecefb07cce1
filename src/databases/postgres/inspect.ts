import type {
  Column,
  ForeignKey,
  ReferentialAction,
  TableRef,
  TableSchema,
  Trigger,
  UniqueKey,
} from '../../model/schema.ts';
import type { Kind } from '../../model/value.ts';
import type { Ask } from './connect.ts';
import { checkValues } from './check-values.ts';
import { typeByName } from './types.ts';

type Cells = readonly (string | null)[];

/** The user's tables, without partitions: their root stands for them. */
export async function listTables(ask: Ask, stateSchema: string): Promise<TableRef[]> {
  const { rows } = await ask(
    `SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence = 'p'
       AND n.nspname NOT IN ('pg_catalog', 'information_schema', $1)
       AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
     ORDER BY 1, 2`,
    [stateSchema],
  );
  return rows.map(([schema, table]) => ({ schema: schema ?? '', table: table ?? '' }));
}

/** Tables as the catalogue describes them, in the order asked; a handful of queries for any number of tables. */
export async function inspectTables(ask: Ask, tables: readonly TableRef[]): Promise<TableSchema[]> {
  const oids = await tableOids(ask, tables);
  const list = `{${oids.filter((oid) => oid !== null).join(',')}}`;
  const relations = byTable((await ask(RELATIONS, [list])).rows);
  const columns = byTable((await ask(COLUMNS, [list])).rows);
  const keys = byTable((await ask(KEYS, [list])).rows);
  const foreignKeys = byTable((await ask(FOREIGN_KEYS, [list])).rows);
  const checks = byTable((await ask(CHECKS, [list])).rows);
  const triggers = byTable((await ask(TRIGGERS, [list])).rows);
  const found: TableSchema[] = [];
  for (const [at, ref] of tables.entries()) {
    const oid = oids[at];
    if (oid === null || oid === undefined) continue;
    const lists = valueLists(checks.get(oid) ?? []);
    const keyRows = keys.get(oid) ?? [];
    found.push({
      ref,
      columns: (columns.get(oid) ?? []).map((cells) => columnOf(cells, lists)),
      key: namesOf(keyRows.find((cells) => cells[2] === 't')?.[4]),
      uniques: keyRows.filter((cells) => cells[2] !== 't').map(uniqueOf),
      foreignKeys: (foreignKeys.get(oid) ?? []).map(foreignKeyOf),
      triggers: (triggers.get(oid) ?? []).map(triggerOf),
      fullImages: relations.get(oid)?.[0]?.[1] === 't',
      transactional: true,
      logsCascades: true,
    });
  }
  return found;
}

/** OIDs in the order of the tables; null where there is none of that name. */
export async function tableOids(ask: Ask, tables: readonly TableRef[]): Promise<(string | null)[]> {
  const { rows } = await ask(
    `SELECT c.oid FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS asked(ref, ord)
     LEFT JOIN pg_namespace n ON n.nspname = asked.ref->>'schema'
     LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = asked.ref->>'table' AND c.relkind IN ('r', 'p')
     ORDER BY asked.ord`,
    [JSON.stringify(tables.map(({ schema, table }) => ({ schema, table })))],
  );
  return rows.map((cells) => cells[0] ?? null);
}

/**
 * Whole old rows of a partitioned table take two: the partition that holds the row logs them, and the table itself,
 * under whose name they are published, says so to the reader.
 */
export const LOGS_WHOLE_ROWS = `c.relreplident = 'f' AND (SELECT bool_and(l.relreplident = 'f')
    FROM pg_partition_tree(c.oid) t JOIN pg_class l ON l.oid = t.relid
    WHERE t.isleaf AND l.relkind = 'r') IS NOT FALSE`;

const RELATIONS = `SELECT c.oid, ${LOGS_WHOLE_ROWS} FROM pg_class c WHERE c.oid = ANY($1::oid[])`;

/** A domain is followed down to the type below it, whose modifier is the one nearest to the column. */
const COLUMNS = `WITH RECURSIVE wanted AS (
    SELECT a.attrelid, a.attnum, a.atttypid AS type, a.atttypmod AS mod, a.attnotnull AS required
    FROM pg_attribute a WHERE a.attrelid = ANY($1::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT w.attrelid, w.attnum, t.typbasetype, CASE WHEN w.mod = -1 THEN t.typtypmod ELSE w.mod END,
      w.required OR t.typnotnull
    FROM wanted w JOIN pg_type t ON t.oid = w.type WHERE t.typtype = 'd')
  SELECT a.attrelid, a.attname, format_type(a.atttypid, a.atttypmod), t.typname, t.typtype, w.mod, w.required,
    pg_get_expr(d.adbin, d.adrelid), a.attidentity, a.attgenerated, e.typname, e.typtype, co.collname,
    (SELECT json_agg(l.enumlabel ORDER BY l.enumsortorder) FROM pg_enum l WHERE l.enumtypid = t.oid)
  FROM wanted w
  JOIN pg_type t ON t.oid = w.type AND t.typtype <> 'd'
  JOIN pg_attribute a ON a.attrelid = w.attrelid AND a.attnum = w.attnum
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typcategory = 'A'
  LEFT JOIN pg_collation co ON co.oid = a.attcollation
  ORDER BY a.attrelid, a.attnum`;

/** Unique constraints, and unique indexes that hold for every row and for plain columns. */
const KEYS = `SELECT i.indrelid, x.relname, i.indisprimary, NOT i.indimmediate,
    (SELECT json_agg(a.attname ORDER BY k.ord) FROM unnest(i.indkey[0:i.indnkeyatts - 1]) WITH ORDINALITY k(num, ord)
      JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.num)
  FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid
  WHERE i.indrelid = ANY($1::oid[]) AND i.indisunique AND i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL
  ORDER BY 1, 2`;

const FOREIGN_KEYS = `SELECT c.conrelid, c.conname, n.nspname, r.relname, c.confdeltype, c.confupdtype, c.condeferrable,
    (SELECT json_agg(a.attname ORDER BY k.ord) FROM unnest(c.conkey) WITH ORDINALITY k(num, ord)
      JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.num),
    (SELECT json_agg(a.attname ORDER BY k.ord) FROM unnest(c.confkey) WITH ORDINALITY k(num, ord)
      JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.num)
  FROM pg_constraint c JOIN pg_class r ON r.oid = c.confrelid JOIN pg_namespace n ON n.oid = r.relnamespace
  WHERE c.contype = 'f' AND c.conrelid = ANY($1::oid[]) AND NOT r.relispartition
  ORDER BY 1, 2`;

/** Checks on one column, its domain's among them. */
const CHECKS = `SELECT c.conrelid, a.attname, pg_get_constraintdef(c.oid) FROM pg_constraint c
    JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
    WHERE c.contype = 'c' AND c.conrelid = ANY($1::oid[]) AND array_length(c.conkey, 1) = 1
  UNION ALL
  SELECT a.attrelid, a.attname, pg_get_constraintdef(c.oid) FROM pg_constraint c
    JOIN pg_attribute a ON a.atttypid = c.contypid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.contype = 'c' AND c.contypid <> 0 AND a.attrelid = ANY($1::oid[])`;

const TRIGGERS = `SELECT t.tgrelid, t.tgname, t.tgtype, position('tandem.apply' in p.prosrc) > 0
      OR position('tandem.apply' in pg_get_triggerdef(t.oid)) > 0
  FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
  WHERE NOT t.tgisinternal AND t.tgenabled IN ('O', 'A') AND t.tgrelid = ANY($1::oid[])
  ORDER BY 1, 2`;

/** Rows by their first cell, the table's OID. */
function byTable(rows: readonly Cells[]): Map<string, Cells[]> {
  const tables = new Map<string, Cells[]>();
  for (const cells of rows) {
    const oid = cells[0] ?? '';
    const known = tables.get(oid);
    if (known === undefined) tables.set(oid, [cells]);
    else known.push(cells);
  }
  return tables;
}

function namesOf(json: string | null | undefined): string[] {
  return json === null || json === undefined ? [] : (JSON.parse(json) as string[]);
}

function columnOf(cells: Cells, lists: ReadonlyMap<string, readonly string[]>): Column {
  const [, name = '', native, type, typeClass, mod, required, defaultText, identity, computed, item, itemClass] = cells;
  const { kind, element } = hidesRules(native ?? '', item ?? type ?? '', itemClass ?? typeClass ?? '')
    ? UNSUPPORTED
    : kindOf(type ?? '', typeClass ?? '', item ?? null, itemClass ?? null);
  const labels = cells[13];
  const modifier = Number(mod ?? -1);
  const auto = identity !== '' || (defaultText ?? '').startsWith('nextval(');
  return {
    name: name ?? '',
    kind,
    native: native ?? '',
    nullable: required !== 't',
    hasDefault: auto || (defaultText !== null && computed === ''),
    auto,
    generated: computed !== '',
    values:
      labels === null || labels === undefined ? (lists.get(name ?? '') ?? null) : (JSON.parse(labels) as string[]),
    ...sizes(type ?? '', modifier),
    unsigned: false,
    charset: null,
    collation: cells[12] ?? null,
    element,
  };
}

const UNSUPPORTED = { kind: 'unsupported', element: null } as const;

/**
 * Ranges, varying bits and addresses are stored by rules that the mapping knows by the type's name. A domain over one,
 * and a range of the user's own, show another name, so that nobody could tell what becomes of a text.
 */
function hidesRules(native: string, type: string, typeClass: string): boolean {
  if (typeClass === 'r' || typeClass === 'm') return native.replace(/\[\]$/, '') !== type;
  if (type === 'varbit') return !native.startsWith('bit varying');
  return /^(?:inet|cidr|macaddr8?)$/.test(type) && native.replace(/\[\]$/, '') !== type;
}

function kindOf(
  type: string,
  typeClass: string,
  item: string | null,
  itemClass: string | null,
): { kind: Kind; element: Kind | null } {
  if (item !== null) {
    const element = kindOf(item, itemClass ?? '', null, null).kind;
    return element === 'unsupported' ? UNSUPPORTED : { kind: 'array', element };
  }
  // Labels of an enum and the bounds of a range are what they look like.
  if (typeClass === 'e' || typeClass === 'r' || typeClass === 'm') return { kind: 'text', element: null };
  return { kind: typeByName(type).kind, element: null };
}

interface Sizes {
  readonly length: number | null;
  readonly precision: number | null;
  readonly scale: number | null;
  readonly fraction: number | null;
}

const NO_SIZES: Sizes = { length: null, precision: null, scale: null, fraction: null };

/** What a type modifier says (varchar and bpchar count a header of 4 bytes in; numeric packs two numbers into it). */
function sizes(type: string, modifier: number): Sizes {
  switch (type) {
    case 'varchar':
    case 'bpchar':
      return { ...NO_SIZES, length: modifier < 4 ? null : modifier - 4 };
    case 'name':
      return { ...NO_SIZES, length: 63 };
    case 'char':
      return { ...NO_SIZES, length: 1 };
    case 'bit':
    case 'varbit':
      return { ...NO_SIZES, length: modifier < 1 ? null : modifier };
    case 'numeric':
      if (modifier < 4) return NO_SIZES;
      // The scale has eleven bits with a sign: numeric(5,-2) is allowed.
      return {
        ...NO_SIZES,
        precision: ((modifier - 4) >> 16) & 0xffff,
        scale: (((modifier - 4) & 0x7ff) ^ 1024) - 1024,
      };
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return { ...NO_SIZES, fraction: modifier === -1 ? 6 : modifier };
    case 'interval':
      return { ...NO_SIZES, fraction: modifier === -1 || (modifier & 0xffff) === 0xffff ? 6 : modifier & 0xffff };
    default:
      return NO_SIZES;
  }
}

function valueLists(rows: readonly Cells[]): Map<string, readonly string[]> {
  const lists = new Map<string, readonly string[]>();
  for (const [, column, text] of rows) {
    const values = checkValues(text ?? '');
    if (column !== null && column !== undefined && values !== null) lists.set(column, values);
  }
  return lists;
}

function uniqueOf([, name, , deferrable, columns]: Cells): UniqueKey {
  return { name: name ?? '', columns: namesOf(columns), deferrable: deferrable === 't' };
}

function foreignKeyOf(cells: Cells): ForeignKey {
  const [, name, schema, table, onDelete, onUpdate, deferrable, columns, referenced] = cells;
  return {
    name: name ?? '',
    columns: namesOf(columns),
    references: { schema: schema ?? '', table: table ?? '' },
    referencedColumns: namesOf(referenced),
    onDelete: ACTIONS[onDelete ?? ''] ?? 'no action',
    onUpdate: ACTIONS[onUpdate ?? ''] ?? 'no action',
    deferrable: deferrable === 't',
  };
}

const ACTIONS: Readonly<Record<string, ReferentialAction>> = {
  a: 'no action',
  r: 'restrict',
  c: 'cascade',
  n: 'set null',
  d: 'set default',
};

/** Bits of pg_trigger.tgtype, from trigger.h. */
function triggerOf([, name, type, guarded]: Cells): Trigger {
  const bits = Number(type);
  const events: string[] = [];
  if (bits & 4) events.push('INSERT');
  if (bits & 8) events.push('DELETE');
  if (bits & 16) events.push('UPDATE');
  if (bits & 32) events.push('TRUNCATE');
  const moment = bits & 2 ? 'BEFORE' : bits & 64 ? 'INSTEAD OF' : 'AFTER';
  return { name: name ?? '', event: `${moment} ${events.join(' OR ')}`, guarded: guarded === 't' };
}
