import { TandemError } from '../../model/error.ts';
import type { Row } from '../../model/value.ts';
import type { Session } from './session.ts';
import { type Cell, type Index, type Reference, type Table, visible } from './table.ts';

/** Locks the place of a key. */
export function lockKey(session: Session, table: Table, key: string): Promise<void> {
  return session.lock(`row|${table.name}|${key}`, 'exclusive');
}

/** Takes over a key that must be free. Throws TD7001. */
export async function claimKey(session: Session, table: Table, key: string): Promise<void> {
  await lockKey(session, table, key);
  const cell = table.cells.get(key);
  if (cell !== undefined && visible(cell, session) !== null) throw duplicate(table, table.key);
}

/**
 * Moves unique values from one image to another: values given up are locked too, so that nobody takes them before it is
 * certain that they are free. Throws TD7001.
 */
export async function claimUniques(
  session: Session,
  table: Table,
  before: Row | null,
  after: Row | null,
  own: Cell | undefined,
): Promise<void> {
  for (const unique of table.uniques) {
    const old = before === null ? null : unique.identity(before);
    const next = after === null ? null : unique.identity(after);
    if (old === next) continue;
    if (old !== null) await session.lock(`unique|${table.name}|${unique.name}|${old}`, 'exclusive');
    if (next === null) continue;
    await session.lock(`unique|${table.name}|${unique.name}|${next}`, 'exclusive');
    for (const cell of unique.candidates(next)) {
      const row = cell === own ? null : visible(cell, session);
      if (row !== null && unique.identity(row) === next) throw duplicate(table, unique);
    }
  }
}

/** The parents of every foreign key that is new in the row must exist, and stay until this transaction ends. */
export async function requireParents(session: Session, table: Table, before: Row | null, after: Row): Promise<void> {
  for (const reference of table.parents) {
    const identity = reference.children.identity(after);
    if (identity === null || (before !== null && reference.children.identity(before) === identity)) continue;
    await session.lock(referenceLock(reference, identity), 'shared');
    // A row may be its own parent.
    const own = reference.parent === table && reference.target.identity(after) === identity;
    if (!own && !holdsVisible(session, reference.target, identity))
      throw foreignKey(reference, 'the parent is missing');
  }
}

/** Locks every referenced value that the row gives up, so that no child can be added to it meanwhile. */
export async function lockGivenUp(session: Session, table: Table, before: Row, after: Row | null): Promise<void> {
  for (const reference of table.references) {
    const old = reference.target.identity(before);
    if (old === null || (after !== null && reference.target.identity(after) === old)) continue;
    await session.lock(referenceLock(reference, old), 'exclusive');
  }
}

/** Children of a value, each locked; in the order in which they came. */
export async function children(
  session: Session,
  reference: Reference,
  identity: string,
): Promise<readonly { readonly cell: Cell; readonly row: Row }[]> {
  const found: { readonly cell: Cell; readonly row: Row }[] = [];
  for (const cell of reference.children.candidates(identity)) {
    await lockKey(session, reference.child, cell.key);
    const row = visible(cell, session);
    if (row !== null && reference.children.identity(row) === identity) found.push({ cell, row });
  }
  return found;
}

export function foreignKey(reference: Reference, message: string): TandemError {
  return new TandemError('TD7002', message, {
    at: { table: reference.child.name, constraint: reference.name },
  });
}

function duplicate(table: Table, index: Index): TandemError {
  return new TandemError('TD7001', 'another row holds the value', {
    at: { table: table.name, constraint: index.name },
  });
}

function referenceLock(reference: Reference, identity: string): string {
  return `reference|${reference.parent.name}|${reference.target.name}|${identity}`;
}

function holdsVisible(session: Session, index: Index, identity: string): boolean {
  return index.candidates(identity).some((cell) => {
    const row = visible(cell, session);
    return row !== null && index.identity(row) === identity;
  });
}
