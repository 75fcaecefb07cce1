import type { EmulatedCascade, LinkSide, ParentKey } from '../model/plan.ts';
import { otherSide, type Side, SIDES } from '../model/policy.ts';
import { type ForeignKey, tableName } from '../model/schema.ts';
import type { Findings } from './findings.ts';
import type { LinkKeys } from './keys.ts';
import { imageIndexes, type LinkDraft, sameMembers, writes } from './link-draft.ts';
import type { Schemas } from './resolve.ts';

/** A foreign key between two links, as one side's catalogue describes it. */
interface Reference {
  readonly side: Side;
  readonly child: LinkDraft;
  readonly parent: LinkDraft;
  readonly foreignKey: ForeignKey;
  /** Indexes into the child's image. */
  readonly columns: readonly number[];
  /** The same indexes in the order of the parent's key; null where it refers to other columns of the parent. */
  readonly byKey: readonly number[] | null;
}

export interface LinkRelations {
  readonly foreignKeys: Readonly<Record<Side, LinkSide['foreignKeys']>>;
  readonly parents: readonly ParentKey[];
  readonly cascades: readonly EmulatedCascade[];
}

export type Keyed = ReadonlyMap<LinkDraft, LinkKeys>;

/** Everything that follows from foreign keys between linked tables, by link. */
export function compileRelations(
  links: Keyed,
  schemas: Schemas,
  findings: Findings,
): ReadonlyMap<LinkDraft, LinkRelations> {
  const references = [...links.keys()].flatMap((child) => referencesOf(child, links, schemas, findings));
  const relations = new Map<LinkDraft, LinkRelations>();
  for (const draft of links.keys()) {
    const own = references.filter((reference) => reference.child === draft);
    const ofSide = (side: Side): LinkSide['foreignKeys'] =>
      own
        .filter((reference) => reference.side === side)
        .map(({ parent, columns, byKey, foreignKey }) => {
          const unlogged = parent.tables[side].logsCascades ? undefined : DOES[foreignKey.onDelete];
          return { link: parent.id, columns, byKey, ...(unlogged === undefined ? {} : { unlogged }) };
        });
    relations.set(draft, {
      foreignKeys: { left: ofSide('left'), right: ofSide('right') },
      parents: parentKeys(own, links, findings),
      cascades: emulatedCascades(draft, references, findings),
    });
  }
  return relations;
}

function referencesOf(child: LinkDraft, links: Keyed, schemas: Schemas, findings: Findings): readonly Reference[] {
  const references: Reference[] = [];
  for (const side of SIDES) {
    for (const foreignKey of child.tables[side].foreignKeys) {
      const columns = imageIndexes(child, side, foreignKey.columns);
      const name = tableName(foreignKey.references);
      const parent = [...links.keys()].find((link) => tableName(link.tables[side].ref) === name);
      if (parent === undefined) {
        if (columns !== null) reportParent(child, side, foreignKey, schemas, findings);
        continue;
      }
      if (columns === null) {
        reportUnlinkedReference(child, side, parent, foreignKey, findings);
        continue;
      }
      references.push({
        side,
        child,
        parent,
        foreignKey,
        columns,
        byKey: inKeyOrder(side, parent, foreignKey, columns, links),
      });
    }
  }
  return references;
}

function inKeyOrder(
  side: Side,
  parent: LinkDraft,
  foreignKey: ForeignKey,
  columns: readonly number[],
  links: Keyed,
): readonly number[] | null {
  const key = (links.get(parent)?.key ?? []).map((at) => parent.columns[at]?.[side].name ?? '');
  if (!sameMembers(key, foreignKey.referencedColumns)) return null;
  return key.map((name) => columns[foreignKey.referencedColumns.indexOf(name)] ?? -1);
}

/** A parent that is not linked is only sound where its keys mean the same on both sides. */
function reportParent(
  child: LinkDraft,
  side: Side,
  foreignKey: ForeignKey,
  schemas: Schemas,
  findings: Findings,
): void {
  const parent = schemas[side].find((table) => tableName(table.ref) === tableName(foreignKey.references));
  const generated = parent?.columns.some((column) => column.auto && foreignKey.referencedColumns.includes(column.name));
  const details = {
    path: columnPath(child, side, foreignKey.columns[0] ?? ''),
    expected: 'a link for the parent table, so that its keys are translated',
    found: `${tableName(foreignKey.references)} is in no link`,
    at: { side, table: tableName(child.tables[side].ref), constraint: foreignKey.name },
  };
  const message = `${foreignKey.columns.join(', ')} refers to ${tableName(foreignKey.references)}, which is not linked`;
  if (generated === true) findings.error('TD2305', message, details);
  else findings.warning('TD2305', message, details);
}

