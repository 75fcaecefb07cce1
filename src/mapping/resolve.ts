import { type Side, SIDES } from '../model/policy.ts';
import { type Column, type TableSchema, tableName } from '../model/schema.ts';
import type { ColumnDeclaration, Declaration, DeclaredCodec, End, Flow, LinkDeclaration } from './declaration.ts';
import { type Findings, unknownName } from './findings.ts';
import type { LinkDraft, LinkedColumn } from './link-draft.ts';

export type Schemas = Readonly<Record<Side, readonly TableSchema[]>>;

/** Finds every table and column that the declaration names. A link whose tables do not exist is left out. */
export function resolveLinks(declaration: Declaration, schemas: Schemas, findings: Findings): readonly LinkDraft[] {
  const drafts: LinkDraft[] = [];
  for (const [id, link] of Object.entries(declaration.links)) {
    const left = resolveTable(declaration, schemas, id, 'left', findings);
    const right = resolveTable(declaration, schemas, id, 'right', findings);
    if (left === null || right === null) continue;
    const tables = { left, right };
    refuseSecondLink(id, tables, drafts, findings);
    drafts.push({
      id,
      declaration: link,
      direction: link.direction ?? declaration.defaults.direction ?? 'both',
      engines: { left: declaration.left.engine, right: declaration.right.engine },
      tables,
      columns: resolveColumns(id, link, tables, declaration, findings),
    });
  }
  return drafts;
}

function resolveTable(
  declaration: Declaration,
  schemas: Schemas,
  id: string,
  side: Side,
  findings: Findings,
): TableSchema | null {
  const name = declaration.links[id]?.[side] ?? '';
  const found = findTable(name, schemas[side]);
  if (found.length === 1) return found[0] ?? null;
  const label = declaration[side].label ?? side;
  const valid = schemas[side].map((table) => (name.includes('.') ? tableName(table.ref) : table.ref.table));
  const path = ['links', id, side];
  if (found.length === 0) {
    findings.error('TD2101', `${label} has no table '${name}'`, { path, ...unknownName(name, valid), at: { side } });
  } else {
    const names = found.map((table) => tableName(table.ref)).join(', ');
    findings.error('TD2101', `'${name}' could be several tables of ${label}`, {
      path,
      expected: `one of ${names}`,
      at: { side },
    });
  }
  return null;
}

function findTable(name: string, tables: readonly TableSchema[]): readonly TableSchema[] {
  const exact = tables.filter((table) => tableName(table.ref) === name);
  if (exact.length > 0) return exact;
  const byTable = tables.filter((table) => table.ref.table === name);
  const inPublic = byTable.filter((table) => table.ref.schema === 'public');
  return inPublic.length === 1 ? inPublic : byTable;
}

/** A row's changes go to one place: a table in two links would be written by both and belong to neither. */
function refuseSecondLink(
  id: string,
  tables: LinkDraft['tables'],
  drafts: readonly LinkDraft[],
  findings: Findings,
): void {
  for (const side of SIDES) {
    const name = tableName(tables[side].ref);
    const other = drafts.find((draft) => tableName(draft.tables[side].ref) === name);
    if (other === undefined) continue;
    findings.error('TD1002', `${name} is already in the link '${other.id}'`, {
      path: ['links', id, side],
      expected: 'each table in one link',
      at: { side, table: name },
    });
  }
}

function resolveColumns(
  id: string,
  link: LinkDeclaration,
  tables: LinkDraft['tables'],
  sides: Pick<Declaration, Side>,
  findings: Findings,
): readonly LinkedColumn[] {
  const linked: LinkedColumn[] = [];
  for (const [name, declared] of Object.entries(link.columns)) {
    const path = ['links', id, 'columns', name];
    const left = resolveColumn(tables.left, 'left', name, path, findings);
    const target = columnTarget(declared);
    if (target === null) continue;
    const rightPath = typeof declared === 'string' ? path : [...path, 'to'];
    const right = resolveColumn(tables.right, 'right', target.to, rightPath, findings);
    if (left === null || right === null) continue;
    const earlier = linked.find((other) => other.right === right);
    if (earlier !== undefined) {
      findings.error('TD1002', `${target.to} is already linked to ${earlier.left.name}`, {
        path: rightPath,
        expected: 'each right column once',
      });
      continue;
    }
    const at = { link: id, left: left.name, right: right.name };
    const ends: Ends = {
      left: { engine: sides.left.engine, column: left, at },
      right: { engine: sides.right.engine, column: right, at },
    };
    const codec = placeCodec(target.codec, ends, [...path, 'codec'], findings);
    linked.push({ left, right, codec, direction: target.direction });
  }
  return linked;
}

type Ends = Readonly<Record<Side, End>>;

/** A codec as it is between its columns. One that is not for them stays unplaced, and a finding says why. */
function placeCodec(
  codec: DeclaredCodec | null,
  { left, right }: Ends,
  path: readonly string[],
  findings: Findings,
): DeclaredCodec | null {
  const placed = codec?.between?.(left, right);
  if (codec === null || placed === undefined) return codec;
  if (!('expected' in placed)) return placed;
  findings.error('TD2111', `${codec.name} does not fit between ${left.column.name} and ${right.column.name}`, {
    path,
    expected: placed.expected,
    found: `${left.column.native} (${left.engine}) and ${right.column.native} (${right.engine})`,
  });
  return codec;
}

interface ColumnTarget {
  readonly to: string;
  readonly codec: LinkedColumn['codec'];
  readonly direction: Flow;
}

function columnTarget(declared: ColumnDeclaration): ColumnTarget | null {
  if (typeof declared === 'string') return { to: declared, codec: null, direction: 'both' };
  if ('skip' in declared) return null;
  return { to: declared.to, codec: declared.codec ?? null, direction: declared.direction ?? 'both' };
}

/** A column by its name, or null and a finding that lists the table's columns. */
export function resolveColumn(
  table: TableSchema,
  side: Side,
  name: string,
  path: readonly string[],
  findings: Findings,
): Column | null {
  const column = table.columns.find((candidate) => candidate.name === name);
  if (column !== undefined) return column;
  const names = table.columns.map((candidate) => candidate.name);
  findings.error('TD2103', `${tableName(table.ref)} has no column '${name}'`, {
    path,
    ...unknownName(name, names),
    at: { side, table: tableName(table.ref) },
  });
  return null;
}
