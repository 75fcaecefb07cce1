import { CODES, type Code } from '../model/codes.ts';
import type { Endpoint } from '../model/endpoint.ts';
import type { LinkPlan } from '../model/plan.ts';
import { otherSide, type Side } from '../model/policy.ts';
import { decodeRow, type Row, type Value } from '../model/value.ts';
import { rowKeyText } from '../pipeline/lane/linked.ts';
import type { StateRow } from '../pipeline/lane/marker.ts';
import { storedKey } from '../pipeline/lane/parked.ts';
import { type Prepared, planOf } from './prepare.ts';
import { sourceSide } from './provision.ts';
import { stateOrNull } from './state-or-null.ts';
import type { Stream } from './sync-status.ts';

/** A parked row as people see it: everything but its values. */
export interface ParkedEntry {
  /** `link:key`, as commands take it. */
  readonly id: string;
  readonly stream: Stream;
  readonly link: string;
  /** The key at the source, by its columns. */
  readonly key: Readonly<Record<string, Value>>;
  readonly state: 'owed' | 'discarded';
  readonly code: string;
  readonly name: string;
  /** `code/link/place`: rows of one group have one cause. */
  readonly group: string;
  /** The id of the source's row that has to come or go first. */
  readonly blockedBy: string | null;
  /** How many parked rows wait for this one. */
  readonly blocks: number;
  readonly op: string;
  readonly transaction: string;
  readonly message: string;
  readonly expected: string | null;
  readonly found: string | null;
  /** Table, column, constraint, as far as the server has said. */
  readonly at: Readonly<Record<string, string | number>>;
  readonly parkedAtUs: number;
  readonly attempts: number;
  /** 0 = at once. */
  readonly nextRetryUs: number;
  readonly firstPosition: string;
  readonly position: string;
  readonly discarded: Discard | null;
  /** The row of the state table that this is. */
  readonly stored: { readonly key: Row; readonly error: string; readonly rowKey: Row };
}

export interface Discard {
  readonly actor: string;
  readonly atUs: number;
  readonly reason: string | null;
}

/** What the `error` column holds. */
export interface StoredError {
  readonly message: string;
  readonly expected?: string;
  readonly found?: string;
  readonly at?: Readonly<Record<string, string | number>>;
  readonly discarded?: Discard;
}

/** All parked rows of the sync, those that have waited longest first. Empty before `tandem apply`. */
export async function listParked(prepared: Prepared): Promise<readonly ParkedEntry[]> {
  const entries: ParkedEntry[] = [];
  for (const side of ['left', 'right'] as const) {
    for (const row of (await stateOrNull(readAll(prepared[side]))) ?? []) {
      const entry = entryOf(prepared, side, row);
      if (entry !== null) entries.push(entry);
    }
  }
  const waiting = new Map<string, number>();
  const blocker = ({ stream, blockedBy }: ParkedEntry) => `${stream} ${blockedBy}`;
  for (const entry of entries) waiting.set(blocker(entry), (waiting.get(blocker(entry)) ?? 0) + 1);
  return entries
    .map((entry) => ({ ...entry, blocks: waiting.get(`${entry.stream} ${entry.id}`) ?? 0 }))
    .toSorted((a, b) => a.parkedAtUs - b.parkedAtUs || (a.id < b.id ? -1 : 1));
}

/** The same row as it is now; null where it is parked no more. */
export async function findParked(prepared: Prepared, entry: ParkedEntry): Promise<ParkedEntry | null> {
  const side = otherSide(sourceSide(entry.stream));
  const shape = prepared[side].state.parked;
  await using target = await prepared[side].target();
  const [image] = await target.find(shape, shape.key, [entry.stored.key]);
  return image === undefined ? null : entryOf(prepared, side, named(shape.columns, image));
}

export function linkOf(prepared: Prepared, id: string): LinkPlan | undefined {
  return planOf(prepared)
    .lanes.flatMap((lane) => lane.links)
    .find((link) => link.id === id);
}

async function readAll(endpoint: Endpoint): Promise<StateRow[]> {
  const shape = endpoint.state.parked;
  const rows: StateRow[] = [];
  for await (const chunk of endpoint.scan(shape)) for (const image of chunk) rows.push(named(shape.columns, image));
  return rows;
}

function named(columns: readonly { readonly name: string }[], image: Row): StateRow {
  return Object.fromEntries(columns.map(({ name }, at) => [name, image[at]]));
}

function entryOf(prepared: Prepared, side: Side, row: StateRow): ParkedEntry | null {
  const link = linkOf(prepared, String(row['link']));
  if (link === undefined) return null;
  const source = otherSide(side);
  const rowKey = decodeRow(String(row['row_key']));
  const error = JSON.parse(String(row['error'])) as StoredError;
  const at = error.at ?? {};
  const code = String(row['code']);
  const blockedBy = row['blocked_by'];
  const place = at['constraint'] ?? at['column'] ?? at['parent'] ?? '-';
  return {
    id: idOf(link.id, rowKeyText(link, source, rowKey)),
    stream: row['stream'] as Stream,
    link: link.id,
    key: Object.fromEntries(link[source].key.map((column, nth) => [nameOf(link, source, column), rowKey[nth] ?? null])),
    state: row['state'] === 'discarded' ? 'discarded' : 'owed',
    code,
    name: CODES[code as Code]?.name ?? code,
    group: `${code}/${link.id}/${place}`,
    blockedBy: typeof blockedBy === 'string' ? blockedBy.replace(' ', ':').replaceAll('\u001f', ',') : null,
    blocks: 0,
    op: String(row['op']),
    transaction: String(row['transaction_id']),
    message: error.message,
    expected: error.expected ?? null,
    found: error.found ?? null,
    at,
    parkedAtUs: Number(row['parked_at_us']),
    attempts: Number(row['attempts']),
    nextRetryUs: Number(row['next_retry_us']),
    firstPosition: String(row['first_position']),
    position: String(row['position']),
    discarded: error.discarded ?? null,
    stored: {
      key: [row['stream'], row['link'], row['source_key']],
      error: String(row['error']),
      rowKey,
    },
  };
}

function idOf(link: string, sourceKey: string): string {
  return `${link}:${storedKey(sourceKey).replaceAll('\u001f', ',')}`;
}

function nameOf(link: LinkPlan, side: Side, column: number): string {
  return link[side].columns[column]?.name ?? String(column);
}
