import type { Side } from '../model/policy.ts';
import { type Column, type TableSchema, tableName } from '../model/schema.ts';
import type { DeclaredCodec, EngineName, Flow, LinkDeclaration } from './declaration.ts';

/** A link while it is being compiled: names are resolved, nothing is checked against the other side yet. */
export interface LinkDraft {
  readonly id: string;
  readonly declaration: LinkDeclaration;
  readonly direction: Flow;
  readonly engines: Readonly<Record<Side, EngineName>>;
  readonly tables: Readonly<Record<Side, TableSchema>>;
  /** In declaration order; the images of both sides follow it. */
  readonly columns: readonly LinkedColumn[];
}

export interface LinkedColumn {
  readonly left: Column;
  readonly right: Column;
  readonly codec: DeclaredCodec | null;
  readonly direction: Flow;
}

/** Does Tandem write this side of the link? */
export function writes(draft: LinkDraft, side: Side): boolean {
  return draft.direction === 'both' || draft.direction === (side === 'left' ? 'toLeft' : 'toRight');
}

/** Index of a side's column in the image, or -1. */
export function imageIndex(draft: LinkDraft, side: Side, column: string): number {
  return draft.columns.findIndex((linked) => linked[side].name === column);
}

/** Indexes of several columns, or null where one of them is not linked. */
export function imageIndexes(draft: LinkDraft, side: Side, columns: readonly string[]): readonly number[] | null {
  const indexes = columns.map((column) => imageIndex(draft, side, column));
  return indexes.includes(-1) ? null : indexes;
}

/** The names that columns of one side have on the other, or null where one of them is not linked. */
export function counterparts(draft: LinkDraft, side: Side, columns: readonly string[]): readonly string[] | null {
  const indexes = imageIndexes(draft, side, columns);
  const other = side === 'left' ? 'right' : 'left';
  return indexes?.map((at) => draft.columns[at]?.[other].name ?? '') ?? null;
}

export function sameMembers(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item) => b.includes(item));
}

/** Is a set of columns unique, by the primary key or a unique key that lies within it? */
export function isUnique(table: TableSchema, columns: readonly string[]): boolean {
  const keys = [table.key, ...table.uniques.map((unique) => unique.columns)];
  return keys.some((key) => key.length > 0 && key.every((column) => columns.includes(column)));
}

/** Where a column is, for a finding. */
export function place(draft: LinkDraft, side: Side, column: Column): Readonly<Record<string, string>> {
  return { side, table: tableName(draft.tables[side].ref), column: column.name };
}
