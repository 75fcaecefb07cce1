import { randomUUID } from 'node:crypto';
import { namedRow } from '../arbiter/custom.ts';
import type { Endpoint } from '../model/endpoint.ts';
import { TandemError } from '../model/error.ts';
import type { Code } from '../model/codes.ts';
import type { LinkPlan, SyncPlan } from '../model/plan.ts';
import type { ConflictType, NamedRow, Side } from '../model/policy.ts';
import { decodeRow, type Row, type Value } from '../model/value.ts';
import type { Resolution } from '../pipeline/lane/lane.ts';
import { decodeResolution, encodeResolution } from '../pipeline/decide/resolve.ts';
import { deleteControl, insertControl, readControl, RESOLVE } from './control.ts';
import type { Endpoints } from './prepare.ts';
import { stateOrNull } from './state-or-null.ts';
import { columnOf, named } from './stations.ts';

/** An entry of the ledger of conflicts. Rows are by left column names, in the left side's values. */
export interface ConflictEntry {
  readonly id: string;
  readonly lane: string;
  readonly link: string;
  readonly home: Side;
  readonly type: ConflictType;
  readonly policy: string;
  readonly state: 'decided' | 'open' | 'resolved';
  readonly winner: Side | 'merged' | 'nobody';
  /** Why nobody decided. */
  readonly code: string | null;
  /** Hybrid times, microseconds since 1970; 0 where none is known. */
  readonly atUs: Readonly<Record<Side, number>>;
  readonly decidedUs: number;
  /** Key texts of the row on both sides. */
  readonly keys: Readonly<Record<Side, string>>;
  readonly base: NamedRow | null;
  readonly left: NamedRow | null;
  readonly right: NamedRow | null;
  /** null = absent, or not decided. */
  readonly result: NamedRow | null;
  /** Who gave which column, where columns were decided about in groups. */
  readonly shares: Readonly<Record<string, Side | 'sum'>> | null;
  readonly homePosition: string | null;
  readonly remotePosition: string | null;
  readonly remoteTransaction: string | null;
  readonly refers: string | null;
}

export interface ConflictFilter {
  readonly link?: string;
  readonly type?: string;
  readonly sinceUs?: number;
  readonly isOpen?: boolean;
  readonly limit: number;
}

/** What a listing needs of each entry; images are read only where somebody asks for them. */
const BRIEF = [
  'id',
  'lane',
  'link',
  'home',
  'home_key',
  'remote_key',
  'type',
  'policy',
  'state',
  'winner',
  'decided_us',
];

/** Entries of both sides' ledgers, newest first. Throws TD5013 where the state tables do not exist. */
export async function listConflicts(
  endpoints: Endpoints,
  filter: ConflictFilter,
): Promise<readonly ReturnType<typeof briefOf>[]> {
  const found: ReturnType<typeof briefOf>[] = [];
  for (const side of ['left', 'right'] as const) {
    const whole = endpoints[side].state.conflict;
    const shape = { ...whole, columns: BRIEF.flatMap((name) => whole.columns[columnOf(whole, name)] ?? []), key: [0] };
    for await (const rows of scanned(endpoints[side], shape)) {
      for (const row of rows) {
        const entry = briefOf(named(shape, row));
        if (fits(entry, filter)) found.push(entry);
      }
    }
  }
  return found.toSorted((a, b) => b.decidedUs - a.decidedUs || (a.id < b.id ? 1 : -1)).slice(0, filter.limit);
}

async function* scanned(endpoint: Endpoint, shape: Endpoint['state']['conflict']): AsyncIterable<readonly Row[]> {
  try {
    yield* endpoint.scan(shape);
  } catch (thrown) {
    if ((await stateOrNull(Promise.reject(thrown))) === null) throw notApplied();
  }
}

function notApplied(): TandemError {
  return new TandemError('TD5013', 'the databases have no ledger of conflicts', { fix: 'tandem apply' });
}

function briefOf(row: Readonly<Record<string, Value>>) {
  const text = (name: string) => String(row[name] ?? '');
  const home = text('home') as Side;
  return {
    id: text('id'),
    lane: text('lane'),
    link: text('link'),
    home,
    type: text('type') as ConflictType,
    policy: text('policy'),
    state: text('state') as ConflictEntry['state'],
    winner: text('winner') as ConflictEntry['winner'],
    decidedUs: Number(row['decided_us']),
    keys: sides(home, text('home_key'), text('remote_key')),
  };
}

function sides<T>(home: Side, ofHome: T, ofRemote: T): Record<Side, T> {
  return home === 'left' ? { left: ofHome, right: ofRemote } : { left: ofRemote, right: ofHome };
}

