import { addToCounters, summedColumns } from '../../arbiter/groups.ts';
import { overlay } from '../../arbiter/dispute.ts';
import { sameImage } from '../../arbiter/same.ts';
import type { Code } from '../../model/codes.ts';
import { TandemError } from '../../model/error.ts';
import type { LinkPlan } from '../../model/plan.ts';
import type { Side } from '../../model/policy.ts';
import { decodeRow, encodeRow, type Row, type Value } from '../../model/value.ts';
import type { Resolution, Task } from '../lane/lane.ts';
import { rowHash } from '../lane/linked.ts';
import { CLASH_CODES } from '../write/clashes.ts';
import type { LedgerRow } from '../write/ledger.ts';
import { healRow } from '../write/owed.ts';
import { replaceRow, restate, type CarefulPass } from '../write/pass.ts';
import type { Applier } from '../write/transact.ts';
import { lockRow } from '../write/write.ts';

type ResolveTask = Task & { readonly kind: 'resolve' };

/**
 * Makes a row what a person wants it to be, and sends it to the other side like every decision. The request stands in
 * the control table until then, so that it is carried out once, whoever runs the sync. Throws TD8013 and TD8014.
 */
export async function resolve(pass: CarefulPass, applier: Applier, { name, request }: ResolveTask): Promise<void> {
  const { scope } = pass;
  const [asked = null] = await scope.transaction.lock(applier.shapes.control, [[name]]);
  if (asked === null) {
    if (applier.answered.has(name)) return;
    throw new TandemError('TD7014', 'a request is in the log but not visible yet', { at: { conflict: request.id } });
  }
  const entry = await entryOf(pass, applier, request);
  if (CLASH_CODES.has(String(entry['code'])))
    throw new TandemError('TD8017', `conflict ${request.id} is not one to decide`);
  const link = scope.links.get(String(entry['link']));
  if (link === undefined || entry['home'] !== scope.target) throw unknown(request);
  const key = decodeRow(String(entry['row_key']));
  const current = await lockRow(scope, link, key);
  const isOpen = entry['state'] === 'open';
  const expected = imageOf(entry, isOpen ? 'home_image' : 'result');
  if (!request.force && !sameImage(link, scope.target, current, expected)) {
    throw new TandemError('TD8013', `the row of conflict ${request.id} has changed since`, {
      fix: 'Look at it, then pass --force to overwrite it all the same.',
      at: { link: link.id, conflict: request.id },
    });
  }
  const row = wanted(pass, link, entry, current, request);
  await replaceIfChanged(pass, link, key, current, row);
  scope.intend(link, rowHash(link, scope.target, key), row, 0);
  const effectiveUs = Math.max(pass.effectiveUs, Number(entry['decided_us']));
  restate(pass, { link, purpose: 'reassert', key, image: row, provenance: null, effectiveUs });
  const owed = pass.owedRows.get(link.id, String(entry['remote_key']));
  if (isOpen && owed !== null) healRow(pass, owed);
  note(pass, entry, request, current, row, effectiveUs);
  scope.states.remove('control', [name]);
}

/** The request cannot be carried out: whoever made it finds the reason where it stands. */
export function refuseResolution(pass: CarefulPass, { name, request }: ResolveTask, code: string): void {
  pass.scope.states.remove('control', [name]);
  pass.scope.states.put('control', { name, value: encodeResolution(request, code) });
}

async function entryOf(pass: CarefulPass, applier: Applier, request: Resolution): Promise<LedgerRow> {
  const shape = applier.shapes.conflict;
  const [row = null] = await pass.scope.transaction.lock(shape, [[request.id]]);
  if (row === null) throw unknown(request);
  return Object.fromEntries(shape.columns.map((column, at) => [column.name, row[at] ?? null]));
}

function unknown({ id }: Resolution): TandemError {
  return new TandemError('TD8014', `there is no conflict ${id} that could be resolved here`, {
    fix: 'tandem conflicts ls',
  });
}

function wanted(
  pass: CarefulPass,
  link: LinkPlan,
  entry: LedgerRow,
  current: Row | null,
  { want }: Resolution,
): Row | null {
  if (want === 'delete') return null;
  const home = pass.scope.target;
  const isOpen = entry['state'] === 'open';
  if ('set' in want) {
    const start = current ?? imageOf(entry, 'home_image') ?? imageOf(entry, 'remote_image');
    return withCounters(pass, link, entry, overlay(start, want.set), null);
  }
  const image = want.take !== home ? imageOf(entry, 'remote_image') : isOpen ? current : imageOf(entry, 'home_image');
  return withCounters(pass, link, entry, image, current);
}

/** Counters stay sums whoever wins: what stands there, and what they are owed while the conflict was open. */
function withCounters(
  pass: CarefulPass,
  link: LinkPlan,
  entry: LedgerRow,
  image: Row | null,
  current: Row | null,
): Row | null {
  const summed = summedColumns(link);
  if (image === null || summed.length === 0) return image;
  const row = current === null ? image : image.map((value, at) => (summed.includes(at) ? current[at] : value));
  const owed = pass.owedRows.get(link.id, String(entry['remote_key']))?.amounts ?? null;
  const isOwed = entry['state'] === 'open' && owed !== null && current !== null;
  return isOwed ? addToCounters({ link, home: pass.scope.target }, row, owed) : row;
}

async function replaceIfChanged(
  pass: CarefulPass,
  link: LinkPlan,
  key: Row,
  current: Row | null,
  row: Row | null,
): Promise<void> {
  if (sameImage(link, pass.scope.target, current, row)) return;
  await replaceRow(pass, { link, sourceKey: '', key, hops: 0 }, current, row);
}

/** The entry that was decided again is closed, and what a person decided is an entry of its own. */
function note(
  pass: CarefulPass,
  entry: LedgerRow,
  { id, want }: Resolution,
  current: Row | null,
  row: Row | null,
  effectiveUs: number,
): void {
  pass.ledger.change({ ...entry, state: 'resolved' });
  pass.ledger.record({
    ...entry,
    state: 'decided',
    policy: 'by hand',
    winner: want !== 'delete' && 'take' in want ? want.take : 'merged',
    code: null,
    base: current === null ? null : encodeRow(current),
    result: row === null ? null : encodeRow(row),
    shares: null,
    decided_us: BigInt(effectiveUs),
    refers: id,
  });
}

function imageOf(entry: LedgerRow, column: string): Row | null {
  const text = entry[column];
  return typeof text === 'string' ? decodeRow(text) : null;
}

/** A request as text of plain letters, so that it can stand in any SQL; with the code that says why it was refused. */
export function encodeResolution(request: Resolution, refused: string | null = null): string {
  const { want } = request;
  const set = want !== 'delete' && 'set' in want ? encodeRow(want.set) : null;
  const take = want !== 'delete' && 'take' in want ? want.take : null;
  const { lane, id, force } = request;
  return Buffer.from(JSON.stringify({ lane, id, force, set, take, refused })).toString('base64url');
}

/** The inverse of {@link encodeResolution}; null for a text that is none. */
export function decodeResolution(text: Value | undefined): { request: Resolution; refused: Code | null } | null {
  try {
    const { lane, id, force, set, take, refused } = JSON.parse(Buffer.from(String(text), 'base64url').toString()) as {
      lane: string;
      id: string;
      force: boolean;
      set: string | null;
      take: Side | null;
      refused: Code | null;
    };
    const want = set !== null ? { set: decodeRow(set) } : take !== null ? { take } : ('delete' as const);
    return { request: { lane, id, force, want }, refused };
  } catch {
    return null;
  }
}
