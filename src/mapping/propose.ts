import type { Side } from '../model/policy.ts';
import { type Column, type TableSchema, tableName } from '../model/schema.ts';
import type { ColumnDeclaration, Declaration, EndpointDeclaration, LinkDeclaration } from './declaration.ts';
import { convertible } from './kinds.ts';
import { isUnique, sameMembers } from './link-draft.ts';
import { newestWins } from './policies.ts';
import { tableProperties } from './schema-file.ts';
import { nameSimilarity, wordsOf } from './similarity.ts';
import { suggestCodec } from './suggest-codec.ts';

export interface ProposalSide {
  readonly endpoint: EndpointDeclaration;
  readonly tables: readonly TableSchema[];
}

export interface Proposal {
  readonly declaration: Declaration;
  /** How sure each guess is, 0 to 1, by link and left column. */
  readonly confidence: Readonly<Record<string, LinkConfidence>>;
  /** Tables, by side, for which nothing similar was found. */
  readonly unmatched: Readonly<Record<Side, readonly string[]>>;
}

export interface LinkConfidence {
  readonly table: number;
  readonly columns: Readonly<Record<string, number>>;
}

interface Match<T> {
  readonly left: T;
  readonly right: T;
  readonly score: number;
}

const TABLE_SCORE_MIN = 0.45;
const COLUMN_SCORE_MIN = 0.5;

/**
 * A first declaration for two schemas, by names, types, keys and allowed values. It is a guess, to be read by a
 * person.
 */
export function propose(name: string, left: ProposalSide, right: ProposalSide): Proposal {
  const properties = new Map([...tableProperties(left.tables), ...tableProperties(right.tables)]);
  const tables = matchBest(left.tables, right.tables, TABLE_SCORE_MIN, (a, b) => tableSimilarity(a, b, properties));
  const links: Record<string, LinkDeclaration> = {};
  const confidence: Record<string, LinkConfidence> = {};
  for (const match of tables) {
    const columns = matchColumns(match, tables);
    const id = properties.get(match.left) ?? match.left.ref.table;
    links[id] = proposeLink(match, columns);
    confidence[id] = {
      table: match.score,
      columns: Object.fromEntries(columns.map((pair) => [pair.left.name, pair.score])),
    };
  }
  const unmatched = (side: Side, all: readonly TableSchema[]): readonly string[] =>
    all.filter((table) => !tables.some((match) => match[side] === table)).map((table) => tableName(table.ref));
  const generated = tables.some((match) => generatesKey(match.left) && generatesKey(match.right));
  return {
    declaration: {
      name,
      left: left.endpoint,
      right: right.endpoint,
      home: 'left',
      defaults: { conflict: newestWins(), ...(generated ? { keys: 'mapped' as const } : {}) },
      links,
    },
    confidence,
    unmatched: { left: unmatched('left', left.tables), right: unmatched('right', right.tables) },
  };
}

/** Pairs with the highest scores first; each item once. In the order of the left items. */
function matchBest<T>(
  left: readonly T[],
  right: readonly T[],
  scoreMin: number,
  similarity: (a: T, b: T) => number,
): readonly Match<T>[] {
  const candidates = left.flatMap((a) => right.map((b) => ({ left: a, right: b, score: similarity(a, b) })));
  const taken = new Set<T>();
  const matches: Match<T>[] = [];
  for (const candidate of candidates.toSorted((a, b) => b.score - a.score)) {
    if (candidate.score < scoreMin || taken.has(candidate.left) || taken.has(candidate.right)) continue;
    taken.add(candidate.left).add(candidate.right);
    matches.push(candidate);
  }
  return matches.toSorted((a, b) => left.indexOf(a.left) - left.indexOf(b.left));
}

function tableSimilarity(left: TableSchema, right: TableSchema, properties: ReadonlyMap<TableSchema, string>): number {
  const names = nameSimilarity(properties.get(left) ?? '', properties.get(right) ?? '');
  const context = contextOf(left, right);
  const pairs = matchBest(left.columns, right.columns, COLUMN_SCORE_MIN, (a, b) => columnSimilarity(a, b, context));
  const columns = (2 * pairs.length) / (left.columns.length + right.columns.length);
  return round(0.6 * names + 0.4 * columns);
}

function contextOf(left: TableSchema, right: TableSchema): readonly string[] {
  return [...wordsOf(left.ref.table), ...wordsOf(right.ref.table)];
}

