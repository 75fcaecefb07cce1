import { TandemError } from '../model/error.ts';
import type { Constant, LinkSide } from '../model/plan.ts';
import type { Side } from '../model/policy.ts';
import { type Column, tableName } from '../model/schema.ts';
import { type Row, sameValue, type Value } from '../model/value.ts';
import { type Constant as DeclaredConstant, targetOf } from './declaration.ts';
import { type Findings, unknownName } from './findings.ts';
import { type LinkDraft, place, writes } from './link-draft.ts';
import { resolveColumn } from './resolve.ts';

const SERVICE_NAME = 'sync_service';

/** The values that Tandem writes beside the image, and the finding where a column that needs a value gets none. */
export function compileConstants(draft: LinkDraft, side: Side, findings: Findings): readonly Constant[] {
  const constants: Constant[] = [];
  const add = (name: string, value: DeclaredConstant, on: Constant['on'], path: readonly string[]): void => {
    const column = resolveColumn(draft.tables[side], side, name, path, findings);
    if (column === null || !checkConstant(draft, side, column, value, path, findings)) return;
    constants.push({ column, value: canonicalConstant(column, value) ?? null, on });
  };
  const only = side === 'left' ? 'leftOnly' : 'rightOnly';
  for (const [name, value] of Object.entries(draft.declaration[only] ?? {})) {
    add(name, value, 'insert', ['links', draft.id, only, name]);
  }
  if (side === 'left') {
    for (const [name, declared] of Object.entries(draft.declaration.columns)) {
      if (typeof declared === 'string' || !('skip' in declared) || declared.onInsert === undefined) continue;
      add(name, declared.onInsert, 'insert', ['links', draft.id, 'columns', name]);
    }
  }
  const source = draft.declaration.source;
  if (source?.[side] !== undefined) {
    add(source[side], source.value ?? SERVICE_NAME, 'write', ['links', draft.id, 'source', side]);
  }
  if (writes(draft, side)) reportUnmapped(draft, side, constants, findings);
  return constants;
}

function checkConstant(
  draft: LinkDraft,
  side: Side,
  column: Column,
  value: DeclaredConstant,
  path: readonly string[],
  findings: Findings,
): boolean {
  const at = place(draft, side, column);
  if (draft.columns.some((linked) => linked[side].name === column.name)) {
    findings.error('TD1002', `${column.name} is linked and given a constant at once`, {
      path,
      expected: 'one of both',
      at,
    });
  } else if (column.generated) {
    findings.error('TD2109', `${column.name} is computed by its database and cannot be written`, { path, at });
  } else if (value === null && !column.nullable) {
    findings.error('TD2105', `${column.name} may not be NULL`, { path, expected: 'a value', found: 'null', at });
  } else if (column.values !== null && value !== null && !column.values.includes(String(value))) {
    findings.error('TD2106', `${column.name} does not allow this value`, {
      path,
      ...unknownName(String(value), column.values),
      at,
    });
  } else if (canonicalConstant(column, value) === undefined) {
    findings.error('TD2104', `${column.name} is ${column.kind}`, {
      path,
      expected: `a value of ${column.native}`,
      found: typeof value,
      at,
    });
  } else {
    return true;
  }
  return false;
}

/** A declared constant in the column's canonical form; undefined where it has the wrong type. */
function canonicalConstant(column: Column, value: DeclaredConstant): Value | undefined {
  if (value === null) return null;
  switch (column.kind) {
    case 'int':
    case 'float4':
    case 'float8':
      return typeof value === 'number' ? value : undefined;
    case 'bigint':
      if (typeof value === 'bigint') return value;
      return Number.isSafeInteger(value) ? BigInt(value as number) : undefined;
    case 'bool':
      return typeof value === 'boolean' ? value : undefined;
    case 'bytes':
      return value instanceof Uint8Array ? value : undefined;
    case 'decimal':
      return ['number', 'bigint', 'string'].includes(typeof value) ? String(value) : undefined;
    default:
      return typeof value === 'string' ? value : undefined;
  }
}

function reportUnmapped(draft: LinkDraft, side: Side, constants: readonly Constant[], findings: Findings): void {
  const covered = new Set([
    ...constants.map((constant) => constant.column.name),
    ...meantColumns(draft, side, findings),
  ]);
  const only = side === 'left' ? 'leftOnly' : 'rightOnly';
  for (const column of draft.tables[side].columns) {
    if (column.nullable || column.hasDefault || column.auto || column.generated || covered.has(column.name)) continue;
    const table = tableName(draft.tables[side].ref);
    findings.error('TD2107', `${table}.${column.name} is NOT NULL without a default, and nothing is linked to it`, {
      path: ['links', draft.id, 'columns'],
      expected: `a linked column, or a value in ${only}`,
      fix: side === 'left' ? `${column.name}: skip({ onInsert: ... })` : `rightOnly: { ${column.name}: ... }`,
      at: place(draft, side, column),
    });
  }
}

/**
 * Columns that the declaration means, although it misspells them or their partner: one mistake is to be one finding.
 */
function meantColumns(draft: LinkDraft, side: Side, findings: Findings): readonly string[] {
  const away = side === 'left' ? 'toRight' : 'toLeft';
  const declared = Object.entries(draft.declaration.columns).flatMap(([left, column]) => {
    const right = targetOf(column);
    const flowsAway = typeof column === 'object' && 'to' in column && column.direction === away;
    return right === null || flowsAway ? [] : [side === 'left' ? left : right];
  });
  const misspelt = findings.all.filter(
    ({ code, path, at }) => code === 'TD2103' && path?.[1] === draft.id && at?.['side'] === side,
  );
  return [...declared, ...misspelt.flatMap(({ suggestion }) => suggestion ?? [])];
}

/** The row filter of one side as a function of an image. */
export function compileFilter(draft: LinkDraft, side: Side, findings: Findings): LinkSide['where'] {
  const filter = draft.declaration.where?.[side];
  if (filter === undefined) return null;
  const names = draft.columns.map((linked) => linked[side].name);
  if (typeof filter === 'function') {
    return (image) =>
      passes(filter, Object.fromEntries(names.map((name, at) => [name, image[at] ?? null])), draft.id, side);
  }
  const tests: { readonly at: number; readonly column: Column; readonly value: Value }[] = [];
  for (const [name, declared] of Object.entries(filter)) {
    const at = names.indexOf(name);
    const column = draft.columns[at]?.[side];
    const path = ['links', draft.id, 'where', side, name];
    const value = column === undefined ? undefined : canonicalConstant(column, declared);
    if (column === undefined) {
      findings.error('TD2103', `the filter names '${name}', which is not linked`, {
        path,
        ...unknownName(name, names),
      });
    } else if (value === undefined) {
      findings.error('TD2104', `${name} is ${column.kind}`, {
        path,
        expected: `a value of ${column.native}`,
        found: typeof declared,
      });
    } else {
      tests.push({ at, column, value });
    }
  }
  return (image: Row) => tests.every(({ at, column, value }) => sameValue(column.kind, image[at], value));
}

type FilterFunction = (row: Readonly<Record<string, Value>>) => boolean;

function passes(filter: FilterFunction, row: Readonly<Record<string, Value>>, link: string, side: Side): boolean {
  try {
    return filter(row);
  } catch (thrown) {
    throw new TandemError('TD3008', 'the row filter threw an error', { at: { link, side }, cause: thrown });
  }
}
