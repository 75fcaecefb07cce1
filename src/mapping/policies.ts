import type {
  ByColumns,
  ColumnGroup,
  Conflict,
  Delta,
  Newest,
  Park,
  PerColumn,
  Policy,
  RowPolicy,
  Side,
  SideWins,
  Verdict,
} from '../model/policy.ts';

/**
 * The later write wins, by a time derived from the logs; a tie goes to the home side. With a column (a linked one, by
 * its left name), that column is compared first.
 */
export function newestWins(column?: string): Newest {
  return column === undefined ? { kind: 'newest' } : { kind: 'newest', column };
}

/** One side wins every conflict. */
export function sideWins(side: Side): SideWins {
  return { kind: 'side', side };
}

/** Columns that one side alone changed are merged; where both changed one, `overlap` decides. */
export function perColumn(overlap: Newest | SideWins = newestWins()): PerColumn {
  return { kind: 'perColumn', overlap };
}

/** For counters, within {@link byColumns}: what each side added or took away is summed, no increment is lost. */
export function delta(): Delta {
  return { kind: 'delta' };
}

/** A person decides, with `tandem conflicts resolve`; until then both sides keep what they have. */
export function park(): Park {
  return { kind: 'park' };
}

/** Policies of their own for columns that belong together; `rest` decides about all other columns and about deletes. */
export function byColumns(rest: RowPolicy, columns: readonly ColumnGroup[]): ByColumns {
  return { kind: 'columns', default: rest, columns };
}

/** A function of your own decides; it runs once per conflict, at the home side only, and may be asynchronous. */
export function custom(decide: (conflict: Conflict) => Verdict | Promise<Verdict>): Policy & RowPolicy {
  return { kind: 'custom', decide, name: decide.name === '' ? 'custom' : decide.name };
}