function fits(entry: ReturnType<typeof briefOf>, { link, type, sinceUs, isOpen }: ConflictFilter): boolean {
  if (link !== undefined && entry.link !== link) return false;
  if (type !== undefined && entry.type !== type) return false;
  if (sinceUs !== undefined && entry.decidedUs < sinceUs) return false;
  return isOpen !== true || entry.state === 'open';
}

/** One entry whole. Throws TD8014 where there is none with this id. */
export async function readConflict(endpoints: Endpoints, plan: SyncPlan, id: string): Promise<ConflictEntry> {
  for (const side of ['left', 'right'] as const) {
    const shape = endpoints[side].state.conflict;
    await using target = await endpoints[side].target();
    const rows = await stateOrNull(target.find(shape, shape.key, [[id]]));
    if (rows === null) throw notApplied();
    if (rows[0] !== undefined) return entryOf(named(shape, rows[0]), plan);
  }
  throw new TandemError('TD8014', `there is no conflict ${id}`, { fix: 'tandem conflicts ls' });
}

function entryOf(row: Readonly<Record<string, Value>>, plan: SyncPlan): ConflictEntry {
  const brief = briefOf(row);
  const { home } = brief;
  const link = linkOf(plan, brief.link);
  const image = (name: string) => {
    const text = row[name];
    return typeof text === 'string' ? namedRow(link, home, decodeRow(text)) : null;
  };
  const text = (name: string) => (typeof row[name] === 'string' ? row[name] : null);
  const rows = sides(home, image('home_image'), image('remote_image'));
  const shares = text('shares');
  return {
    ...brief,
    ...rows,
    code: text('code'),
    atUs: sides(home, Number(row['home_us']), Number(row['remote_us'])),
    base: image('base'),
    result: image('result'),
    shares: shares === null ? null : (JSON.parse(shares) as ConflictEntry['shares']),
    homePosition: text('home_position'),
    remotePosition: text('remote_position'),
    remoteTransaction: text('remote_transaction'),
    refers: text('refers'),
  };
}

/** The link of an entry. Throws TD8014 where the configuration has none of that name any more. */
export function linkOf(plan: SyncPlan, id: string): LinkPlan {
  const link = plan.lanes.flatMap((lane) => lane.links).find((candidate) => candidate.id === id);
  if (link !== undefined) return link;
  throw new TandemError('TD8014', `the conflict belongs to the link '${id}', which the configuration does not have`);
}

/** The row of an entry as it stands at home now, by left column names; null = absent. */
export async function presentRow(endpoints: Endpoints, plan: SyncPlan, entry: ConflictEntry): Promise<NamedRow | null> {
  const { home } = entry;
  const link = linkOf(plan, entry.link);
  const shape = endpoints[home].state.conflict;
  await using target = await endpoints[home].target();
  const [row] = await target.find(shape, shape.key, [[entry.id]]);
  if (row === undefined) throw new TandemError('TD8014', `there is no conflict ${entry.id}`);
  const key = decodeRow(String(named(shape, row)['row_key']));
  const { ref, columns, key: by } = link[home];
  const [found = null] = await target.find({ ref, columns, key: by }, by, [key]);
  return namedRow(link, home, found);
}

/**
 * Asks whoever runs the sync to make the row what a person wants it to be, and waits until that is done. Throws TD8013
 * and TD8014 where it was refused, the code of the row's own error where it could not be written, TD8016 where nobody
 * answers in time; the request then stays for the next engine.
 */
export async function requestResolution(
  home: Endpoint,
  resolution: Resolution,
  patience: { readonly sleep: (ms: number) => Promise<void>; readonly tries: number },
): Promise<void> {
  const name = `${RESOLVE}${randomUUID()}`;
  await insertControl(home, name, encodeResolution(resolution));
  for (let tried = 0; tried < patience.tries; tried++) {
    const value = await readControl(home, name);
    if (value === null) return;
    const refused = decodeResolution(value)?.refused ?? null;
    if (refused !== null) {
      await deleteControl(home, name);
      throw refusal(resolution, refused);
    }
    await patience.sleep(POLL_MS);
  }
  throw new TandemError('TD8016', `nobody has resolved conflict ${resolution.id} yet`, {
    expected: 'a running engine: `tandem run`',
    fix: 'Start one. The request stays, and is carried out when it runs.',
  });
}

const POLL_MS = 100;

function refusal({ id }: Resolution, code: Code): TandemError {
  const message = code === 'TD8013' ? `the row of conflict ${id} has changed since` : `conflict ${id} was not resolved`;
  const fix = code === 'TD8013' ? 'Look at the row, then pass --force to overwrite it.' : `tandem explain ${code}`;
  return new TandemError(code, message, { fix, at: { conflict: id } });
}
