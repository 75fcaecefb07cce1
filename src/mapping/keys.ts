import { type Side, SIDES } from '../model/policy.ts';
import { type TableSchema, tableName } from '../model/schema.ts';
import type { Defaults, EngineName, Keys } from './declaration.ts';
import { type Findings, unknownName } from './findings.ts';
import { counterparts, imageIndexes, isUnique, type LinkDraft, sameMembers, writes } from './link-draft.ts';

export interface LinkKeys {
  /** Indexes into the image, the same on both sides. */
  readonly key: readonly number[];
  readonly keys: 'shared' | 'mapped';
  readonly naturalKeys: readonly (readonly number[])[];
}

/** Which columns identify a row, and how the two sides' keys relate. */
export function compileKeys(draft: LinkDraft, defaults: Defaults, findings: Findings): LinkKeys {
  const key = keyColumns(draft, findings);
  const naturalKeys = compileNaturalKeys(draft, findings);
  if (key === null) return { key: [], keys: 'shared', naturalKeys };
  const generated = SIDES.filter((side) => generatesKey(draft, side, key[side]));
  const declared = draft.declaration.keys ?? (generated.length === 2 ? defaults.keys : 'shared');
  if (declared === 'mapped') {
    checkMapped(draft, key, findings);
    return { key: key.indexes, keys: 'mapped', naturalKeys };
  }
  if (generated.length === 2 && draft.direction === 'both') checkShared(draft, declared, key, findings);
  return { key: key.indexes, keys: 'shared', naturalKeys };
}

type KeyColumns = Readonly<Record<Side, readonly string[]>> & { readonly indexes: readonly number[] };

function keyColumns(draft: LinkDraft, findings: Findings): KeyColumns | null {
  if (draft.declaration.key !== undefined) return declaredKey(draft, draft.declaration.key, findings);
  const missing = SIDES.filter((side) => draft.tables[side].key.length === 0);
  for (const side of missing) reportMissingKey(draft, side, findings);
  if (missing.length > 0) return null;
  const left = draft.tables.left.key;
  const indexes = imageIndexes(draft, 'left', left);
  const right = counterparts(draft, 'left', left);
  if (indexes !== null && right !== null && sameMembers(right, draft.tables.right.key)) {
    return refuseOneWay(draft, indexes, findings) ? null : { left, right, indexes };
  }
  findings.error('TD2202', 'the primary keys are not linked with each other', {
    path: ['links', draft.id, 'columns'],
    expected: `the columns ${left.join(', ')} linked to ${draft.tables.right.key.join(', ')}`,
    found: right === null ? 'a key column that is not linked' : `${left.join(', ')} linked to ${right.join(', ')}`,
    fix: `columns: { ${left.map((name, at) => `${name}: '${draft.tables.right.key[at] ?? name}'`).join(', ')}, ... }`,
  });
  return null;
}

function refuseOneWay(draft: LinkDraft, indexes: readonly number[], findings: Findings): boolean {
  const oneWay = indexes.map((at) => draft.columns[at]).filter((column) => column?.direction !== 'both');
  for (const column of oneWay) {
    findings.error('TD2202', 'a key column cannot be linked one way', {
      path: ['links', draft.id, 'columns', column?.left.name ?? ''],
      expected: "direction: 'both'",
    });
  }
  return oneWay.length > 0;
}

function declaredKey(draft: LinkDraft, left: readonly string[], findings: Findings): KeyColumns | null {
  const path = ['links', draft.id, 'key'];
  const indexes = linkedColumns(draft, left, path, findings);
  if (indexes === null) return null;
  const right = counterparts(draft, 'left', left) ?? [];
  const key = { left, right, indexes };
  let sound = true;
  for (const side of SIDES) {
    const table = draft.tables[side];
    const nullable = table.columns.filter((column) => key[side].includes(column.name) && column.nullable);
    if (isUnique(table, key[side]) && nullable.length === 0) continue;
    sound = false;
    findings.error('TD2201', `${key[side].join(', ')} does not identify a row of ${tableName(table.ref)}`, {
      path,
      expected: 'columns that are NOT NULL and together unique, on both sides',
      found: nullable.length > 0 ? `${nullable.map((column) => column.name).join(', ')} may be NULL` : 'no unique key',
      at: { side, table: tableName(table.ref) },
    });
  }
  return sound && !refuseOneWay(draft, indexes, findings) ? key : null;
}

function reportMissingKey(draft: LinkDraft, side: Side, findings: Findings): void {
  const table = draft.tables[side];
  const candidate = table.uniques.find((unique) => isNotNull(table, unique.columns));
  const named =
    candidate === undefined ? null : side === 'left' ? candidate.columns : counterparts(draft, side, candidate.columns);
  const name = tableName(table.ref);
  findings.error('TD2201', `${name} has no primary key`, {
    path: ['links', draft.id, side],
    expected: 'a primary key, or a declared unique key of NOT NULL columns',
    fix:
      named === null
        ? `ALTER TABLE ${name} ADD PRIMARY KEY (...);`
        : `key: [${named.map((column) => `'${column}'`).join(', ')}]`,
    at: { side, table: name },
  });
}

function isNotNull(table: TableSchema, columns: readonly string[]): boolean {
  return columns.every((name) => table.columns.find((column) => column.name === name)?.nullable === false);
}

