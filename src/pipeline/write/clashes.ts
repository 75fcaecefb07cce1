import { encodeRow, type Row } from '../../model/value.ts';
import type { ConflictType } from '../../model/policy.ts';
import type { LinkedChange } from '../lane/linked.ts';
import { storedKey } from '../lane/parked.ts';
import { mapImage } from '../map/map.ts';
import type { CarefulPass } from './pass.ts';

/** Codes of rows whose unique values another row holds: no policy decides that, and it heals when the value is free. */
export const CLASH_CODES: ReadonlySet<string> = new Set(['TD7001', 'TD8003']);

/** A row of this source waits for a value that another row holds: one entry, however often it is tried. */
export function recordClash(pass: CarefulPass, change: LinkedChange, sourceKey: string, code: string): void {
  const { link, after } = change;
  if (after === null || pass.ledger.open(link.id, sourceKey) !== null) return;
  const { lane } = pass.arena;
  const isHome = pass.scope.target === lane.home;
  const image = encodeRow(isHome ? mapImage(link, lane.remote, after) : after);
  pass.ledger.record({
    lane: lane.plan.id,
    link: link.id,
    home: lane.home,
    row_key: encodeRow([]),
    home_key: isHome ? '' : storedKey(sourceKey),
    remote_key: isHome ? storedKey(sourceKey) : '',
    type: clashType(change, code),
    policy: 'wait until the value is free',
    state: 'open',
    winner: 'nobody',
    code,
    base: imageText(pass, isHome, change),
    home_image: isHome ? null : image,
    remote_image: isHome ? image : null,
    result: null,
    shares: null,
    home_us: 0n,
    remote_us: 0n,
    decided_us: BigInt(pass.effectiveUs),
    home_position: null,
    remote_position: null,
    remote_transaction: null,
    refers: null,
  });
}

/** The row could be applied at last. */
export function closeClash(pass: CarefulPass, link: string, sourceKey: string): void {
  const open = pass.ledger.open(link, sourceKey);
  if (open === null || !CLASH_CODES.has(String(open['code']))) return;
  const { lane } = pass.arena;
  const winner = pass.scope.target === lane.home ? lane.remote : lane.home;
  const result = open['home_image'] ?? open['remote_image'] ?? null;
  pass.ledger.change({ ...open, state: 'resolved', winner, result });
}

function clashType({ op }: LinkedChange, code: string): ConflictType {
  if (code === 'TD8003') return 'multiple_unique_conflicts';
  return op === 'insert' ? 'insert_exists' : 'update_exists';
}

function imageText(pass: CarefulPass, isHome: boolean, { link, before }: LinkedChange): string | null {
  if (before === null) return null;
  const image: Row = isHome ? mapImage(link, pass.arena.lane.remote, before) : before;
  return encodeRow(image);
}
