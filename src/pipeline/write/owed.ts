import type { Position } from '../../model/change.ts';
import type { TandemError } from '../../model/error.ts';
import type { LinkPlan } from '../../model/plan.ts';
import { otherSide } from '../../model/policy.ts';
import { encodeRow, type Row } from '../../model/value.ts';
import { keyFromText } from '../lane/keys.ts';
import type { LaneItem, LinkedChange } from '../lane/linked.ts';
import { type Debt, type ParkedRow, retryDelayMs, storedKey } from '../lane/parked.ts';
import type { CarefulPass } from './pass.ts';

/** The change that was refused, as far as there is one. */
export interface Cause {
  readonly item: LaneItem;
  readonly change: LinkedChange;
  readonly error: TandemError;
  /** The row's key at the source. */
  readonly rowKey: Row;
}

/** Notes a row as owed, with the transaction that passes over its change. */
export function parkRow(pass: CarefulPass, debt: Debt, position: string, cause: Cause | null = null): void {
  const known = pass.owedRows.get(debt.link, debt.sourceKey);
  const attempts = (known?.attempts ?? 0) + 1;
  const nowMs = pass.nowMs();
  const row: ParkedRow = {
    ...debt,
    rowKey: cause?.rowKey ?? known?.rowKey ?? keyOfDebt(pass, debt),
    state: 'owed',
    firstPosition: known?.firstPosition ?? (position as Position),
    parkedAtUs: known?.parkedAtUs ?? nowMs * 1_000,
    ...originOf(cause, known),
    attempts,
    nextRetryMs: nowMs + retryDelayMs(attempts),
  };
  const { states } = pass.scope;
  states.remove('parked', [pass.stream, row.link, storedKey(row.sourceKey)]);
  // From here on the parked table says so.
  pass.debts.pay(row.link, row.sourceKey);
  states.put('parked', { ...parkedState(pass.stream, row), error: errorText(cause), position });
  pass.owedRows.park(row);
}

/** The row is owed no more. */
export function healRow(pass: CarefulPass, row: ParkedRow): void {
  pass.scope.states.remove('parked', [pass.stream, row.link, storedKey(row.sourceKey)]);
  pass.owedRows.heal(row);
}

/** A state that was asked for says nothing of the change that brought the row here. */
function originOf(cause: Cause | null, known: ParkedRow | null): Pick<ParkedRow, 'op' | 'transaction'> {
  const isState = cause === null || cause.change.op === 'reassert' || cause.change.op === 'refresh';
  if (isState && known !== null) return { op: known.op, transaction: known.transaction };
  return { op: cause?.change.op ?? 'conflict', transaction: cause?.item.id.slice(0, 190) ?? '' };
}

function errorText(cause: Cause | null): string {
  if (cause === null) return JSON.stringify({ message: 'a conflict about the row waits for a person' });
  const { message, details } = cause.error;
  const { expected, found, fix, at } = details;
  return JSON.stringify({ message, expected, found, fix, at });
}

function keyOfDebt({ scope }: CarefulPass, { link, sourceKey }: Debt): Row {
  return keyFromText(scope.links.get(link) as LinkPlan, otherSide(scope.target), sourceKey);
}

function parkedState(stream: string, row: ParkedRow) {
  return {
    stream,
    link: row.link,
    source_key: storedKey(row.sourceKey),
    row_key: encodeRow(row.rowKey),
    code: row.code,
    blocked_by: row.blockedBy,
    state: row.state,
    op: row.op,
    transaction_id: row.transaction,
    first_position: row.firstPosition,
    target_key: row.targetKey,
    amounts: row.amounts === null ? null : encodeRow(row.amounts),
    parked_at_us: BigInt(row.parkedAtUs),
    attempts: BigInt(row.attempts),
    next_retry_us: BigInt(row.nextRetryMs) * 1_000n,
  };
}