function generatesKey(draft: LinkDraft, side: Side, key: readonly string[]): boolean {
  return draft.tables[side].columns.some((column) => column.auto && key.includes(column.name));
}

/** The side that receives rows must make keys of its own, one number each: that is what the key map holds. */
function checkMapped(draft: LinkDraft, key: KeyColumns, findings: Findings): void {
  for (const side of SIDES) {
    const single = key[side].length === 1;
    if (single && (!writes(draft, side) || generatesKey(draft, side, key[side]))) continue;
    const name = tableName(draft.tables[side].ref);
    findings.error('TD2205', `${name} does not generate its key by itself`, {
      path: ['links', draft.id, ...(draft.declaration.keys === undefined ? [] : ['keys'])],
      expected: 'one key column that counts up by itself (serial, identity, AUTO_INCREMENT)',
      found: single ? `${key[side].join(', ')} without a generator` : `a key of ${key[side].length} columns`,
      fix: "keys: 'shared'",
      at: { side, table: name },
    });
  }
}

const KEY_CHOICES = [
  "keys: 'mapped'   each side keeps its own numbers; Tandem keeps a map and translates foreign keys",
  "keys: { shared: { left: 'odd', right: 'even' } }   one number space, split between the two generators",
  "keys: 'shared'   only where one side alone creates rows: link it one way, or drop the other generator",
].join('\n');

function checkShared(draft: LinkDraft, declared: Keys | undefined, key: KeyColumns, findings: Findings): void {
  const split = typeof declared === 'object' ? declared.shared : null;
  if (split !== null && split.left !== split.right) {
    for (const side of SIDES) noteSplit(draft, side, split[side], key[side], findings);
    return;
  }
  findings.error('TD2203', 'both sides generate the same keys, so two new rows can both be number 42', {
    path: ['links', draft.id, ...(draft.declaration.keys === undefined ? [] : ['keys'])],
    expected: 'a declaration of how the keys of both sides relate',
    found: split !== null ? 'the same half for both sides' : declared === undefined ? 'none' : "keys: 'shared'",
    fix: KEY_CHOICES,
    at: { left: tableName(draft.tables.left.ref), right: tableName(draft.tables.right.ref) },
  });
}

/** The split itself is the databases' to make; Tandem says how. */
function noteSplit(draft: LinkDraft, side: Side, parity: string, key: readonly string[], findings: Findings): void {
  const table = draft.tables[side];
  const column = table.columns.find((candidate) => candidate.auto && key.includes(candidate.name))?.name ?? '';
  const name = tableName(table.ref);
  findings.note('TD2203', `${name} must generate ${parity} keys only`, {
    path: ['links', draft.id, 'keys'],
    fix:
      draft.engines[side] === 'postgres'
        ? splitSequence(name, column, parity)
        : splitAutoIncrement(draft.engines[side], parity),
    at: { side, table: name, column },
  });
}

function splitSequence(table: string, column: string, parity: string): string {
  const sequence = `${table}_${column}_seq`;
  const next = `n + (n + ${parity === 'odd' ? 1 : 0}) % 2`;
  return [
    `ALTER SEQUENCE ${sequence} INCREMENT BY 2;`,
    `SELECT setval('${sequence}', ${next}, false)`,
    `  FROM (SELECT coalesce(max(${column}), 0) + 1 AS n FROM ${table}) AS k;`,
  ].join('\n');
}

/** MariaDB has no SET PERSIST; there the configuration file has to say it as well. */
function splitAutoIncrement(engine: EngineName, parity: string): string {
  const set = engine === 'mysql' ? 'SET PERSIST' : 'SET GLOBAL';
  return `${set} auto_increment_increment = 2;\n${set} auto_increment_offset = ${parity === 'odd' ? 1 : 2};`;
}

function compileNaturalKeys(draft: LinkDraft, findings: Findings): readonly (readonly number[])[] {
  const compiled: (readonly number[])[] = [];
  for (const [at, columns] of (draft.declaration.naturalKeys ?? []).entries()) {
    const path = ['links', draft.id, 'naturalKeys', at];
    const indexes = linkedColumns(draft, columns, path, findings);
    if (indexes === null) continue;
    compiled.push(indexes);
    const names = { left: columns, right: counterparts(draft, 'left', columns) ?? [] };
    for (const side of SIDES) {
      if (isUnique(draft.tables[side], names[side])) continue;
      const name = tableName(draft.tables[side].ref);
      findings.error('TD2204', `${names[side].join(', ')} is not unique in ${name}`, {
        path,
        expected: 'a unique key over these columns on both sides',
        fix: `ALTER TABLE ${name} ADD UNIQUE (${names[side].join(', ')});`,
        at: { side, table: name },
      });
    }
  }
  return compiled;
}

function linkedColumns(
  draft: LinkDraft,
  columns: readonly string[],
  path: readonly (string | number)[],
  findings: Findings,
): readonly number[] | null {
  const indexes = imageIndexes(draft, 'left', columns);
  if (indexes !== null) return indexes;
  const valid = draft.columns.map((linked) => linked.left.name);
  for (const column of columns.filter((name) => !valid.includes(name))) {
    findings.error('TD2103', `'${column}' is not a linked column of the left side`, {
      path,
      ...unknownName(column, valid),
    });
  }
  return null;
}