/** A child whose reference is left out gets NULL or a default there; that is only a mistake where NULL is refused. */
function reportUnlinkedReference(
  child: LinkDraft,
  side: Side,
  parent: LinkDraft,
  foreignKey: ForeignKey,
  findings: Findings,
): void {
  findings.warning('TD2305', `${foreignKey.columns.join(', ')} is not linked, although its parent '${parent.id}' is`, {
    path: ['links', child.id, 'columns'],
    at: { side, table: tableName(child.tables[side].ref), constraint: foreignKey.name },
  });
}

function columnPath(draft: LinkDraft, side: Side, column: string): readonly string[] {
  const linked = draft.columns.find((candidate) => candidate[side].name === column);
  return ['links', draft.id, 'columns', ...(linked === undefined ? [] : [linked.left.name])];
}

function parentKeys(own: readonly Reference[], links: Keyed, findings: Findings): readonly ParentKey[] {
  const parents = new Map<number, ParentKey>();
  for (const { child, side, parent, byKey, foreignKey } of own) {
    const column = byKey?.[0];
    if (column === undefined || links.get(parent)?.keys !== 'mapped') continue;
    const earlier = parents.get(column);
    if (earlier !== undefined && earlier.link !== parent.id) {
      findings.error('TD2305', `${child.columns[column]?.left.name} refers to another link on each side`, {
        path: columnPath(child, side, foreignKey.columns[0] ?? ''),
        expected: `a foreign key to the tables of one link`,
        found: `the links '${earlier.link}' and '${parent.id}'`,
      });
    }
    parents.set(column, { link: parent.id, column });
  }
  return [...parents.values()];
}

const DOES: Partial<Record<ForeignKey['onDelete'], EmulatedCascade['action']>> = {
  cascade: 'delete',
  'set null': 'setNull',
};

/**
 * InnoDB before 9.6 does not log the rows that a cascade deletes or detaches. Tandem does by hand what the log does not
 * tell (correctness 4), also where the other side has the same cascade: what that server does has to be in a log, too.
 */
function emulatedCascades(
  parent: LinkDraft,
  references: readonly Reference[],
  findings: Findings,
): readonly EmulatedCascade[] {
  const cascades: EmulatedCascade[] = [];
  for (const reference of references) {
    const { side, child, foreignKey, columns, byKey } = reference;
    const to = otherSide(side);
    if (reference.parent !== parent || parent.tables[side].logsCascades || !writes(child, to)) continue;
    const there = references.find(
      (other) =>
        other.side === to && other.child === child && other.parent === parent && sameColumns(other.columns, columns),
    );
    if (acts(foreignKey.onUpdate) && there?.foreignKey.onUpdate !== foreignKey.onUpdate) {
      reportCascade(reference, 'ON UPDATE', foreignKey.onUpdate, findings);
    }
    const action = DOES[foreignKey.onDelete];
    if (action === undefined) continue;
    if (byKey !== null) cascades.push({ from: side, childLink: child.id, columns: byKey, action });
    else if (there?.foreignKey.onDelete !== foreignKey.onDelete) {
      reportCascade(reference, 'ON DELETE', foreignKey.onDelete, findings);
    }
  }
  return cascades;
}

function acts(action: ForeignKey['onUpdate']): boolean {
  return action === 'cascade' || action === 'set null';
}

function sameColumns(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((column) => b.includes(column));
}

function reportCascade(reference: Reference, event: string, action: string, findings: Findings): void {
  const { side, child, foreignKey } = reference;
  const other = tableName(child.tables[otherSide(side)].ref);
  const columns = reference.columns.map((at) => child.columns[at]?.[otherSide(side)].name ?? '');
  findings.warning('TD2302', `${event} ${action.toUpperCase()} of ${foreignKey.name} is not logged by its server`, {
    path: columnPath(child, side, foreignKey.columns[0] ?? ''),
    expected: `the same action on the other side, over ${columns.join(', ')}`,
    found: 'none',
    fix: `declare the foreign key of ${other} with ${event} ${action.toUpperCase()}`,
    at: { side, table: tableName(child.tables[side].ref), constraint: foreignKey.name },
  });
}
