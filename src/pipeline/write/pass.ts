import type { AskTimed } from '../../arbiter/custom.ts';
import { TandemError } from '../../model/error.ts';
import type { Code } from '../../model/codes.ts';
import type { LinkPlan } from '../../model/plan.ts';
import { otherSide } from '../../model/policy.ts';
import type { Row, Value } from '../../model/value.ts';
import { rowHash, rowKeyText, type LinkedChange } from '../lane/linked.ts';
import type { OwedRows } from '../lane/parked.ts';
import type { Restatement } from '../lane/restatement.ts';
import type { Arena, Op } from '../map/ops.ts';
import type { Debts } from './debts.ts';
import type { Ledger } from './ledger.ts';
import { deleteRows, freshKey, insertRows, updateRows, type Outgoing, type Scope } from './write.ts';

/** What the careful path did, for the status. */
export interface Tally {
  conflicts: number;
  deferred: number;
  reasserted: number;
}

/** What a transaction has decided about a row, for the changes of that row which come after in the same transaction. */
export interface Decided {
  /** Which writes the row holds, as the other side is told; null = as home's log says. */
  readonly provenance: Restatement['provenance'];
  /** The newest change of home in it, as an ordinal; 0 = none. */
  readonly home: number;
  /** Hybrid time, microseconds since 1970. */
  readonly effectiveUs: number;
  readonly gone: boolean;
}

/**
 * A row that stands there, is locked, and is changed by several operations that follow on each other: it is looked at
 * once, and written once with what they come to (correctness 7).
 */
export interface Standing {
  readonly link: LinkPlan;
  readonly key: Row;
  readonly sourceKey: string;
  readonly hops: number;
  readonly found: Row;
  /** What it is to hold. */
  readonly row: Row;
}

/** A careful pass over one batch: one row at a time, in source order, looking before it writes. */
export interface CarefulPass {
  readonly scope: Scope;
  readonly arena: Arena;
  readonly tally: Tally;
  /** Waits for a custom function as long as that may take. */
  readonly timed: AskTimed;
  readonly stream: string;
  /** Hybrid time of the transaction. */
  readonly effectiveUs: number;
  /** Changes for which the target's log was read to its end already. */
  readonly looked: WeakSet<LinkedChange>;
  /** Makes ids of restatements unique: stream and the seq of this transaction. */
  readonly idPrefix: string;
  /** Of this transaction. */
  readonly seq: number;
  /** The rows that the target is owed, as this very transaction leaves them. */
  readonly owedRows: OwedRows;
  /** What becomes of rows that changed while the table group was stopped. */
  readonly debts: Debts;
  /** What is written into the ledger of conflicts with this transaction. */
  readonly ledger: Ledger;
  /** Changes that must come again as a state: the code that says why. */
  readonly owed: Code[];
  /** Attempts end with what the database would check at commit otherwise. */
  readonly checkDeferred: boolean;
  readonly nowMs: () => number;
  /** Rows of which this very batch has deferred a change (true), or written what was deferred before, by hash. */
  readonly deferred: Map<number, boolean>;
  /** Rows that are written together, by hash. */
  readonly standing: Map<number, Standing>;
  /** How far home's log was known when the batch was judged, as an ordinal. */
  readonly known: number;
  /** What this very transaction has decided about rows of home, by hash. */
  readonly decided: Map<number, Decided>;
}

/** Writes a decided image, whose foreign keys are this side's own already. */
export async function replaceRow(
  pass: CarefulPass,
  row: Pick<Outgoing, 'link' | 'sourceKey' | 'hops'> & { readonly key: Row },
  current: Row | null,
  image: Row | null,
): Promise<void> {
  const { scope } = pass;
  const outgoing: Outgoing = { ...row, image, before: current };
  if (image === null) await deleteRows(scope, row.link, [outgoing]);
  else if (current === null) {
    await insertRows(scope, row.link, [outgoing], 'own');
    scope.recall(row.link, row.key);
  } else await updateRows(scope, row.link, [outgoing], 'own');
}

/** Sends a state of a row through this database's log. */
export function restate(
  pass: CarefulPass,
  what: {
    readonly link: LinkPlan;
    readonly purpose: 'reassert' | 'refresh';
    readonly key: Row;
    readonly image: Row | null;
    readonly provenance: Restatement['provenance'];
    readonly effectiveUs: number;
  },
): void {
  const { link, ...rest } = what;
  const { scope, arena } = pass;
  // A row that is told again in this transaction is told once, as it is in the end.
  const id = `${pass.idPrefix}:${link.id}:${rowHash(link, scope.target, what.key)}`;
  if (what.purpose === 'reassert' && !scope.states.restates(id)) pass.tally.reasserted++;
  scope.states.restate({ id, lane: arena.lane.plan.id, link: link.id, ...rest });
}

/** A mapped image with keys and foreign keys of the target, so that it can be compared with a row that stands there. */
export async function inTargetKeys(pass: CarefulPass, op: Op, image: Row | null): Promise<Row | null> {
  if (image === null) return null;
  const out = [...image];
  if (op.link.keys === 'mapped') {
    const key = op.targetKey ?? freshKey(pass.scope, op.link, op.newSourceKey);
    op.link.left.key.forEach((at, index) => {
      out[at] = key?.[index];
    });
  }
  for (const parent of op.link.parents) {
    const value = image[parent.column];
    if (value === null || value === undefined) continue;
    const translated = await parentValue(pass, parent.link, value);
    if (translated === null) throw unknownParent(pass, op, parent.link, value);
    out[parent.column] = translated;
  }
  return out;
}

/** A parent's key of the source as the target's; null where it has no counterpart. */
export async function parentValue(pass: CarefulPass, parentId: string, value: Value): Promise<Value | null> {
  const parent = pass.scope.links.get(parentId);
  if (parent === undefined) return null;
  const source = otherSide(pass.scope.target);
  const text = rowKeyText(parent, source, [value]);
  const key = freshKey(pass.scope, parent, text);
  if (key !== null) return key[0] ?? null;
  const known = (await pass.arena.keys.resolve(parent, source, [text])).get(text);
  if (known === undefined) return null;
  const at = parent[pass.scope.target].columns[parent.left.key[0] as number];
  return at?.kind === 'int' ? Number(known) : at?.kind === 'bigint' ? BigInt(known) : known;
}

function unknownParent({ scope }: CarefulPass, op: Op, parent: string, value: Value): TandemError {
  const link = scope.links.get(parent);
  const parentKey = link === undefined ? undefined : rowKeyText(link, otherSide(scope.target), [value]);
  return new TandemError('TD7013', `a row of link '${op.link.id}' refers to a row of '${parent}' without counterpart`, {
    at: { link: op.link.id, parent },
    cause: { parent, parentKey },
  });
}
