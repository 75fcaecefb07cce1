import type { Side } from '../../model/policy.ts';
import type { Connection } from './database.ts';
import { phrase, SAMPLE, spell } from './sample.ts';

/** A row that the two sides do not agree on. Columns by their left names. */
export interface Difference {
  readonly table: string;
  /** What names the row on both sides: email, title, or both of a like. */
  readonly row: string;
  readonly found: 'only left' | 'only right' | 'different';
  readonly columns: readonly string[];
}

export interface Comparison {
  readonly rows: number;
  readonly differences: readonly Difference[];
}

/** What tells the rows of a table apart without keys, which differ on both sides by design. */
const queries: Readonly<Record<keyof typeof SAMPLE, string>> = {
  users: 'SELECT t.{users.email} AS label, {*} FROM {users} t',
  posts: `SELECT t.{posts.post_title} AS label, u.{users.email} AS user_id, {*}
    FROM {posts} t JOIN {users} u ON u.id = t.{posts.user_id}`,
  likes: `SELECT concat(u.{users.email}, ' likes ', p.{posts.post_title}) AS label,
      u.{users.email} AS user_id, p.{posts.post_title} AS post_id, {*}
    FROM {likes} t JOIN {users} u ON u.id = t.{likes.user_id} JOIN {posts} p ON p.id = t.{likes.post_id}`,
};

/**
 * Compares every row and every linked column of both sides, by plain SQL and the rules of the sample alone: it shares
 * no code with the mapping. Rows of one label are compared as a multiset. Only meaningful while nobody writes.
 */
export async function compareSample(left: Connection, right: Connection): Promise<Comparison> {
  const differences: Difference[] = [];
  const precise = left.engine === 'postgres' && right.engine === 'postgres';
  let rows = 0;
  for (const table of Object.keys(SAMPLE) as (keyof typeof SAMPLE)[]) {
    const [ofLeft, ofRight] = await Promise.all([
      readTable(left, 'left', table, precise),
      readTable(right, 'right', table, precise),
    ]);
    rows += ofLeft.length;
    for (const [label, [lefts, rights]] of byLabel(ofLeft, ofRight)) {
      differences.push(...unmatched(lefts, rights).map((found) => ({ table, row: label, ...found })));
    }
  }
  return { rows, differences };
}

type TextRow = Readonly<Record<string, string | null>>;

async function readTable(
  connection: Connection,
  side: Side,
  table: keyof typeof SAMPLE,
  precise: boolean,
): Promise<readonly TextRow[]> {
  const columns = SAMPLE[table].columns.flatMap(({ left, [side]: name, type }) => {
    if (type.kind === 'key' || type.kind === 'parent' || type.kind === 'source') return [];
    const read = type.kind === 'time' ? timeAsText(connection, `t.${name}`, precise) : `t.${name}`;
    return [`${read} AS ${left}`];
  });
  const found = await connection.query(phrase(side, queries[table].replace('{*}', columns.join(', '))));
  const choices = new Map(
    SAMPLE[table].columns.flatMap(({ left, type }) =>
      type.kind === 'choice' ? [[left, new Map(type.values.map((value) => [spell(side, value), value]))] as const] : [],
    ),
  );
  return found.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => {
        const text = value === null ? null : String(value);
        return [name, text === null ? null : (choices.get(name)?.get(text) ?? text)];
      }),
    ),
  );
}

/** `precise`: with the fraction that only PostgreSQL's columns of the sample keep. */
function timeAsText(connection: Connection, column: string, precise: boolean): string {
  return connection.engine === 'postgres'
    ? `to_char(${column}, 'YYYY-MM-DD HH24:MI:SS${precise ? '.US' : ''}')`
    : `date_format(${column}, '%Y-%m-%d %H:%i:%s')`;
}

function byLabel(
  lefts: readonly TextRow[],
  rights: readonly TextRow[],
): ReadonlyMap<string, readonly [TextRow[], TextRow[]]> {
  const groups = new Map<string, [TextRow[], TextRow[]]>();
  const group = (row: TextRow): [TextRow[], TextRow[]] => {
    const label = row['label'] ?? '';
    const found = groups.get(label) ?? [[], []];
    groups.set(label, found);
    return found;
  };
  for (const row of lefts) group(row)[0].push(row);
  for (const row of rights) group(row)[1].push(row);
  return groups;
}

/** Takes equal rows out in pairs; what is left over pairs up as different rows, and then stands alone. */
function unmatched(
  lefts: readonly TextRow[],
  rights: readonly TextRow[],
): readonly Pick<Difference, 'found' | 'columns'>[] {
  const waiting = [...rights];
  const odd = lefts.filter((row) => {
    const at = waiting.findIndex((other) => differing(row, other).length === 0);
    if (at >= 0) waiting.splice(at, 1);
    return at < 0;
  });
  return Array.from({ length: Math.max(odd.length, waiting.length) }, (_, at) => {
    const [left, right] = [odd[at], waiting[at]];
    if (left === undefined) return { found: 'only right', columns: [] };
    if (right === undefined) return { found: 'only left', columns: [] };
    return { found: 'different', columns: differing(left, right) };
  });
}

function differing(left: TextRow, right: TextRow): readonly string[] {
  return Object.keys(left).filter((name) => left[name] !== right[name]);
}
