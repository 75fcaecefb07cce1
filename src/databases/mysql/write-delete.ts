import type { Row } from '../../model/value.ts';
import type { Flavor } from './flavor.ts';
import { rowsByKey } from './locate.ts';
import { pieces, tuplesMax } from './read-rows.ts';
import { rowsOf, type Session } from './session.ts';
import type { CompiledShape } from './shape.ts';

/**
 * Deletes rows and returns the indexes of those that were not there. The keys are locked and listed by a query in front
 * of each DELETE, in the same round trip: afterwards nothing tells which of them there had been.
 */
export async function deleteRows(
  session: Session,
  flavor: Flavor,
  compiled: CompiledShape,
  keys: readonly Row[],
): Promise<readonly number[]> {
  const missing: number[] = [];
  let start = 0;
  for (const piece of pieces(keys, tuplesMax)) {
    const rows = await rowsByKey(session, flavor, compiled, piece);
    const sql = `SELECT ${compiled.selectKey} FROM ${rows} FOR UPDATE;DELETE t FROM ${rows}`;
    const [found] = await session.run(sql, 2, 'TD7012');
    const present = rowsOf(found);
    if (present.length < piece.length) {
      const there = new Set(present.map((cells) => compiled.identity(compiled.decodeKey(cells))));
      for (const [at, key] of piece.entries()) if (!there.has(compiled.identity(key))) missing.push(start + at);
    }
    start += piece.length;
  }
  return missing;
}
