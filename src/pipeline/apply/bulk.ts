import { asTandemError } from '../../model/error.ts';
import { compact, type Run } from '../map/compact.ts';
import type { Op } from '../map/ops.ts';
import { attempt } from '../write/attempt.ts';
import type { CarefulPass } from '../write/pass.ts';
import { deleteRows, freshKey, insertRows, updateRows, type Outgoing, type Scope } from '../write/write.ts';

/** A run that was refused is tried again in so many parts, and so on down to single rows. */
const PARTS = 8;

/** All operations in as few statements as possible. Throws TandemError of class row where one does not fit. */
export async function applyRuns(pass: CarefulPass, ops: readonly Op[]): Promise<void> {
  for (const run of compacted(pass, ops)) await applyRun(pass.scope, run);
}

/** The same, but without those that the target refuses; these are returned, and nothing of them has happened. */
export async function applyFitting(pass: CarefulPass, ops: readonly Op[]): Promise<Op[]> {
  const unfit: Op[] = [];
  for (const run of compacted(pass, ops)) await isolate(pass, run, unfit);
  return unfit;
}

function compacted({ scope, arena }: CarefulPass, ops: readonly Op[]): readonly Run<Op>[] {
  return compact(ops, scope.target, scope.target === arena.lane.home);
}

async function isolate(pass: CarefulPass, run: Run<Op>, unfit: Op[]): Promise<void> {
  try {
    await attempt(pass, () => applyRun(pass.scope, run));
  } catch (thrown) {
    if (asTandemError(thrown).class !== 'row') throw thrown;
    const { length } = run.ops;
    if (length === 1) unfit.push(...run.ops);
    const size = Math.ceil(length / PARTS);
    for (let at = 0; at < length && length > 1; at += size) {
      await isolate(pass, { ...run, ops: run.ops.slice(at, at + size) }, unfit);
    }
  }
}

function outgoingOf(scope: Scope, op: Op): Outgoing {
  const key = op.targetKey ?? freshKey(scope, op.link, op.sourceKey);
  return { link: op.link, sourceKey: op.sourceKey, key, image: op.after, before: op.before, hops: op.change.hops };
}

async function applyRun(scope: Scope, run: Run<Op>): Promise<void> {
  const { link } = run;
  const rows = run.ops.map((op) => outgoingOf(scope, op));
  if (run.op === 'delete') {
    const standing = rows.filter((row) => row.key !== null);
    if (standing.length > 0) await deleteRows(scope, link, standing);
    return;
  }
  if (run.op === 'insert') return insertRows(scope, link, link.keys === 'mapped' ? rows.map(unkeyed) : rows);
  const standing = rows.filter((row) => row.key !== null);
  const unknown = rows.filter((row) => row.key === null);
  if (standing.length > 0) await updateRows(scope, link, standing);
  if (unknown.length > 0) await insertRows(scope, link, unknown);
}

function unkeyed(row: Outgoing): Outgoing {
  return row.key === null ? row : { ...row, key: null };
}