function matchColumns(match: Match<TableSchema>, tables: readonly Match<TableSchema>[]): readonly Match<Column>[] {
  const { left, right } = match;
  const context = contextOf(left, right);
  return matchBest(left.columns, right.columns, COLUMN_SCORE_MIN, (a, b) => {
    const [keyLeft, keyRight] = [left.key.includes(a.name), right.key.includes(b.name)];
    if (keyLeft && keyRight && left.key.length === 1 && right.key.length === 1) return 1;
    if (keyLeft !== keyRight && (a.auto || b.auto)) return 0;
    const similarity = columnSimilarity(a, b, context);
    return referToPair(left, a, right, b, tables) ? round(0.7 + 0.3 * similarity) : similarity;
  });
}

function columnSimilarity(left: Column, right: Column, context: readonly string[]): number {
  if (left.kind === 'unsupported' || right.kind === 'unsupported' || !convertible(left, right)) return 0;
  const names = nameSimilarity(left.name, right.name, context);
  const values = valuesCorrespond(left, right);
  if (values === false || (names === 0 && values === null)) return 0;
  const same = (a: unknown, b: unknown, weight: number): number => (a === b ? weight : 0);
  const types =
    same(left.kind, right.kind, 0.15) +
    same(left.length, right.length, 0.1) +
    same(left.nullable, right.nullable, 0.05);
  return round(Math.min(1, (values === true ? 0.3 : 0) + 0.7 * names + types));
}

/** Do two lists of allowed values correspond? null where there are none to compare. */
function valuesCorrespond(left: Column, right: Column): boolean | null {
  if (left.values === null || right.values === null) return null;
  return sameMembers(left.values, right.values) || suggestCodec(left.values, right.values) !== null;
}

function referToPair(
  left: TableSchema,
  a: Column,
  right: TableSchema,
  b: Column,
  tables: readonly Match<TableSchema>[],
): boolean {
  const parent = (table: TableSchema, column: Column): string | undefined => {
    const foreignKey = table.foreignKeys.find((key) => key.columns.length === 1 && key.columns[0] === column.name);
    return foreignKey === undefined ? undefined : tableName(foreignKey.references);
  };
  const [leftParent, rightParent] = [parent(left, a), parent(right, b)];
  return tables.some((match) => tableName(match.left.ref) === leftParent && tableName(match.right.ref) === rightParent);
}

function proposeLink({ left, right }: Match<TableSchema>, pairs: readonly Match<Column>[]): LinkDeclaration {
  const source = pairs.find((pair) => isSourceColumn(pair.left) && isSourceColumn(pair.right));
  const linked = pairs.filter((pair) => pair !== source);
  const columns = Object.fromEntries(linked.map((pair) => [pair.left.name, proposeColumn(pair)]));
  const naturalKey = proposeNaturalKey(left, right, linked);
  return {
    left: tableName(left.ref),
    right: tableName(right.ref),
    columns,
    ...(naturalKey === null ? {} : { naturalKeys: [naturalKey] }),
    ...(source === undefined ? {} : { source: { left: source.left.name, right: source.right.name } }),
  };
}

/** A column whose allowed values name the service itself is there to say who wrote the row. */
function isSourceColumn(column: Column): boolean {
  return column.values?.includes('sync_service') === true;
}

function proposeColumn({ left, right }: Match<Column>): ColumnDeclaration {
  if (left.values === null || right.values === null || sameMembers(left.values, right.values)) return right.name;
  const codec = suggestCodec(left.values, right.values);
  return codec === null ? right.name : { to: right.name, codec };
}

const TELLING = ['email', 'uuid', 'code', 'sku', 'slug', 'isbn', 'number', 'reference', 'key'];

/** Only generated keys need one: a row of each side is recognised as the same by what people know it by. */
function proposeNaturalKey(
  left: TableSchema,
  right: TableSchema,
  pairs: readonly Match<Column>[],
): readonly string[] | null {
  if (!generatesKey(left) || !generatesKey(right)) return null;
  const candidates = left.uniques.filter((unique) => {
    const counterparts = unique.columns.map((name) => pairs.find((pair) => pair.left.name === name)?.right.name ?? '');
    const nullable = left.columns.some((column) => column.nullable && unique.columns.includes(column.name));
    return !nullable && !counterparts.includes('') && isUnique(right, counterparts);
  });
  const telling = candidates.find((unique) =>
    unique.columns.some((name) => wordsOf(name).some((word) => TELLING.includes(word))),
  );
  return (telling ?? candidates[0])?.columns ?? null;
}

function generatesKey(table: TableSchema): boolean {
  return table.columns.some((column) => column.auto && table.key.includes(column.name));
}

function round(score: number): number {
  return Math.round(score * 100) / 100;
}
