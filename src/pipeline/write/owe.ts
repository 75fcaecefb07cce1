import type { Position } from '../../model/change.ts';
import { otherSide } from '../../model/policy.ts';
import { keyOf, rowKeyText, type LaneItem, type Unread } from '../lane/linked.ts';
import type { Debts } from './debts.ts';
import { knownNow, moveFor, transact, type Applier } from './transact.ts';

/** What a stopped table group notes in its target, and with it what is to stand about the group itself. */
export interface Owing {
  readonly items: readonly LaneItem[];
  /** More rows of the source that the target is owed. */
  readonly rows: readonly Unread[];
  /** Links whose whole table has been brought into step. */
  readonly paidWholes: readonly string[];
  readonly group: GroupNote | null;
  /** The protocol still has work to hand over: a restart must find it again. */
  readonly keepsKnown: boolean;
}

/** A row of the table_group table. */
export interface GroupNote {
  readonly state: 'running' | 'stopped' | 'healing';
  readonly code: string | null;
  readonly error: string | null;
  readonly sinceUs: number;
  readonly tables: string;
}

/**
 * Takes note of what changed instead of applying it: the keys of the rows, with the checkpoint, so that the log need
 * not be kept while the group is stopped (correctness 9.1). Touches no table of the user.
 */
export async function owe(applier: Applier, owing: Owing, rowsMax: number): Promise<void> {
  const { items, rows, group, paidWholes, keepsKnown } = owing;
  const known: Position | null = keepsKnown ? applier.held.known : knownNow(applier);
  const move = moveFor(applier, items, known);
  await transact(applier, move, async (scope, { debts }) => {
    const note = (each: Unread, effectiveUs: number) => {
      if (isTooMany(applier, debts, each, rowsMax)) debts.oweWhole(each.link.id);
      else noteRow(applier, debts, each, effectiveUs);
    };
    for (const { changes, unread, effectiveUs } of items) {
      for (const { link, before, after } of changes) {
        for (const image of [before, after]) if (image !== null) note({ link, key: keyOf(link, image) }, effectiveUs);
      }
      for (const each of unread) note(each, effectiveUs);
    }
    for (const each of rows) noteRow(applier, debts, each, 0);
    for (const link of paidWholes) debts.payWhole(link);
    if (group === null) return;
    const { stream, lane } = applier.held;
    scope.states.remove('table_group', [stream, lane]);
    const { state, code, error, sinceUs, tables } = group;
    scope.states.put('table_group', { stream, lane, state, code, error, since_us: BigInt(sinceUs), tables });
  });
}

function isTooMany({ arena }: Applier, debts: Debts, { link, key }: Unread, rowsMax: number): boolean {
  const { dirty } = arena.lane.sides[arena.target];
  return key === null || dirty.isWhole(link.id) || dirty.sizeOf(link.id) + debts.size >= rowsMax;
}

function noteRow(applier: Applier, debts: Debts, { link, key }: Unread, effectiveUs: number): void {
  if (key === null) return debts.oweWhole(link.id);
  const { lane, target } = applier.arena;
  const sourceKey = rowKeyText(link, otherSide(target), key);
  const laterUs = Math.max(effectiveUs, lane.sides[target].dirty.effectiveUs(link.id, sourceKey));
  debts.owe({ link: link.id, sourceKey, key, effectiveUs: laterUs });
}
