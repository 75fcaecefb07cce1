import type { Position } from '../model/change.ts';
import type { Target } from '../model/endpoint.ts';
import type { TableShape } from '../model/plan.ts';
import type { Side } from '../model/policy.ts';
import { decodeRow } from '../model/value.ts';
import type { Lane } from '../pipeline/lane/lane.ts';
import { rowKeyText } from '../pipeline/lane/linked.ts';
import type { StateRow } from '../pipeline/lane/marker.ts';
import type { ParkedRow } from '../pipeline/lane/parked.ts';
import type { Stream } from './sync-status.ts';

/** The rows that a route's target is owed, as its parked table holds them. */
export async function readParked(
  target: Target,
  shape: TableShape,
  stream: Stream,
  lane: Lane,
  source: Side,
): Promise<readonly ParkedRow[]> {
  const names = shape.columns.map((column) => column.name);
  const by = [names.indexOf('stream'), names.indexOf('link')];
  const rows: ParkedRow[] = [];
  for (const link of lane.plan.links) {
    for (const image of await target.find(shape, by, [[stream, link.id]])) {
      const row = parkedRow(Object.fromEntries(names.map((name, at) => [name, image[at]])), lane, source);
      if (row !== null) rows.push(row);
    }
  }
  return rows;
}

/** A row of the parked table as the engine knows it; null where its link is not in this lane any more. */
export function parkedRow(row: StateRow, lane: Lane, source: Side): ParkedRow | null {
  const link = lane.plan.links.find((candidate) => candidate.id === row['link']);
  if (link === undefined) return null;
  const rowKey = decodeRow(String(row['row_key']));
  const text = (name: string) => (typeof row[name] === 'string' ? row[name] : null);
  const amounts = text('amounts');
  return {
    link: link.id,
    sourceKey: rowKeyText(link, source, rowKey),
    rowKey,
    code: String(row['code']),
    blockedBy: text('blocked_by'),
    targetKey: text('target_key'),
    amounts: amounts === null ? null : decodeRow(amounts),
    state: row['state'] === 'discarded' ? 'discarded' : 'owed',
    firstPosition: String(row['first_position']) as Position,
    parkedAtUs: Number(row['parked_at_us']),
    op: String(row['op']),
    transaction: String(row['transaction_id']),
    attempts: Number(row['attempts']),
    nextRetryMs: Number(row['next_retry_us']) / 1_000,
  };
}
